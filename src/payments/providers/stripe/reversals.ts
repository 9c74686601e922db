/**
 * Stripe's refunds and disputes. Both name the payment.
 *
 * A refund takes effect when the whole charge is refunded, by one or more refunds, so they share one name. An
 * inquiry (`warning_*`) moves no money: the keys stay valid, and an operator should check it.
 */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { flagged, ignored, name, unchecked } from '../fields.ts'

const charge = z.object({ id: name, payment_intent: z.nullish(name), refunded: unchecked })
const refund = z.object({ charge: z.nullish(name), payment_intent: z.nullish(name), status: unchecked })
const dispute = z.object({
  id: name,
  charge: name,
  payment_intent: z.nullish(name),
  status: unchecked,
  payment_method_details: z.nullish(z.object({ card: z.nullish(z.object({ case_type: unchecked })) })),
})

export function chargeRefunded(object: unknown, occurredAt: number): PaymentEvent {
  const { id, payment_intent, refunded } = charge.parse(object)
  const order = payment_intent ?? id
  if (refunded !== true) return flagged('the charge was partly refunded', order)
  return { kind: 'refund', id: refundId(id), order, occurredAt, phase: 'beginning' }
}

/** `refund.failed`, `refund.updated` and, of older API versions, `charge.refund.updated`. */
export function refundChanged(object: unknown, occurredAt: number): PaymentEvent {
  const { charge: chargeId, payment_intent, status } = refund.parse(object)
  if (status !== 'failed' && status !== 'canceled') return ignored('charge.refunded reports the refund')
  if (!chargeId) return flagged('a failed refund without a charge', payment_intent ?? undefined)
  const order = payment_intent ?? chargeId
  return { kind: 'reinstatement', id: refundId(chargeId), order, occurredAt, phase: 'end' }
}

/** `charge.dispute.created`. */
export function disputeOpened(object: unknown, occurredAt: number): PaymentEvent {
  const { movesMoney, order } = readDispute(object)
  return movesMoney ? fundsWithdrawn(object, occurredAt) : ignored('a dispute was prevented', order)
}

/** `charge.dispute.funds_withdrawn`. */
export function fundsWithdrawn(object: unknown, occurredAt: number): PaymentEvent {
  const { status, movesMoney: _, ...names } = readDispute(object)
  if (isInquiry(status)) return flagged('an inquiry about the payment was opened', names.order)
  return { kind: 'refund', ...names, occurredAt, phase: 'beginning' }
}

/** `charge.dispute.closed`. During an appeal, the dispute goes on. */
export function disputeClosed(object: unknown, occurredAt: number): PaymentEvent {
  const { status, movesMoney, ...names } = readDispute(object)
  if (status === 'won' || status === 'warning_closed' || !movesMoney) {
    return { kind: 'reinstatement', ...names, occurredAt, phase: 'end' }
  }
  if (status === 'lost' || status === 'prevented') {
    return { kind: 'refund', ...names, occurredAt, phase: 'end' }
  }
  if (isAppeal(status)) return { kind: 'refund', ...names, occurredAt, phase: 'beginning' }
  return flagged('a dispute was closed without being won or lost', names.order)
}

/** `charge.dispute.funds_reinstated`. After a lost dispute, only a part of the funds comes back. */
export function fundsReinstated(object: unknown, occurredAt: number): PaymentEvent {
  const { status, movesMoney: _, ...names } = readDispute(object)
  if (status === 'lost') return { kind: 'refund', ...names, occurredAt, phase: 'end' }
  return { kind: 'reinstatement', ...names, occurredAt, phase: 'end' }
}

interface Dispute {
  readonly id: string
  readonly order: string
  readonly status: unknown
  readonly movesMoney: boolean
}

/** A dispute is prevented either by a refund to the buyer (case type `resolution`) or without one (`block`). */
function readDispute(object: unknown): Dispute {
  const { id, charge: chargeId, payment_intent, status, payment_method_details } = dispute.parse(object)
  const isResolved = payment_method_details?.card?.case_type === 'resolution'
  return {
    id: `dispute:${id}`,
    order: payment_intent ?? chargeId,
    status,
    movesMoney: status !== 'prevented' || isResolved,
  }
}

function isInquiry(status: unknown): boolean {
  return typeof status === 'string' && status.startsWith('warning_')
}

/** `appeal_needs_response` and `appeal_under_review`, since API version 2026-09-30. */
function isAppeal(status: unknown): boolean {
  return typeof status === 'string' && status.startsWith('appeal_')
}

function refundId(chargeId: string): string {
  return `refund:${chargeId}`
}
