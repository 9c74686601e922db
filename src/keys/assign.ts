/**
 * `POST /api/v1/assign-license-key` and `POST /api/v1/assign-and-activate-license-key`: assign one named license key to
 * an owner, and activate it on a device or domain too.
 *
 * Guarantees: a key that is in stock or reserved is assigned once, however many requests race for it. Assigning and
 * activating are done both or not at all.
 */
import * as z from 'zod/mini'
import { API_KEY_AUTHORITY, apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import { CODES } from '../protocol/codes.ts'
import { emailAddress, licenseKey, optional, ownerEmail, ownerName, postUrl } from '../protocol/fields.ts'
import {
  deviceIdentifier,
  IDENTIFIER_IS_MISSING,
  IS_ACTIVATED,
  IS_REQUESTED,
  insertActivation,
  KEY_USE_FIELDS,
  type KeyVerdict,
  keyUseValues,
  LIMIT_IS_REACHED,
  PRODUCT_IS_NOT_ACTIVE,
  UNUSABLE_CODES,
  verdictOnKey,
} from './usable.ts'

type Assigned = KeyVerdict<'assigned' | 'not-assignable'>

/** `already-active`: on this very device or domain; the key is assigned nonetheless. */
type AssignedAndActivated = KeyVerdict<
  | 'activated'
  | 'already-active'
  | 'not-assignable'
  | 'identifier-missing'
  | 'product-not-active'
  | 'limit-reached'
>

const IS_NOT_ASSIGNABLE = `(license_keys.id is null or license_keys.status not in ('available', 'reserved'))`

/**
 * SQL that assigns the key. It leaves the issuance that it once came from: the owner of that issuance has lost it, so a
 * refund of that order must not block it. Placeholders: `ownerName` and `ownerEmail`, where null leaves what the key has.
 *
 * @param isDecided SQL, a condition
 */
function assigning(isDecided: string): string[] {
  return [
    keepAsIssued(`${IS_REQUESTED} and ${isDecided}`),
    `update license_keys set status = 'assigned', assigned_at = :now, updated_at = :now, issuance_id = null,
       status_before_reversal = null, owner_name = coalesce(:ownerName, owner_name),
       owner_email = coalesce(:ownerEmail, owner_email)
     where ${IS_REQUESTED} and ${isDecided}`,
  ]
}

/** Keys of an inactive product may be assigned. A deleted product has none that may. */
const assignment = defineOperation<Assigned>({
  authority: API_KEY_AUTHORITY,
  name: 'assign-license-key',
  decision: verdictOnKey(
    [`when ${IS_NOT_ASSIGNABLE} or products.deleted_at is not null then 'not-assignable'`],
    'assigned',
  ),
  changes: ['assigned'],
  writes: ({ decided }) => assigning(decided('assigned')),
})

const assignmentWithActivation = defineOperation<AssignedAndActivated>({
  authority: API_KEY_AUTHORITY,
  name: 'assign-and-activate-license-key',
  decision: verdictOnKey(
    [
      `when ${IS_NOT_ASSIGNABLE} then 'not-assignable'`,
      IDENTIFIER_IS_MISSING,
      PRODUCT_IS_NOT_ACTIVE,
      `when ${IS_ACTIVATED} then 'already-active'`,
      `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
    ],
    'activated',
  ),
  changes: ['activated', 'already-active'],
  writes: (sql) => [...assigning(sql.decided('activated', 'already-active')), insertActivation(sql)],
})

export const assignLicenseKey = endpoint({
  path: '/api/v1/assign-license-key',
  summary: 'Assign a license key',
  caller: apiKey('assign'),
  parameters: () =>
    z.object({
      license_key: licenseKey,
      owner_name: optional(ownerName),
      email: optional(emailAddress('email')),
    }),
  outcomes: { assigned: CODES.licenseKeyAssigned, 'not-assignable': CODES.licenseKeyNotAssignable },
  handle: (call) =>
    perform(call, assignment, {
      licenseKey: call.parameters.license_key ?? null,
      ownerName: call.parameters.owner_name ?? null,
      ownerEmail: call.parameters.email ?? null,
    }),
  // The protocol signs both with the global key.
  answer: () => ({}),
})

export const assignAndActivateLicenseKey = endpoint({
  path: '/api/v1/assign-and-activate-license-key',
  summary: 'Assign and activate a license key',
  caller: apiKey('assign'),
  parameters: () =>
    z.object({ ...KEY_USE_FIELDS, post_url: postUrl, owner_name: ownerName, owner_email: ownerEmail }),
  deviceIdentifier,
  outcomes: {
    activated: CODES.licenseKeyActivated,
    'already-active': CODES.licenseKeyAlreadyActive,
    'not-assignable': CODES.licenseKeyNotAssignable,
    'identifier-missing': UNUSABLE_CODES['identifier-missing'],
    'product-not-active': UNUSABLE_CODES['product-not-active'],
    'limit-reached': CODES.activationLimitReached,
  },
  handle: (call) =>
    perform(call, assignmentWithActivation, {
      ...keyUseValues(call.parameters),
      postUrl: call.parameters.post_url ?? null,
      ownerName: call.parameters.owner_name,
      ownerEmail: call.parameters.owner_email,
    }),
  // The protocol signs with the product's key only once a key that can be assigned was found.
  answer: ({ kind, productId }) => ({ signedBy: kind === 'not-assignable' ? null : productId }),
})
