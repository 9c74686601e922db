/** Orders, renewals and changes of subscriptions. */
import * as z from 'zod/mini'
import type { Amount, PaidPeriod, PaymentEvent, Purchase, SubscribedItem } from '../../payment-event.ts'
import { instant, unchecked } from '../fields.ts'
import { amount, eventWith, lineName, name, names, uniqueById } from './fields.ts'

const payment = {
  order: name,
  references: names,
  amount,
  paid_at: z.nullish(instant),
  paid_until: z.nullish(instant),
}

const paid = eventWith({
  ...payment,
  owner: z.nullish(z.object({ name: unchecked, email: unchecked })),
  lines: uniqueById(
    z.object({ id: lineName, product: name, quantity: unchecked, once: z.nullish(z.boolean()) }),
  ),
  subscription: z.nullish(name),
  period: z.nullish(name),
})
type Payment = Omit<z.output<typeof paid>['data'], 'owner' | 'lines' | 'subscription'>

const items = z
  .array(z.object({ product: name, quantity: unchecked }))
  .check(z.minLength(1), z.maxLength(500))
const renewed = eventWith({ ...payment, subscription: name, period: name, lines: z.nullish(items) })
const changed = eventWith({ subscription: name, lines: items, paid_until: z.nullish(instant) })
const ended = eventWith({ subscription: name, ended_at: z.nullish(instant) })

export function orderPaid(payload: unknown): Purchase {
  const { data, timestamp } = paid.parse(payload)
  const { order, owner, lines, references, subscription } = data
  return {
    kind: 'purchase',
    order,
    references: [...(references ?? []), ...(subscription ? [subscription] : [])],
    owner: { name: owner?.name, email: owner?.email },
    lines: lines.map(({ id, product, quantity, once }) => ({
      id,
      externalIds: [product],
      quantity: quantity ?? 1,
      ...(once && { isOneTime: true }),
    })),
    ...(subscription && { period: periodOf(subscription, data, timestamp) }),
    ...amountOf(data),
  }
}

export function orderRenewed(payload: unknown): PaymentEvent {
  const { data, timestamp } = renewed.parse(payload)
  const { subscription, references, lines } = data
  return {
    kind: 'renewal',
    period: periodOf(subscription, data, timestamp),
    references: references ?? [],
    ...(lines && { report: { subscription, occurredAt: timestamp, items: itemsOf(lines) } }),
    ...amountOf(data),
  }
}

export function subscriptionChanged(payload: unknown): PaymentEvent {
  const { data, timestamp } = changed.parse(payload)
  const { subscription, lines, paid_until: paidUntil } = data
  const report = { subscription, occurredAt: timestamp, items: itemsOf(lines) }
  return { kind: 'report', report: paidUntil == null ? report : { ...report, paidUntil } }
}

export function subscriptionEnded(payload: unknown): PaymentEvent {
  const { data, timestamp } = ended.parse(payload)
  const endedAt = data.ended_at ?? timestamp
  return { kind: 'report', report: { subscription: data.subscription, occurredAt: timestamp, endedAt } }
}

/** The order is the payment that its refund names. */
function periodOf(subscription: string, paidOrder: Payment, timestamp: number): PaidPeriod {
  const { order, period, paid_at, paid_until: endsAt } = paidOrder
  return {
    subscription,
    payment: order,
    ...(period != null && { name: period }),
    paidAt: paid_at ?? timestamp,
    ...(endsAt != null && { endsAt }),
  }
}

function amountOf({ order, amount: paidAmount }: Payment): { readonly amount?: Amount } {
  return paidAmount == null ? {} : { amount: { payment: order, amount: paidAmount } }
}

function itemsOf(lines: z.output<typeof items>): SubscribedItem[] {
  return lines.map(({ product, quantity }) => ({ externalIds: [product], quantity }))
}
