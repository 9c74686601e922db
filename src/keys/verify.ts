/** `POST /api/v1/verify`: whether a license key is valid on a device or domain. Nothing is written. */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineQuery, nearestDatabase, runQuery } from '../callers/query.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import {
  deviceIdentifier,
  KEY_USE_FIELDS,
  type KeyVerdict,
  keyUseValues,
  MAY_NOT_BE_USED_HERE,
  UNUSABLE_CODES,
  type Unusable,
  verdictOnKey,
} from './usable.ts'

type Verified = KeyVerdict<'valid' | Unusable | 'activation-not-found'>

export const verification = defineQuery<Verified>(
  API_KEY_AUTHORITY,
  verdictOnKey(MAY_NOT_BE_USED_HERE, 'valid'),
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
  outcomes: {
    valid: CODES.licenseKeyValid,
    ...UNUSABLE_CODES,
    'activation-not-found': CODES.activationNotFound,
  },
  // The nearest replica may not know an activation of a moment ago yet.
  handle: (call) =>
    runQuery({ ...call, db: nearestDatabase(call.db) }, verification, keyUseValues(call.parameters)),
})
