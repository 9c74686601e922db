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
 *         "subscription": "subscription-5",
 *         "period": "2026-11"
 *       }
 *     }
 *
 * | type              | data                                   | meaning                                      |
 * | ----------------- | -------------------------------------- | -------------------------------------------- |
 * | `order.paid`      | `order`, `owner`, `lines`; optional:   | The order is paid. `product` is the external |
 * |                   | `references`, `subscription`, `period` | id of the offer. `quantity` defaults to 1    |
 * | `order.renewed`   | `order`, `subscription`, `period`;     | The subscription is paid for another period  |
 * |                   | optional: `references`                 | by this order. Each period counts once       |
 * | `order.refunded`  | `order`, `refund`; optional: `lines`   | The order or these lines were refunded:      |
 * |                   |                                        | `[{ "id": "1", "quantity": 1 }]`             |
 * | `refund.reversed` | `order`, `refund`                      | The refund failed or was reversed            |
 * | `order.disputed`  | `order`, `dispute`                     | The buyer disputes the payment               |
 * | `dispute.won`     | `order`, `dispute`                     | The seller keeps the money                   |
 * | `dispute.lost`    | `order`, `dispute`                     | The buyer gets the money                     |
 *
 * - Names (orders, lines, products, references, subscriptions, periods, refunds, disputes) are whole numbers, or
 *   1 to 100 printable ASCII characters without spaces. Orders, references and subscriptions share one namespace.
 * - Any reference of an order can be used instead of its `order`.
 * - The event with the latest `timestamp` about a refund or dispute applies.
 * - `"test": true` marks a test order. All other orders are real.
 * - Other fields and other types are ignored.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, type Purchase, WHOLE_ORDER } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseStandardHeaders, standardKeys } from '../signatures.ts'
import { name as eventType, instant, unchecked, unusedEvent } from './fields.ts'

/** A shop may send its numeric ids as numbers. */
const name = z.pipe(
  z.union([z.string(), z.pipe(z.int(), z.transform(String))]),
  z.string().check(z.regex(/^[\x21-\x7e]{1,100}$/)),
)
const lineName = name.check(z.refine((text) => text !== WHOLE_ORDER))
const names = z.nullish(z.array(name).check(z.maxLength(20)))

const event = z.object({
  type: eventType,
  timestamp: unchecked,
  data: z.nullish(z.object({ test: z.nullish(z.boolean()) })),
})
const dataOf = z.object({ data: unchecked, timestamp: instant })

const paid = z.object({
  order: name,
  owner: z.nullish(z.object({ name: unchecked, email: unchecked })),
  lines: uniqueById(z.object({ id: lineName, product: name, quantity: unchecked })),
  references: names,
  subscription: z.nullish(name),
  period: z.nullish(name),
})

const renewed = z.object({ order: name, subscription: name, period: name, references: names })

const refunded = z.object({
  order: name,
  refund: name,
  lines: z.nullish(uniqueById(z.object({ id: lineName, quantity: z.nullish(z.int().check(z.positive())) }))),
})

const refund = z.object({ order: name, refund: name })
const dispute = z.object({ order: name, dispute: name })

type EventParser = (data: unknown, occurredAt: number) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['order.paid', orderPaid],
  ['order.renewed', orderRenewed],
  ['order.refunded', orderRefunded],
  ['refund.reversed', refundReversed],
  ['order.disputed', (data, occurredAt) => disputed(data, occurredAt, 'refund', 'beginning')],
  ['dispute.won', (data, occurredAt) => disputed(data, occurredAt, 'reinstatement', 'end')],
  ['dispute.lost', (data, occurredAt) => disputed(data, occurredAt, 'refund', 'end')],
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
    const parse = EVENT_PARSERS.get(type)
    if (parse === undefined) return unusedEvent(type)
    const { data, timestamp } = dataOf.parse(payload)
    return parse(data, timestamp)
  },
}

function orderPaid(data: unknown): Purchase {
  const { order, owner, lines, references, subscription, period } = paid.parse(data)
  return {
    kind: 'purchase',
    order,
    references: [...(references ?? []), ...(subscription ? [subscription] : [])],
    owner: { name: owner?.name, email: owner?.email },
    lines: lines.map(({ id, product, quantity }) => ({
      id,
      externalIds: [product],
      quantity: quantity ?? 1,
    })),
    ...(subscription && period && { firstPeriod: { subscription, period } }),
  }
}

function orderRenewed(data: unknown): PaymentEvent {
  const { order, subscription, period, references } = renewed.parse(data)
  return { kind: 'renewal', order, references: references ?? [], subscription, period }
}

function orderRefunded(data: unknown, occurredAt: number): PaymentEvent {
  const { order, refund: refundName, lines } = refunded.parse(data)
  const refundedLines = lines?.map(({ id, quantity }) => ({ id, ...(quantity && { quantity }) }))
  return {
    kind: 'refund',
    id: reversalId('refund', order, refundName),
    order,
    occurredAt,
    phase: 'beginning',
    ...(refundedLines && { lines: refundedLines }),
  }
}

function refundReversed(data: unknown, occurredAt: number): PaymentEvent {
  const { order, refund: refundName } = refund.parse(data)
  const id = reversalId('refund', order, refundName)
  return { kind: 'reinstatement', id, order, occurredAt, phase: 'end' }
}

function disputed(
  data: unknown,
  occurredAt: number,
  kind: 'refund' | 'reinstatement',
  phase: 'beginning' | 'end',
): PaymentEvent {
  const { order, dispute: disputeName } = dispute.parse(data)
  return { kind, id: reversalId('dispute', order, disputeName), order, occurredAt, phase }
}

/** Includes the order, because a shop may number the refunds of each order. Names contain no spaces. */
function reversalId(kind: 'refund' | 'dispute', order: string, reversal: string): string {
  return `${kind} ${order} ${reversal}`
}

function uniqueById<Line extends z.ZodMiniType<{ readonly id: string }>>(line: Line) {
  const isUnique = (lines: readonly { readonly id: string }[]) =>
    new Set(lines.map(({ id }) => id)).size === lines.length
  return z.array(line).check(z.minLength(1), z.maxLength(500), z.refine(isUnique))
}
