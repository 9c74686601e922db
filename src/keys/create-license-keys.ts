/**
 * `POST /api/v1/create-license-keys`: imports license keys, into stock or as assigned, in one D1 batch.
 * Existing keys are counted and do not change.
 */
import * as z from 'zod/mini'
import { apiKey, PRODUCT_AUTHORITY } from '../callers/api-keys.ts'
import { countAudit } from '../callers/audit.ts'
import { defineOperation, type OperationParts, perform } from '../callers/operation.ts'
import { PRODUCT_EXISTS } from '../db/conditions.ts'
import { type AnswerContents, endpoint } from '../http/endpoint.ts'
import { NEW_FEATURES } from '../issuing/features.ts'
import { logWarning } from '../platform/log.ts'
import { CODES } from '../protocol/codes.ts'
import {
  activationLimit,
  features,
  optional,
  ownerEmail,
  ownerName,
  PRODUCT_INVALID,
  productId,
  validityDays,
} from '../protocol/fields.ts'
import { weakKeysWarning } from './key-strength.ts'
import { assignedAt, licenseKeyList, licenseKeyStatus } from './stock-fields.ts'

/** Fits the longest list as a form, which encodes quotation marks, commas and non-ASCII bytes as three. */
const BODY_BYTES_MAX = 4_000_000

type Created =
  | { readonly kind: 'product-invalid' }
  | { readonly kind: 'list-empty'; readonly productId: number }
  | {
      readonly kind: 'created'
      readonly productId: number
      readonly created: number
      /** The number of keys that already existed or are repeated in the list. */
      readonly duplicate: number
    }

/**
 * Placeholders: `productId`, `licenseKeys` (a JSON array), `quantity`, `status`, `activationLimit`, `validityDays`,
 * `ownerName`, `ownerEmail`, `assignedAt` and `features`.
 */
export const keyCreation: OperationParts<Created> = {
  decision: `json_object('productId', :productId, 'kind', case
    when not ${PRODUCT_EXISTS} then 'product-invalid'
    when :quantity = 0 then 'list-empty'
    else 'created' end)`,
  changes: ['created'],
  writes: ({ decided, addToOutcome }) => [
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
       owner_email, assigned_at, features, created_at, updated_at)
     select :productId, keys.value, :status, :activationLimit, :validityDays, :ownerName,
       :ownerEmail, :assignedAt, ${NEW_FEATURES}, :now, :now
     from json_each(:licenseKeys) as keys where ${decided('created')}
     on conflict (license_key) do nothing`,
    addToOutcome(`'$.created', changes(), '$.duplicate', :quantity - changes()`, 'created'),
  ],
  audit: ({ decision }) => countAudit(':productId', 'license_keys_added', `(${decision} ->> '$.created')`),
}

const creation = defineOperation<Created>({
  authority: PRODUCT_AUTHORITY,
  name: 'create-license-keys',
  ...keyCreation,
})

export const createLicenseKeys = endpoint({
  path: '/api/v1/create-license-keys',
  summary: 'Add license keys to the stock',
  caller: apiKey('stock'),
  bodyBytesMax: BODY_BYTES_MAX,
  parameters: () =>
    z.object({
      license_keys: licenseKeyList,
      product_id: productId,
      owner_name: optional(ownerName),
      owner_email: optional(ownerEmail),
      activation_limit: activationLimit,
      validity: validityDays,
      status: licenseKeyStatus,
      assigned_at: assignedAt,
      features: optional(features),
    }),
  invalidParametersCode: CODES.createLicenseKeysIncorrectData,
  outcomes: {
    created: CODES.licenseKeysCreated,
    'list-empty': CODES.noLicenseKeysCreated,
    'product-invalid': CODES.createLicenseKeysIncorrectData,
  },

  async handle(call) {
    const { parameters } = call
    const { license_keys: licenseKeys, status } = parameters
    const assignedAtDefault = status === 'assigned' ? call.now : null
    const result = await perform(call, creation, {
      productId: parameters.product_id,
      licenseKeys: JSON.stringify(licenseKeys),
      quantity: licenseKeys.length,
      status,
      activationLimit: parameters.activation_limit,
      validityDays: parameters.validity,
      ownerName: parameters.owner_name ?? null,
      ownerEmail: parameters.owner_email ?? null,
      assignedAt: status === 'available' ? null : (parameters.assigned_at ?? assignedAtDefault),
      features: parameters.features ?? null,
    })
    const isCreated = result.kind === 'done' && !result.isReplay && result.outcome.kind === 'created'
    const warning = isCreated ? weakKeysWarning(licenseKeys) : undefined
    // The protocol has no field for it.
    if (warning !== undefined) logWarning(call.requestId, warning)
    return result
  },

  answer(outcome): AnswerContents {
    switch (outcome.kind) {
      case 'product-invalid':
        return { fields: { errors: PRODUCT_INVALID } }
      case 'list-empty':
        return { signedBy: outcome.productId }
      case 'created': {
        const { created, duplicate, productId: signedBy } = outcome
        return { fields: { created, duplicate }, signedBy }
      }
    }
  },
})
