/**
 * Dodo Payments, which signs by Standard Webhooks: payments sell carts, subscriptions sell themselves.
 *
 * An event is written anew each time it is delivered, from what is known by then. So a payment that was
 * refunded in the meantime is still a sale here: the refund's own event takes it back, whichever of them
 * comes first.
 */
import * as z from 'zod/mini'
import type { Provider } from '../provider.ts'
import type { Happening } from '../purchase.ts'
import { standardClaim, standardKeys } from '../signatures.ts'
import { paymentSucceeded, subscriptionActive, subscriptionRenewed } from './dodo-purchases.ts'
import { flagged, ignored, instant, name, notUsed, unread } from './fields.ts'

const event = z.object({ type: name, timestamp: unread, data: unread })

const refund = z.object({ refund_id: name, payment_id: name, is_partial: z.nullish(z.boolean()) })
const dispute = z.object({ dispute_id: name, payment_id: name })

type Reading = (data: unknown, timestamp: unknown) => Happening

const READINGS: ReadonlyMap<string, Reading> = new Map<string, Reading>([
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
  ['dispute.challenged', (data) => ignored('the dispute goes on', dispute.parse(data).payment_id)],
])

export const dodo: Provider = {
  name: 'dodo',
  signatures: { keys: standardKeys, claim: standardClaim },
  describe: (payload, headers) => {
    const { type } = event.parse(payload)
    return { id: headers.get('webhook-id') ?? undefined, type, isTest: undefined }
  },
  interpret: (payload) => {
    const { type, data, timestamp } = event.parse(payload)
    return READINGS.get(type)?.(data, timestamp) ?? notUsed(type)
  },
}

function refundSucceeded(data: unknown, timestamp: unknown): Happening {
  const { refund_id, payment_id, is_partial } = refund.parse(data)
  if (is_partial === true) return flagged('a part of the payment was refunded', payment_id)
  return {
    kind: 'refund',
    id: refundId(refund_id),
    order: payment_id,
    occurredAt: instant.parse(timestamp),
    phase: 'beginning',
  }
}

function refundFailed(data: unknown, timestamp: unknown): Happening {
  const { refund_id, payment_id } = refund.parse(data)
  const occurredAt = instant.parse(timestamp)
  return { kind: 'reinstatement', id: refundId(refund_id), order: payment_id, occurredAt, phase: 'end' }
}

function disputed(
  data: unknown,
  timestamp: unknown,
  kind: 'refund' | 'reinstatement',
  phase: 'beginning' | 'end',
): Happening {
  const { dispute_id, payment_id } = dispute.parse(data)
  return { kind, id: `dispute:${dispute_id}`, order: payment_id, occurredAt: instant.parse(timestamp), phase }
}

function refundId(id: string): string {
  return `refund:${id}`
}
