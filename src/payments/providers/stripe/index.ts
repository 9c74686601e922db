/**
 * Stripe. The format of events depends on the endpoint's API version; old and new versions are supported.
 *
 * The event of a Checkout Session does not name the products. They are looked up if there is an API key.
 * Otherwise the Payment Link or the session's `metadata.keyseal_product` names the product. Invoices contain
 * their lines.
 */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import type { Provider } from '../../provider.ts'
import { parseTimedHeader, textKeys } from '../../signatures.ts'
import { ignored, name, unchecked, unusedEvent } from '../fields.ts'
import { lineItemsUrl, sessionCompleted, sessionPaidLater } from './checkout.ts'
import { invoicePaid, invoicePaymentPaid } from './invoices.ts'
import { chargeRefunded, disputeClosed, disputeOpened, disputeSettled, refundChanged } from './reversals.ts'

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
 * @param found the line items of the session
 */
type EventParser = (object: unknown, occurredAt: number, found: unknown) => PaymentEvent

const EVENT_PARSERS: ReadonlyMap<string, EventParser> = new Map<string, EventParser>([
  ['checkout.session.completed', (object, _, found) => sessionCompleted(object, found)],
  ['checkout.session.async_payment_succeeded', (object, _, found) => sessionPaidLater(object, found)],
  ['invoice.paid', invoicePaid],
  ['invoice_payment.paid', invoicePaymentPaid],
  ['charge.refunded', chargeRefunded],
  ['refund.failed', refundChanged],
  ['refund.updated', refundChanged],
  ['charge.refund.updated', refundChanged],
  ['charge.dispute.created', disputeOpened],
  ['charge.dispute.funds_withdrawn', disputeOpened],
  ['charge.dispute.closed', disputeClosed],
  ['charge.dispute.funds_reinstated', disputeSettled],
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
  lookUp: { setting: 'STRIPE_API_KEY', url: lineItemsUrl },
}
