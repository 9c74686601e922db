/** `POST /api/v1/verify`: checks whether a license key is valid on a device or domain. Writes nothing. */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineQuery, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import {
  ACTIVATED_KEY_CHECKS,
  checkTypedKey,
  databaseFor,
  deviceIdentifier,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  type KeyProblem,
  keyUseValues,
  TYPED_KEY_AUTHORITY,
} from './key-checks.ts'

type Verified = KeyOutcome<'valid' | KeyProblem | 'activation-not-found'>

export const verification = defineQuery<Verified>(
  TYPED_KEY_AUTHORITY,
  checkTypedKey(ACTIVATED_KEY_CHECKS, 'valid'),
)

export const verify = endpoint({
  path: '/api/v1/verify',
  summary: 'Verify a license key',
  isReadOnly: true,
  caller: apiKey('use'),
  cors: true,
  // The protocol's `email` belongs to Envato purchase codes, which this server does not accept.
  parameters: () => z.object(KEY_USE_FIELDS),
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    valid: CODES.licenseKeyValid,
    ...KEY_PROBLEM_CODES,
    'activation-not-found': CODES.activationNotFound,
  },
  handle: (call) =>
    runQuery(
      { ...call, db: databaseFor(call.db, call.parameters) },
      verification,
      keyUseValues(call.parameters),
    ),
})
