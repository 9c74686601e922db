/**
 * Polar's refunds and the disputes that it ends by a refund. They name the order.
 *
 * `order.refunded` also reports refunds, but neither the seller's wish nor a failure, so it is not used.
 */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { flagged, ignored, name, unchecked } from '../fields.ts'

const refund = z.object({
  id: name,
  order_id: name,
  subscription_id: z.nullish(name),
  status: unchecked,
  /** Without taxes. */
  amount: z.catch(z.optional(z.int().check(z.positive())), undefined),
  revoke_benefits: unchecked,
  dispute: z.nullish(z.object({ status: unchecked })),
})
type Refund = z.output<typeof refund>

/** A refund because of a dispute covers the whole order. @param occurredAt milliseconds UTC */
export function refundChanged(data: unknown, occurredAt: number): PaymentEvent {
  const changed = refund.parse(data)
  const { id, order_id: order, subscription_id, status, amount, dispute } = changed
  const sale = subscription_id ?? order
  if (status === 'failed' || status === 'canceled' || dispute?.status === 'won') {
    return { kind: 'reinstatement', id, order, occurredAt, phase: 'end' }
  }
  if (status !== 'succeeded') {
    return dispute ? flagged('the order is disputed', sale) : ignored('the refund is not paid yet', sale)
  }
  const reversal = { kind: 'refund', id, order, occurredAt, phase: 'beginning' } as const
  if (dispute) return reversal
  if (isGoodwill(changed)) return ignored('the buyer keeps what was refunded', sale)
  return amount === undefined ? flagged('the order was partly refunded', sale) : { ...reversal, amount }
}

/**
 * The seller decides whether the refund of a one-time order takes back what was bought. Polar does not allow this
 * for the orders of a subscription: their refunds always have `revoke_benefits: false`, and take back the period.
 */
function isGoodwill({ revoke_benefits, subscription_id }: Refund): boolean {
  return revoke_benefits === false && !subscription_id
}
