/**
 * Gives one certain license key to an owner, and starts it on a device or domain at once where that is asked for.
 *
 * Guarantees: a key that is in stock or reserved is assigned once, however many ask for it at the same time; where
 * it is assigned and activated, both are done or neither. Whoever asks again under the same idempotency key is told
 * the same.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import {
  IDENTIFIER_IS_MISSING,
  INSERT_ACTIVATION,
  IS_ACTIVATED,
  IS_MEANT,
  type KeyVerdict,
  LIMIT_IS_REACHED,
  PRODUCT_IS_NOT_ACTIVE,
  verdictOnKey,
} from './usable.ts'

/** Which key is to be assigned to whom; undefined: nobody said. */
export interface Assignment {
  /** 1 to 255 characters. */
  readonly licenseKey: string | undefined
  /** 1 to 255 characters; undefined leaves the name that the key has. */
  readonly ownerName: string | undefined
  /** An e-mail address or `Not set`; undefined leaves the one that the key has. */
  readonly ownerEmail: string | undefined
}

/** An assignment that starts the key on a device or domain. */
export interface ActivatedAssignment extends Assignment {
  /** 1 to 255 characters. */
  readonly identifier: string | undefined
  /** Where the activation would be told of its end: 1 to 2048 characters, kept as it is. */
  readonly postUrl: string | undefined
}

export type Assigned = KeyVerdict<'not-assignable' | 'assigned'>

/** `already-active`: on this very device or domain; the key is assigned nonetheless. */
export type AssignedAndActivated = KeyVerdict<
  | 'not-assignable'
  | 'identifier-missing'
  | 'product-not-active'
  | 'already-active'
  | 'limit-reached'
  | 'activated'
>

const IS_NOT_ASSIGNABLE = `(license_keys.id is null or license_keys.status not in ('available', 'reserved'))`

/**
 * SQL that assigns the key. It leaves the issuance that it once came from: whoever had it by that has it no more, so
 * a refund of that order must not block it.
 *
 * @param decided `{decided:...}`
 */
function assigning(decided: string): string[] {
  return [
    keepAsIssued(`${IS_MEANT} and ${decided}`),
    `update license_keys set status = 'assigned', assigned_at = :now, updated_at = :now, issuance_id = null,
       status_before_reversal = null, owner_name = coalesce(:ownerName, owner_name),
       owner_email = coalesce(:ownerEmail, owner_email)
     where ${IS_MEANT} and ${decided}`,
  ]
}

/** Of a product that is not sold at the moment keys may be assigned, but of one that was deleted there are none. */
const assignment = defineOperation<Assigned>(
  API_CALLER,
  'assign-license-key',
  verdictOnKey(
    [`when ${IS_NOT_ASSIGNABLE} or products.deleted_at is not null then 'not-assignable'`],
    'assigned',
  ),
  assigning('{decided:assigned}'),
)

const assignmentWithActivation = defineOperation<AssignedAndActivated>(
  API_CALLER,
  'assign-and-activate-license-key',
  verdictOnKey(
    [
      `when ${IS_NOT_ASSIGNABLE} then 'not-assignable'`,
      IDENTIFIER_IS_MISSING,
      PRODUCT_IS_NOT_ACTIVE,
      `when ${IS_ACTIVATED} then 'already-active'`,
      `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
    ],
    'activated',
  ),
  [...assigning('{decided:activated,already-active}'), INSERT_ACTIVATION],
)

/**
 * Assigns a license key.
 *
 * @param db the primary
 * @param request who asks, and when
 * @param order which key, to whom
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function assignLicenseKey(
  db: D1Database,
  request: OperationRequest,
  order: Assignment,
): Promise<Performed<Assigned, CallerRefusal>> {
  return perform(db, assignment, request, assignmentValues(order))
}

/** Assigns a license key and activates it; parameters and errors as of `assignLicenseKey`. */
export function assignAndActivateLicenseKey(
  db: D1Database,
  request: OperationRequest,
  order: ActivatedAssignment,
): Promise<Performed<AssignedAndActivated, CallerRefusal>> {
  const values = { identifier: order.identifier ?? null, postUrl: order.postUrl ?? null }
  return perform(db, assignmentWithActivation, request, { ...assignmentValues(order), ...values })
}

function assignmentValues({ licenseKey, ownerName, ownerEmail }: Assignment): Record<string, string | null> {
  return { licenseKey: licenseKey ?? null, ownerName: ownerName ?? null, ownerEmail: ownerEmail ?? null }
}
