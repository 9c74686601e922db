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
import { parseStandardHeaders, standardKeys } from '../../../http/signatures.ts'
import type { PaymentEvent } from '../../payment-event.ts'
import type { Provider } from '../../provider.ts'
import { name, nameAt, unusedEvent } from '../fields.ts'
import { orderPaid, orderRenewed, subscriptionChanged, subscriptionEnded } from './payments.ts'
import { disputed, orderRefunded, refundReversed } from './reversals.ts'

const event = z.object({ type: name, data: z.nullish(z.object({ test: z.nullish(z.boolean()) })) })

type EventParser = (payload: unknown) => PaymentEvent

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
