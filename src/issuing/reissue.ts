/**
 * Reissues a license key in one transaction: blocks it and issues a new one with the same owner, expiry and
 * features.
 *
 * Guarantees: a key is reissued once per order. Repeating the reissue blocks the old key again if it was
 * unblocked. The new key takes the place of the old one in its order, so refunds, disputes and renewals apply
 * to both (payments/settle.ts). Refunded and disputed keys are not reissued.
 *
 * Placeholders: `licenseKey` (the old key), `material` (a JSON list with the new key), `nonce` and `now`.
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

/** Written in two parts, because a name after a colon would be a placeholder. */
const SOURCE = `('cli:' || 'reissue')`
const IS_OLD = 'license_keys.license_key = :licenseKey'
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
    validityDays: VALIDITY_DAYS,
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

function ofOldKey(column: string): string {
  return `(select ${column} from license_keys where ${IS_OLD})`
}

/** A replacement keeps the place of the first key in its order. Keys without an issuance have no place. */
const insertReissue = compileText(`
  insert into reissues (issuance_id, order_issuance_id, place_id)
  select issuances.id, coalesce(earlier.order_issuance_id, license_keys.issuance_id),
    coalesce(earlier.place_id, license_keys.id)
  from license_keys cross join issuances on ${IS_OWN_ISSUANCE}
  left join reissues as earlier on earlier.issuance_id = license_keys.issuance_id
  where ${IS_OLD} and license_keys.issuance_id is not null`)

/** Also blocks a key that was unblocked after its reissue. It stays blocked if a refund is reversed. */
const blockOldKey = compileText(`
  update license_keys set status = 'blocked', updated_at = :now,
    status_before_reversal = iif(status_before_reversal is null, null, 'blocked')
  where ${IS_OLD} and status <> 'blocked' and ${IS_REISSUED}`)

const selectOutcome = compileText<ReissueRow>(`
  select license_keys.status as status, license_keys.status_before_reversal is not null as isReversed,
    license_keys.assigned_at is not null as isAssigned,
    issuances.nonce as nonce, case when issuances.id is not null then ${KEYS_AS_ISSUED} end as keys
  from license_keys left join issuances on ${IS_REISSUE}
  where ${IS_OLD}`)

/** The statements in order. The last one returns a `ReissueRow`. */
export const REISSUE: readonly Statement<ReissueRow>[] = [
  insertIssuance,
  insertFreshKeys(IS_OWN_ISSUANCE, {
    assignedAt: ofOldKey('assigned_at'),
    expiresAt: ofOldKey('expires_at'),
    correctionDays: ofOldKey('correction_days'),
    features: ofOldKey('features'),
  }),
  insertReissue,
  compileText(keepAsIssued(`${IS_OLD} and ${IS_OWN}`)),
  blockOldKey,
  selectOutcome,
]
