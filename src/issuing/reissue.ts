/**
 * Reissues a license key in one transaction: blocks it and issues a new one with the same owner, expiry and
 * features.
 *
 * Guarantees: a key is reissued once per order. Repeating the reissue blocks the old key again if it was
 * unblocked. The new key takes the place of the old one in its order, so refunds, disputes and renewals apply
 * to both (payments/settle.ts). Refunded and disputed keys are not reissued.
 *
 * Placeholders: `material` (a JSON list with the new key), `nonce` and `now`.
 */
import { compileText, type Statement } from '../db/batch.ts'
import { NOT_SET } from '../protocol/owner.ts'
import { KEYS_AS_ISSUED, keepAsIssued } from './as-issued.ts'
import { VALIDITY_DAYS } from './expiry.ts'
import { insertFreshKeys, insertIssuances } from './inserts.ts'

/** The old key after the reissue. There is no row if the license key is unknown. */
export interface ReissueRow {
  readonly status: string
  /** 1: refunded or disputed. */
  readonly isReversed: 0 | 1
  /** 1: it was assigned to an owner, even if it is blocked now. */
  readonly isAssigned: 0 | 1
  /** The nonce of the new issuance. null, like `keys`, if there is none. */
  readonly nonce: string | null
  /** JSON text for `parseKeysAsIssued`. */
  readonly keys: string | null
}

const SOURCE = `'reissue'`
const OWNER_NAME = `coalesce(license_keys.owner_name, '${NOT_SET}')`
const OWNER_EMAIL = `coalesce(license_keys.owner_email, '${NOT_SET}')`

/** Includes the issuance, because keys may be sold again and ids of deleted rows may be reused. */
const IDEMPOTENCY_KEY = `(license_keys.id || coalesce('/' || license_keys.issuance_id, ''))`

/** An SQL condition: the row of `issuances` reissued the row of `license_keys`, for its current owner. */
const IS_REISSUE = `(issuances.source = ${SOURCE} and issuances.idempotency_key = ${IDEMPOTENCY_KEY}
  and license_keys.assigned_at is not null
  and (license_keys.issuance_id is not null
    or (issuances.owner_name = ${OWNER_NAME} and issuances.owner_email = ${OWNER_EMAIL})))`

/** An SQL expression: the replacement of the current row of `license_keys`, for `parseKeysAsIssued`. */
export const REPLACEMENT_KEYS = `(select ${KEYS_AS_ISSUED} from issuances where ${IS_REISSUE})`

/** An SQL condition: the row of `license_keys` was reissued. */
export const IS_REISSUED = `exists (select 1 from issuances where ${IS_REISSUE})`
/** SQL: the id of the key that replaces the row of `license_keys`, or null. */
export const REISSUED_AS = `(select replacement.id from issuances
  cross join license_keys as replacement on replacement.issuance_id = issuances.id where ${IS_REISSUE})`

/** SQL: the id of the key that the row of `license_keys` replaces, or null. That key may be deleted. */
export const REISSUED_FROM = `(select cast(issuances.idempotency_key as integer) from issuances
  where issuances.id = license_keys.issuance_id and issuances.source = ${SOURCE})`

/** SQL: why the row of `license_keys` cannot be reissued, or null. */
export const REISSUE_OBSTACLE = `case when license_keys.status_before_reversal is not null then 'payment-reversed'
  when ${IS_REISSUED} then 'reissued-before'
  when license_keys.status not in ('assigned', 'blocked') or license_keys.assigned_at is null then 'not-assigned' end`

/**
 * The statements in order. The last one returns a `ReissueRow`.
 *
 * @param isOld SQL: the row of `license_keys` is the one to reissue
 * @param isDecided SQL: this request may reissue it
 */
export function reissueStatements(isOld: string, isDecided = 'true'): ReissueStatements {
  const ofOldKey = (column: string) => `(select ${column} from license_keys where ${isOld})`
  const isNew = isReissueOf(isOld)
  return {
    writes: [
      insertIssuance(isOld, isDecided),
      insertFreshKeys(isNew, {
        assignedAt: ofOldKey('assigned_at'),
        expiresAt: ofOldKey('expires_at'),
        correctionDays: ofOldKey('correction_days'),
        features: ofOldKey('features'),
      }),
      insertReissue(isOld, isNew),
      compileText(keepAsIssued(`${isOld} and exists (select 1 from issuances where ${isNew})`)),
      blockOldKey(isOld, isDecided),
    ],
    select: selectOutcome(isOld),
  }
}

interface ReissueStatements {
  readonly writes: readonly Statement<never>[]
  readonly select: Statement<ReissueRow>
}

/** An SQL condition: this attempt inserted the row of `issuances` to reissue the key. */
export function isReissueOf(isOld: string): string {
  return `(issuances.source = ${SOURCE} and issuances.nonce = :nonce
    and issuances.idempotency_key = (select ${IDEMPOTENCY_KEY} from license_keys where ${isOld}))`
}

function insertIssuance(isOld: string, isDecided: string): Statement<never> {
  return insertIssuances(
    {
      source: SOURCE,
      idempotencyKey: IDEMPOTENCY_KEY,
      nonce: ':nonce',
      productId: 'product_id',
      quantity: '1',
      ownerName: OWNER_NAME,
      ownerEmail: OWNER_EMAIL,
      // The shop finds the new key by the id of its order too.
      reference: `(select ordered.reference from issuances as ordered where ordered.id = license_keys.issuance_id)`,
      validityDays: VALIDITY_DAYS,
      activationLimit: 'activation_limit',
      createdAt: ':now',
      origin: `'fresh'`,
    },
    { from: 'license_keys', where: `${isOld} and ${REISSUE_OBSTACLE} is null and ${isDecided}` },
  )
}

/** A replacement keeps the place of the first key in its order. Keys without an issuance have no place. */
function insertReissue(isOld: string, isNew: string): Statement<never> {
  return compileText(`
    insert into reissues (issuance_id, order_issuance_id, place_id)
    select issuances.id, coalesce(earlier.order_issuance_id, license_keys.issuance_id),
      coalesce(earlier.place_id, license_keys.id)
    from license_keys cross join issuances on ${isNew}
    left join reissues as earlier on earlier.issuance_id = license_keys.issuance_id
    where ${isOld} and license_keys.issuance_id is not null`)
}

/** Also blocks a key that was unblocked after its reissue. It stays blocked if a refund is reversed. */
function blockOldKey(isOld: string, isDecided: string): Statement<never> {
  return compileText(`
    update license_keys set status = 'blocked', updated_at = max(:now, updated_at + 1),
      status_before_reversal = iif(status_before_reversal is null, null, 'blocked')
    where ${isOld} and status <> 'blocked' and ${IS_REISSUED} and ${isDecided}`)
}

function selectOutcome(isOld: string): Statement<ReissueRow> {
  return compileText<ReissueRow>(`
    select license_keys.status as status, license_keys.status_before_reversal is not null as isReversed,
      license_keys.assigned_at is not null as isAssigned,
      issuances.nonce as nonce, case when issuances.id is not null then ${KEYS_AS_ISSUED} end as keys
    from license_keys left join issuances on ${IS_REISSUE}
    where ${isOld}`)
}
