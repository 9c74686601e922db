/**
 * Dodo Payments, which signs with Standard Webhooks. `payment.succeeded` sells a cart, and
 * `subscription.active` sells a subscription. Names are those of the SDK dodopayments 2.52.
 *
 * Dodo rebuilds the body of an event from current data for each delivery. So a payment that was refunded
 * meanwhile still counts as a sale here. The refund's own event reverses it, even if it arrives first.
 *
 * A trial is a subscription whose next billing date is the end of the trial. Its first payment is 0, or the
 * price of a paid trial.
 */
import * as z from 'zod/mini'
import type { PaymentEvent, PurchasedLine, Report } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseStandardHeaders, standardKeys } from '../signatures.ts'
import {
  amount,
  flagged,
  ignored,
  instant,
  mergeLines,
  name,
  nameAt,
  unchecked,
  unusedEvent,
} from './fields.ts'

/** A subscription is in its first period if its last payment is at most this far from its creation. */
const FIRST_PAYMENT_HOURS_MAX = 12

const event = z.object({ type: name, timestamp: unchecked, data: unchecked })

const customer = z.nullish(z.object({ name: unchecked, email: unchecked }))

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

const subscription = z.object({
  subscription_id: name,
  product_id: name,
  quantity: unchecked,
  addons: z.nullish(z.array(z.object({ addon_id: name, quantity: unchecked }))),
  status: unchecked,
  on_demand: unchecked,
  cancel_at_next_billing_date: unchecked,
  created_at: z.nullish(instant),
  previous_billing_date: z.nullish(instant),
  next_billing_date: z.nullish(instant),
  expires_at: z.nullish(instant),
  customer,
})
type Subscription = z.output<typeof subscription>

const refund = z.object({ refund_id: name, payment_id: name, is_partial: z.nullish(z.boolean()), amount })
const dispute = z.object({ dispute_id: name, payment_id: name })

type EventParser = (data: unknown, timestamp: unknown) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['payment.succeeded', paymentSucceeded],
  ['subscription.active', subscriptionActive],
  ['subscription.renewed', subscriptionChanged],
  ['subscription.plan_changed', subscriptionChanged],
  ['subscription.updated', subscriptionChanged],
  ['subscription.unpaused', subscriptionChanged],
  ['subscription.cancelled', subscriptionCancelled],
  ['subscription.expired', subscriptionExpired],
  ['subscription.past_due', (data) => unpaid('a renewal is not paid yet', data)],
  ['subscription.on_hold', (data) => unpaid('a renewal is not paid', data)],
  ['subscription.paused', (data) => unpaid('the subscription is paused', data)],
  ['subscription.failed', (data) => unpaid('the subscription did not start', data)],
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
  orderOf: (payload) => nameAt(payload, 'data.subscription_id', 'data.payment_id'),
}

function paymentSucceeded(data: unknown, timestamp: unknown): PaymentEvent {
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
  return { owner: ownerOf(paid), lines: mergeLines(lines), ...amountOf(paid) }
}

function amountOf({ payment_id, total_amount }: Payment) {
  return total_amount === undefined ? {} : { amount: { payment: payment_id, amount: total_amount } }
}

/**
 * Sent when the subscription begins, and when it continues after a missed payment. In later periods it sells
 * nothing: its product may be another plan than the one that was issued.
 */
function subscriptionActive(data: unknown, timestamp: unknown): PaymentEvent {
  const active = subscription.parse(data)
  if (!isInFirstPeriod(active)) return subscriptionChanged(data, timestamp)
  return {
    kind: 'purchase',
    order: active.subscription_id,
    owner: ownerOf(active),
    lines: linesOf(active),
    report: reportOf(active, timestamp),
  }
}

function isInFirstPeriod({ created_at, previous_billing_date }: Subscription): boolean {
  if (created_at == null || previous_billing_date == null) return true
  return Math.abs(previous_billing_date - created_at) <= FIRST_PAYMENT_HOURS_MAX * 3_600_000
}

function subscriptionChanged(data: unknown, timestamp: unknown): PaymentEvent {
  return { kind: 'report', report: reportOf(subscription.parse(data), timestamp) }
}

/**
 * Sent when the subscription ends: immediately, or at the next billing date. Until that date the status of a
 * subscription stays `active`.
 */
function subscriptionCancelled(data: unknown, timestamp: unknown): PaymentEvent {
  const cancelled = subscription.parse(data)
  const { subscription_id, status, cancel_at_next_billing_date, next_billing_date } = cancelled
  if (status !== 'cancelled')
    return ignored('the subscription ends at its next billing date', subscription_id)
  const now = instant.parse(timestamp)
  const endedAt = cancel_at_next_billing_date === true ? (next_billing_date ?? now) : now
  return { kind: 'report', report: { ...reportOf(cancelled, timestamp), endedAt } }
}

function subscriptionExpired(data: unknown, timestamp: unknown): PaymentEvent {
  const expired = subscription.parse(data)
  const now = instant.parse(timestamp)
  const endedAt = Math.min(expired.expires_at ?? now, now)
  return { kind: 'report', report: { ...reportOf(expired, timestamp), endedAt } }
}

/** What was paid for before stays valid until its end. */
function unpaid(note: string, data: unknown): PaymentEvent {
  return ignored(note, subscription.parse(data).subscription_id)
}

/**
 * The next billing date is the end of what is paid for only while the subscription is active. A subscription
 * that is charged on demand has no such date.
 */
function reportOf(reported: Subscription, timestamp: unknown): Report {
  const { subscription_id, status, on_demand, next_billing_date: paidUntil } = reported
  const isPaid = status === 'active' && on_demand !== true && paidUntil != null
  return {
    subscription: subscription_id,
    occurredAt: instant.parse(timestamp),
    ...(isPaid && { paidUntil }),
    items: linesOf(reported).map(({ externalIds, quantity }) => ({ externalIds, quantity })),
  }
}

/** A line of a product that the payment's cart names too has the same id, so it is issued once. */
function linesOf({ product_id, quantity, addons }: Subscription): PurchasedLine[] {
  const added = (addons ?? []).map((addon) => lineOf(addon.addon_id, addon.quantity))
  return mergeLines([lineOf(product_id, quantity), ...added])
}

function lineOf(product: string, quantity: unknown): PurchasedLine {
  return { id: product, externalIds: [product], quantity: quantity ?? 1 }
}

function ownerOf({ customer: owner }: Payment | Subscription) {
  return { name: owner?.name, email: owner?.email }
}

/** A refund of a subscription's payment takes back the period that it paid for. */
function refundSucceeded(data: unknown, timestamp: unknown): PaymentEvent {
  const { refund_id, payment_id: order, is_partial, amount: refundedAmount } = refund.parse(data)
  const occurredAt = instant.parse(timestamp)
  const whole = { kind: 'refund', id: refundId(refund_id), order, occurredAt, phase: 'beginning' } as const
  if (is_partial !== true) return whole
  return refundedAmount === undefined
    ? flagged('the payment was partly refunded', order)
    : { ...whole, amount: refundedAmount }
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
