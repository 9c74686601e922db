/** Creem's subscriptions: their trials, payments, items and end. */
import * as z from 'zod/mini'
import type { PaidPeriod, PaymentEvent, Report } from '../../payment-event.ts'
import { instant, name, unchecked, usableNames } from '../fields.ts'
import { isFirstPayment } from '../periods.ts'
import { amount, amountOf, customer, lineOf, product } from './lines.ts'

export const subscription = z.object({
  id: name,
  status: unchecked,
  product: z.nullish(product),
  customer,
  items: z.nullish(z.array(z.object({ product_id: unchecked, units: unchecked }))),
  created_at: z.nullish(instant),
  current_period_end_date: z.nullish(instant),
  last_transaction_id: z.nullish(name),
  last_transaction_date: z.nullish(instant),
  last_transaction: z.nullish(z.object({ amount_paid: amount })),
})
type Subscription = z.output<typeof subscription>

/** A trial may begin without a paid order. */
export function trialStarted(data: unknown, occurredAt: number): PaymentEvent {
  const started = subscription.parse(data)
  return {
    kind: 'purchase',
    order: started.id,
    owner: { name: started.customer?.name, email: started.customer?.email },
    lines: lineOf(started.product?.id, started.items?.[0]?.units),
    period: firstPeriodOf(started, occurredAt),
  }
}

/** Sent for each period, including the first one. */
export function subscriptionPaid(data: unknown, occurredAt: number): PaymentEvent {
  const paid = subscription.parse(data)
  const { id, last_transaction_id, last_transaction_date } = paid
  const paidAt = last_transaction_date ?? occurredAt
  const isFirst = isForFirstPeriod(paid, paidAt)
  const period = isFirst
    ? firstPeriodOf(paid, occurredAt)
    : periodOf(paid, last_transaction_id ?? `${id}:${paidAt}`, paidAt)
  return {
    kind: 'renewal',
    period,
    ...(isFirst && { references: usableNames(last_transaction_id), sale: id }),
    report: reportOf(paid, occurredAt),
    ...amountOf(period.payment, paid.last_transaction?.amount_paid),
  }
}

/** The same in all events, except that some do not tell its end. */
export function firstPeriodOf(subscribed: Subscription, occurredAt: number): PaidPeriod {
  return periodOf(subscribed, subscribed.id, subscribed.created_at ?? occurredAt)
}

function periodOf(subscribed: Subscription, payment: string, paidAt: number): PaidPeriod {
  const endsAt = subscribed.current_period_end_date
  return { subscription: subscribed.id, payment, paidAt, ...(endsAt && { endsAt }) }
}

/** @param paidAt milliseconds UTC */
export function isForFirstPeriod({ created_at }: Subscription, paidAt: number): boolean {
  return !!created_at && isFirstPayment(created_at, paidAt)
}

/** Tells no end of a period, because the period may not be paid yet. */
export function subscriptionChanged(data: unknown, occurredAt: number): PaymentEvent {
  return { kind: 'report', report: reportOf(subscription.parse(data), occurredAt) }
}

function reportOf({ id, items, product }: Subscription, occurredAt: number): Report {
  const current = items?.length
    ? items.map(({ product_id, units }) => ({ externalIds: usableNames(product_id), quantity: units }))
    : [{ externalIds: usableNames(product?.id), quantity: undefined }]
  return { subscription: id, occurredAt, items: current }
}

/**
 * Sent when a cancellation takes effect: immediately, or at the end of the period if it was scheduled. The date of the
 * cancellation may be that of the request.
 */
export function subscriptionEnded(data: unknown, occurredAt: number): PaymentEvent {
  const { id } = subscription.parse(data)
  return { kind: 'report', report: { subscription: id, occurredAt, endedAt: occurredAt } }
}
