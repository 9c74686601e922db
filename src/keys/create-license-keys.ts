/**
 * Takes license keys in that were made elsewhere: into stock, or as already assigned.
 *
 * Guarantees: a license key exists once, whoever brings it and how often; one that is known already is counted and
 * left as it is. All of the others are written, or none; one D1 batch, however many there are.
 */
import { API_CALLER, type CallerRefusal } from '../callers/api-keys.ts'
import { defineOperation, type OperationRequest, type Performed, perform } from '../callers/operation.ts'
import type { LicenseKeyStatus } from '../protocol/license-key-status.ts'

/** The most license keys at once. */
export const CREATED_KEYS_MAX = 10_000
/** They travel in one parameter as a JSON list, of which D1 takes 2 MB. */
export const CREATED_KEYS_BYTES_MAX = 1_500_000

/** What all of the keys have in common. */
export interface NewLicenseKeys {
  readonly productId: number
  /** As many as `CREATED_KEYS_MAX`, each 1 to 255 characters. */
  readonly licenseKeys: readonly string[]
  readonly status: LicenseKeyStatus
  /** 0: any number of activations. */
  readonly activationLimit: number
  /** 0: they do not expire. */
  readonly validityDays: number
  readonly ownerName?: string | undefined
  readonly ownerEmail?: string | undefined
  /** Milliseconds UTC; left out: now where they are assigned, never where they are not. Keys in stock have none. */
  readonly assignedAt?: number | undefined
}

export type CreationOutcome =
  | { readonly kind: 'product-invalid' }
  | { readonly kind: 'nothing-given'; readonly productId: number }
  | {
      readonly kind: 'created'
      readonly productId: number
      readonly created: number
      /** Known already, or in the list once more. */
      readonly duplicate: number
    }

const create = defineOperation<CreationOutcome>(
  API_CALLER,
  'create-license-keys',
  `json_object('productId', :productId, 'kind', case
    when not exists (select 1 from products where id = :productId and deleted_at is null) then 'product-invalid'
    when :quantity = 0 then 'nothing-given'
    else 'created' end)`,
  [
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
       owner_email, assigned_at, created_at, updated_at)
     select :productId, brought.value, :status, :activationLimit, :validityDays, :ownerName,
       :ownerEmail, :assignedAt, :now, :now
     from json_each(:licenseKeys) as brought where {decided:created}
     on conflict (license_key) do nothing`,
    `update operations set outcome = json_set(outcome, '$.created', changes(), '$.duplicate', :quantity - changes())
     where {mine} and {decided:created}`,
  ],
)

/**
 * Creates license keys, but for those that exist.
 *
 * @param db the primary
 * @param request who asks, and under which idempotency key
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export function createLicenseKeys(
  db: D1Database,
  request: OperationRequest,
  keys: NewLicenseKeys,
): Promise<Performed<CreationOutcome, CallerRefusal>> {
  const { productId, licenseKeys, status, activationLimit, validityDays, ownerName, ownerEmail } = keys
  return perform(db, create, request, {
    productId,
    licenseKeys: JSON.stringify(licenseKeys),
    quantity: licenseKeys.length,
    status,
    activationLimit,
    validityDays,
    ownerName: ownerName ?? null,
    ownerEmail: ownerEmail ?? null,
    assignedAt: assignedAt(keys, request.now),
  })
}

function assignedAt({ status, assignedAt: given }: NewLicenseKeys, now: number): number | null {
  if (status === 'available') return null
  return given ?? (status === 'assigned' ? now : null)
}
