/**
 * Paddle's adjustments: refunds and chargebacks.
 *
 * A refund counts when it is approved. It names lines of the transaction; those that it refunds in full are
 * taken back, of an amount that makes up no line nobody knows what it is for. A chargeback's reversal is an
 * adjustment of its own that does not name the chargeback, so both bear the transaction's name.
 */
import * as z from 'zod/mini'
import type { Happening } from '../purchase.ts'
import { flagged, ignored, instant, name, unread } from './fields.ts'

const adjustment = z.object({
  id: name,
  action: z.string(),
  type: unread,
  status: unread,
  transaction_id: name,
  items: z.nullish(z.array(z.object({ item_id: name, type: unread }))),
})
type Adjustment = z.output<typeof adjustment>

/** @param occurredAt as the event has it */
export function adjusted(data: unknown, occurredAt: unknown): Happening {
  const made = adjustment.parse(data)
  const { action, transaction_id: order } = made
  switch (action) {
    case 'refund':
      return takenBack(made, made.id, instant.parse(occurredAt))
    case 'chargeback':
      return takenBack(made, chargebackId(order), instant.parse(occurredAt))
    case 'chargeback_reverse': {
      const news = { id: chargebackId(order), order, occurredAt: instant.parse(occurredAt) }
      return made.status === 'approved'
        ? { kind: 'reinstatement', ...news, phase: 'end' }
        : ignored('the reversal of a chargeback is not approved', order)
    }
    case 'chargeback_warning':
      return flagged('a chargeback is coming', order)
    default:
      return ignored('an adjustment that is no refund', order)
  }
}

function takenBack(made: Adjustment, id: string, occurredAt: number): Happening {
  const order = made.transaction_id
  switch (made.status) {
    case 'approved':
      return approved(made, id, occurredAt)
    case 'rejected':
    case 'reversed':
      return { kind: 'reinstatement', id, order, occurredAt, phase: 'end' }
    default:
      return ignored('the adjustment is not approved yet', order)
  }
}

function approved(made: Adjustment, id: string, occurredAt: number): Happening {
  const news = { kind: 'refund', id, order: made.transaction_id, occurredAt, phase: 'beginning' } as const
  if (made.type === 'full') return news
  const lines = (made.items ?? [])
    .filter(({ type }) => type === 'full')
    .map(({ item_id }) => ({ id: item_id }))
  return lines.length === 0 ? flagged('a part of the order was refunded', news.order) : { ...news, lines }
}

function chargebackId(order: string): string {
  return `chargeback:${order}`
}
