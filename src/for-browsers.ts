/**
 * The endpoints that a program in a browser may call from whatever page it runs in: what software does with its own
 * license key, and what it verifies the answers with. Everything else needs a key that no page should hold.
 */
import { activate } from './keys/activate-endpoint.ts'
import { deactivate } from './keys/deactivate-endpoint.ts'
import { getLicenseKeyDetails } from './keys/get-license-key-details.ts'
import { verify } from './keys/verify-endpoint.ts'
import { jwks, publicKey } from './service/public-keys.ts'

/** Their paths. */
export const FOR_BROWSERS: ReadonlySet<string> = new Set(
  [verify, activate, deactivate, getLicenseKeyDetails, publicKey, jwks].map(({ path }) => path),
)
