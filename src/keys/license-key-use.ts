/** What the endpoints about one license key have in common. */
import { CODES, type Code } from '../protocol/codes.ts'
import { identifier, licenseKey } from '../protocol/fields.ts'
import type { KeyUse, Unusable } from './usable.ts'

/** Which key, on which device or domain. Neither is required here: what is missing has codes of its own. */
export const KEY_USE_PARAMETERS = { license_key: licenseKey, identifier }

interface KeyUseParameters {
  readonly license_key?: string | undefined
  readonly identifier?: string | undefined
}

export function keyUseOf(parameters: KeyUseParameters): KeyUse {
  return { licenseKey: parameters.license_key, identifier: parameters.identifier }
}

/** The device or domain that the request speaks for, for the blocklist. */
export function deviceIdentifier(parameters: KeyUseParameters): string | undefined {
  return parameters.identifier
}

/** The codes of a key that may not be used. */
export const UNUSABLE: Record<Unusable, Code> = {
  'license-key-unknown': CODES.licenseKeyInvalid,
  'identifier-missing': CODES.identifierRequired,
  'not-assigned': CODES.licenseKeyNotAssigned,
  'product-not-active': CODES.productNotActive,
  blocked: CODES.licenseKeyBlocked,
  expired: CODES.licenseKeyExpired,
}
