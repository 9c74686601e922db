/**
 * Whether a license key is valid on a device or domain.
 *
 * Guarantees: nothing is written, and the reasons against a key are those of `usable.ts` in their order; only a key
 * that may be used is looked up among the activations.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import type { OperationRequest } from '../callers/operation.ts'
import { defineReading, type Read, read } from '../callers/reading.ts'
import type { Database } from '../db/batch.ts'
import {
  IS_ACTIVATED,
  type KeyUse,
  type KeyVerdict,
  keyUseValues,
  MAY_NOT_BE_USED,
  type Unusable,
  verdictOnKey,
} from './usable.ts'

export type Verified = KeyVerdict<Unusable | 'activation-not-found' | 'valid'>

/** After everything that speaks against the use of a key: it is not activated here. */
export const MAY_NOT_BE_USED_HERE: readonly string[] = [
  ...MAY_NOT_BE_USED,
  `when not ${IS_ACTIVATED} then 'activation-not-found'`,
]

const verification = defineReading<Verified>(API_CALLER, verdictOnKey(MAY_NOT_BE_USED_HERE, 'valid'))

/**
 * Verifies a license key.
 *
 * @param db the primary, or a session that may ask a replica: an activation of a moment ago may not be seen yet
 * @param request who asks, and when
 * @param use which key, on what
 * @throws DatabaseUnavailableError
 */
export function verifyLicenseKey(
  db: Database,
  { callerValues, now }: Pick<OperationRequest, 'callerValues' | 'now'>,
  use: KeyUse,
): Promise<Read<Verified, CallerRefusal>> {
  return read(db, verification, { ...callerValues, ...keyUseValues(use), now })
}
