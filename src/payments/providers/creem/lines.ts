/** What Creem's checkouts, subscriptions and transactions have in common: the product, the buyer and amounts. */
import * as z from 'zod/mini'
import { type Amount, type PurchasedLine, WHOLE_ORDER } from '../../payment-event.ts'
import { name, objectOrId, unchecked, usableNames } from '../fields.ts'

export const amount = z.nullish(z.number())
export const product = objectOrId(z.object({ id: name }))
export const customer = z.catch(z.nullish(z.object({ name: unchecked, email: unchecked })), undefined)

export function lineOf(productId: unknown, units: unknown): PurchasedLine[] {
  return [{ id: WHOLE_ORDER, externalIds: usableNames(productId), quantity: units ?? 1 }]
}

export function amountOf(payment: string, paid: z.output<typeof amount>): { amount?: Amount } {
  return typeof paid === 'number' ? { amount: { payment, amount: paid } } : {}
}
