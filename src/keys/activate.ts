/**
 * Activations: on which devices or domains a license key is in use.
 *
 * Guarantees: a key is activated once on each of them and never on more than its limit, however many ask at the same
 * time; whoever asks again under the same idempotency key is told the same.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import {
  INSERT_ACTIVATION,
  IS_ACTIVATED,
  type KeyUse,
  type KeyVerdict,
  keyUseValues,
  LIMIT_IS_REACHED,
  MAY_NOT_BE_USED,
  type Unusable,
  verdictOnKey,
} from './usable.ts'

/** `already-active`: on this very device or domain. */
export type Activated = KeyVerdict<Unusable | 'already-active' | 'limit-reached' | 'activated'>

const activation = defineOperation<Activated>(
  API_CALLER,
  'activate',
  verdictOnKey(
    [
      ...MAY_NOT_BE_USED,
      `when ${IS_ACTIVATED} then 'already-active'`,
      `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
    ],
    'activated',
  ),
  [INSERT_ACTIVATION],
)

/**
 * Activates a license key on a device or domain.
 *
 * @param db the primary
 * @param request who asks, and when
 * @param use which key, on what
 * @param postUrl where the activation would be told of its end: 1 to 2048 characters, kept as it is
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function activateLicenseKey(
  db: D1Database,
  request: OperationRequest,
  use: KeyUse,
  postUrl: string | undefined,
): Promise<Performed<Activated, CallerRefusal>> {
  return perform(db, activation, request, { ...keyUseValues(use), postUrl: postUrl ?? null })
}
