/** Refunds and disputes. They name the order or one of its references. */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { amount, eventWith, lineName, name, uniqueById } from './fields.ts'

const refunded = eventWith({
  order: name,
  refund: name,
  lines: z.nullish(uniqueById(z.object({ id: lineName, quantity: z.nullish(z.int().check(z.positive())) }))),
  amount,
})
const refund = eventWith({ order: name, refund: name })
const dispute = eventWith({ order: name, dispute: name })

type Reversal = 'refund' | 'reinstatement'

export function orderRefunded(payload: unknown): PaymentEvent {
  const { data, timestamp } = refunded.parse(payload)
  const { order, refund: refundName, lines, amount: refundedAmount } = data
  const refundedLines = lines?.map(({ id, quantity }) => ({ id, ...(quantity && { quantity }) }))
  return {
    kind: 'refund',
    id: reversalId('refund', order, refundName),
    order,
    occurredAt: timestamp,
    phase: 'beginning',
    ...(refundedLines && { lines: refundedLines }),
    // The lines say more exactly what was refunded.
    ...(!refundedLines && refundedAmount != null && { amount: refundedAmount }),
  }
}

export function refundReversed(payload: unknown): PaymentEvent {
  const { data, timestamp } = refund.parse(payload)
  const id = reversalId('refund', data.order, data.refund)
  return { kind: 'reinstatement', id, order: data.order, occurredAt: timestamp, phase: 'end' }
}

export function disputed(payload: unknown, kind: Reversal, phase: 'beginning' | 'end'): PaymentEvent {
  const { data, timestamp } = dispute.parse(payload)
  const id = reversalId('dispute', data.order, data.dispute)
  return { kind, id, order: data.order, occurredAt: timestamp, phase }
}

/** Includes the order, because a shop may number the refunds of each order. Names contain no spaces. */
function reversalId(kind: 'refund' | 'dispute', order: string, reversal: string): string {
  return `${kind} ${order} ${reversal}`
}
