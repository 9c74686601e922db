/**
 * `POST /api/v1/activate`: activates a license key on a device or domain.
 *
 * Guarantees: a key never has two activations on one device or domain, or more than its limit.
 */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { postUrl } from '../protocol/fields.ts'
import { activationsMax, LIMIT_IS_REACHED } from './devices/activation-limit.ts'
import { IS_ACTIVATED, insertActivation } from './devices/devices.ts'
import {
  checkTypedKey,
  deviceIdentifier,
  IS_TYPED,
  KEY_CHECKS,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  type KeyProblem,
  keyUseValues,
  TYPED_KEY_AUTHORITY,
} from './key-checks.ts'

/** `already-active`: on this device or domain. */
type Activated = KeyOutcome<'activated' | 'already-active' | 'limit-reached' | KeyProblem>

export const activation = defineOperation<Activated>({
  authority: TYPED_KEY_AUTHORITY,
  name: 'activate',
  isUse: true,
  decision: checkTypedKey(
    [
      ...KEY_CHECKS,
      `when ${IS_ACTIVATED} then 'already-active'`,
      `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
    ],
    'activated',
  ),
  changes: ['activated'],
  writes: ({ decided }) => [insertActivation(IS_TYPED, decided('activated'))],
})

export const activate = endpoint({
  path: '/api/v1/activate',
  summary: 'Activate a license key',
  caller: apiKey('use'),
  cors: true,
  parameters: () => z.object({ ...KEY_USE_FIELDS, post_url: postUrl }),
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    activated: CODES.licenseKeyActivated,
    'already-active': CODES.licenseKeyAlreadyActive,
    'limit-reached': CODES.activationLimitReached,
    ...KEY_PROBLEM_CODES,
  },
  handle: (call) =>
    perform(call, activation, {
      ...keyUseValues(call.parameters),
      activationsMax: activationsMax(call.env),
    }),
})
