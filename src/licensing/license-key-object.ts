/** The protocol's object of an assigned key, wherever it is told: in an answer or in a delivery. */
import { withMilliseconds, withoutMilliseconds } from './dates.ts'
import type { IssuedKey, IssueOrder } from './issue.ts'

/**
 * These 13 fields in this order and never another, since shop plugins store every field under its name. All of
 * it follows from the order, so a replay is the same text.
 *
 * @param issuedAt milliseconds UTC
 */
export function licenseKeyObjects(order: IssueOrder, issuedAt: number, keys: readonly IssuedKey[]): object[] {
  const assignedAt = withMilliseconds(issuedAt)
  const changedAt = withoutMilliseconds(issuedAt)
  return keys.map(([id, licenseKey]) => ({
    product_id: order.productId,
    license_key: licenseKey,
    activation_limit: order.activationLimit,
    validity: order.validityDays,
    status: 'assigned',
    owner_name: order.ownerName,
    owner_email: order.ownerEmail,
    assigned_at: assignedAt,
    contract_id: null,
    updated_at: changedAt,
    created_at: changedAt,
    id,
    meta_data: [],
  }))
}
