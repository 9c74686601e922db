/**
 * Polar. An order sells one product with seats or units, and its event is complete.
 *
 * A secret that begins with `whsec_` is the key itself if it was created before September 2026, and encodes
 * the key since then. Both are tried, as in Polar's own library.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, WHOLE_ORDER } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseStandardHeaders, standardKeys, textKeys } from '../signatures.ts'
import { flagged, ignored, instant, name, unchecked, unusedEvent, usableNames } from './fields.ts'

const event = z.object({ type: name, timestamp: unchecked, data: unchecked })

const order = z.object({
  id: name,
  status: unchecked,
  billing_reason: unchecked,
  billing_name: unchecked,
  seats: unchecked,
  units: unchecked,
  product_id: unchecked,
  subscription_id: z.nullish(name),
  checkout_id: unchecked,
  customer: z.nullish(z.object({ name: unchecked, email: unchecked })),
})
type Order = z.output<typeof order>

const refund = z.object({
  order_id: name,
  status: unchecked,
  dispute: z.nullish(z.object({ status: unchecked })),
})

export const polar: Provider = {
  name: 'polar',
  signatures: {
    keys: (secret) => [...textKeys(secret), ...standardKeys(secret)],
    parseHeaders: parseStandardHeaders,
  },
  describe: (payload, headers) => {
    const { type } = event.parse(payload)
    return { id: headers.get('webhook-id') ?? undefined, type, isTest: undefined }
  },
  interpret: (payload) => {
    const { type, data, timestamp } = event.parse(payload)
    switch (type) {
      case 'order.paid':
        return orderPaid(data)
      case 'order.refunded':
        return orderRefunded(data, timestamp)
      case 'refund.created':
      case 'refund.updated':
        return refundChanged(data, timestamp)
      default:
        return unusedEvent(type)
    }
  },
}

function orderPaid(data: unknown): PaymentEvent {
  const paid = order.parse(data)
  switch (paid.billing_reason) {
    case 'purchase':
    case 'subscription_create':
      return sale(paid)
    case 'subscription_cycle':
      return renewal(paid)
    default:
      return ignored('neither a sale nor a renewal', paid.id)
  }
}

function sale(paid: Order): PaymentEvent {
  return {
    kind: 'purchase',
    order: paid.id,
    references: usableNames(paid.checkout_id, paid.subscription_id),
    owner: { name: paid.customer?.name ?? paid.billing_name, email: paid.customer?.email },
    lines: [
      {
        id: WHOLE_ORDER,
        externalIds: usableNames(paid.product_id),
        quantity: paid.seats ?? paid.units ?? 1,
      },
    ],
  }
}

/** Each period has its own order. */
function renewal({ id, subscription_id }: Order): PaymentEvent {
  if (!subscription_id) return flagged('a renewal without a subscription', id)
  return { kind: 'renewal', order: id, subscription: subscription_id, period: id }
}

/** Sent for every refund of the order. The order's status says whether it is fully refunded. */
function orderRefunded(data: unknown, timestamp: unknown): PaymentEvent {
  const { id, status } = order.parse(data)
  if (status !== 'refunded') return flagged('the order was partly refunded', id)
  const occurredAt = instant.parse(timestamp)
  return { kind: 'refund', id: refundId(id), order: id, occurredAt, phase: 'beginning' }
}

/**
 * A successful refund also sends `order.refunded`, which says whether the order is fully refunded. A refund
 * because of a dispute always covers the whole order.
 */
function refundChanged(data: unknown, timestamp: unknown): PaymentEvent {
  const { order_id, status, dispute } = refund.parse(data)
  const reversal = { id: refundId(order_id), order: order_id, occurredAt: instant.parse(timestamp) }
  if (status === 'failed' || status === 'canceled' || dispute?.status === 'won') {
    return { kind: 'reinstatement', ...reversal, phase: 'end' }
  }
  if (!dispute) return ignored('order.refunded reports the refund', order_id)
  if (status === 'succeeded') return { kind: 'refund', ...reversal, phase: 'beginning' }
  return flagged('the order is disputed', order_id)
}

function refundId(order: string): string {
  return `refund:${order}`
}
