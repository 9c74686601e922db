/** Dodo's refunds and disputes. They name the payment. */
import * as z from 'zod/mini'
import type { Notice, PaymentEvent } from '../../payment-event.ts'
import { amount, flagged, ignored, instant, name } from '../fields.ts'

const refund = z.object({ refund_id: name, payment_id: name, is_partial: z.nullish(z.boolean()), amount })
const dispute = z.object({ dispute_id: name, payment_id: name })

/** A refund of a subscription's payment takes back the period that it paid for. */
export function refundSucceeded(data: unknown, timestamp: unknown): PaymentEvent {
  const { refund_id, payment_id: order, is_partial, amount: refundedAmount } = refund.parse(data)
  const occurredAt = instant.parse(timestamp)
  const whole = { kind: 'refund', id: refundId(refund_id), order, occurredAt, phase: 'beginning' } as const
  if (is_partial !== true) return whole
  return refundedAmount === undefined
    ? flagged('the payment was partly refunded', order)
    : { ...whole, amount: refundedAmount }
}

export function refundFailed(data: unknown, timestamp: unknown): PaymentEvent {
  const { refund_id, payment_id } = refund.parse(data)
  const occurredAt = instant.parse(timestamp)
  return { kind: 'reinstatement', id: refundId(refund_id), order: payment_id, occurredAt, phase: 'end' }
}

export function disputed(
  data: unknown,
  timestamp: unknown,
  kind: 'refund' | 'reinstatement',
  phase: 'beginning' | 'end',
): PaymentEvent {
  const { dispute_id, payment_id } = dispute.parse(data)
  return { kind, id: `dispute:${dispute_id}`, order: payment_id, occurredAt: instant.parse(timestamp), phase }
}

export function disputeChallenged(data: unknown): Notice {
  return ignored('the dispute continues', dispute.parse(data).payment_id)
}

function refundId(id: string): string {
  return `refund:${id}`
}
