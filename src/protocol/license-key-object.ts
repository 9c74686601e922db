/** The protocol's object of an assigned license key, in answers and in deliveries. */
import { withMilliseconds, withoutMilliseconds } from './dates.ts'

/** A license key as it was issued. Instants are milliseconds UTC. */
export type KeyAsIssued = readonly [
  id: number,
  licenseKey: string,
  activationLimit: number,
  validityDays: number,
  createdAt: number,
]

/** What all keys of an issuance have in common. */
export interface IssuedTo {
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly contractId?: number | null
}

/** An object of exactly these 13 fields in this order: shop plugins store every field under its name. */
export interface LicenseKeyObject {
  readonly product_id: number
  readonly license_key: string
  readonly activation_limit: number
  readonly validity: number
  readonly status: string
  readonly owner_name: string
  readonly owner_email: string
  readonly assigned_at: string
  readonly contract_id: number | null
  readonly updated_at: string
  readonly created_at: string
  readonly id: number
  readonly meta_data: readonly []
}

/**
 * The objects of issued keys. They follow from the issuance alone, so a replay has the same text.
 *
 * @param issuedAt milliseconds UTC
 */
export function licenseKeyObjects(
  { productId, ownerName, ownerEmail, contractId = null }: IssuedTo,
  issuedAt: number,
  keys: readonly KeyAsIssued[],
): LicenseKeyObject[] {
  const assignedAt = withMilliseconds(issuedAt)
  const updatedAt = withoutMilliseconds(issuedAt)
  return keys.map(([id, licenseKey, activationLimit, validity, createdAt]) => ({
    product_id: productId,
    license_key: licenseKey,
    activation_limit: activationLimit,
    validity,
    status: 'assigned',
    owner_name: ownerName,
    owner_email: ownerEmail,
    assigned_at: assignedAt,
    contract_id: contractId,
    updated_at: updatedAt,
    created_at: createdAt === issuedAt ? updatedAt : withoutMilliseconds(createdAt),
    id,
    meta_data: [],
  }))
}
