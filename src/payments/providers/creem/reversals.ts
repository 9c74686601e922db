/** Creem's refunds and disputes. They name the transaction, and the order or subscription that it paid for. */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { milliseconds, name, objectOrId, unchecked } from '../fields.ts'
import { amount } from './lines.ts'
import { isForFirstPeriod, subscription } from './subscriptions.ts'

const transaction = z.object({
  id: name,
  status: unchecked,
  amount_paid: amount,
  order: z.nullish(name),
  subscription: z.nullish(name),
  created_at: z.nullish(milliseconds),
})

const dispute = z.object({ id: name, transaction, subscription: z.nullish(objectOrId(subscription)) })
type Dispute = z.output<typeof dispute>

const refund = z.extend(dispute, { status: unchecked, refund_amount: z.number() })

/**
 * The transaction tells whether all refunds together cover it. There is no event after this one, so a refund that
 * is still pending counts.
 */
export function refunded(data: unknown, occurredAt: number): PaymentEvent {
  const { id, status, refund_amount, ...about } = refund.parse(data)
  const reversal = { id: `refund:${id}`, order: paymentOf(about), occurredAt }
  if (status === 'failed' || status === 'canceled')
    return { kind: 'reinstatement', ...reversal, phase: 'end' }
  const { status: paidStatus, amount_paid } = about.transaction
  const isWhole = paidStatus === 'refunded' || (!!amount_paid && refund_amount >= amount_paid)
  return { kind: 'refund', ...reversal, phase: 'beginning', ...(!isWhole && { amount: refund_amount }) }
}

/** Creem does not tell how a dispute ends. */
export function disputed(data: unknown, occurredAt: number): PaymentEvent {
  const { id, ...about } = dispute.parse(data)
  return { kind: 'refund', id: `dispute:${id}`, order: paymentOf(about), occurredAt, phase: 'beginning' }
}

/** The name of a payment, as in the event of its sale or period. */
function paymentOf({ transaction: paid, subscription: subscribed }: Omit<Dispute, 'id'>): string {
  const subscriptionId = subscribed?.id ?? paid.subscription
  if (!subscriptionId) return paid.order ?? paid.id
  const isFirst = subscribed && paid.created_at && isForFirstPeriod(subscribed, paid.created_at)
  return isFirst ? subscriptionId : paid.id
}
