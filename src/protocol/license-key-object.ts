/** The protocol's object for an assigned license key, used in responses and deliveries. */
import { withMilliseconds, withoutMilliseconds } from './dates.ts'

/** A license key as it was issued. `createdAt` is in milliseconds UTC. */
export type KeyAsIssued = readonly [
  id: number,
  licenseKey: string,
  activationLimit: number,
  validityDays: number,
  createdAt: number,
]

/** The values that all keys of an issuance share. */
export interface IssuedTo {
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly contractId?: number | null
}

/** Exactly these 13 fields in this order, since shop plugins store every field. */
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

/** @param issuedAt milliseconds UTC. A replay with the same arguments returns the same text. */
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
