/**
 * Stripe's payments. A payment is a sale only if its metadata names the product, for sellers who use the
 * Payment Element alone. The payments of sessions and invoices are reported by those.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, WHOLE_ORDER } from '../../payment-event.ts'
import { ignored, name, unchecked, usableNames } from '../fields.ts'

const INVOICE_REFERENCE = /^in_[A-Za-z0-9]{14,}$/
const SESSION_REFERENCE = /^cs_(?:live|test)_[A-Za-z0-9]+$/
/** In 2025, Stripe cut the ids of invoices and sessions to this length, and they are longer. */
const CUT_REFERENCE_CHARACTERS = 25

const charge = z.object({
  id: unchecked,
  billing_details: z.nullish(z.object({ name: unchecked, email: unchecked })),
})

const paymentIntent = z.object({
  id: name,
  // Before API version 2025-03-31.
  invoice: unchecked,
  // Since about then. Stripe names the session or the invoice here, unless the seller does.
  payment_details: z.nullish(z.object({ order_reference: unchecked })),
  metadata: z.nullish(
    z.object({
      keyseal_product: unchecked,
      keyseal_quantity: unchecked,
      keyseal_name: unchecked,
      keyseal_email: unchecked,
    }),
  ),
  receipt_email: unchecked,
  shipping: z.nullish(z.object({ name: unchecked })),
  latest_charge: z.nullish(z.union([name, charge])),
  // Before API version 2022-11-15, the latest first.
  charges: z.nullish(z.object({ data: z.array(charge) })),
})
type PaymentIntent = z.output<typeof paymentIntent>

const invoicePayment = z.object({
  invoice: name,
  payment: z.object({ payment_intent: unchecked, charge: unchecked }),
})

/** `payment_intent.succeeded`. */
export function paymentSucceeded(object: unknown): PaymentEvent {
  const paid = paymentIntent.parse(object)
  const [orderReference = ''] = usableNames(paid.payment_details?.order_reference)
  const isOfInvoice = INVOICE_REFERENCE.test(orderReference)
  const isCut = orderReference.length === CUT_REFERENCE_CHARACTERS
  const [invoice] = usableNames(paid.invoice, isOfInvoice && !isCut && orderReference)
  const references = usableNames(paid.id, chargeOf(paid)?.id)
  if (invoice !== undefined) return ignored('the invoice of the payment reports it', invoice, references)
  if (isOfInvoice) return ignored('the invoice of the payment reports it')
  if (SESSION_REFERENCE.test(orderReference)) return ignored('the session of the payment reports it')
  const [product] = usableNames(paid.metadata?.keyseal_product)
  if (product === undefined) return ignored('the metadata of the payment has no keyseal_product')
  const [quantity = 1] = usableNames(paid.metadata?.keyseal_quantity)
  return {
    kind: 'purchase',
    order: paid.id,
    references,
    owner: ownerOf(paid),
    lines: [{ id: WHOLE_ORDER, externalIds: [product], quantity }],
  }
}

/** Links the payment, which refunds and disputes name, to its invoice, which no longer names the payment. */
export function invoicePaymentPaid(object: unknown): PaymentEvent {
  const { invoice: order, payment } = invoicePayment.parse(object)
  const references = usableNames(payment.payment_intent, payment.charge)
  return ignored('links a payment to an invoice', order, references)
}

function ownerOf(paid: PaymentIntent): { readonly name?: unknown; readonly email?: unknown } {
  const { metadata, shipping, receipt_email } = paid
  const billing = chargeOf(paid)?.billing_details
  const [ownerName] = usableNames(metadata?.keyseal_name, billing?.name, shipping?.name)
  const [email] = usableNames(metadata?.keyseal_email, receipt_email, billing?.email)
  return { name: ownerName, email }
}

/** The charge, with its details only if the event contains them. */
function chargeOf({ latest_charge, charges }: PaymentIntent): z.output<typeof charge> | undefined {
  if (typeof latest_charge === 'string') return { id: latest_charge }
  return latest_charge ?? charges?.data[0]
}
