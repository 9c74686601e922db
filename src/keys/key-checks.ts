/**
 * SQL checks of whether a license key may be used on a device or domain. All endpoints run them in the same
 * order. As the protocol requires, a missing identifier is reported only for existing keys.
 */
import { apiKeyAuthority } from '../callers/api-keys.ts'
import { nearestDatabase } from '../callers/query.ts'
import type { Database } from '../db/batch.ts'
import { EXPIRES_AT } from '../issuing/expiry.ts'
import { EFFECTIVE_FEATURES } from '../issuing/features.ts'
import { CODES } from '../protocol/codes.ts'
import { identifier, licenseKey, nonce } from '../protocol/fields.ts'
import type { ProofFacts } from '../protocol/proof.ts'
import { deviceValues, IS_ACTIVATED } from './devices/devices.ts'
import { otherSpellings } from './spellings.ts'

/** The first two are optional here, because each has its own code if it is missing. */
export const KEY_USE_FIELDS = { license_key: licenseKey, identifier, nonce }

export interface KeyUseParameters {
  readonly license_key?: string | undefined
  readonly identifier?: string | undefined
  readonly nonce?: string | undefined
}

/**
 * The database of a query about a key. The nearest replica may lack an activation that was made a moment ago. An app
 * acts on an answer with a proof immediately, so that one comes from the primary.
 */
export function databaseFor(db: D1Database, { nonce }: KeyUseParameters): Database {
  return nonce === undefined ? nearestDatabase(db) : db
}

/** The device or domain to check against the blocklist. */
export function deviceIdentifier(parameters: KeyUseParameters): string | undefined {
  return parameters.identifier
}

/** The values of the placeholders in this file and in devices.ts, except `now`. */
export function keyUseValues({
  license_key,
  identifier,
  nonce,
}: KeyUseParameters): Record<string, string | number | null> {
  return {
    licenseKey: license_key ?? null,
    otherSpellings: JSON.stringify(license_key === undefined ? [] : otherSpellings(license_key)),
    ...deviceValues(identifier),
    isProofRequested: nonce === undefined ? 0 : 1,
  }
}

/** Why a key may not be used. */
export type KeyProblem =
  | 'license-key-unknown'
  | 'identifier-missing'
  | 'not-assigned'
  | 'product-not-active'
  | 'blocked'
  | 'expired'

export const KEY_PROBLEM_CODES = {
  'license-key-unknown': CODES.licenseKeyInvalid,
  'identifier-missing': CODES.identifierRequired,
  'not-assigned': CODES.licenseKeyNotAssigned,
  'product-not-active': CODES.productNotActive,
  blocked: CODES.licenseKeyBlocked,
  expired: CODES.licenseKeyExpired,
} as const satisfies Record<KeyProblem, object>

export interface KeyOutcome<Kind extends string> {
  readonly kind: Kind
  /** null if the key is unknown. */
  readonly productId: number | null
  /** null if the request asks for no proof. */
  readonly proof?: ProofFacts | null
}

export const WHEN_UNKNOWN = `when license_keys.id is null then 'license-key-unknown'`
export const WHEN_IDENTIFIER_MISSING = `when :identifier is null then 'identifier-missing'`
export const WHEN_NOT_ASSIGNED = `when license_keys.status in ('available', 'reserved') then 'not-assigned'`

/** A deleted product is inactive. */
export const WHEN_PRODUCT_INACTIVE = `when products.status <> 'active' then 'product-not-active'`
const WHEN_BLOCKED = `when license_keys.status = 'blocked' then 'blocked'`

/** A key is expired from the millisecond of its expiry. */
const WHEN_EXPIRED = `when ${EXPIRES_AT} <= :now then 'expired'`

/** The checks of a key that exists, in order. Placeholder: `now`. */
export const USE_CHECKS: readonly string[] = [
  WHEN_NOT_ASSIGNED,
  WHEN_PRODUCT_INACTIVE,
  WHEN_BLOCKED,
  WHEN_EXPIRED,
]

/** The checks of a key, in order. Placeholders: `identifier`, `now`. */
export const KEY_CHECKS: readonly string[] = [WHEN_UNKNOWN, WHEN_IDENTIFIER_MISSING, ...USE_CHECKS]

/** The checks of a key that must be activated on this device or domain. */
export const ACTIVATED_KEY_CHECKS: readonly string[] = [
  ...KEY_CHECKS,
  `when not ${IS_ACTIVATED} then 'activation-not-found'`,
]

/** An SQL condition that selects the requested key from `license_keys`. */
export const IS_REQUESTED = 'license_keys.license_key = :licenseKey'

/**
 * An SQL condition that selects the key that a person typed. The key with exactly this text wins. Otherwise exactly
 * one key must have another spelling of it. Placeholders: `licenseKey`, `otherSpellings`.
 */
export const IS_TYPED = `license_keys.id = coalesce(
  (select exact.id from license_keys as exact where exact.license_key = :licenseKey),
  (select iif(count(*) = 1, max(spelled.id), null) from json_each(:otherSpellings) as spelling
    cross join license_keys as spelled on spelled.license_key = spelling.value))`

/** An API key that may act on the requested or typed license key. */
export const REQUESTED_KEY_AUTHORITY = apiKeyAuthority({ licenseKey: IS_REQUESTED })
export const TYPED_KEY_AUTHORITY = apiKeyAuthority({ licenseKey: IS_TYPED })

/**
 * SQL: a `KeyOutcome` as JSON text. Placeholders: `licenseKey`, and those of the checks.
 *
 * @param checks SQL `when ... then ...` on `license_keys` and `products`, which are null for an unknown key
 * @param success the kind if no check applies
 * @param members SQL for more members: `'name', value, ...`
 * @param isKey SQL that selects the key: `IS_REQUESTED`, or `IS_TYPED` if a person may have typed it
 */
export function checkKey(
  checks: readonly string[],
  success: string,
  members: readonly string[] = [],
  isKey: string = IS_REQUESTED,
): string {
  return `(select json_object('kind', case ${checks.join('\n')} else '${success}' end,
      ${["'productId', license_keys.product_id", ...members].join(', ')})
    from (select 1) as request left join license_keys on ${isKey}
    left join products on products.id = license_keys.product_id)`
}

/** SQL: the `ProofFacts` of the row of `license_keys` as JSON. */
export const PROOF_FACTS = `json_object('productId', license_keys.product_id, 'status', license_keys.status,
  'expiresAt', ${EXPIRES_AT}, 'features', json(${EFFECTIVE_FEATURES}))`

/** SQL: the `ProofFacts` of the typed key as JSON, for after a write. */
export const PROOF_FACTS_OF_TYPED = `(select ${PROOF_FACTS} from license_keys where ${IS_TYPED})`

/** `checkKey` for a key that a person typed, with the facts of a proof if the request asks for one. */
export function checkTypedKey(
  checks: readonly string[],
  success: string,
  members: readonly string[] = [],
): string {
  const proof = `'proof', case when :isProofRequested then ${PROOF_FACTS} end`
  return checkKey(checks, success, [...members, proof], IS_TYPED)
}
