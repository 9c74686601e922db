/**
 * Dodo Payments, which signs with Standard Webhooks. `payment.succeeded` sells a cart, and
 * `subscription.active` sells a subscription.
 *
 * Dodo rebuilds the body of an event from current data for each delivery. So a payment that was refunded
 * meanwhile still counts as a sale here. The refund's own event reverses it, even if it arrives first.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, WHOLE_ORDER } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseStandardHeaders, standardKeys } from '../signatures.ts'
import { flagged, ignored, instant, mergeLines, name, unchecked, unusedEvent, usableNames } from './fields.ts'

/** A subscription is in its first period if its last payment is at most this far from its creation. */
const FIRST_PAYMENT_HOURS_MAX = 12

const event = z.object({ type: name, timestamp: unchecked, data: unchecked })

const customer = z.nullish(z.object({ name: unchecked, email: unchecked }))

const payment = z.object({
  payment_id: name,
  subscription_id: z.nullish(name),
  is_update_payment_method: z.nullish(z.boolean()),
  product_cart: z.nullish(z.array(z.object({ product_id: name, quantity: unchecked }))),
  customer,
})

const subscription = z.object({
  subscription_id: name,
  product_id: unchecked,
  quantity: unchecked,
  created_at: z.nullish(instant),
  previous_billing_date: z.nullish(instant),
  next_billing_date: z.nullish(instant),
  customer,
})
type Subscription = z.output<typeof subscription>

const refund = z.object({ refund_id: name, payment_id: name, is_partial: z.nullish(z.boolean()) })
const dispute = z.object({ dispute_id: name, payment_id: name })

type EventParser = (data: unknown, timestamp: unknown) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['payment.succeeded', paymentSucceeded],
  ['subscription.active', subscriptionActive],
  ['subscription.renewed', subscriptionRenewed],
  ['refund.succeeded', refundSucceeded],
  ['refund.failed', refundFailed],
  ['dispute.opened', (data, timestamp) => disputed(data, timestamp, 'refund', 'beginning')],
  ['dispute.accepted', (data, timestamp) => disputed(data, timestamp, 'refund', 'end')],
  ['dispute.lost', (data, timestamp) => disputed(data, timestamp, 'refund', 'end')],
  ['dispute.expired', (data, timestamp) => disputed(data, timestamp, 'refund', 'end')],
  ['dispute.won', (data, timestamp) => disputed(data, timestamp, 'reinstatement', 'end')],
  ['dispute.cancelled', (data, timestamp) => disputed(data, timestamp, 'reinstatement', 'end')],
  ['dispute.challenged', (data) => ignored('the dispute continues', dispute.parse(data).payment_id)],
])

export const dodo: Provider = {
  name: 'dodo',
  signatures: { keys: standardKeys, parseHeaders: parseStandardHeaders },
  describe: (payload, headers) => {
    const { type } = event.parse(payload)
    return { id: headers.get('webhook-id') ?? undefined, type, isTest: undefined }
  },
  interpret: (payload) => {
    const { type, data, timestamp } = event.parse(payload)
    return EVENT_PARSERS.get(type)?.(data, timestamp) ?? unusedEvent(type)
  },
}

function paymentSucceeded(data: unknown): PaymentEvent {
  const paid = payment.parse(data)
  const cart = paid.product_cart ?? []
  if (paid.is_update_payment_method === true) {
    return ignored('the payment method was changed', paid.payment_id)
  }
  if (paid.subscription_id) return subscriptionPaid(paid.payment_id, paid.subscription_id, cart.length > 0)
  if (cart.length === 0) return flagged('a payment without products', paid.payment_id)
  const lines = cart.map(({ product_id, quantity }) => ({
    id: product_id,
    externalIds: [product_id],
    quantity: quantity ?? 1,
  }))
  return {
    kind: 'purchase',
    order: paid.payment_id,
    owner: { name: paid.customer?.name, email: paid.customer?.email },
    lines: mergeLines(lines),
  }
}

/**
 * Links the payment, which refunds and disputes name, to its subscription.
 *
 * @param hasCart whether the payment includes other products, which have no other event
 */
function subscriptionPaid(paymentId: string, subscriptionId: string, hasCart: boolean): PaymentEvent {
  return hasCart
    ? flagged('a payment for a subscription and other products', subscriptionId, [paymentId])
    : ignored('links a payment to a subscription', subscriptionId, [paymentId])
}

/** Sent when the subscription begins, and when it continues after a missed payment. */
function subscriptionActive(data: unknown): PaymentEvent {
  const active = subscription.parse(data)
  const { subscription_id, product_id, quantity, customer: owner } = active
  return {
    kind: 'purchase',
    order: subscription_id,
    references: [subscription_id],
    owner: { name: owner?.name, email: owner?.email },
    lines: [{ id: WHOLE_ORDER, externalIds: usableNames(product_id), quantity: quantity ?? 1 }],
    ...(isInFirstPeriod(active) && {
      firstPeriod: { subscription: subscription_id, period: periodOf(active) },
    }),
  }
}

/** Sent for the first payment too, in addition to `subscription.active`. */
function subscriptionRenewed(data: unknown): PaymentEvent {
  const renewed = subscription.parse(data)
  const { subscription_id } = renewed
  const period = periodOf(renewed)
  return { kind: 'renewal', order: `${subscription_id}:${period}`, subscription: subscription_id, period }
}

/** The UTC day on which the period began. Its events differ by seconds. A period has at least a day. */
function periodOf({ previous_billing_date, next_billing_date }: Subscription): string {
  const instantOfPeriod = previous_billing_date ?? next_billing_date
  return instantOfPeriod ? new Date(instantOfPeriod).toISOString().slice(0, 10) : 'first'
}

/** If false, the period belongs to a renewal, even if this event arrives first. */
function isInFirstPeriod({ created_at, previous_billing_date }: Subscription): boolean {
  if (!created_at || !previous_billing_date) return false
  return Math.abs(previous_billing_date - created_at) <= FIRST_PAYMENT_HOURS_MAX * 3_600_000
}

function refundSucceeded(data: unknown, timestamp: unknown): PaymentEvent {
  const { refund_id, payment_id, is_partial } = refund.parse(data)
  if (is_partial === true) return flagged('the payment was partly refunded', payment_id)
  return {
    kind: 'refund',
    id: refundId(refund_id),
    order: payment_id,
    occurredAt: instant.parse(timestamp),
    phase: 'beginning',
  }
}

function refundFailed(data: unknown, timestamp: unknown): PaymentEvent {
  const { refund_id, payment_id } = refund.parse(data)
  const occurredAt = instant.parse(timestamp)
  return { kind: 'reinstatement', id: refundId(refund_id), order: payment_id, occurredAt, phase: 'end' }
}

function disputed(
  data: unknown,
  timestamp: unknown,
  kind: 'refund' | 'reinstatement',
  phase: 'beginning' | 'end',
): PaymentEvent {
  const { dispute_id, payment_id } = dispute.parse(data)
  return { kind, id: `dispute:${dispute_id}`, order: payment_id, occurredAt: instant.parse(timestamp), phase }
}

function refundId(id: string): string {
  return `refund:${id}`
}
