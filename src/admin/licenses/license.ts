/** A license key as the admin API tells it: what lists show, and what every answer about one license begins with. */
import type { LicenseKeyStatus } from '../../db/schema/index.ts'
import { EXPIRES_AT, VALIDITY_DAYS } from '../../issuing/expiry.ts'
import { NOT_SET } from '../../protocol/owner.ts'
import { isoInstant } from '../fields.ts'
import { maskedKey } from '../masking.ts'

/** Times are in milliseconds UTC. */
export interface License {
  readonly id: number
  readonly productId: number
  readonly productName: string
  readonly licenseKey: string
  readonly status: LicenseKeyStatus
  readonly ownerName: string | null
  readonly ownerEmail: string | null
  readonly activationLimit: number
  readonly activationsUsed: number
  readonly validityDays: number
  readonly expiresAt: number | null
  readonly assignedAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** SQL: the `License` of the rows of `license_keys` and `products`, as JSON. */
export const LICENSE = `json_object('id', license_keys.id, 'productId', products.id, 'productName', products.name,
  'licenseKey', license_keys.license_key, 'status', license_keys.status,
  'ownerName', nullif(license_keys.owner_name, '${NOT_SET}'),
  'ownerEmail', nullif(license_keys.owner_email, '${NOT_SET}'),
  'activationLimit', license_keys.activation_limit,
  'activationsUsed', (select count(*) from activations
    where activations.license_key_id = license_keys.id and activations.takes_seat),
  'validityDays', ${VALIDITY_DAYS}, 'expiresAt', ${EXPIRES_AT}, 'assignedAt', license_keys.assigned_at,
  'createdAt', license_keys.created_at, 'updatedAt', license_keys.updated_at)`

/** @param role viewers see no license keys */
export function licenseBody(license: License, role: string) {
  return {
    id: license.id,
    product: { id: license.productId, name: license.productName },
    license_key: shownKey(license.licenseKey, role),
    status: license.status,
    owner_name: license.ownerName,
    owner_email: license.ownerEmail,
    activation_limit: license.activationLimit,
    activations_used: license.activationsUsed,
    validity_days: license.validityDays,
    expires_at: isoInstant(license.expiresAt),
    assigned_at: isoInstant(license.assignedAt),
    created_at: isoInstant(license.createdAt),
    updated_at: isoInstant(license.updatedAt),
  }
}

export function shownKey(licenseKey: string, role: string): string {
  return role === 'viewer' ? maskedKey(licenseKey) : licenseKey
}
