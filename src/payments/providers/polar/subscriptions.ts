/**
 * Polar's subscriptions. An order contains the subscription as it is when the event is sent.
 *
 * A renewal moves `current_period_end` before it is paid, so only the end of a trial counts. A change of the plan
 * waits in `pending_update` until Polar makes it.
 */
import * as z from 'zod/mini'
import type { Notice, Report, SubscribedItem, SubscriptionReport } from '../../payment-event.ts'
import { ignored, name, optionalInstant, unchecked, usableNames } from '../fields.ts'

/** What an order or a subscription buys. */
export const plan = z.object({ product_id: unchecked, seats: unchecked, units: unchecked })
type Plan = z.output<typeof plan>

export const subscriptionState = z.extend(plan, {
  status: unchecked,
  current_period_start: optionalInstant,
  current_period_end: optionalInstant,
  trial_end: optionalInstant,
  ended_at: optionalInstant,
})
export type SubscriptionState = z.output<typeof subscriptionState>

const subscription = z.extend(subscriptionState, { id: name })

/** @param occurredAt milliseconds UTC */
export function subscriptionChanged(data: unknown, occurredAt: number): SubscriptionReport {
  const changed = subscription.parse(data)
  return describe(changed, occurredAt, changed.ended_at)
}

/** The subscription ended, with its period or immediately. @param occurredAt milliseconds UTC */
export function subscriptionRevoked(data: unknown, occurredAt: number): SubscriptionReport {
  const revoked = subscription.parse(data)
  return describe(revoked, occurredAt, revoked.ended_at ?? occurredAt)
}

/** Also sent if the subscription only ends with its period. If it ended, `subscription.revoked` follows. */
export function subscriptionCanceled(data: unknown): Notice {
  return ignored('a canceled subscription stays valid until it is revoked', subscription.parse(data).id)
}

function describe(
  { id, ...state }: z.output<typeof subscription>,
  occurredAt: number,
  endedAt: number | undefined,
): SubscriptionReport {
  const paidUntil = endedAt === undefined ? endOfTrial(state) : undefined
  return {
    kind: 'report',
    report: {
      ...reportOf(id, itemsOf(state, quantityOf(state) ?? 1), occurredAt),
      ...(paidUntil !== undefined && { paidUntil }),
      ...(endedAt !== undefined && { endedAt }),
    },
  }
}

/** @param occurredAt milliseconds UTC */
export function reportOf(id: string, items: readonly SubscribedItem[], occurredAt: number): Report {
  return { subscription: id, occurredAt, ...(items.length > 0 && { items }) }
}

export function itemsOf({ product_id }: Plan, quantity: unknown): SubscribedItem[] {
  const externalIds = usableNames(product_id)
  return externalIds.length === 0 ? [] : [{ externalIds, quantity }]
}

/** @returns null or undefined if the plan has neither seats nor units */
export function quantityOf({ seats, units }: Plan): unknown {
  return seats ?? units
}

/** @returns undefined if the subscription is not in a trial */
export function endOfTrial({ status, trial_end, current_period_end }: SubscriptionState): number | undefined {
  return status === 'trialing' ? (trial_end ?? current_period_end) : undefined
}
