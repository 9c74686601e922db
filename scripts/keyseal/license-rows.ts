/** The SQL of `keyseal licenses` and `keyseal export`. */
import { EXPIRES_AT, VALIDITY_DAYS } from '../../src/issuing/expiry.ts'
import { EFFECTIVE_FEATURES } from '../../src/issuing/features.ts'
import { REPLACEMENT_KEYS } from '../../src/issuing/reissue.ts'
import { sqlText } from '../database.ts'
import { instant } from './command.ts'

const COLUMNS = `license_keys.license_key as licenseKey, license_keys.product_id as product,
  license_keys.status as status, license_keys.owner_name as ownerName, license_keys.owner_email as ownerEmail,
  ${VALIDITY_DAYS} as validityDays, license_keys.activation_limit as activationLimit,
  ${EFFECTIVE_FEATURES} as features,
  ${instant('license_keys.assigned_at')} as assignedAt, ${instant(`(${EXPIRES_AT})`)} as validUntil`

/** The issuance of a key's order: of a key that was reissued, that of the one whose place it takes. */
const ORDER_ISSUANCE = 'coalesce(reissues.order_issuance_id, license_keys.issuance_id)'

/** The latest 100 license keys that a text is the key, the owner's e-mail address, or the order of. */
export function selectFound(text: string): string {
  const sought = sqlText(text)
  return `select license_keys.id as id, ${COLUMNS},
      (select count(*) from activations where license_key_id = license_keys.id) as activations,
      order_lines.provider as provider, coalesce(order_lines.order_id,
        iif(issuances.source = 'trial', 'trial', issuances.idempotency_key)) as "order"
    from license_keys left join reissues on reissues.issuance_id = license_keys.issuance_id
    left join issuances on issuances.id = ${ORDER_ISSUANCE}
    left join order_lines on order_lines.issuance_id = ${ORDER_ISSUANCE}
    where license_keys.license_key = ${sought} or license_keys.owner_email = ${sought} collate nocase
      or ${ORDER_ISSUANCE} in (
        select id from issuances where idempotency_key = ${sought}
        union select issuance_id from order_lines where order_id = ${sought}
        union select issuance_id from order_lines join order_references using (provider, order_id)
          where reference = ${sought})
    order by license_keys.id desc limit 100`
}

/** @param productId undefined: of every product */
export function selectPage(afterId: number, productId: number | undefined, size: number): string {
  const ofProduct = productId === undefined ? '' : `and product_id = ${productId}`
  return `select id, ${COLUMNS}, ${instant('created_at')} as createdAt from license_keys
    where id > ${afterId} ${ofProduct} order by id limit ${size}`
}

/** A block by hand outlasts the payment's: where that ends, the key is given back the status that is kept for it. */
export function blockKey(licenseKey: string, now: number): string {
  return `update license_keys set status = 'blocked', updated_at = ${now},
      status_before_reversal = iif(status_before_reversal is null, null, 'blocked')
    where license_key = ${sqlText(licenseKey)} returning id, license_key as licenseKey, status`
}

const STATUS_BEFORE = `case when assigned_at is not null then 'assigned'
  when owner_name is not null or owner_email is not null then 'reserved' else 'available' end`

/** What there is to know of a key before something is done about it. */
export interface Standing {
  readonly productId: number
  readonly status: string
  /** 1: a refund or a dispute took it back. */
  readonly isReversed: 0 | 1
  /** What replaces it, as `parseKeysAsIssued` reads it; null: it was not reissued. */
  readonly reissuedAs: string | null
}

export function selectStanding(licenseKey: string): string {
  return `select product_id as productId, status, status_before_reversal is not null as isReversed,
      ${REPLACEMENT_KEYS} as reissuedAs
    from license_keys where license_key = ${sqlText(licenseKey)}`
}

/**
 * Gives a blocked key the status back that fits what is known of it. One that was reissued stays blocked, lest a sale
 * have two valid keys, and so does one whose payment went back.
 */
export function unblockKey(licenseKey: string, now: number): string {
  return `update license_keys set status = ${STATUS_BEFORE}, updated_at = ${now}
    where license_key = ${sqlText(licenseKey)} and status = 'blocked' and status_before_reversal is null
      and ${REPLACEMENT_KEYS} is null
    returning id, license_key as licenseKey, status`
}
