/** Dodo's payments. They sell carts, and pay for periods of subscriptions. */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { amount, flagged, ignored, instant, mergeLines, name, unchecked } from '../fields.ts'
import { customer, lineOf, ownerOf } from './lines.ts'

const payment = z.object({
  payment_id: name,
  subscription_id: z.nullish(name),
  subscription_ids: z.nullish(z.array(name)),
  is_update_payment_method: z.nullish(z.boolean()),
  product_cart: z.nullish(z.array(z.object({ product_id: name, quantity: unchecked }))),
  total_amount: amount,
  created_at: z.nullish(instant),
  customer,
})
type Payment = z.output<typeof payment>

export function paymentSucceeded(data: unknown, timestamp: unknown): PaymentEvent {
  const paid = payment.parse(data)
  const { payment_id, subscription_id, subscription_ids } = paid
  if (paid.is_update_payment_method === true) return ignored('the payment method was changed', payment_id)
  if (subscription_id) return subscriptionPaid(paid, subscription_id, timestamp)
  if (subscription_ids && subscription_ids.length > 0) {
    // Their own events sell them. The cart names them again, so issuing it would issue them twice.
    return flagged('a payment for several subscriptions: a refund of it blocks no keys', payment_id)
  }
  if (!paid.product_cart?.length) return flagged('a payment without products', payment_id)
  return { kind: 'purchase', order: payment_id, ...cartOf(paid) }
}

/** Dodo names the products of a payment for a subscription only if others were bought with it. */
function subscriptionPaid(paid: Payment, order: string, timestamp: unknown): PaymentEvent {
  const { payment_id, created_at, product_cart } = paid
  const paidAt = created_at ?? instant.parse(timestamp)
  const period = { subscription: order, payment: payment_id, paidAt }
  return product_cart?.length
    ? { kind: 'purchase', order, references: [payment_id], period, ...cartOf(paid) }
    : { kind: 'renewal', period, sale: order, ...amountOf(paid) }
}

function cartOf(paid: Payment) {
  const lines = (paid.product_cart ?? []).map(({ product_id, quantity }) => lineOf(product_id, quantity))
  return { owner: ownerOf(paid.customer), lines: mergeLines(lines), ...amountOf(paid) }
}

function amountOf({ payment_id, total_amount }: Payment) {
  return total_amount === undefined ? {} : { amount: { payment: payment_id, amount: total_amount } }
}
