/** What transactions and subscriptions have in common: their items, and amounts of money. */
import * as z from 'zod/mini'
import type { SubscribedItem } from '../../payment-event.ts'
import { unchecked, usableNames } from '../fields.ts'

export const item = z.object({
  price: z.nullish(z.object({ id: unchecked, product_id: unchecked, billing_cycle: unchecked })),
  quantity: unchecked,
  /** Only items of a transaction that charge or credit a part of a period have it. */
  proration: unchecked,
  /** Only items of a subscription have it. */
  recurring: unchecked,
})
export type Item = z.output<typeof item>

/**
 * What recurs, without one-time charges, prorations and credits. A price that occurs twice has no quantity: the
 * second one charges for a change in the period before.
 */
export function recurringItems(items: readonly Item[]): SubscribedItem[] {
  const subscribed = items.filter(recurs).flatMap(({ price, quantity }) => {
    const externalIds = usableNames(price?.id, price?.product_id)
    return externalIds.length === 0 ? [] : [{ externalIds, quantity }]
  })
  return [...Map.groupBy(subscribed, ({ externalIds }) => externalIds[0]).values()].flatMap(
    ([first, ...others]) => {
      if (!first) return []
      return others.length === 0 ? [first] : [{ ...first, quantity: undefined }]
    },
  )
}

function recurs({ price, quantity, proration, recurring }: Item): boolean {
  const isCredit = typeof quantity === 'number' && quantity < 1
  return !isOneTimePrice(price) && !proration && recurring !== false && !isCredit
}

export function isOneTimePrice(price: Item['price']): boolean {
  return price?.billing_cycle === null
}

/** @returns an amount that was sent as text; undefined if it is zero, negative or unusable */
export function positiveAmount(text: unknown): number | undefined {
  return typeof text === 'string' && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
}
