/**
 * The end of an activation.
 *
 * Guarantees: whoever has an activation can end it, whatever has become of the key since, and its place is free from
 * then on; an activation is ended once.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import {
  IDENTIFIER_IS_MISSING,
  IS_ACTIVATED,
  IS_MEANT,
  IS_UNKNOWN,
  type KeyUse,
  type KeyVerdict,
  keyUseValues,
  verdictOnKey,
} from './usable.ts'

export type Deactivated = KeyVerdict<
  'license-key-unknown' | 'identifier-missing' | 'already-inactive' | 'deactivated'
>

const deactivation = defineOperation<Deactivated>(
  API_CALLER,
  'deactivate',
  verdictOnKey(
    [IS_UNKNOWN, IDENTIFIER_IS_MISSING, `when not ${IS_ACTIVATED} then 'already-inactive'`],
    'deactivated',
  ),
  [
    `delete from activations where identifier = :identifier
       and license_key_id = (select license_keys.id from license_keys where ${IS_MEANT})
       and {decided:deactivated}`,
  ],
)

/**
 * Deactivates a license key on a device or domain.
 *
 * @param db the primary
 * @param request who asks, and when
 * @param use which key, on what
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function deactivateLicenseKey(
  db: D1Database,
  request: OperationRequest,
  use: KeyUse,
): Promise<Performed<Deactivated, CallerRefusal>> {
  return perform(db, deactivation, request, keyUseValues(use))
}
