/**
 * The SQL of `keyseal issue` and `keyseal licenses reissue`: the same rows as an API caller's order, from the source
 * `cli`.
 *
 * Guarantees: an idempotency key issues at most once, whoever types it twice or at the same time; the issuance and all
 * of its keys are written, or none, since the statements are one transaction.
 */
import { KEYS_AS_ISSUED, keepAsIssued } from '../../src/licensing/as-issued.ts'
import type { IssueOrder } from '../../src/licensing/issue.ts'
import { sqlJson, sqlText } from '../database.ts'

/** As many UUIDs are 40 kB, and a statement is 100 kB at the most. */
const KEYS_A_STATEMENT = 1_000

/** What tells one attempt from all others. */
export interface Attempt {
  readonly idempotencyKey: string
  readonly nonce: string
  /** Milliseconds UTC. */
  readonly now: number
  readonly freshKeys: readonly string[]
}

/** The last statement's row of `issueStatements`: null where nothing could be issued. */
export interface IssueRow {
  readonly nonce: string | null
  /** JSON text, as `keysAsIssued` reads it; null also where the idempotency key was used for another order. */
  readonly keys: string | null
}

const ISSUANCE_COLUMNS = `source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
  validity_days, activation_limit, created_at`

/** Who issues, each with idempotency keys of its own. */
const SOURCE = `'cli'`
const REISSUING_SOURCE = `'cli:reissue'`

function isIssuance(source: string, idempotencyKey: string): string {
  return `issuances.source = ${source} and issuances.idempotency_key = ${idempotencyKey}`
}

export function issueStatements(order: IssueOrder, attempt: Attempt): string[] {
  const key = sqlText(attempt.idempotencyKey)
  const name = sqlText(order.ownerName)
  const email = sqlText(order.ownerEmail)
  const isSameOrder = `(product_id = ${order.productId} and quantity = ${order.quantity} and owner_name = ${name}
    and owner_email = ${email} and validity_days = ${order.validityDays}
    and activation_limit = ${order.activationLimit})`
  return [
    `insert into issuances (${ISSUANCE_COLUMNS})
     select ${SOURCE}, ${key}, ${sqlText(attempt.nonce)}, id, ${order.quantity}, ${name}, ${email},
       ${order.validityDays}, ${order.activationLimit}, ${attempt.now}
     from products where id = ${order.productId} and status = 'active' on conflict do nothing`,
    ...insertFreshKeys(isIssuance(SOURCE, key), attempt, 'issuances.created_at'),
    `select issuances.nonce as nonce, case when ${isSameOrder} then ${KEYS_AS_ISSUED} end as keys
     from (select 1) left join issuances on ${isIssuance(SOURCE, key)}`,
  ]
}

/**
 * @param which SQL, a condition on `issuances`
 * @param assignedAt SQL, an expression
 */
function insertFreshKeys(
  which: string,
  attempt: Omit<Attempt, 'idempotencyKey'>,
  assignedAt: string,
): string[] {
  const statements = []
  for (let start = 0; start < attempt.freshKeys.length; start += KEYS_A_STATEMENT) {
    const piece = attempt.freshKeys.slice(start, start + KEYS_A_STATEMENT)
    statements.push(
      `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
         owner_email, assigned_at, issuance_id, created_at, updated_at)
       select product_id, fresh.value, 'assigned', activation_limit, validity_days, owner_name, owner_email,
         ${assignedAt}, issuances.id, issuances.created_at, issuances.created_at
       from issuances cross join json_each(${sqlJson(piece)}) as fresh
       where ${which} and issuances.nonce = ${sqlText(attempt.nonce)}`,
    )
  }
  return statements
}

/** The last statement's row of `reissueStatements`; none where there is no such license key. */
export interface ReissueRow {
  readonly status: string
  /** 1: it was refunded or disputed. */
  readonly isReversed: 0 | 1
  /** As of `IssueRow`, of the key that takes its place. */
  readonly nonce: string | null
  readonly keys: string | null
  /** The order it was paid by, if any: its refunds and renewals go on counting for the key that was blocked. */
  readonly order: string | null
}

/**
 * Blocks a license key and issues one that ends when it would have ended, to the same owner. A key takes the place of
 * another once: its idempotency key is the id of that other.
 */
export function reissueStatements(
  licenseKey: string,
  { nonce, now, freshKeys }: Omit<Attempt, 'idempotencyKey'>,
): string[] {
  const isOld = `license_keys.license_key = ${sqlText(licenseKey)}`
  const isReissue = isIssuance(REISSUING_SOURCE, `(select cast(id as text) from license_keys where ${isOld})`)
  const isOwn = `exists (select 1 from issuances where ${isReissue} and nonce = ${sqlText(nonce)})`
  return [
    `insert into issuances (${ISSUANCE_COLUMNS})
     select ${REISSUING_SOURCE}, cast(id as text), ${sqlText(nonce)}, product_id, 1, coalesce(owner_name, 'Not set'),
       coalesce(owner_email, 'Not set'), validity_days, activation_limit, ${now}
     from license_keys where ${isOld} and status in ('assigned', 'blocked') and assigned_at is not null
       and status_before_reversal is null on conflict do nothing`,
    ...insertFreshKeys(
      isReissue,
      { nonce, now, freshKeys },
      `(select assigned_at from license_keys where ${isOld})`,
    ),
    keepAsIssued(`${isOld} and ${isOwn}`),
    `update license_keys set status = 'blocked', updated_at = ${now} where ${isOld} and ${isOwn}`,
    `select license_keys.status as status, license_keys.status_before_reversal is not null as isReversed,
       reissued.nonce as nonce, reissued.keys as keys,
       (select provider || ' ' || order_id from order_lines where issuance_id = license_keys.issuance_id) as "order"
     from license_keys left join (select nonce, idempotency_key, ${KEYS_AS_ISSUED} as keys from issuances
       where source = ${REISSUING_SOURCE}) as reissued on reissued.idempotency_key = cast(license_keys.id as text)
     where ${isOld}`,
  ]
}
