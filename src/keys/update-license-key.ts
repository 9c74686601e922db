/**
 * `POST /api/v1/update-license-key`: changes a license key. A key that returns to stock keeps no data of its
 * owner. It keeps its own features, which describe the key. A replay of its issuance still returns the original
 * response.
 *
 * A key of a subscription expires with what was paid for. A new validity is stored as a number of days that later
 * payments keep, so a caller that sends back the validity that it read changes nothing. An imported license key may
 * expire at an instant, too, until a caller changes its validity.
 */
import * as z from 'zod/mini'
import { apiKey, apiKeyAuthority } from '../callers/api-keys.ts'
import { defineOperation, perform, type WriteSql } from '../callers/operation.ts'
import { type AnswerContents, endpoint } from '../http/endpoint.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import { daysBetween, EXPIRY_OF_ORDER, VALIDITY_DAYS } from '../issuing/expiry.ts'
import { UPDATED_FEATURES } from '../issuing/features.ts'
import { CODES } from '../protocol/codes.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import {
  activationLimit,
  features,
  licenseKey,
  optional,
  ownerEmail,
  ownerName,
  PRODUCT_INVALID,
  productId,
  validityDays,
} from '../protocol/fields.ts'
import { IS_REQUESTED } from './key-checks.ts'
import { licenseAudit } from './license-audit.ts'
import { assignedAt, licenseKeyStatus } from './stock-fields.ts'

type Updated =
  /** `productId`: the product after the update. */
  | { readonly kind: 'updated'; readonly productId: number }
  | { readonly kind: 'product-invalid' | 'not-found' }

/** An SQL condition: the key returns to stock. */
const IS_RETURNED = `:status = 'available'`
const NEW_STATUS = 'coalesce(:status, status)'

/** An SQL condition: the request changes the validity of an imported key, whose expiry no order decides. */
const IS_REPLACED = `(:validityDays <> ${VALIDITY_DAYS} and ${EXPIRY_OF_ORDER} is null)`

/** An SQL condition: the request changes the expiry of a subscription's key. */
const IS_CORRECTED = `(:validityDays <> ${VALIDITY_DAYS} and ${EXPIRY_OF_ORDER} is not null)`
const CORRECTION_DAYS = `(:validityDays - ${daysBetween(EXPIRY_OF_ORDER, 'coalesce(:assignedAt, assigned_at, :now)')})`

/**
 * SQL that changes a license key, if the outcome is `kind`. Placeholders: `productId`, `status`, `assignedAt`,
 * `activationLimit`, `validityDays`, `ownerName`, `ownerEmail` and `features`, each of them null if it stays, and `now`.
 *
 * @param isKey SQL that selects the row of `license_keys`
 */
export function updateKey({ decided }: WriteSql, isKey: string, kind: string): string[] {
  const isOfReturnedKey = `${IS_RETURNED} and ${decided(kind)}
    and license_key_id = (select license_keys.id from license_keys where ${isKey})`
  return [
    keepAsIssued(`${isKey} and ${decided(kind)}`),
    `delete from activations where ${isOfReturnedKey}`,
    `delete from released_devices where ${isOfReturnedKey}`,
    `delete from license_key_metadata where ${isOfReturnedKey}`,
    // If a refund or dispute blocks the key, the new status is also stored for when the block ends.
    `update license_keys set
       product_id = coalesce(:productId, product_id),
       activation_limit = coalesce(:activationLimit, activation_limit),
       validity_days = case when ${EXPIRY_OF_ORDER} is null or ${IS_RETURNED} or :validityDays = 0
         then coalesce(:validityDays, validity_days) else validity_days end,
       expires_at = case when ${IS_RETURNED} or ${IS_REPLACED} or ${IS_CORRECTED} and :validityDays = 0 then null
         when ${IS_CORRECTED} then ${EXPIRY_OF_ORDER} + ${CORRECTION_DAYS} * ${DAY_MILLISECONDS} else expires_at end,
       correction_days = case when ${IS_RETURNED} then null
         when ${IS_CORRECTED} then iif(:validityDays = 0, 0, nullif(${CORRECTION_DAYS}, 0)) else correction_days end,
       owner_name = coalesce(:ownerName, case when ${IS_RETURNED} then null else owner_name end),
       owner_email = coalesce(:ownerEmail, case when ${IS_RETURNED} then null else owner_email end),
       has_new_owner = case when ${IS_RETURNED} then null
         when :ownerName is not null or :ownerEmail is not null then 1 else has_new_owner end,
       status = ${NEW_STATUS},
       assigned_at = case ${NEW_STATUS} when 'available' then null
         when 'assigned' then coalesce(:assignedAt, assigned_at, :now)
         else coalesce(:assignedAt, assigned_at) end,
       issuance_id = case when ${IS_RETURNED} then null else issuance_id end,
       contract_id = case when ${IS_RETURNED} then null else contract_id end,
       status_before_reversal = case when ${IS_RETURNED} or status_before_reversal is null then null
         else coalesce(:status, status_before_reversal) end,
       features = ${UPDATED_FEATURES},
       updated_at = max(:now, updated_at + 1)
     where ${isKey} and ${decided(kind)}`,
  ]
}

const update = defineOperation<Updated>({
  authority: apiKeyAuthority({
    licenseKey: IS_REQUESTED,
    products: 'select :productId where :productId is not null',
  }),
  name: 'update-license-key',
  decision: `(select json_object('productId', coalesce(:productId, license_keys.product_id), 'kind', case
      when :productId is not null and products.id is null then 'product-invalid'
      when license_keys.id is null then 'not-found'
      else 'updated' end)
    from (select 1) left join license_keys on ${IS_REQUESTED}
    left join products on products.id = :productId and products.deleted_at is null)`,
  changes: ['updated'],
  writes: (sql) => updateKey(sql, IS_REQUESTED, 'updated'),
  audit: () => licenseAudit(IS_REQUESTED),
})

/** What an update may change. */
const CHANGES = {
  product_id: optional(productId),
  owner_name: optional(ownerName),
  owner_email: optional(ownerEmail),
  activation_limit: optional(activationLimit),
  validity: optional(validityDays),
  status: optional(licenseKeyStatus),
  assigned_at: assignedAt,
  features: optional(features),
}
const CHANGE_NAMES = Object.keys(CHANGES)

/** A blank field counts, since forms send all fields. A request without any uses names that are unknown here. */
const NAMES_A_CHANGE = z.refine((fields) => CHANGE_NAMES.some((name) => name in Object(fields)), {
  path: ['fields'],
  error: `Send at least one field to change: ${CHANGE_NAMES.join(', ')}.`,
  when: ({ issues }) => issues.length === 0,
})

export const updateLicenseKey = endpoint({
  path: '/api/v1/update-license-key',
  summary: 'Update a license key',
  caller: apiKey('stock'),
  parameters: () => z.object({ license_key: licenseKey, ...CHANGES }).check(NAMES_A_CHANGE),
  invalidParametersCode: CODES.updateLicenseKeyIncorrectData,
  unknownLicenseKey: 'not-found',
  outcomes: {
    updated: CODES.licenseKeyUpdated,
    'product-invalid': CODES.updateLicenseKeyIncorrectData,
    'not-found': CODES.updateLicenseKeyNotFound,
  },

  handle(call) {
    const { parameters } = call
    return perform(call, update, {
      licenseKey: parameters.license_key ?? null,
      productId: parameters.product_id ?? null,
      ownerName: parameters.owner_name ?? null,
      ownerEmail: parameters.owner_email ?? null,
      activationLimit: parameters.activation_limit ?? null,
      validityDays: parameters.validity ?? null,
      status: parameters.status ?? null,
      assignedAt: parameters.assigned_at ?? null,
      features: parameters.features ?? null,
    })
  },

  answer(outcome): AnswerContents {
    switch (outcome.kind) {
      case 'product-invalid':
        return { fields: { errors: PRODUCT_INVALID } }
      case 'not-found':
        return {}
      case 'updated':
        return { signedBy: outcome.productId }
    }
  },
})
