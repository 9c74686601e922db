/**
 * `POST /api/v1/assign-license-key` and `assign-and-activate-license-key`: assign a specific license key, in
 * one D1 batch. A key that is in stock or reserved is assigned once, even if requests race.
 */
import * as z from 'zod/mini'
import { apiKey } from '../callers/api-keys.ts'
import { defineOperation, perform } from '../callers/operation.ts'
import { endpoint } from '../http/endpoint.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import { CODES } from '../protocol/codes.ts'
import { emailAddress, licenseKey, optional, ownerEmail, ownerName, postUrl } from '../protocol/fields.ts'
import { activationsMax, LIMIT_IS_REACHED } from './devices/activation-limit.ts'
import { IS_ACTIVATED, insertActivation } from './devices/devices.ts'
import {
  checkKey,
  checkTypedKey,
  deviceIdentifier,
  IS_REQUESTED,
  IS_TYPED,
  KEY_PROBLEM_CODES,
  KEY_USE_FIELDS,
  type KeyOutcome,
  keyUseValues,
  PROOF_FACTS_OF_TYPED,
  REQUESTED_KEY_AUTHORITY,
  TYPED_KEY_AUTHORITY,
  WHEN_IDENTIFIER_MISSING,
  WHEN_PRODUCT_INACTIVE,
} from './key-checks.ts'
import { licenseAudit } from './license-audit.ts'

type Assigned = KeyOutcome<'assigned' | 'not-assignable'>

/** `already-active`: the key was already active on this device or domain. It is now assigned. */
type AssignedAndActivated = KeyOutcome<
  | 'activated'
  | 'already-active'
  | 'not-assignable'
  | 'identifier-missing'
  | 'product-not-active'
  | 'limit-reached'
>

const IS_NOT_ASSIGNABLE = `(license_keys.id is null or license_keys.status not in ('available', 'reserved'))`

/**
 * SQL that assigns the key and detaches it from its earlier issuance, so that a refund of that order does not
 * block it. Placeholders: `ownerName` and `ownerEmail`. If they are null, the key keeps its owner.
 */
function assignKey(isKey: string, isDecided: string): string[] {
  return [
    keepAsIssued(`${isKey} and ${isDecided}`),
    `update license_keys set status = 'assigned', assigned_at = :now, updated_at = :now, issuance_id = null,
       status_before_reversal = null, expires_at = null, correction_days = null,
       has_new_owner = null, owner_name = coalesce(:ownerName, owner_name),
       owner_email = coalesce(:ownerEmail, owner_email)
     where ${isKey} and ${isDecided}`,
  ]
}

/** Keys of inactive products can be assigned. Keys of deleted products cannot. */
const assignment = defineOperation<Assigned>({
  authority: REQUESTED_KEY_AUTHORITY,
  name: 'assign-license-key',
  decision: checkKey(
    [`when ${IS_NOT_ASSIGNABLE} or products.deleted_at is not null then 'not-assignable'`],
    'assigned',
  ),
  changes: ['assigned'],
  writes: ({ decided }) => assignKey(IS_REQUESTED, decided('assigned')),
  audit: () => licenseAudit(IS_REQUESTED),
})

const assignmentWithActivation = defineOperation<AssignedAndActivated>({
  authority: TYPED_KEY_AUTHORITY,
  name: 'assign-and-activate-license-key',
  decision: checkTypedKey(
    [
      `when ${IS_NOT_ASSIGNABLE} then 'not-assignable'`,
      WHEN_IDENTIFIER_MISSING,
      WHEN_PRODUCT_INACTIVE,
      `when ${IS_ACTIVATED} then 'already-active'`,
      `when ${LIMIT_IS_REACHED} then 'limit-reached'`,
    ],
    'activated',
  ),
  changes: ['activated', 'already-active'],
  writes: (sql) => [
    ...assignKey(IS_TYPED, sql.decided('activated', 'already-active')),
    insertActivation(IS_TYPED, sql.decided('activated')),
    // The decision states the key as it was before.
    `${sql.addToOutcome(`'$.proof', json(${PROOF_FACTS_OF_TYPED})`, 'activated', 'already-active')}
       and :isProofRequested`,
  ],
  audit: () => licenseAudit(IS_TYPED),
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
  unknownLicenseKey: 'not-assignable',
  outcomes: { assigned: CODES.licenseKeyAssigned, 'not-assignable': CODES.licenseKeyNotAssignable },
  handle: (call) =>
    perform(call, assignment, {
      licenseKey: call.parameters.license_key ?? null,
      ownerName: call.parameters.owner_name ?? null,
      ownerEmail: call.parameters.email ?? null,
    }),
  // The protocol signs both outcomes with the global key.
  answer: () => ({}),
})

export const assignAndActivateLicenseKey = endpoint({
  path: '/api/v1/assign-and-activate-license-key',
  summary: 'Assign and activate a license key',
  caller: apiKey('assign'),
  parameters: () =>
    z.object({ ...KEY_USE_FIELDS, post_url: postUrl, owner_name: ownerName, owner_email: ownerEmail }),
  deviceIdentifier,
  unknownLicenseKey: 'not-assignable',
  outcomes: {
    activated: CODES.licenseKeyActivated,
    'already-active': CODES.licenseKeyAlreadyActive,
    'not-assignable': CODES.licenseKeyNotAssignable,
    'identifier-missing': KEY_PROBLEM_CODES['identifier-missing'],
    'product-not-active': KEY_PROBLEM_CODES['product-not-active'],
    'limit-reached': CODES.activationLimitReached,
  },
  handle: (call) =>
    perform(call, assignmentWithActivation, {
      ...keyUseValues(call.parameters),
      activationsMax: activationsMax(call.env),
      ownerName: call.parameters.owner_name,
      ownerEmail: call.parameters.owner_email,
    }),
  // The protocol signs with the product's key only if an assignable key was found.
  answer: ({ kind, productId }) => ({ signedBy: kind === 'not-assignable' ? null : productId }),
})
