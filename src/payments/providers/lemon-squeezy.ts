/**
 * Lemon Squeezy. An order sells one product, and its event is complete. A subscription's own events report how
 * long it is paid for, since its invoices have no period. Names are those of lemonsqueezy.js 4.0.
 *
 * Each kind of object has its own numeric ids, so names get the kind as a prefix. Events have no id and no
 * signed time, so the hash of the body identifies an event.
 */
import * as z from 'zod/mini'
import { parseUntimedHeader, textKeys } from '../../http/signatures.ts'
import { type PaymentEvent, type Report, WHOLE_ORDER } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import {
  flagged,
  ignored,
  instant,
  name,
  nameAt,
  number,
  unchecked,
  unusedEvent,
  usableNames,
} from './fields.ts'

const description = z.object({
  meta: z.object({ event_name: name, test_mode: z.nullish(z.boolean()) }),
  data: z.object({ attributes: z.object({ test_mode: z.nullish(z.boolean()) }) }),
})

const kind = z.object({ meta: z.object({ event_name: name }), data: unchecked })

const order = z.object({
  id: number,
  attributes: z.object({
    identifier: unchecked,
    status: unchecked,
    user_name: unchecked,
    user_email: unchecked,
    first_order_item: z.nullish(
      z.object({ variant_id: z.nullish(number), product_id: z.nullish(number), quantity: unchecked }),
    ),
  }),
})

/** The attributes of an order or of a subscription's invoice. */
const refunded = z.object({
  refunded: unchecked,
  refunded_at: z.nullish(z.string()),
  updated_at: z.nullish(z.string()),
})
const refundedOrder = z.object({ id: number, attributes: refunded })

const subscription = z.object({
  id: number,
  attributes: z.object({
    order_id: number,
    variant_id: z.nullish(number),
    product_id: z.nullish(number),
    /** null during a trial. */
    first_subscription_item: z.nullish(z.object({ quantity: unchecked })),
    status: unchecked,
    trial_ends_at: z.nullish(instant),
    renews_at: z.nullish(instant),
    ends_at: z.nullish(instant),
    created_at: instant,
    updated_at: z.nullish(instant),
  }),
})
type Subscription = z.output<typeof subscription>

const subscriptionInvoice = z.object({
  id: number,
  attributes: z.extend(refunded, {
    subscription_id: number,
    billing_reason: unchecked,
    created_at: instant,
  }),
})

export const lemonSqueezy: Provider = {
  name: 'lemon-squeezy',
  signatures: { keys: textKeys, parseHeaders: (headers) => parseUntimedHeader(headers.get('x-signature')) },
  describe: (payload) => {
    const { meta, data } = description.parse(payload)
    const isTest = meta.test_mode ?? data.attributes.test_mode ?? undefined
    return { id: undefined, type: meta.event_name, isTest }
  },
  interpret: (payload) => {
    const { meta, data } = kind.parse(payload)
    return EVENT_PARSERS.get(meta.event_name)?.(data) ?? unusedEvent(meta.event_name)
  },
  orderOf: (payload) => {
    const isOrder = nameAt(payload, 'data.type') === 'orders'
    const id = nameAt(payload, isOrder ? 'data.id' : 'data.attributes.order_id')
    return id === undefined ? undefined : orderName(id)
  },
}

const EVENT_PARSERS: ReadonlyMap<string, (data: unknown) => PaymentEvent> = new Map([
  ['order_created', orderCreated],
  ['order_refunded', orderRefunded],
  ['subscription_created', subscriptionReported],
  // Sent in addition to each of the next ones, and for renewals.
  ['subscription_updated', subscriptionReported],
  // Undocumented: https://github.com/lmsqueezy/lemonsqueezy.js/pull/145
  ['subscription_plan_changed', subscriptionReported],
  ['subscription_cancelled', subscriptionReported],
  ['subscription_resumed', subscriptionReported],
  ['subscription_paused', subscriptionReported],
  ['subscription_unpaused', subscriptionReported],
  ['subscription_expired', subscriptionReported],
  ['subscription_payment_success', subscriptionPaid],
  ['subscription_payment_refunded', subscriptionPaymentRefunded],
])

/** An order can be pending or failed. A partly refunded order is still a sale. */
function orderCreated(data: unknown): PaymentEvent {
  const { id, attributes } = order.parse(data)
  const { identifier, status, user_name, user_email, first_order_item: item } = attributes
  const references = usableNames(identifier)
  if (status !== 'paid' && status !== 'partial_refund') {
    return ignored('the order is not paid', orderName(id), references)
  }
  return {
    kind: 'purchase',
    order: orderName(id),
    references,
    owner: { name: user_name, email: user_email },
    lines: [
      {
        id: WHOLE_ORDER,
        externalIds: usableNames(item?.variant_id, item?.product_id),
        quantity: item?.quantity ?? 1,
      },
    ],
  }
}

function orderRefunded(data: unknown): PaymentEvent {
  const { id, attributes } = refundedOrder.parse(data)
  return refundOf(orderName(id), orderName(id), attributes)
}

/** Also links the subscription to its order, which has its own event and paid for the first period. */
function subscriptionReported(data: unknown): PaymentEvent {
  const reported = subscription.parse(data)
  const { order_id, created_at: paidAt } = reported.attributes
  const subscriptionOfOrder = subscriptionName(reported.id)
  const order = orderName(order_id)
  return {
    kind: 'report',
    report: reportOf(reported),
    order,
    references: [subscriptionOfOrder],
    period: { subscription: subscriptionOfOrder, payment: order, paidAt },
  }
}

function reportOf({ id, attributes }: Subscription): Report {
  const { variant_id, product_id, first_subscription_item: item, status, ends_at } = attributes
  const occurredAt = attributes.updated_at ?? attributes.created_at
  const paidUntil = paidUntilOf(attributes)
  const externalIds = usableNames(variant_id, product_id)
  return {
    subscription: subscriptionName(id),
    occurredAt,
    ...(paidUntil != null && { paidUntil }),
    ...(status === 'expired' && { endedAt: ends_at ?? occurredAt }),
    ...(externalIds.length > 0 && { items: [{ externalIds, quantity: item?.quantity }] }),
  }
}

/** While a renewal is not paid (`past_due`, `unpaid`) or paused, `renews_at` is the next attempt to charge it. */
function paidUntilOf(attributes: Subscription['attributes']): number | null | undefined {
  switch (attributes.status) {
    case 'on_trial':
      return attributes.trial_ends_at
    case 'active':
      return attributes.renews_at
    case 'cancelled':
      return attributes.ends_at
    default:
      return undefined
  }
}

/**
 * The order sells the first period, so its invoice (`initial`) adds none. If a trial came before it, the end of
 * what it pays for is in `subscription_updated`.
 */
function subscriptionPaid(data: unknown): PaymentEvent {
  const { id, attributes } = subscriptionInvoice.parse(data)
  const { billing_reason: reason, subscription_id, created_at } = attributes
  if (reason === 'initial') return ignored('the order reports the first payment')
  // `updated` is a change of the plan that was charged immediately.
  if (reason !== 'renewal' && reason !== 'updated') {
    const named =
      typeof reason === 'string' ? `the billing reason ${reason.slice(0, 100)}` : 'no billing reason'
    return flagged(`a payment with ${named}`, invoiceName(id))
  }
  const payment = invoiceName(id)
  const period = { subscription: subscriptionName(subscription_id), payment, paidAt: created_at }
  return { kind: 'renewal', period }
}

/** The first payment belongs to the order. This event names the order only by its subscription. */
function subscriptionPaymentRefunded(data: unknown): PaymentEvent {
  const { id, attributes } = subscriptionInvoice.parse(data)
  const isFirst = attributes.billing_reason === 'initial'
  const paid = isFirst ? subscriptionName(attributes.subscription_id) : invoiceName(id)
  return refundOf(invoiceName(id), paid, attributes)
}

function refundOf(paid: string, order: string, attributes: z.output<typeof refunded>): PaymentEvent {
  if (attributes.refunded !== true) return flagged('the payment was partly refunded', order)
  const occurredAt = instant.parse(attributes.refunded_at ?? attributes.updated_at)
  return { kind: 'refund', id: `refund:${paid}`, order, occurredAt, phase: 'beginning' }
}

function orderName(id: string): string {
  return `order:${id}`
}

function subscriptionName(id: string): string {
  return `subscription:${id}`
}

function invoiceName(id: string): string {
  return `subscription-invoice:${id}`
}
