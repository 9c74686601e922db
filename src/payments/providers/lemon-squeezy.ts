/**
 * Lemon Squeezy. An order sells one product, and its event is complete.
 *
 * Each kind of object has its own numeric ids, so names get the kind as a prefix. Events have no id and no
 * signed time, so the hash of the body identifies an event.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, WHOLE_ORDER } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseUntimedHeader, textKeys } from '../signatures.ts'
import { flagged, ignored, instant, name, number, unchecked, unusedEvent, usableNames } from './fields.ts'

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

const subscription = z.object({ id: number, attributes: z.object({ order_id: number }) })

const subscriptionInvoice = z.object({
  id: number,
  attributes: z.extend(refunded, { subscription_id: number, billing_reason: unchecked }),
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
}

const EVENT_PARSERS: ReadonlyMap<string, (data: unknown) => PaymentEvent> = new Map([
  ['order_created', orderCreated],
  ['order_refunded', orderRefunded],
  ['subscription_created', subscriptionCreated],
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

/** Links the subscription to its order. The order has its own event. */
function subscriptionCreated(data: unknown): PaymentEvent {
  const { id, attributes } = subscription.parse(data)
  return ignored('links a subscription to its order', orderName(attributes.order_id), [subscriptionName(id)])
}

function subscriptionPaid(data: unknown): PaymentEvent {
  const { id, attributes } = subscriptionInvoice.parse(data)
  if (attributes.billing_reason === 'initial') return ignored('the order reports the first payment')
  if (attributes.billing_reason !== 'renewal') return ignored('neither a sale nor a renewal')
  return {
    kind: 'renewal',
    order: invoiceName(id),
    subscription: subscriptionName(attributes.subscription_id),
    // Each period has one invoice.
    period: invoiceName(id),
  }
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
