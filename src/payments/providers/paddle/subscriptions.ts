/**
 * Paddle's subscriptions: their trials, items and end.
 *
 * A renewal moves `current_billing_period` before it is paid, so only the period of a trial counts. A scheduled
 * change counts once Paddle makes it.
 */
import * as z from 'zod/mini'
import type { Report, SubscriptionReport } from '../../payment-event.ts'
import { name, optionalInstant, unchecked } from '../fields.ts'
import { item, recurringItems } from './items.ts'

const subscription = z.object({
  id: name,
  status: unchecked,
  // Only `subscription.created` has the transaction that sold the subscription.
  transaction_id: z.catch(z.optional(name), undefined),
  canceled_at: optionalInstant,
  current_billing_period: z.nullish(z.object({ ends_at: optionalInstant })),
  items: z.nullish(z.array(item)),
})
type Subscription = z.output<typeof subscription>

/** @param occurredAt milliseconds UTC */
export function subscriptionChanged(data: unknown, occurredAt: number): SubscriptionReport {
  const changed = subscription.parse(data)
  const { id, transaction_id: order } = changed
  return {
    kind: 'report',
    report: reportOf(changed, occurredAt),
    ...(order !== undefined && { order, references: [id] }),
  }
}

function reportOf(changed: Subscription, occurredAt: number): Report {
  const { id, status, canceled_at, current_billing_period } = changed
  const items = recurringItems(changed.items ?? [])
  const paidUntil = status === 'trialing' ? current_billing_period?.ends_at : undefined
  return {
    subscription: id,
    occurredAt,
    ...(items.length > 0 && { items }),
    ...(paidUntil !== undefined && { paidUntil }),
    ...(status === 'canceled' && { endedAt: canceled_at ?? occurredAt }),
  }
}
