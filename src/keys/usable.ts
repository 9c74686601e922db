/**
 * Whether a license key may be used.
 *
 * Guarantees: what speaks against a key is looked at in one order, written down here once, so every endpoint gives
 * the same reason for the same key. The protocol shows that a missing identifier is told only after the key was
 * found; the rest of the order goes from what was not done yet, by way of what was undone, to what time has done.
 *
 * All of it is SQL, because the batch that does the work is also the one that decides.
 */

/** The key that is meant, and the device or domain that it is used on; undefined: nobody said. */
export interface KeyUse {
  /** 1 to 255 characters. */
  readonly licenseKey: string | undefined
  /** 1 to 255 characters. */
  readonly identifier: string | undefined
}

/** Why a key may not be used. */
export type Unusable =
  | 'license-key-unknown'
  | 'identifier-missing'
  | 'not-assigned'
  | 'product-not-active'
  | 'blocked'
  | 'expired'

/** What is found out about a key. */
export interface KeyVerdict<Kind extends string> {
  readonly kind: Kind
  /** null where there is no such key. */
  readonly productId: number | null
}

export const IS_UNKNOWN = `when license_keys.id is null then 'license-key-unknown'`
export const IDENTIFIER_IS_MISSING = `when :identifier is null then 'identifier-missing'`
export const IS_NOT_ASSIGNED = `when license_keys.status in ('available', 'reserved') then 'not-assigned'`

/** A product that was deleted is inactive. */
export const PRODUCT_IS_NOT_ACTIVE = `when products.status <> 'active' then 'product-not-active'`
const IS_BLOCKED = `when license_keys.status = 'blocked' then 'blocked'`

/** At the very millisecond of its expiry a key has expired; a validity of 0 days never ends. */
const IS_EXPIRED = `when license_keys.validity_days > 0
  and license_keys.assigned_at + license_keys.validity_days * 86400000 <= :now then 'expired'`

/** Everything that speaks against the use of a key. Placeholders: `identifier`, `now`. */
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

/** SQL, a condition on the row of `license_keys` in scope: there is no room for another activation. A limit of 0 is none. */
export const LIMIT_IS_REACHED = `license_keys.activation_limit > 0 and license_keys.activation_limit <=
  (select count(*) from activations where activations.license_key_id = license_keys.id)`

/** SQL, a condition on `license_keys`: picks the key that is meant. */
export const IS_MEANT = 'license_keys.license_key = :licenseKey'

/** SQL that activates the key that is meant. Placeholders: `identifier`, `postUrl`, `now`. */
export const INSERT_ACTIVATION = `insert into activations (license_key_id, identifier, post_url, created_at)
  select license_keys.id, :identifier, :postUrl, :now from license_keys
  where ${IS_MEANT} and {decided:activated}`

/**
 * SQL, an expression: a `KeyVerdict` as JSON text. Placeholders: `licenseKey`, and those of the cases.
 *
 * @param cases SQL `when ... then ...` on the rows of `license_keys` and `products`, or on nulls where there is no
 *   such key, in the order in which they are looked at
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
    from (select 1) as request left join license_keys on ${IS_MEANT}
    left join products on products.id = license_keys.product_id)`
}

/** The values of this file's placeholders but for `now`, for `bind`. */
export function keyUseValues({ licenseKey, identifier }: KeyUse): Record<string, string | null> {
  return { licenseKey: licenseKey ?? null, identifier: identifier ?? null }
}
