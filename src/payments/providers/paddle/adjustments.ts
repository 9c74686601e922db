/** Paddle's adjustments: refunds and chargebacks. They name the transaction, and lines of it. */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { flagged, ignored, name, unchecked } from '../fields.ts'
import { positiveAmount } from './items.ts'

const adjustment = z.object({
  id: name,
  action: z.string(),
  type: unchecked,
  status: unchecked,
  transaction_id: name,
  items: z.nullish(z.array(z.object({ item_id: name, type: unchecked }))),
  totals: z.nullish(z.object({ total: unchecked })),
})
type Adjustment = z.output<typeof adjustment>

/**
 * The reversal of a chargeback does not name the chargeback, so both use the transaction's name.
 *
 * @param occurredAt milliseconds UTC
 */
export function adjusted(data: unknown, occurredAt: number): PaymentEvent {
  const parsed = adjustment.parse(data)
  const { action, transaction_id: order } = parsed
  switch (action) {
    case 'refund':
      return reversed(parsed, parsed.id, occurredAt)
    case 'chargeback':
      return reversed(parsed, chargebackId(order), occurredAt)
    case 'chargeback_reverse':
      return parsed.status === 'approved'
        ? { kind: 'reinstatement', id: chargebackId(order), order, occurredAt, phase: 'end' }
        : ignored('the reversal of a chargeback is not approved', order)
    case 'chargeback_warning':
      return flagged('a chargeback is expected', order)
    default:
      return ignored('an adjustment that is not a refund', order)
  }
}

function reversed(parsed: Adjustment, id: string, occurredAt: number): PaymentEvent {
  const order = parsed.transaction_id
  switch (parsed.status) {
    case 'approved':
      return approved(parsed, id, occurredAt)
    case 'rejected':
    case 'reversed':
      return { kind: 'reinstatement', id, order, occurredAt, phase: 'end' }
    default:
      return ignored('the adjustment is not approved yet', order)
  }
}

/**
 * Reverses the order, the lines that were refunded in full, or an amount, which can have any reason. The lines of a
 * renewal are not those of the sale, so the amount of their refund counts too.
 */
function approved(parsed: Adjustment, id: string, occurredAt: number): PaymentEvent {
  const order = parsed.transaction_id
  const reversal = { kind: 'refund', id, order, occurredAt, phase: 'beginning' } as const
  if (parsed.type === 'full') return reversal
  const lines = (parsed.items ?? [])
    .filter(({ type }) => type === 'full')
    .map(({ item_id }) => ({ id: item_id }))
  const amount = positiveAmount(parsed.totals?.total)
  if (lines.length > 0) return { ...reversal, lines, ...(amount !== undefined && { amount }) }
  return amount === undefined ? flagged('the order was partly refunded', order) : { ...reversal, amount }
}

function chargebackId(order: string): string {
  return `chargeback:${order}`
}
