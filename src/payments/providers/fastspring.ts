/**
 * FastSpring, as of its documentation of June 2026. A delivery contains several events. An order sells a cart, and
 * each subscription in it has a name of its own. With "webhook expansion", events contain objects instead of ids.
 *
 * Dates of subscriptions are midnights in UTC. `next` is the day of the next charge, so what is paid ends there.
 * There is no event for a chargeback.
 */
import * as z from 'zod/mini'
import { parseUntimedHeader, textKeys } from '../../http/signatures.ts'
import type {
  Amount,
  PaidPeriod,
  PaymentEvent,
  PurchasedLine,
  Report,
  SubscribedItem,
} from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import {
  flagged,
  fullName,
  ignored,
  mergeLines,
  milliseconds,
  name,
  objectOrId,
  unchecked,
  unusedEvent,
  usableNames,
} from './fields.ts'

const delivery = z.object({ events: z.array(z.unknown()) })

const event = z.object({
  id: z.nullish(name),
  type: name,
  live: z.nullish(z.boolean()),
  created: unchecked,
  data: unchecked,
})

const product = objectOrId(z.object({ product: name }), 'product')

const subscription = z.object({
  id: name,
  state: unchecked,
  changed: z.nullish(milliseconds),
  product: z.nullish(product),
  quantity: unchecked,
  addons: z.nullish(z.array(z.object({ product: z.nullish(product), quantity: unchecked }))),
  next: z.nullish(milliseconds),
  end: z.nullish(milliseconds),
})
type Subscription = z.output<typeof subscription>

const mentionedSubscription = z.nullish(objectOrId(subscription))

const person = z.nullish(z.object({ first: unchecked, last: unchecked, email: unchecked }))

const order = z.object({
  id: name,
  reference: unchecked,
  changed: z.nullish(milliseconds),
  total: z.nullish(z.number()),
  customer: person,
  items: z.nullish(
    z.array(
      z.object({
        product,
        quantity: unchecked,
        isAddon: unchecked,
        subscription: mentionedSubscription,
      }),
    ),
  ),
})
type Order = z.output<typeof order>

const charge = z.object({
  order: objectOrId(order),
  subscription: mentionedSubscription,
  total: z.nullish(z.number()),
  timestamp: z.nullish(milliseconds),
})

const returned = z.object({
  return: name,
  completed: unchecked,
  changed: z.nullish(milliseconds),
  totalReturn: z.number(),
  original: objectOrId(order),
})

type EventParser = (data: unknown, created: number) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['order.completed', orderCompleted],
  ['subscription.charge.completed', chargeCompleted],
  ['subscription.activated', subscriptionContinues],
  ['subscription.updated', subscriptionUpdated],
  ['subscription.canceled', subscriptionContinues],
  ['subscription.uncanceled', subscriptionContinues],
  ['subscription.deactivated', subscriptionEnded],
  ['return.created', returnCreated],
])

export const fastspring: Provider = {
  name: 'fastspring',
  signatures: {
    keys: textKeys,
    parseHeaders: (headers) => parseUntimedHeader(headers.get('x-fs-signature'), 'base64'),
  },
  split: (payload) => delivery.safeParse(payload).data?.events ?? [],
  describe: (payload) => {
    const { id, type, live } = event.parse(payload)
    return { id: id ?? undefined, type, isTest: typeof live === 'boolean' ? !live : undefined }
  },
  interpret: (payload) => {
    const { type, data, created } = event.parse(payload)
    return EVENT_PARSERS.get(type)?.(data, milliseconds.parse(created)) ?? unusedEvent(type)
  },
}

/** A trial is an order without a payment. */
function orderCompleted(data: unknown, created: number): PaymentEvent {
  const { id, reference, changed, total, customer, items } = order.parse(data)
  const subscriptions = (items ?? []).flatMap(({ subscription: found }) => found ?? [])
  const references = usableNames(reference, ...subscriptions.map((found) => found.id))
  if (!items?.length) return flagged('an order without products', id, references)
  const [period, ...otherPeriods] = subscriptions.map((found) => periodOf(found, id, changed ?? created))
  return {
    kind: 'purchase',
    order: id,
    references,
    owner: { name: fullName(customer?.first, customer?.last), email: customer?.email },
    lines: mergeLines(items.map((item) => lineOf(item, period !== undefined))),
    ...(period && { period }),
    ...(otherPeriods.length > 0 && { otherPeriods }),
    ...amountOf(id, total),
  }
}

type Item = NonNullable<Order['items']>[number]

/** An item has no id of its own. */
function lineOf(item: Item, hasSubscription: boolean): PurchasedLine {
  const {
    product: { product: path },
    quantity,
    subscription: found,
    isAddon,
  } = item
  const isOneTime = hasSubscription && !found && isAddon !== true
  return {
    id: path,
    externalIds: [path],
    quantity: quantity ?? 1,
    ...(isOneTime && { isOneTime }),
    ...(found && { subscription: found.id }),
  }
}

/** Sent for each payment after the first one, also for the difference in price of a changed plan. */
function chargeCompleted(data: unknown, created: number): PaymentEvent {
  const { order: paid, subscription: charged, total, timestamp } = charge.parse(data)
  const references = usableNames(paid.reference)
  if (!charged) return flagged('a charge without a subscription', paid.id, references)
  return {
    kind: 'renewal',
    period: periodOf(charged, paid.id, timestamp ?? created),
    references,
    ...(charged.product && { report: { ...reportOf(charged, created), items: itemsOf(charged) } }),
    ...amountOf(paid.id, total ?? paid.total),
  }
}

function subscriptionContinues(data: unknown, created: number): PaymentEvent {
  const found = subscription.parse(data)
  const paidUntil = paidUntilOf(found)
  return { kind: 'report', report: { ...reportOf(found, created), ...(paidUntil && { paidUntil }) } }
}

function subscriptionUpdated(data: unknown, created: number): PaymentEvent {
  const found = subscription.parse(data)
  const paidUntil = paidUntilOf(found)
  const report = { ...reportOf(found, created), ...(paidUntil && { paidUntil }), items: itemsOf(found) }
  return { kind: 'report', report }
}

/** Sent when a cancellation takes effect, or after the last reminder of a payment. */
function subscriptionEnded(data: unknown, created: number): PaymentEvent {
  const report = reportOf(subscription.parse(data), created)
  return { kind: 'report', report: { ...report, endedAt: report.occurredAt } }
}

function reportOf({ id, changed }: Subscription, created: number): Report {
  return { subscription: id, occurredAt: changed ?? created }
}

function periodOf(found: Subscription, payment: string, paidAt: number): PaidPeriod {
  const endsAt = paidUntilOf(found)
  return { subscription: found.id, payment, paidAt, ...(endsAt && { endsAt }) }
}

/** The next charge, or the end of a subscription without one. An overdue subscription is not paid. */
function paidUntilOf({ state, next, end }: Subscription): number | undefined {
  const isPaid = state === 'active' || state === 'trial' || state === 'canceled'
  return isPaid ? (next ?? end ?? undefined) : undefined
}

function itemsOf({ product: sold, quantity, addons }: Subscription): SubscribedItem[] {
  return [{ product: sold, quantity }, ...(addons ?? [])].map((item) => ({
    externalIds: usableNames(item.product?.product),
    quantity: item.quantity,
  }))
}

/** A partial return names products, but returns amounts of them. A return of taxes only has no event. */
function returnCreated(data: unknown, created: number): PaymentEvent {
  const { return: id, completed, changed, totalReturn, original } = returned.parse(data)
  if (completed === false) return ignored('the return is not completed', original.id)
  const isWhole = totalReturn >= (original.total ?? Number.POSITIVE_INFINITY)
  return {
    kind: 'refund',
    id: `return:${id}`,
    order: original.id,
    occurredAt: changed ?? created,
    phase: 'beginning',
    ...(!isWhole && { amount: hundredths(totalReturn) }),
  }
}

function amountOf(payment: string, total: number | null | undefined): { amount?: Amount } {
  return typeof total === 'number' ? { amount: { payment, amount: hundredths(total) } } : {}
}

/** FastSpring sends amounts with decimals. */
function hundredths(amount: number): number {
  return Math.round(amount * 100)
}
