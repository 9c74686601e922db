/**
 * Whether a license key may be used, and on which device or domain.
 *
 * Guarantees: the reasons against a key are checked in one order, which stands here once, so every endpoint gives the
 * same reason for the same key. The protocol reveals a missing identifier only after the key was found. The rest of
 * the order goes from what was never done, by way of what was undone, to what time has done.
 *
 * All of it is SQL, because the batch that does the work also decides.
 */
import type { WriteSql } from '../callers/operation.ts'
import { CODES } from '../protocol/codes.ts'
import { identifier, licenseKey } from '../protocol/fields.ts'

/** Which key, on which device or domain. Neither is required here: each has a code of its own where it is missing. */
export const KEY_USE_FIELDS = { license_key: licenseKey, identifier }

interface KeyUseParameters {
  readonly license_key?: string | undefined
  readonly identifier?: string | undefined
}

/** The device or domain that a request speaks for, for the blocklist. */
export function deviceIdentifier(parameters: KeyUseParameters): string | undefined {
  return parameters.identifier
}

/** The values of this file's placeholders, but for `now`. */
export function keyUseValues({ license_key, identifier }: KeyUseParameters): Record<string, string | null> {
  return { licenseKey: license_key ?? null, identifier: identifier ?? null }
}

/** Why a key may not be used. */
export type Unusable =
  | 'license-key-unknown'
  | 'identifier-missing'
  | 'not-assigned'
  | 'product-not-active'
  | 'blocked'
  | 'expired'

export const UNUSABLE_CODES = {
  'license-key-unknown': CODES.licenseKeyInvalid,
  'identifier-missing': CODES.identifierRequired,
  'not-assigned': CODES.licenseKeyNotAssigned,
  'product-not-active': CODES.productNotActive,
  blocked: CODES.licenseKeyBlocked,
  expired: CODES.licenseKeyExpired,
} as const satisfies Record<Unusable, object>

/** What is found out about a key. */
export interface KeyVerdict<Kind extends string> {
  readonly kind: Kind
  /** null where there is no such key. */
  readonly productId: number | null
}

export const IS_UNKNOWN = `when license_keys.id is null then 'license-key-unknown'`
export const IDENTIFIER_IS_MISSING = `when :identifier is null then 'identifier-missing'`
export const IS_NOT_ASSIGNED = `when license_keys.status in ('available', 'reserved') then 'not-assigned'`

/** A deleted product is inactive. */
export const PRODUCT_IS_NOT_ACTIVE = `when products.status <> 'active' then 'product-not-active'`
const IS_BLOCKED = `when license_keys.status = 'blocked' then 'blocked'`

/** At the very millisecond of its expiry a key has expired; a validity of 0 days never ends. */
const IS_EXPIRED = `when license_keys.validity_days > 0
  and license_keys.assigned_at + license_keys.validity_days * 86400000 <= :now then 'expired'`

/** Every reason against the use of a key. Placeholders: `identifier`, `now`. */
export const MAY_NOT_BE_USED: readonly string[] = [
  IS_UNKNOWN,
  IDENTIFIER_IS_MISSING,
  IS_NOT_ASSIGNED,
  PRODUCT_IS_NOT_ACTIVE,
  IS_BLOCKED,
  IS_EXPIRED,
]

/** SQL, a condition on the row of `license_keys` in scope: it is activated on this device or domain. */
export const IS_ACTIVATED = `exists (select 1 from activations
  where activations.license_key_id = license_keys.id and activations.identifier = :identifier)`

/** Every reason against the use of a key on this device or domain. */
export const MAY_NOT_BE_USED_HERE: readonly string[] = [
  ...MAY_NOT_BE_USED,
  `when not ${IS_ACTIVATED} then 'activation-not-found'`,
]

/** SQL, a condition on the row of `license_keys` in scope: another activation does not fit. A limit of 0 is none. */
export const LIMIT_IS_REACHED = `license_keys.activation_limit > 0 and license_keys.activation_limit <=
  (select count(*) from activations where activations.license_key_id = license_keys.id)`

/** SQL, a condition on `license_keys`: picks the key of the request. */
export const IS_REQUESTED = 'license_keys.license_key = :licenseKey'

/** SQL that activates the key of the request. Placeholders: `identifier`, `postUrl`, `now`. */
export function insertActivation({ decided }: WriteSql): string {
  return `insert into activations (license_key_id, identifier, post_url, created_at)
    select license_keys.id, :identifier, :postUrl, :now from license_keys
    where ${IS_REQUESTED} and ${decided('activated')}`
}

/**
 * SQL, an expression: a `KeyVerdict` as JSON text. Placeholders: `licenseKey`, and those of the cases.
 *
 * @param cases SQL `when ... then ...` on the rows of `license_keys` and `products`, or on nulls where there is no
 *   such key, in the order of the checks
 * @param otherwise the kind where none of them holds
 * @param members SQL, more of the object: `'name', value` and so on
 */
export function verdictOnKey(
  cases: readonly string[],
  otherwise: string,
  members: readonly string[] = [],
): string {
  return `(select json_object('kind', case ${cases.join('\n')} else '${otherwise}' end,
      ${["'productId', license_keys.product_id", ...members].join(', ')})
    from (select 1) as request left join license_keys on ${IS_REQUESTED}
    left join products on products.id = license_keys.product_id)`
}
