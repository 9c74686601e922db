/**
 * Stripe. The format of events depends on the endpoint's API version; versions from 2019 to 2026-10-28 are
 * supported.
 *
 * The event of a Checkout Session does not name the products. They are looked up if there is an API key.
 * Otherwise the Payment Link or the session's `metadata.keyseal_product` names the product. Invoices contain
 * their first 10 lines; the others are looked up too.
 */
import * as z from 'zod/mini'
import { parseTimedHeader, textKeys } from '../../../http/signatures.ts'
import type { PaymentEvent } from '../../payment-event.ts'
import type { Provider } from '../../provider.ts'
import { ignored, name, unchecked, unusedEvent } from '../fields.ts'
import { lineItemsUrl, sessionCompleted, sessionPaidLater } from './checkout.ts'
import { invoiceLinesUrl, invoicePaid } from './invoices.ts'
import { invoicePaymentPaid, paymentSucceeded } from './payments.ts'
import {
  chargeRefunded,
  disputeClosed,
  disputeOpened,
  fundsReinstated,
  fundsWithdrawn,
  refundChanged,
} from './reversals.ts'
import { subscriptionDeleted, subscriptionUpdated } from './subscriptions.ts'

const description = z.object({ id: name, type: name, livemode: z.nullish(z.boolean()) })
const kind = z.object({ object: unchecked, type: name })
const snapshot = z.object({
  created: z.pipe(
    z.int(),
    z.transform((seconds) => seconds * 1000),
  ),
  data: z.object({ object: unchecked }),
})

/**
 * @param object the event's `data.object`
 * @param occurredAt milliseconds UTC
 * @param found the lines of the session or the invoice
 */
type EventParser = (object: unknown, occurredAt: number, found: unknown) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['checkout.session.completed', (object, _, found) => sessionCompleted(object, found)],
  ['checkout.session.async_payment_succeeded', (object, _, found) => sessionPaidLater(object, found)],
  ['invoice.paid', invoicePaid],
  ['invoice_payment.paid', invoicePaymentPaid],
  ['payment_intent.succeeded', paymentSucceeded],
  ['customer.subscription.updated', subscriptionUpdated],
  ['customer.subscription.deleted', subscriptionDeleted],
  ['customer.subscription.paused', () => ignored('a pause ends nothing that was paid for')],
  ['customer.subscription.resumed', () => ignored('a resumed subscription is paid for by its next invoice')],
  ['charge.refunded', chargeRefunded],
  ['refund.failed', refundChanged],
  ['refund.updated', refundChanged],
  ['charge.refund.updated', refundChanged],
  ['charge.dispute.created', disputeOpened],
  ['charge.dispute.funds_withdrawn', fundsWithdrawn],
  ['charge.dispute.closed', disputeClosed],
  ['charge.dispute.funds_reinstated', fundsReinstated],
])

export const stripe: Provider = {
  name: 'stripe',
  signatures: {
    keys: textKeys,
    parseHeaders: (headers) =>
      parseTimedHeader(headers.get('stripe-signature'), ',', { timestamp: 't', signature: 'v1' }, '.'),
  },
  describe: (payload) => {
    const { id, type, livemode } = description.parse(payload)
    return { id, type, isTest: typeof livemode === 'boolean' ? !livemode : undefined }
  },
  interpret: (payload, found) => {
    const { object, type } = kind.parse(payload)
    if (object === 'v2.core.event')
      return ignored('a thin event has no data: create a destination with snapshot payloads')
    const parse = EVENT_PARSERS.get(type)
    if (parse === undefined) return unusedEvent(type)
    const { created, data } = snapshot.parse(payload)
    return parse(data.object, created, found)
  },
  lookUp: { setting: 'STRIPE_API_KEY', url: (payload) => lineItemsUrl(payload) ?? invoiceLinesUrl(payload) },
}
