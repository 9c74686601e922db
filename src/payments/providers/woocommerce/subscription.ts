/**
 * The subscriptions of WooCommerce Subscriptions, in the format of its REST API v3. An order that sells a
 * subscription does not name it, so these events link the two and tell that the order paid for the first period.
 */
import * as z from 'zod/mini'
import type { PaymentEvent, Report } from '../../payment-event.ts'
import { number } from '../fields.ts'
import { externalIdsOf, item, utc } from './fields.ts'

/** Empty if the subscription has no such time. */
const optionalTime = z.optional(
  z.union([
    z.pipe(
      z.literal(''),
      z.transform(() => undefined),
    ),
    z.nullable(utc),
  ]),
)

export const subscription = z.object({
  id: number,
  /** 0: the subscription was not sold by an order. */
  parent_id: z.nullish(number),
  status: z.string(),
  date_modified_gmt: utc,
  start_date_gmt: optionalTime,
  next_payment_date_gmt: optionalTime,
  end_date_gmt: optionalTime,
  line_items: z.array(item),
})
type Subscription = z.output<typeof subscription>

export function subscriptionChanged(changed: Subscription): PaymentEvent {
  const { id, parent_id: parent, start_date_gmt: paidAt } = changed
  const report: Report = {
    subscription: id,
    occurredAt: changed.date_modified_gmt,
    ...stateOf(changed),
  }
  if (!parent || parent === '0') return { kind: 'report', report }
  const sale = { order: parent, references: [id] }
  const period = paidAt ? { period: { subscription: id, payment: parent, paidAt } } : {}
  return { kind: 'report', report, ...sale, ...period }
}

/**
 * The next payment ends what is paid for, or the trial, but only while the subscription is active: until an
 * overdue payment arrives, it is on hold. If it was cancelled, `end_date_gmt` is when that takes effect.
 */
function stateOf({
  status,
  next_payment_date_gmt: nextPaymentAt,
  end_date_gmt: endsAt,
  ...changed
}: Subscription): Pick<Report, 'paidUntil' | 'endedAt' | 'items'> {
  switch (status) {
    case 'active': {
      const paidUntil = nextPaymentAt ?? endsAt
      const items = changed.line_items.map((line) => ({
        externalIds: externalIdsOf(line),
        quantity: line.quantity,
      }))
      return { ...(paidUntil && { paidUntil }), items }
    }
    case 'pending-cancel':
      return endsAt ? { paidUntil: endsAt } : {}
    case 'cancelled':
    case 'expired':
      return { endedAt: endsAt ?? changed.date_modified_gmt }
    default:
      return {}
  }
}
