/**
 * Reissues a license key: blocks it, and issues a new one to the same owner that ends when the old one would have ended.
 *
 * Guarantees: a key is reissued once in each order that it belongs to, since both are the idempotency key, and it is
 * blocked again if it was given back meanwhile. The new key takes its place in its order, so that refunds, disputes and
 * renewals of that place count for both (payments/settle.ts). A refunded or disputed key is not reissued. The statements
 * are one transaction.
 *
 * Placeholders: `licenseKey` (the old one), `material` (a JSON list of the new one), `nonce` and `now`.
 */

import { compileText, type Statement } from '../db/batch.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { KEYS_AS_ISSUED, keepAsIssued } from './as-issued.ts'
import { insertFreshKeys, insertIssuances } from './inserts.ts'

/** The row of the last statement; none where there is no such license key. */
export interface ReissueRow {
  /** As it is afterwards. */
  readonly status: string
  /** 1: it was refunded or disputed. */
  readonly isReversed: 0 | 1
  /** 1: it has, or had, an owner who may still have it. */
  readonly isAssigned: 0 | 1
  /** Of the issuance that replaces it; null, as `keys`, where there is none. */
  readonly nonce: string | null
  /** JSON text, as `keysAsIssued` reads it. */
  readonly keys: string | null
}

/** In two pieces, since a name after a colon would be a placeholder. */
const SOURCE = `('cli:' || 'reissue')`
const IS_OLD = 'license_keys.license_key = :licenseKey'
const OWNER_NAME = `coalesce(license_keys.owner_name, '${NOT_SET}')`
const OWNER_EMAIL = `coalesce(license_keys.owner_email, '${NOT_SET}')`

/** The id alone is not enough: a key may go back to stock and be sold again, and a new row may get a deleted row's id. */
const IDEMPOTENCY_KEY = `(license_keys.id || coalesce('/' || license_keys.issuance_id, ''))`

/**
 * SQL, a condition: whether the row of `issuances` in scope reissued the row of `license_keys` in scope, for the owner
 * who has it now.
 */
const IS_REISSUE = `(issuances.source = ${SOURCE} and issuances.idempotency_key = ${IDEMPOTENCY_KEY}
  and license_keys.assigned_at is not null
  and (license_keys.issuance_id is not null
    or (issuances.owner_name = ${OWNER_NAME} and issuances.owner_email = ${OWNER_EMAIL})))`

/** SQL, an expression: what reissued the row of `license_keys` in scope, as `keysAsIssued` reads it, or null. */
export const REISSUED_AS = `(select ${KEYS_AS_ISSUED} from issuances where ${IS_REISSUE})`

const IS_REISSUED = `exists (select 1 from issuances where ${IS_REISSUE})`
const IS_OWN_ISSUANCE = `(issuances.source = ${SOURCE} and issuances.nonce = :nonce
  and issuances.idempotency_key = (select ${IDEMPOTENCY_KEY} from license_keys where ${IS_OLD}))`
const IS_OWN = `exists (select 1 from issuances where ${IS_OWN_ISSUANCE})`

const insertIssuance = insertIssuances(
  {
    source: SOURCE,
    idempotencyKey: IDEMPOTENCY_KEY,
    nonce: ':nonce',
    productId: 'product_id',
    quantity: '1',
    ownerName: OWNER_NAME,
    ownerEmail: OWNER_EMAIL,
    validityDays: 'validity_days',
    activationLimit: 'activation_limit',
    createdAt: ':now',
    origin: `'fresh'`,
  },
  {
    from: 'license_keys',
    where: `${IS_OLD} and status in ('assigned', 'blocked') and assigned_at is not null
      and status_before_reversal is null and not ${IS_REISSUED}`,
  },
)

/** A reissue of a reissue stays at the first place. A key that no issuance gave to its owner stands in no order. */
const takePlace = compileText(`
  insert into reissues (issuance_id, order_issuance_id, place_id)
  select issuances.id, coalesce(former.order_issuance_id, license_keys.issuance_id),
    coalesce(former.place_id, license_keys.id)
  from license_keys cross join issuances on ${IS_OWN_ISSUANCE}
  left join reissues as former on former.issuance_id = license_keys.issuance_id
  where ${IS_OLD} and license_keys.issuance_id is not null`)

/** Also one that was reissued before and is valid again; a refund's end must not give it back either. */
const block = compileText(`
  update license_keys set status = 'blocked', updated_at = :now,
    status_before_reversal = iif(status_before_reversal is null, null, 'blocked')
  where ${IS_OLD} and status <> 'blocked' and ${IS_REISSUED}`)

const selectOutcome = compileText<ReissueRow>(`
  select license_keys.status as status, license_keys.status_before_reversal is not null as isReversed,
    license_keys.assigned_at is not null as isAssigned,
    issuances.nonce as nonce, case when issuances.id is not null then ${KEYS_AS_ISSUED} end as keys
  from license_keys left join issuances on ${IS_REISSUE}
  where ${IS_OLD}`)

/** The statements, in this order. The last one reads what came of it: a `ReissueRow`. */
export const REISSUE: readonly Statement<ReissueRow>[] = [
  insertIssuance,
  insertFreshKeys(IS_OWN_ISSUANCE, `(select assigned_at from license_keys where ${IS_OLD})`),
  takePlace,
  compileText(keepAsIssued(`${IS_OLD} and ${IS_OWN}`)),
  block,
  selectOutcome,
]
