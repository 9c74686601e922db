/** Creem's checkouts. Each sells one product, or a subscription of it. */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { ignored, name, objectOrId, unchecked, usableNames } from '../fields.ts'
import { amount, amountOf, customer, lineOf, product } from './lines.ts'
import { firstPeriodOf, subscription } from './subscriptions.ts'

const checkout = z.object({
  id: name,
  units: unchecked,
  product: z.nullish(product),
  customer,
  subscription: z.nullish(objectOrId(subscription)),
  order: z.nullish(z.object({ id: name, status: unchecked, transaction: unchecked, amount_paid: amount })),
})

export function checkoutCompleted(data: unknown, occurredAt: number): PaymentEvent {
  const { id, order, subscription: subscribed, product: sold, units, customer: owner } = checkout.parse(data)
  const orderName = subscribed?.id ?? order?.id ?? id
  const references = usableNames(order?.id, id, order?.transaction)
  if (order?.status !== 'paid' && subscribed?.status !== 'trialing') {
    return ignored('the checkout is not paid', orderName, references)
  }
  return {
    kind: 'purchase',
    order: orderName,
    references,
    owner: { name: owner?.name, email: owner?.email },
    lines: lineOf(sold?.id, units),
    ...(subscribed && { period: firstPeriodOf(subscribed, occurredAt) }),
    ...amountOf(orderName, order?.amount_paid),
  }
}
