/** Lines of Stripe's sessions and invoices: one for each price, since that is what an offer knows. */
import * as z from 'zod/mini'
import type { PurchasedLine } from '../purchase.ts'
import { mergeLines, namesAmong, quantityOf, unread } from './fields.ts'

const price = z.nullish(z.object({ id: unread, product: unread }))

/** `price` until API version 2025-03-31, and in the line items of a session to this day. */
export const pricedLine = z.object({
  price,
  pricing: z.nullish(z.object({ price_details: z.nullish(z.object({ price: unread, product: unread })) })),
  quantity: unread,
})

/** A line that has no price sells nothing that an offer could know, and is left out. */
export function linesByPrice(lines: readonly z.output<typeof pricedLine>[]): PurchasedLine[] {
  return mergeLines(
    lines.flatMap((line) => {
      const details = line.pricing?.price_details
      const [id] = namesAmong(details?.price ?? line.price?.id)
      if (id === undefined) return []
      const externalIds = namesAmong(id, details?.product ?? line.price?.product)
      return [{ id, externalIds, quantity: quantityOf(line.quantity) }]
    }),
  )
}
