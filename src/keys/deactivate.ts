/**
 * `POST /api/v1/deactivate`: ends the activation of a license key on a device or domain.
 *
 * Guarantees: an activation can be ended whatever has become of the key since, and its seat is free from then on. It is
 * ended once.
 */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import {
  deviceIdentifier,
  IDENTIFIER_IS_MISSING,
  IS_ACTIVATED,
  IS_REQUESTED,
  IS_UNKNOWN,
  KEY_USE_FIELDS,
  type KeyVerdict,
  keyUseValues,
  UNUSABLE_CODES,
  verdictOnKey,
} from './usable.ts'

type Deactivated = KeyVerdict<
  'deactivated' | 'already-inactive' | 'license-key-unknown' | 'identifier-missing'
>

export const deactivation = defineOperation<Deactivated>({
  authority: API_KEY_AUTHORITY,
  name: 'deactivate',
  decision: verdictOnKey(
    [IS_UNKNOWN, IDENTIFIER_IS_MISSING, `when not ${IS_ACTIVATED} then 'already-inactive'`],
    'deactivated',
  ),
  changes: ['deactivated'],
  writes: ({ decided }) => [
    `delete from activations where identifier = :identifier
       and license_key_id = (select license_keys.id from license_keys where ${IS_REQUESTED})
       and ${decided('deactivated')}`,
  ],
})

export const deactivate = endpoint({
  path: '/api/v1/deactivate',
  summary: 'Deactivate a license key',
  caller: apiKey('use'),
  cors: true,
  parameters: () => z.object(KEY_USE_FIELDS),
  deviceIdentifier,
  outcomes: {
    deactivated: CODES.licenseKeyDeactivated,
    'already-inactive': CODES.licenseKeyAlreadyInactive,
    'license-key-unknown': UNUSABLE_CODES['license-key-unknown'],
    'identifier-missing': UNUSABLE_CODES['identifier-missing'],
  },
  handle: (call) => perform(call, deactivation, keyUseValues(call.parameters)),
  answer: ({ kind, productId }) => ({
    // The protocol's one exception: of all answers about a product, the global key signs this one alone.
    signedBy: kind === 'deactivated' ? null : productId,
    log: { product: productId },
  }),
})
