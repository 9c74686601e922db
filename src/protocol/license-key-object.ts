/** The protocol's object of an assigned key, wherever it is told: in an answer or in a delivery. */
import type { KeyAsIssued } from '../issuing/as-issued.ts'
import type { IssuedKey, IssueOrder } from '../issuing/issue.ts'
import { withMilliseconds, withoutMilliseconds } from './dates.ts'

/** What all keys of an issuance have in common. */
export interface IssuedTo {
  readonly productId: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly contractId?: number | null
}

/**
 * The keys of an order that were made for it. All of it follows from the order, so a replay is the same text.
 *
 * @param issuedAt milliseconds UTC
 */
export function licenseKeyObjects(order: IssueOrder, issuedAt: number, keys: readonly IssuedKey[]): object[] {
  const { activationLimit, validityDays } = order
  const present = presenter(order, issuedAt)
  const createdAt = withoutMilliseconds(issuedAt)
  return keys.map(([id, licenseKey]) => present(id, licenseKey, activationLimit, validityDays, createdAt))
}

/**
 * Keys that have terms and an age of their own, since they were in stock or come from a generator.
 *
 * @param issuedAt milliseconds UTC
 */
export function issuedKeyObjects(to: IssuedTo, issuedAt: number, keys: readonly KeyAsIssued[]): object[] {
  const present = presenter(to, issuedAt)
  return keys.map(([id, licenseKey, activationLimit, validityDays, createdAt]) =>
    present(id, licenseKey, activationLimit, validityDays, withoutMilliseconds(createdAt)),
  )
}

/**
 * These 13 fields in this order and never another, since shop plugins store every field under its name.
 *
 * @returns a function that makes the object of one key; what all have in common is written once
 */
function presenter({ productId, ownerName, ownerEmail, contractId = null }: IssuedTo, issuedAt: number) {
  const assignedAt = withMilliseconds(issuedAt)
  const updatedAt = withoutMilliseconds(issuedAt)
  return (id: number, licenseKey: string, activationLimit: number, validity: number, createdAt: string) => ({
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
    created_at: createdAt,
    id,
    meta_data: [],
  })
}
