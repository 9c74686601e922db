/**
 * Reissues a license key: blocks it, and issues one that ends when it would have ended, to the same owner.
 *
 * Guarantees: a key is reissued once in each order that it stands in, since both are the idempotency key, and is blocked
 * again where it was given back meanwhile; the new key takes its place in its order, so that what is refunded, disputed
 * or renewed there counts for both (settle.ts); a key that was refunded or is disputed is not reissued; all of it is
 * written, or nothing, as the statements are one transaction.
 *
 * Placeholders: `licenseKey` (the old one), `material` (a JSON list of the new one), `nonce` and `now`.
 */

import { NOT_SET } from '../protocol/owner.ts'
import { KEYS_AS_ISSUED, keepAsIssued } from './as-issued.ts'
import { insertFreshKeys } from './key-sources.ts'

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

/** In two pieces: what follows a colon is a placeholder. */
const SOURCE = `('cli:' || 'reissue')`
const IS_OLD = 'license_keys.license_key = :licenseKey'
const OWNER_NAME = `coalesce(license_keys.owner_name, '${NOT_SET}')`
const OWNER_EMAIL = `coalesce(license_keys.owner_email, '${NOT_SET}')`

/** The id says too little: a key may go back to stock and be sold again, and the id of a deleted one is another's. */
const IDEMPOTENCY_KEY = `(license_keys.id || coalesce('/' || license_keys.issuance_id, ''))`

/**
 * SQL, a condition: whether the row of `issuances` in scope reissued the row of `license_keys` in scope, for the owner
 * who has it now. Earlier releases took the id alone as the idempotency key; what came before the issuance that the
 * key stands in was another owner's.
 */
const IS_REISSUE = `(issuances.source = ${SOURCE}
  and issuances.idempotency_key in (cast(license_keys.id as text), ${IDEMPOTENCY_KEY})
  and issuances.id > coalesce(license_keys.issuance_id, 0) and license_keys.assigned_at is not null
  and (license_keys.issuance_id is not null
    or (issuances.owner_name = ${OWNER_NAME} and issuances.owner_email = ${OWNER_EMAIL})))`

/** SQL, an expression: what reissued the row of `license_keys` in scope, as `keysAsIssued` reads it, or null. */
export const REISSUED_AS = `(select ${KEYS_AS_ISSUED} from issuances where ${IS_REISSUE})`

const IS_REISSUED = `exists (select 1 from issuances where ${IS_REISSUE})`
const IS_OWN_ISSUANCE = `(issuances.source = ${SOURCE} and issuances.nonce = :nonce
  and issuances.idempotency_key = (select ${IDEMPOTENCY_KEY} from license_keys where ${IS_OLD}))`
const IS_OWN = `exists (select 1 from issuances where ${IS_OWN_ISSUANCE})`

const insertIssuance = `
  insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
    validity_days, activation_limit, created_at)
  select ${SOURCE}, ${IDEMPOTENCY_KEY}, :nonce, product_id, 1, ${OWNER_NAME}, ${OWNER_EMAIL},
    validity_days, activation_limit, :now
  from license_keys where ${IS_OLD} and status in ('assigned', 'blocked') and assigned_at is not null
    and status_before_reversal is null and not ${IS_REISSUED} on conflict do nothing`

/** A reissue of a reissue stays at the first place. A key that no issuance gave to its owner stands in no order. */
const takePlace = `
  insert into reissues (issuance_id, order_issuance_id, place_id)
  select issuances.id, coalesce(former.order_issuance_id, license_keys.issuance_id),
    coalesce(former.place_id, license_keys.id)
  from license_keys cross join issuances on ${IS_OWN_ISSUANCE}
  left join reissues as former on former.issuance_id = license_keys.issuance_id
  where ${IS_OLD} and license_keys.issuance_id is not null`

/** Also one that was reissued before and is valid again; a refund's end must not give it back either. */
const block = `
  update license_keys set status = 'blocked', updated_at = :now,
    status_before_reversal = iif(status_before_reversal is null, null, 'blocked')
  where ${IS_OLD} and status <> 'blocked' and ${IS_REISSUED}`

const selectOutcome = `
  select license_keys.status as status, license_keys.status_before_reversal is not null as isReversed,
    license_keys.assigned_at is not null as isAssigned,
    issuances.nonce as nonce, case when issuances.id is not null then ${KEYS_AS_ISSUED} end as keys
  from license_keys left join issuances on ${IS_REISSUE}
  where ${IS_OLD}`

/** The statements, in this order; the last one tells what came of it. */
export const REISSUE: readonly string[] = [
  insertIssuance,
  insertFreshKeys(IS_OWN_ISSUANCE, `(select assigned_at from license_keys where ${IS_OLD})`),
  takePlace,
  keepAsIssued(`${IS_OLD} and ${IS_OWN}`),
  block,
  selectOutcome,
]
