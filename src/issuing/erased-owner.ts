/**
 * Orders whose owner was erased (admin/people). They stay orders: the same idempotency key is a replay whatever owner it
 * names, issues nothing, and tells the anonymous owner.
 */
import { ERASED_EMAIL, ERASED_NAME } from '../protocol/owner.ts'

export const ERASED_OWNER = { ownerName: ERASED_NAME, ownerEmail: ERASED_EMAIL } as const

/**
 * An SQL condition: the stored order has the owner of the request, or its owner was erased. Placeholders: `ownerName` and
 * `ownerEmail`.
 */
export function isSameOwner(table: 'issuances' | 'queued_orders'): string {
  return `(${table}.erasure_id is not null
    or ${table}.owner_name = :ownerName and ${table}.owner_email = :ownerEmail)`
}
