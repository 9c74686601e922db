/**
 * Any sender of Standard Webhooks (https://www.standardwebhooks.com) with the events below.
 *
 * The three headers are `webhook-id` (the same each time an event is sent), `webhook-timestamp` (Unix
 * seconds) and `webhook-signature`. The secret is `whsec_` and base64. The body is JSON:
 *
 *     {
 *       "type": "order.paid",
 *       "timestamp": "2026-11-24T09:30:00Z",
 *       "data": {
 *         "order": "1001",
 *         "test": false,
 *         "owner": { "name": "Ada Lovelace", "email": "ada@example.com" },
 *         "lines": [{ "id": "1", "product": "pro", "quantity": 2 }],
 *         "references": ["payment-77"],
 *         "amount": 9800,
 *         "subscription": "subscription-5",
 *         "period": "2026-11",
 *         "paid_until": "2026-12-24T09:30:00Z"
 *       }
 *     }
 *
 * | type                   | data                                 | meaning                                        |
 * | ---------------------- | ------------------------------------ | ---------------------------------------------- |
 * | `order.paid`           | `order`, `owner`, `lines`; optional: | The order is paid. `product` is the external   |
 * |                        | `references`, `amount`,              | id of the offer. `quantity` defaults to 1.     |
 * |                        | `subscription`, `period`,            | A line with `"once": true` is bought once,     |
 * |                        | `paid_at`, `paid_until`              | although the order starts a subscription       |
 * | `order.renewed`        | `order`, `subscription`, `period`;   | The subscription is paid for another period    |
 * |                        | optional: `references`, `amount`,    | by this order. Each period counts once.        |
 * |                        | `paid_at`, `paid_until`, `lines`     | `lines` as in `subscription.changed`           |
 * | `subscription.changed` | `subscription`, `lines`; optional:   | The subscription now has these lines:          |
 * |                        | `paid_until`                         | `[{ "product": "team", "quantity": 5 }]`.      |
 * |                        |                                      | Without `quantity`, the quantity stays         |
 * | `subscription.ended`   | `subscription`; optional: `ended_at` | The subscription has ended, and so do its keys |
 * | `order.refunded`       | `order`, `refund`; optional: `lines` | The order or these lines were refunded:        |
 * |                        | or `amount`                          | `[{ "id": "1", "quantity": 1 }]`. Amounts      |
 * |                        |                                      | count once they add up to the paid `amount`    |
 * | `refund.reversed`      | `order`, `refund`                    | The refund failed or was reversed              |
 * | `order.disputed`       | `order`, `dispute`                   | The buyer disputes the payment                 |
 * | `dispute.won`          | `order`, `dispute`                   | The seller keeps the money                     |
 * | `dispute.lost`         | `order`, `dispute`                   | The buyer gets the money                       |
 *
 * - Names (orders, lines, products, references, subscriptions, periods, refunds, disputes) are whole numbers, or
 *   1 to 100 printable ASCII characters without spaces. Orders, references and subscriptions share one namespace.
 * - Any reference of an order can be used instead of its `order`, except with an `amount`: whole numbers in the
 *   smallest unit of the currency, which add up for each `order`.
 * - Times are RFC 3339. `paid_at` and `ended_at` default to `timestamp`, and `period` to the name of the order.
 *   Without `paid_until`, the offer says how long a period is. A trial is an order with a `paid_until`.
 * - The event with the latest `timestamp` about a refund, a dispute or the lines of a subscription applies.
 * - `"test": true` marks a test order. All other orders are real.
 * - Other fields and other types are ignored. A known type with missing or invalid data is answered 422.
 */
import * as z from 'zod/mini'
import {
  type Amount,
  type PaidPeriod,
  type PaymentEvent,
  type Purchase,
  type SubscribedItem,
  WHOLE_ORDER,
} from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseStandardHeaders, standardKeys } from '../signatures.ts'
import { name as eventType, instant, nameAt, unchecked, unusedEvent } from './fields.ts'

/** A shop may send its numeric ids as numbers. */
const name = z.pipe(
  z.union([z.string(), z.pipe(z.int(), z.transform(String))]),
  z.string().check(z.regex(/^[\x21-\x7e]{1,100}$/)),
)
const lineName = name.check(z.refine((text) => text !== WHOLE_ORDER))
const names = z.nullish(z.array(name).check(z.maxLength(20)))
const amount = z.nullish(z.int().check(z.nonnegative()))

const event = z.object({ type: eventType, data: z.nullish(z.object({ test: z.nullish(z.boolean()) })) })

const payment = {
  order: name,
  references: names,
  amount,
  paid_at: z.nullish(instant),
  paid_until: z.nullish(instant),
}

const paid = eventWith({
  ...payment,
  owner: z.nullish(z.object({ name: unchecked, email: unchecked })),
  lines: uniqueById(
    z.object({ id: lineName, product: name, quantity: unchecked, once: z.nullish(z.boolean()) }),
  ),
  subscription: z.nullish(name),
  period: z.nullish(name),
})
type Payment = Omit<z.output<typeof paid>['data'], 'owner' | 'lines' | 'subscription'>

const items = z
  .array(z.object({ product: name, quantity: unchecked }))
  .check(z.minLength(1), z.maxLength(500))
const renewed = eventWith({ ...payment, subscription: name, period: name, lines: z.nullish(items) })
const changed = eventWith({ subscription: name, lines: items, paid_until: z.nullish(instant) })
const ended = eventWith({ subscription: name, ended_at: z.nullish(instant) })

const refunded = eventWith({
  order: name,
  refund: name,
  lines: z.nullish(uniqueById(z.object({ id: lineName, quantity: z.nullish(z.int().check(z.positive())) }))),
  amount,
})
const refund = eventWith({ order: name, refund: name })
const dispute = eventWith({ order: name, dispute: name })

type EventParser = (payload: unknown) => PaymentEvent
type Reversal = 'refund' | 'reinstatement'

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['order.paid', orderPaid],
  ['order.renewed', orderRenewed],
  ['subscription.changed', subscriptionChanged],
  ['subscription.ended', subscriptionEnded],
  ['order.refunded', orderRefunded],
  ['refund.reversed', refundReversed],
  ['order.disputed', (payload) => disputed(payload, 'refund', 'beginning')],
  ['dispute.won', (payload) => disputed(payload, 'reinstatement', 'end')],
  ['dispute.lost', (payload) => disputed(payload, 'refund', 'end')],
])

export const standard: Provider = {
  name: 'standard',
  signatures: { keys: standardKeys, parseHeaders: parseStandardHeaders },
  describe: (payload, headers) => {
    const { type, data } = event.parse(payload)
    return { id: headers.get('webhook-id') ?? undefined, type, isTest: data?.test === true }
  },
  interpret: (payload) => {
    const { type } = event.parse(payload)
    return EVENT_PARSERS.get(type)?.(payload) ?? unusedEvent(type)
  },
  orderOf: (payload) => nameAt(payload, 'data.order'),
  refusesMalformed: true,
}

function orderPaid(payload: unknown): Purchase {
  const { data, timestamp } = paid.parse(payload)
  const { order, owner, lines, references, subscription } = data
  return {
    kind: 'purchase',
    order,
    references: [...(references ?? []), ...(subscription ? [subscription] : [])],
    owner: { name: owner?.name, email: owner?.email },
    lines: lines.map(({ id, product, quantity, once }) => ({
      id,
      externalIds: [product],
      quantity: quantity ?? 1,
      ...(once && { isOneTime: true }),
    })),
    ...(subscription && { period: periodOf(subscription, data, timestamp) }),
    ...amountOf(data),
  }
}

function orderRenewed(payload: unknown): PaymentEvent {
  const { data, timestamp } = renewed.parse(payload)
  const { subscription, references, lines } = data
  return {
    kind: 'renewal',
    period: periodOf(subscription, data, timestamp),
    references: references ?? [],
    ...(lines && { report: { subscription, occurredAt: timestamp, items: itemsOf(lines) } }),
    ...amountOf(data),
  }
}

function subscriptionChanged(payload: unknown): PaymentEvent {
  const { data, timestamp } = changed.parse(payload)
  const { subscription, lines, paid_until: paidUntil } = data
  const report = { subscription, occurredAt: timestamp, items: itemsOf(lines) }
  return { kind: 'report', report: paidUntil == null ? report : { ...report, paidUntil } }
}

function subscriptionEnded(payload: unknown): PaymentEvent {
  const { data, timestamp } = ended.parse(payload)
  const endedAt = data.ended_at ?? timestamp
  return { kind: 'report', report: { subscription: data.subscription, occurredAt: timestamp, endedAt } }
}

/** The order is the payment that its refund names. */
function periodOf(subscription: string, paidOrder: Payment, timestamp: number): PaidPeriod {
  const { order, period, paid_at, paid_until: endsAt } = paidOrder
  return {
    subscription,
    payment: order,
    ...(period != null && { name: period }),
    paidAt: paid_at ?? timestamp,
    ...(endsAt != null && { endsAt }),
  }
}

function amountOf({ order, amount: paidAmount }: Payment): { readonly amount?: Amount } {
  return paidAmount == null ? {} : { amount: { payment: order, amount: paidAmount } }
}

function itemsOf(lines: z.output<typeof items>): SubscribedItem[] {
  return lines.map(({ product, quantity }) => ({ externalIds: [product], quantity }))
}

function orderRefunded(payload: unknown): PaymentEvent {
  const { data, timestamp } = refunded.parse(payload)
  const { order, refund: refundName, lines, amount: refundedAmount } = data
  const refundedLines = lines?.map(({ id, quantity }) => ({ id, ...(quantity && { quantity }) }))
  return {
    kind: 'refund',
    id: reversalId('refund', order, refundName),
    order,
    occurredAt: timestamp,
    phase: 'beginning',
    ...(refundedLines && { lines: refundedLines }),
    // The lines say more exactly what was refunded.
    ...(!refundedLines && refundedAmount != null && { amount: refundedAmount }),
  }
}

function refundReversed(payload: unknown): PaymentEvent {
  const { data, timestamp } = refund.parse(payload)
  const id = reversalId('refund', data.order, data.refund)
  return { kind: 'reinstatement', id, order: data.order, occurredAt: timestamp, phase: 'end' }
}

function disputed(payload: unknown, kind: Reversal, phase: 'beginning' | 'end'): PaymentEvent {
  const { data, timestamp } = dispute.parse(payload)
  const id = reversalId('dispute', data.order, data.dispute)
  return { kind, id, order: data.order, occurredAt: timestamp, phase }
}

/** Includes the order, because a shop may number the refunds of each order. Names contain no spaces. */
function reversalId(kind: 'refund' | 'dispute', order: string, reversal: string): string {
  return `${kind} ${order} ${reversal}`
}

/** Schemas begin at the body, so that faults name fields as the sender wrote them: `data.lines.0.product`. */
function eventWith<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.object({ timestamp: instant, data: z.object(shape) })
}

function uniqueById<Line extends z.ZodMiniType<{ readonly id: string }>>(line: Line) {
  const isUnique = (lines: readonly { readonly id: string }[]) =>
    new Set(lines.map(({ id }) => id)).size === lines.length
  return z.array(line).check(z.minLength(1), z.maxLength(500), z.refine(isUnique))
}
