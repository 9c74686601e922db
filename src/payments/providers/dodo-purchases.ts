/** Dodo's payments and subscriptions: what was sold, to whom, and for which billing period. */
import * as z from 'zod/mini'
import { type Happening, WHOLE_ORDER } from '../purchase.ts'
import { flagged, ignored, instant, mergeLines, name, namesAmong, quantityOf, unread } from './fields.ts'

/** A subscription whose last payment is no further from its making than this is in its first period. */
const FIRST_PAYMENT_HOURS_MAX = 12

const customer = z.nullish(z.object({ name: unread, email: unread }))

const payment = z.object({
  payment_id: name,
  subscription_id: z.nullish(name),
  is_update_payment_method: z.nullish(z.boolean()),
  product_cart: z.nullish(z.array(z.object({ product_id: name, quantity: unread }))),
  customer,
})

const subscription = z.object({
  subscription_id: name,
  product_id: unread,
  quantity: unread,
  created_at: z.nullish(instant),
  previous_billing_date: z.nullish(instant),
  next_billing_date: z.nullish(instant),
  customer,
})
type Subscription = z.output<typeof subscription>

export function paymentSucceeded(data: unknown): Happening {
  const paid = payment.parse(data)
  const cart = paid.product_cart ?? []
  if (paid.is_update_payment_method === true) {
    return ignored('the way to pay was changed', paid.payment_id)
  }
  if (paid.subscription_id) return subscriptionPaid(paid.payment_id, paid.subscription_id, cart.length > 0)
  if (cart.length === 0) return flagged('a payment that tells no products', paid.payment_id)
  const lines = cart.map(({ product_id, quantity }) => ({
    id: product_id,
    externalIds: [product_id],
    quantity: quantityOf(quantity),
  }))
  return {
    kind: 'purchase',
    order: paid.payment_id,
    owner: { name: paid.customer?.name, email: paid.customer?.email },
    lines: mergeLines(lines),
  }
}

/**
 * Ties the payment, which is what refunds and disputes name, to its subscription.
 *
 * @param hasCart whether other products were paid for with it; they are sold by no event of their own
 */
function subscriptionPaid(paymentId: string, subscriptionId: string, hasCart: boolean): Happening {
  return hasCart
    ? flagged('a payment for a subscription and for products besides', subscriptionId, [paymentId])
    : ignored('names a payment of a subscription', subscriptionId, [paymentId])
}

/** Sent when it begins, and again when it goes on after a payment was missed. */
export function subscriptionActive(data: unknown): Happening {
  const active = subscription.parse(data)
  const { subscription_id, product_id, quantity, customer: owner } = active
  return {
    kind: 'purchase',
    order: subscription_id,
    references: [subscription_id],
    owner: { name: owner?.name, email: owner?.email },
    lines: [{ id: WHOLE_ORDER, externalIds: namesAmong(product_id), quantity: quantityOf(quantity) }],
    ...(isInFirstPeriod(active)
      ? { firstPeriod: { subscription: subscription_id, period: periodOf(active) } }
      : {}),
  }
}

/** Sent for the first payment too, beside `subscription.active`. */
export function subscriptionRenewed(data: unknown): Happening {
  const renewed = subscription.parse(data)
  const { subscription_id } = renewed
  const period = periodOf(renewed)
  return { kind: 'renewal', order: `${subscription_id}:${period}`, subscription: subscription_id, period }
}

/**
 * The UTC day on which the period began. Payments of one period may be some seconds apart in what different
 * events tell, and no period is shorter than a day.
 */
function periodOf({ previous_billing_date, next_billing_date }: Subscription): string {
  const instantOfPeriod = previous_billing_date ?? next_billing_date
  return instantOfPeriod ? new Date(instantOfPeriod).toISOString().slice(0, 10) : 'first'
}

/** Else the event is about one that goes on: then the period is a renewal's, though this event came first. */
function isInFirstPeriod({ created_at, previous_billing_date }: Subscription): boolean {
  if (!created_at || !previous_billing_date) return false
  return Math.abs(previous_billing_date - created_at) <= FIRST_PAYMENT_HOURS_MAX * 3_600_000
}
