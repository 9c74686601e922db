/**
 * Polar's orders. An order sells one product with seats or units.
 *
 * The orders of a subscription are one sale, which is named after the subscription. So the first order with an
 * offer issues the keys, even if it upgrades a free plan, and later ones only change the plan.
 */
import * as z from 'zod/mini'
import {
  type Amount,
  type PaidPeriod,
  type PaymentEvent,
  type Purchase,
  type Report,
  WHOLE_ORDER,
} from '../../payment-event.ts'
import { flagged, ignored, instant, name, optionalInstant, unchecked, usableNames } from '../fields.ts'
import { endOfTrial, itemsOf, plan, quantityOf, reportOf, subscriptionState } from './subscriptions.ts'

const amount = z.catch(z.optional(z.int()), undefined)

const order = z.extend(plan, {
  id: name,
  created_at: optionalInstant,
  billing_reason: unchecked,
  billing_name: unchecked,
  net_amount: amount,
  applied_balance_amount: amount,
  subscription_id: z.nullish(name),
  subscription: z.nullish(subscriptionState),
  checkout_id: unchecked,
  customer: z.nullish(z.object({ name: unchecked, email: unchecked })),
})
type Order = z.output<typeof order>

/** An order is created seconds after its period starts. */
const CREATION_DELAY_MAX = 3_600_000

export function orderPaid(data: unknown, timestamp: unknown): PaymentEvent {
  const paid = order.parse(data)
  switch (paid.billing_reason) {
    case 'purchase':
    case 'subscription_create':
    case 'subscription_update':
      return sale(paid, timestamp)
    case 'subscription_cycle':
      return renewal(paid, instant.parse(timestamp))
    case 'subscription_meter_cycle':
      return ignored('a payment for usage', saleOf(paid))
    default:
      return flagged(`an order for another reason: ${textOf(paid.billing_reason)}`, saleOf(paid))
  }
}

/** The event does not say whether the seller wants to take back what was bought. */
export function orderRefunded(data: unknown): PaymentEvent {
  return ignored('refund.created and refund.updated report the refund', saleOf(order.parse(data)))
}

function sale(paid: Order, timestamp: unknown): Purchase {
  const { id, subscription_id, checkout_id, customer, billing_name } = paid
  return {
    kind: 'purchase',
    order: saleOf(paid),
    references: usableNames(subscription_id && id, checkout_id),
    owner: { name: customer?.name ?? billing_name, email: customer?.email },
    lines: [
      {
        id: WHOLE_ORDER,
        externalIds: usableNames(paid.product_id),
        // The orders of a trial and of a change have no seats.
        quantity: quantityOf(paid) ?? quantityOf(paid.subscription ?? {}) ?? 1,
      },
    ],
    ...(subscription_id ? paymentOf(paid, subscription_id, instant.parse(timestamp)) : amountOf(paid)),
  }
}

function renewal(paid: Order, paidAt: number): PaymentEvent {
  const { id, subscription_id, subscription } = paid
  if (!subscription_id) return flagged('a renewal without a subscription', id)
  if (subscription?.ended_at !== undefined) {
    return ignored('a payment for the last usage of a subscription that ended', subscription_id)
  }
  return { kind: 'renewal', ...paymentOf(paid, subscription_id, paidAt) }
}

interface Payment {
  readonly period: PaidPeriod
  readonly report: Report
  readonly amount?: Amount
}

function paymentOf(paid: Order, subscription: string, paidAt: number): Payment {
  const endsAt = endOfPeriod(paid)
  // An order without seats does not report the quantity. Its subscription always does.
  const items = paid.subscription
    ? itemsOf(paid.subscription, quantityOf(paid.subscription) ?? 1)
    : itemsOf(paid, quantityOf(paid))
  return {
    period: { subscription, payment: paid.id, paidAt, ...(endsAt !== undefined && { endsAt }) },
    report: reportOf(subscription, items, paidAt),
    ...amountOf(paid),
  }
}

/**
 * Polar starts the next period even if the last one is not paid yet. A late payment pays for the period in which
 * its order was created, which ended when the current one started.
 */
function endOfPeriod({ created_at, subscription }: Order): number | undefined {
  if (!subscription) return undefined
  const { current_period_start: start, current_period_end } = subscription
  const isLate = start !== undefined && created_at !== undefined && created_at + CREATION_DELAY_MAX < start
  return isLate ? start : (endOfTrial(subscription) ?? current_period_end)
}

/** Refunds count without taxes too, and a refund cannot exceed what was paid after the buyer's balance. */
function amountOf({ id, net_amount, applied_balance_amount }: Order): { readonly amount?: Amount } {
  const refundable = (net_amount ?? 0) + (applied_balance_amount ?? 0)
  return refundable > 0 ? { amount: { payment: id, amount: refundable } } : {}
}

function saleOf({ id, subscription_id }: Order): string {
  return subscription_id ?? id
}

function textOf(reason: unknown): string {
  return typeof reason === 'string' ? reason.slice(0, 100) : 'none'
}
