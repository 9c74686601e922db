/** Dodo's subscriptions: their sale, the end of what is paid for, their items and end. */
import * as z from 'zod/mini'
import type { PaymentEvent, PurchasedLine, Report } from '../../payment-event.ts'
import { ignored, instant, mergeLines, name, unchecked } from '../fields.ts'
import { isFirstPayment } from '../periods.ts'
import { customer, lineOf, ownerOf } from './lines.ts'

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

/**
 * Sent when the subscription begins, and when it continues after a missed payment. In later periods it sells
 * nothing: its product may be another plan than the one that was issued.
 */
export function subscriptionActive(data: unknown, timestamp: unknown): PaymentEvent {
  const active = subscription.parse(data)
  if (!isInFirstPeriod(active)) return subscriptionChanged(data, timestamp)
  return {
    kind: 'purchase',
    order: active.subscription_id,
    owner: ownerOf(active.customer),
    lines: linesOf(active),
    report: reportOf(active, timestamp),
  }
}

function isInFirstPeriod({ created_at, previous_billing_date }: Subscription): boolean {
  if (created_at == null || previous_billing_date == null) return true
  return isFirstPayment(created_at, previous_billing_date)
}

export function subscriptionChanged(data: unknown, timestamp: unknown): PaymentEvent {
  return { kind: 'report', report: reportOf(subscription.parse(data), timestamp) }
}

/**
 * Sent when the subscription ends: immediately, or at the next billing date. Until that date the status of a
 * subscription stays `active`.
 */
export function subscriptionCancelled(data: unknown, timestamp: unknown): PaymentEvent {
  const cancelled = subscription.parse(data)
  const { subscription_id, status, cancel_at_next_billing_date, next_billing_date } = cancelled
  if (status !== 'cancelled')
    return ignored('the subscription ends at its next billing date', subscription_id)
  const now = instant.parse(timestamp)
  const endedAt = cancel_at_next_billing_date === true ? (next_billing_date ?? now) : now
  return { kind: 'report', report: { ...reportOf(cancelled, timestamp), endedAt } }
}

export function subscriptionExpired(data: unknown, timestamp: unknown): PaymentEvent {
  const expired = subscription.parse(data)
  const now = instant.parse(timestamp)
  const endedAt = Math.min(expired.expires_at ?? now, now)
  return { kind: 'report', report: { ...reportOf(expired, timestamp), endedAt } }
}

/** What was paid for before stays valid until its end. */
export function unpaid(note: string, data: unknown): PaymentEvent {
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
