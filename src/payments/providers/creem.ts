/**
 * Creem, as of its documentation and of version 1.13 of its library `creem` (September 2026). A checkout sells one
 * product with units.
 *
 * The sale of a subscription has the subscription's name, because its checkout and its trial can both report it.
 * So has the payment of its first period, because the checkout's event does not always name the transaction.
 */
import * as z from 'zod/mini'
import {
  type Amount,
  type PaidPeriod,
  type PaymentEvent,
  type PurchasedLine,
  type Report,
  WHOLE_ORDER,
} from '../payment-event.ts'
import type { ParsedHeaders, Provider } from '../provider.ts'
import { parseStandardHeaders, parseUntimedHeader, standardKeys, textKeys } from '../signatures.ts'
import {
  ignored,
  instant,
  milliseconds,
  name,
  objectOrId,
  unchecked,
  unusedEvent,
  usableNames,
} from './fields.ts'

/** A transaction pays for the first period if it is at most this far from the creation of its subscription. */
const FIRST_PAYMENT_HOURS_MAX = 12

const event = z.object({
  id: name,
  eventType: unchecked,
  type: unchecked,
  created_at: unchecked,
  object: unchecked,
  data: unchecked,
})

/** The documentation's examples also contain the mode `local`. */
const mode = z.catch(z.optional(z.object({ mode: z.enum(['prod', 'test', 'sandbox']) })), undefined)
const amount = z.nullish(z.number())
const product = objectOrId(z.object({ id: name }))
const customer = z.catch(z.nullish(z.object({ name: unchecked, email: unchecked })), undefined)

const subscription = z.object({
  id: name,
  status: unchecked,
  product: z.nullish(product),
  customer,
  items: z.nullish(z.array(z.object({ product_id: unchecked, units: unchecked }))),
  created_at: z.nullish(instant),
  current_period_end_date: z.nullish(instant),
  last_transaction_id: z.nullish(name),
  last_transaction_date: z.nullish(instant),
  last_transaction: z.nullish(z.object({ amount_paid: amount })),
})
type Subscription = z.output<typeof subscription>

const checkout = z.object({
  id: name,
  units: unchecked,
  product: z.nullish(product),
  customer,
  subscription: z.nullish(objectOrId(subscription)),
  order: z.nullish(z.object({ id: name, status: unchecked, transaction: unchecked, amount_paid: amount })),
})

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

/** Other events of a subscription neither pay for it nor end it: `past_due`, `unpaid`, `expired`, `paused`. */
type EventParser = (data: unknown, occurredAt: number) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['checkout.completed', checkoutCompleted],
  ['subscription.trialing', trialStarted],
  ['subscription.paid', subscriptionPaid],
  ['subscription.active', subscriptionChanged],
  ['subscription.update', subscriptionChanged],
  ['subscription.canceled', subscriptionEnded],
  ['refund.created', refunded],
  ['dispute.created', disputed],
])

export const creem: Provider = {
  name: 'creem',
  signatures: { keys: textKeys, parseHeaders },
  describe: (payload) => {
    const { id, type, data } = parseEvent(payload)
    const known = mode.parse(data)
    return { id, type, isTest: known && known.mode !== 'prod' }
  },
  interpret: (payload) => {
    const { type, data, createdAt } = parseEvent(payload)
    return EVENT_PARSERS.get(type)?.(data, milliseconds.parse(createdAt)) ?? unusedEvent(type)
  },
}

/** Like the library, accepts the names `type` and `data` too. */
function parseEvent(payload: unknown) {
  const { id, type, eventType, data, object, created_at } = event.parse(payload)
  return { id, type: name.parse(type ?? eventType), data: data ?? object, createdAt: created_at }
}

/**
 * Creem signs the body with the characters of the secret. Its library prefers the headers of Standard Webhooks,
 * which are signed with the key that the secret encodes.
 */
function parseHeaders(headers: Headers): ParsedHeaders | undefined {
  if (['webhook-id', 'webhook-timestamp', 'webhook-signature'].every((header) => headers.get(header))) {
    const parsed = parseStandardHeaders(headers)
    return parsed && { ...parsed, keys: standardKeys }
  }
  const signature = headers.get('creem-signature') ?? headers.get('x-creem-signature') ?? ''
  return parseUntimedHeader(signature.replace(/^sha256=/, '').toLowerCase())
}

function checkoutCompleted(data: unknown, occurredAt: number): PaymentEvent {
  const { id, order, subscription: subscribed, product: sold, units, customer: owner } = checkout.parse(data)
  const orderName = subscribed?.id ?? order?.id ?? id
  const references = usableNames(order?.id, id, order?.transaction)
  if (order?.status !== 'paid' && subscribed?.status !== 'trialing') {
    return ignored('the checkout is not paid', orderName, references)
  }
  return {
    kind: 'purchase',
    order: orderName,
    references,
    owner: { name: owner?.name, email: owner?.email },
    lines: lineOf(sold?.id, units),
    ...(subscribed && { period: firstPeriodOf(subscribed, occurredAt) }),
    ...amountOf(orderName, order?.amount_paid),
  }
}

/** A trial may begin without a paid order. */
function trialStarted(data: unknown, occurredAt: number): PaymentEvent {
  const started = subscription.parse(data)
  return {
    kind: 'purchase',
    order: started.id,
    owner: { name: started.customer?.name, email: started.customer?.email },
    lines: lineOf(started.product?.id, started.items?.[0]?.units),
    period: firstPeriodOf(started, occurredAt),
  }
}

function lineOf(productId: unknown, units: unknown): PurchasedLine[] {
  return [{ id: WHOLE_ORDER, externalIds: usableNames(productId), quantity: units ?? 1 }]
}

/** Sent for each period, including the first one. */
function subscriptionPaid(data: unknown, occurredAt: number): PaymentEvent {
  const paid = subscription.parse(data)
  const { id, last_transaction_id, last_transaction_date } = paid
  const paidAt = last_transaction_date ?? occurredAt
  const isFirst = isFirstPayment(paid, paidAt)
  const period = isFirst
    ? firstPeriodOf(paid, occurredAt)
    : periodOf(paid, last_transaction_id ?? `${id}:${paidAt}`, paidAt)
  return {
    kind: 'renewal',
    period,
    ...(isFirst && { references: usableNames(last_transaction_id), sale: id }),
    report: reportOf(paid, occurredAt),
    ...amountOf(period.payment, paid.last_transaction?.amount_paid),
  }
}

/** The same in all events, except that some do not tell its end. */
function firstPeriodOf(subscribed: Subscription, occurredAt: number): PaidPeriod {
  return periodOf(subscribed, subscribed.id, subscribed.created_at ?? occurredAt)
}

function periodOf(subscribed: Subscription, payment: string, paidAt: number): PaidPeriod {
  const endsAt = subscribed.current_period_end_date
  return { subscription: subscribed.id, payment, paidAt, ...(endsAt && { endsAt }) }
}

/** @param paidAt milliseconds UTC */
function isFirstPayment({ created_at }: Subscription, paidAt: number): boolean {
  return !!created_at && Math.abs(paidAt - created_at) <= FIRST_PAYMENT_HOURS_MAX * 3_600_000
}

/** Tells no end of a period, because the period may not be paid yet. */
function subscriptionChanged(data: unknown, occurredAt: number): PaymentEvent {
  return { kind: 'report', report: reportOf(subscription.parse(data), occurredAt) }
}

function reportOf({ id, items, product }: Subscription, occurredAt: number): Report {
  const current = items?.length
    ? items.map(({ product_id, units }) => ({ externalIds: usableNames(product_id), quantity: units }))
    : [{ externalIds: usableNames(product?.id), quantity: undefined }]
  return { subscription: id, occurredAt, items: current }
}

/**
 * Sent when a cancellation takes effect: immediately, or at the end of the period if it was scheduled. The date of the
 * cancellation may be that of the request.
 */
function subscriptionEnded(data: unknown, occurredAt: number): PaymentEvent {
  const { id } = subscription.parse(data)
  return { kind: 'report', report: { subscription: id, occurredAt, endedAt: occurredAt } }
}

/**
 * The transaction tells whether all refunds together cover it. There is no event after this one, so a refund that
 * is still pending counts.
 */
function refunded(data: unknown, occurredAt: number): PaymentEvent {
  const { id, status, refund_amount, ...about } = refund.parse(data)
  const reversal = { id: `refund:${id}`, order: paymentOf(about), occurredAt }
  if (status === 'failed' || status === 'canceled')
    return { kind: 'reinstatement', ...reversal, phase: 'end' }
  const { status: paidStatus, amount_paid } = about.transaction
  const isWhole = paidStatus === 'refunded' || (!!amount_paid && refund_amount >= amount_paid)
  return { kind: 'refund', ...reversal, phase: 'beginning', ...(!isWhole && { amount: refund_amount }) }
}

/** Creem does not tell how a dispute ends. */
function disputed(data: unknown, occurredAt: number): PaymentEvent {
  const { id, ...about } = dispute.parse(data)
  return { kind: 'refund', id: `dispute:${id}`, order: paymentOf(about), occurredAt, phase: 'beginning' }
}

/** The name of a payment, as in the event of its sale or period. */
function paymentOf({ transaction: paid, subscription: subscribed }: Omit<Dispute, 'id'>): string {
  const subscriptionId = subscribed?.id ?? paid.subscription
  if (!subscriptionId) return paid.order ?? paid.id
  const isFirst = subscribed && paid.created_at && isFirstPayment(subscribed, paid.created_at)
  return isFirst ? subscriptionId : paid.id
}

function amountOf(payment: string, paid: z.output<typeof amount>): { amount?: Amount } {
  return typeof paid === 'number' ? { amount: { payment, amount: paid } } : {}
}
