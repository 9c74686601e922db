/** Stripe's invoices. First invoices of subscriptions and manual ones are sales, later ones are renewals. */
import * as z from 'zod/mini'
import type { PaymentEvent } from '../../payment-event.ts'
import { flagged, ignored, name, unchecked, usableNames } from '../fields.ts'
import { linesByPrice, pricedLine } from './checkout.ts'

const invoiceLine = z.extend(pricedLine, {
  type: unchecked,
  proration: unchecked,
  parent: z.nullish(
    z.object({ type: unchecked, subscription_item_details: z.nullish(z.object({ proration: unchecked })) }),
  ),
  period: z.nullish(z.object({ start: z.int() })),
})
type InvoiceLine = z.output<typeof invoiceLine>

const invoice = z.object({
  id: name,
  billing_reason: unchecked,
  payment_intent: unchecked,
  charge: unchecked,
  // `parent` has the subscription since API version 2025-03-31, `subscription` had it before.
  parent: z.nullish(z.object({ subscription_details: z.nullish(z.object({ subscription: unchecked })) })),
  subscription: unchecked,
  customer_name: unchecked,
  customer_email: unchecked,
  lines: z.object({ data: z.array(invoiceLine), has_more: z.nullish(z.boolean()) }),
})
type Invoice = z.output<typeof invoice>

const invoicePayment = z.object({
  invoice: name,
  payment: z.object({ payment_intent: unchecked, charge: unchecked }),
})

export function invoicePaid(object: unknown): PaymentEvent {
  const paid = invoice.parse(object)
  switch (paid.billing_reason) {
    case 'subscription_create':
    case 'manual':
    case 'quote_accept':
    case 'automatic_pending_invoice_item_invoice':
      return sale(paid)
    case 'subscription_cycle':
      return renewal(paid)
    default:
      return ignored('neither a sale nor a renewal', paid.id, paymentsOf(paid))
  }
}

/** Links the payment, which refunds and disputes name, to its invoice, which no longer names the payment. */
export function invoicePaymentPaid(object: unknown): PaymentEvent {
  const { invoice: order, payment } = invoicePayment.parse(object)
  const references = usableNames(payment.payment_intent, payment.charge)
  return ignored('links a payment to an invoice', order, references)
}

function sale(paid: Invoice): PaymentEvent {
  const references = [...paymentsOf(paid), ...subscriptionOf(paid)]
  if (paid.lines.has_more === true) {
    return flagged('the invoice has more lines than its event contains', paid.id, references)
  }
  const lines = linesByPrice(paid.lines.data)
  if (lines.length === 0) return ignored('no line of the invoice has a price', paid.id, references)
  const owner = { name: paid.customer_name, email: paid.customer_email }
  return { kind: 'purchase', order: paid.id, references, owner, lines }
}

function renewal(paid: Invoice): PaymentEvent {
  const [subscription] = subscriptionOf(paid)
  if (subscription === undefined) return flagged('a renewal without a subscription', paid.id)
  return {
    kind: 'renewal',
    order: paid.id,
    references: paymentsOf(paid),
    subscription,
    period: periodOf(paid),
  }
}

/** Ignores prorations, which belong to an earlier period. */
function periodOf({ id, lines }: Invoice): string {
  const starts = lines.data.filter(isOfSubscription).flatMap(({ period }) => (period ? [period.start] : []))
  return starts.length === 0 ? id : String(Math.max(...starts))
}

function isOfSubscription({ type, proration, parent }: InvoiceLine): boolean {
  if (proration === true || parent?.subscription_item_details?.proration === true) return false
  return type === 'subscription' || parent?.type === 'subscription_item_details'
}

/** Before API version 2025-03-31, invoices name their payments. Since then `invoice_payment.paid` does. */
function paymentsOf({ payment_intent, charge }: Invoice): string[] {
  return usableNames(payment_intent, charge)
}

function subscriptionOf({ parent, subscription }: Invoice): string[] {
  return usableNames(parent?.subscription_details?.subscription ?? subscription)
}
