/**
 * The endpoints that a program in a browser may call from whatever page it runs in: what software does with its own
 * license key, and what it verifies the answers with. Everything else needs a key that no page should hold.
 */
import { activate } from './activate.ts'
import { deactivate } from './deactivate.ts'
import { getLicenseKeyDetails } from './get-license-key-details.ts'
import { jwks, publicKey } from './public-keys.ts'
import { verify } from './verify.ts'

/** Their paths. */
export const FOR_BROWSERS: ReadonlySet<string> = new Set(
  [verify, activate, deactivate, getLicenseKeyDetails, publicKey, jwks].map(({ path }) => path),
)
