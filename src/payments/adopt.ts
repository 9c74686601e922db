/**
 * Finds the license keys that a plugin of the shop ordered through the API for an order, and makes them lines
 * of that order. From then on, settle.ts blocks and restores them like the keys of a sale.
 *
 * Guarantees: an issuance belongs to at most one order, and stays there. Keys of another shop are never taken
 * back: shops number their orders themselves, so two shops have the same ids. That is why the e-mail address
 * of the buyer must match, too, and why nothing is adopted if several API keys ordered for the same id and
 * address. A buyer chooses the address, and could wait for the id of another buyer's order in another shop. So
 * keys that are older than the order are not adopted either. An erased owner has no address to compare: without these
 * keys, the sale would issue others and store the person again.
 *
 * Placeholders: `provider`, `order`, and those of `adoptionValues`.
 */
import { compileText } from '../db/batch.ts'
import { isEmailAddress } from '../protocol/owner.ts'
import type { OrderedByApi } from './payment-event.ts'

/** The clock of a shop may be wrong. */
const CLOCK_DIFFERENCE_MS = 3_600_000

/** @returns undefined if the keys cannot be found safely, because the order has no usable e-mail address */
export function adoptionValues({
  identifier,
  createdAt,
  ownerEmail,
}: OrderedByApi): { apiReference: string; apiOwnerEmail: string; apiOrderedSince: number } | undefined {
  const email = typeof ownerEmail === 'string' ? ownerEmail.trim() : ''
  return isEmailAddress(email)
    ? {
        apiReference: identifier,
        apiOwnerEmail: email,
        apiOrderedSince: createdAt === undefined ? 0 : createdAt - CLOCK_DIFFERENCE_MS,
      }
    : undefined
}

/** A queued order counts once it is complete: until then, its keys may still be released. */
const adoptIssuances = compileText(`
with candidates as materialized (
  select issuances.id, issuances.quantity, coalesce(queued_orders.source, issuances.source) as api_key
  from issuances left join queued_orders
    on issuances.source like 'queued:%' and queued_orders.id = cast(substr(issuances.source, 8) as integer)
  where issuances.reference = :apiReference and (lower(issuances.owner_email) = lower(:apiOwnerEmail) or issuances.erasure_id is not null)
    and issuances.created_at >= :apiOrderedSince
    and (issuances.source like 'api:%' or queued_orders.status = 'issued')
)
insert into order_lines (issuance_id, provider, order_id, line, units)
select id, :provider, :order, 'api:' || id, quantity from candidates
where (select count(distinct api_key) from candidates) = 1
on conflict do nothing`)

/** A refund finds the lines by the order's name, even if it is the first event of the order. */
const insertOrderName = compileText(`
insert into order_references (provider, reference, order_id)
select :provider, :order, :order where exists (select 1 from order_lines
  where order_lines.provider = :provider and order_lines.order_id = :order)
on conflict do nothing`)

/** Runs before the sale is written and before the order is settled. */
export const ADOPT = [adoptIssuances, insertOrderName] as const

const ADOPTED_ISSUANCES = `order_lines cross join issuances on issuances.id = order_lines.issuance_id
  where order_lines.provider = :provider and order_lines.order_id = :order
    and issuances.source <> order_lines.provider`

/** An SQL condition: the plugin ordered keys for the order. Lines without an offer are then not missing. */
export const HAS_ADOPTED_KEYS = `exists (select 1 from ${ADOPTED_ISSUANCES})`

/** An SQL condition: the plugin ordered the order's keys of this product, so the sale must not issue them again. */
export function isOrderedByApi(productId: string): string {
  return `exists (select 1 from ${ADOPTED_ISSUANCES} and issuances.product_id = ${productId})`
}
