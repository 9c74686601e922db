/**
 * Corrects a license key by hand.
 *
 * Guarantees: what is not given stays as it is; a key that goes back to stock keeps nothing of whoever had it; how
 * the key was issued is kept, so that a replay of its issuance tells what it told at first.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import type { LicenseKeyStatus } from '../protocol/license-key-status.ts'

/** What is to be different. */
export interface LicenseKeyChanges {
  readonly productId?: number | undefined
  readonly ownerName?: string | undefined
  readonly ownerEmail?: string | undefined
  /** 0: any number of activations. */
  readonly activationLimit?: number | undefined
  /** 0: it does not expire. */
  readonly validityDays?: number | undefined
  readonly status?: LicenseKeyStatus | undefined
  /** Milliseconds UTC; a key in stock has none. */
  readonly assignedAt?: number | undefined
}

export type UpdateOutcome =
  /** `productId`: whose key it is afterwards. */
  | { readonly kind: 'updated'; readonly productId: number }
  | { readonly kind: 'product-invalid' | 'not-found' }

/** It is given back: whoever is assigned it next finds it as new. */
const IS_RETURNED = `:status = 'available'`
const STATUS_AFTERWARDS = 'coalesce(:status, status)'

const ofReturnedKey = `${IS_RETURNED} and {decided:updated}
  and license_key_id = (select id from license_keys where license_key = :licenseKey)`

const update = defineOperation<UpdateOutcome>(
  API_CALLER,
  'update-license-key',
  `(select json_object('productId', coalesce(:productId, license_keys.product_id), 'kind', case
      when :productId is not null and products.id is null then 'product-invalid'
      when license_keys.id is null then 'not-found'
      else 'updated' end)
    from (select 1) left join license_keys on license_keys.license_key = :licenseKey
    left join products on products.id = :productId and products.deleted_at is null)`,
  [
    keepAsIssued('license_key = :licenseKey and {decided:updated}'),
    `delete from activations where ${ofReturnedKey}`,
    `delete from license_key_metadata where ${ofReturnedKey}`,
    // A block by hand outlasts the payment's: where that ends, the key is given back the status that is kept for it.
    `update license_keys set
       product_id = coalesce(:productId, product_id),
       activation_limit = coalesce(:activationLimit, activation_limit),
       validity_days = coalesce(:validityDays, validity_days),
       owner_name = coalesce(:ownerName, case when ${IS_RETURNED} then null else owner_name end),
       owner_email = coalesce(:ownerEmail, case when ${IS_RETURNED} then null else owner_email end),
       status = ${STATUS_AFTERWARDS},
       assigned_at = case ${STATUS_AFTERWARDS} when 'available' then null
         when 'assigned' then coalesce(:assignedAt, assigned_at, :now)
         else coalesce(:assignedAt, assigned_at) end,
       issuance_id = case when ${IS_RETURNED} then null else issuance_id end,
       contract_id = case when ${IS_RETURNED} then null else contract_id end,
       status_before_reversal = case when ${IS_RETURNED} or status_before_reversal is null then null
         else coalesce(:status, status_before_reversal) end,
       updated_at = :now
     where license_key = :licenseKey and {decided:updated}`,
  ],
)

/**
 * Updates a license key.
 *
 * @param db the primary
 * @param request who asks, and under which idempotency key
 * @param licenseKey undefined: none is found
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function updateLicenseKey(
  db: D1Database,
  request: OperationRequest,
  licenseKey: string | undefined,
  changes: LicenseKeyChanges,
): Promise<Performed<UpdateOutcome, CallerRefusal>> {
  return perform(db, update, request, {
    licenseKey: licenseKey ?? null,
    productId: changes.productId ?? null,
    ownerName: changes.ownerName ?? null,
    ownerEmail: changes.ownerEmail ?? null,
    activationLimit: changes.activationLimit ?? null,
    validityDays: changes.validityDays ?? null,
    status: changes.status ?? null,
    assignedAt: changes.assignedAt ?? null,
  })
}
