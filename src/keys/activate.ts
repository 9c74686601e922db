/**
 * `POST /api/v1/activate`: activates a license key on a device or domain.
 *
 * Guarantees: a key is activated once on each of them and never on more than its limit, however many requests race.
 */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { postUrl } from '../protocol/fields.ts'
import {
  deviceIdentifier,
  IS_ACTIVATED,
  insertActivation,
  KEY_USE_FIELDS,
  type KeyVerdict,
  keyUseValues,
  LIMIT_IS_REACHED,
  MAY_NOT_BE_USED,
  UNUSABLE_CODES,
  type Unusable,
  verdictOnKey,
} from './usable.ts'

/** `already-active`: on this very device or domain. */
type Activated = KeyVerdict<'activated' | 'already-active' | 'limit-reached' | Unusable>

export const activation = defineOperation<Activated>({
  authority: API_KEY_AUTHORITY,
  name: 'activate',
  decision: verdictOnKey(
    [
      ...MAY_NOT_BE_USED,
      `when ${IS_ACTIVATED} then 'already-active'`,
      `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
    ],
    'activated',
  ),
  changes: ['activated'],
  writes: (sql) => [insertActivation(sql)],
})

export const activate = endpoint({
  path: '/api/v1/activate',
  summary: 'Activate a license key',
  caller: apiKey('use'),
  cors: true,
  parameters: () => z.object({ ...KEY_USE_FIELDS, post_url: postUrl }),
  deviceIdentifier,
  outcomes: {
    activated: CODES.licenseKeyActivated,
    'already-active': CODES.licenseKeyAlreadyActive,
    'limit-reached': CODES.activationLimitReached,
    ...UNUSABLE_CODES,
  },
  handle: (call) =>
    perform(call, activation, {
      ...keyUseValues(call.parameters),
      postUrl: call.parameters.post_url ?? null,
    }),
})
