/**
 * Stripe's subscriptions. They tell what they consist of, how long a trial is free, and when they ended. They
 * do not tell what is paid: a new period is still unpaid when it begins.
 */
import * as z from 'zod/mini'
import type { PaymentEvent, SubscribedItem } from '../../payment-event.ts'
import { flagged, name, unchecked } from '../fields.ts'
import { externalIdsOf, isMetered, listOf, type PricedLine, pricedLine } from './lines.ts'

const subscription = z.object({
  id: name,
  status: unchecked,
  trial_end: unchecked,
  ended_at: unchecked,
  items: z.nullish(listOf(pricedLine)),
})
type Subscription = z.output<typeof subscription>

/**
 * An invoice lists only the items that it charges, a subscription lists all of them. So a subscription is the
 * later report if both are from the same second.
 */
const AFTER_INVOICES_MS = 1

/** `customer.subscription.updated`. */
export function subscriptionUpdated(object: unknown, occurredAt: number): PaymentEvent {
  const updated = subscription.parse(object)
  if (!updated.items || updated.items.has_more === true) {
    return flagged('the event does not contain all items of the subscription')
  }
  const items = updated.items.data.flatMap(itemOf)
  if (items.length === 0) return flagged('no item of the subscription has a price')
  const trialEnd = trialEndOf(updated)
  return {
    kind: 'report',
    report: {
      subscription: updated.id,
      occurredAt: occurredAt + AFTER_INVOICES_MS,
      ...(trialEnd === undefined ? {} : { paidUntil: trialEnd }),
      items,
    },
  }
}

/** `customer.subscription.deleted`: the subscription ended, either immediately or as planned. */
export function subscriptionDeleted(object: unknown, occurredAt: number): PaymentEvent {
  const { id, ended_at } = subscription.parse(object)
  const report = { subscription: id, occurredAt, endedAt: milliseconds(ended_at) ?? occurredAt }
  return { kind: 'report', report }
}

/** A usage count is no quantity of keys. */
function itemOf(item: PricedLine): SubscribedItem[] {
  const externalIds = externalIdsOf(item)
  return externalIds.length === 0 ? [] : [{ externalIds, quantity: isMetered(item) ? 0 : item.quantity }]
}

function trialEndOf({ status, trial_end }: Subscription): number | undefined {
  return status === 'trialing' ? milliseconds(trial_end) : undefined
}

function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && Number.isSafeInteger(seconds) ? seconds * 1000 : undefined
}
