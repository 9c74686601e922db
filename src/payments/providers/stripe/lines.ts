/** What was sold: the lines of sessions and invoices, and the items of subscriptions, of any API version. */
import * as z from 'zod/mini'
import type { PurchasedLine } from '../../payment-event.ts'
import { mergeLines, unchecked, usableNames } from '../fields.ts'

const usage = z.nullish(z.object({ usage_type: unchecked }))

/** Since API version 2025-03-31, an invoice has `pricing` for `price`. Before 2020, there was only `plan`. */
export const pricedLine = z.object({
  id: unchecked,
  price: z.nullish(z.object({ id: unchecked, product: unchecked, type: unchecked, recurring: usage })),
  plan: z.nullish(z.object({ id: unchecked, product: unchecked, usage_type: unchecked })),
  pricing: z.nullish(
    z.object({ price_details: z.nullish(z.object({ price: unchecked, product: unchecked })) }),
  ),
  quantity: unchecked,
})
export type PricedLine = z.output<typeof pricedLine>

export const listOf = <Line extends z.ZodMiniType>(line: Line) =>
  z.object({ data: z.array(line), has_more: z.nullish(z.boolean()) })

/** The price and its product. @returns nothing for a line without a price, such as a free amount */
export function externalIdsOf({ price, plan, pricing }: PricedLine): string[] {
  const details = pricing?.price_details
  const [id] = usableNames(details?.price ?? price?.id ?? plan?.id)
  return id === undefined ? [] : usableNames(id, details?.product ?? price?.product ?? plan?.product)
}

/** Such a line counts usage, such as 12,000 requests, which is no quantity of keys. */
export function isMetered({ price, plan }: PricedLine): boolean {
  return price?.recurring?.usage_type === 'metered' || plan?.usage_type === 'metered'
}

/**
 * One line for each price, because offers use the ids of prices. A line without a price stays a line of its
 * own, so that the event tells about it. A metered line has the quantity 0, as in the first invoice.
 */
export function linesByPrice<Line extends PricedLine>(
  lines: readonly Line[],
  isOneTime: (line: Line) => boolean,
): PurchasedLine[] {
  return mergeLines(
    lines.map((line, place) => {
      const externalIds = externalIdsOf(line)
      const [id = `line ${place + 1}`] = [...externalIds, ...usableNames(line.id)]
      const quantity = isMetered(line) ? 0 : (line.quantity ?? 1)
      return { id, externalIds, quantity, ...(isOneTime(line) ? { isOneTime: true } : {}) }
    }),
  )
}
