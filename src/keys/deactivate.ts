/**
 * `POST /api/v1/deactivate`: ends the activation of a license key on a device or domain.
 *
 * Guarantees: each activation ends once, even if the key is expired or blocked. Its seat is then free, unless its license
 * file is still valid (release-device.ts).
 */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import { IS_ACTIVATED } from './devices/devices.ts'
import { releaseDevice, releasesMax } from './devices/release-device.ts'
import {
  checkTypedKey,
  deviceIdentifier,
  IS_TYPED,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  keyUseValues,
  TYPED_KEY_AUTHORITY,
  WHEN_IDENTIFIER_MISSING,
  WHEN_UNKNOWN,
} from './key-checks.ts'

type Deactivated = KeyOutcome<
  'deactivated' | 'already-inactive' | 'license-key-unknown' | 'identifier-missing'
>

export const deactivation = defineOperation<Deactivated>({
  authority: TYPED_KEY_AUTHORITY,
  name: 'deactivate',
  isUse: true,
  decision: checkTypedKey(
    [WHEN_UNKNOWN, WHEN_IDENTIFIER_MISSING, `when not ${IS_ACTIVATED} then 'already-inactive'`],
    'deactivated',
  ),
  changes: ['deactivated'],
  writes: (sql) => releaseDevice(sql, IS_TYPED),
})

export const deactivate = endpoint({
  path: '/api/v1/deactivate',
  summary: 'Deactivate a license key',
  caller: apiKey('use'),
  cors: true,
  parameters: () => z.object(KEY_USE_FIELDS),
  deviceIdentifier,
  unknownLicenseKey: 'license-key-unknown',
  outcomes: {
    deactivated: CODES.licenseKeyDeactivated,
    'already-inactive': CODES.licenseKeyAlreadyInactive,
    'license-key-unknown': KEY_PROBLEM_CODES['license-key-unknown'],
    'identifier-missing': KEY_PROBLEM_CODES['identifier-missing'],
  },
  handle: (call) =>
    perform(call, deactivation, { ...keyUseValues(call.parameters), releasesMax: releasesMax(call.env) }),
  answer: ({ kind, productId }) => ({
    // The protocol signs the success response of this endpoint with the global key.
    signedBy: kind === 'deactivated' ? null : productId,
    log: { product: productId },
  }),
})
