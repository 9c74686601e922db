/**
 * Stripe's paid invoices: sales, periods of subscriptions, and changes of them. An invoice is the name of its
 * payment, and of the order if it is a sale.
 */
import * as z from 'zod/mini'
import type { PaidPeriod, PaymentEvent, Renewal, Report } from '../../payment-event.ts'
import { flagged, ignored, isPlainId, name, unchecked, usableNames } from '../fields.ts'
import {
  chargesForPeriod,
  type InvoiceLine,
  invoiceLine,
  isCharge,
  isOneTime,
  isProration,
  itemsOf,
  latestStart,
  namedPeriod,
} from './invoice-lines.ts'
import { linesByPrice, listOf } from './lines.ts'

const lineList = listOf(invoiceLine)

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
  status_transitions: z.nullish(z.object({ paid_at: unchecked })),
  lines: lineList,
})
type Invoice = Omit<z.output<typeof invoice>, 'lines'>

const cutInvoice = z.object({
  type: z.literal('invoice.paid'),
  data: z.object({
    object: z.object({ id: unchecked, lines: z.object({ has_more: z.literal(true) }) }),
  }),
})

/** An event contains at most 10 lines. Stripe returns at most 100. @returns undefined if the event has all lines */
export function invoiceLinesUrl(payload: unknown): string | undefined {
  const { success, data } = cutInvoice.safeParse(payload)
  const id = success ? data.data.object.id : undefined
  return isPlainId(id) ? `https://api.stripe.com/v1/invoices/${id}/lines?limit=100` : undefined
}

/** `invoice.paid`. */
export function invoicePaid(object: unknown, occurredAt: number, found: unknown): PaymentEvent {
  const { lines: sent, ...paid } = invoice.parse(object)
  const lines = found === undefined ? sent : lineList.parse(found)
  if (lines.has_more === true) return incomplete(paid, found !== undefined)
  const paidAt = paidAtOf(paid) ?? occurredAt
  const charges = lines.data.filter(isCharge)
  switch (paid.billing_reason) {
    case 'subscription_create':
    case 'quote_accept':
      return sale(paid, charges, paidAt)
    case 'manual':
    case 'automatic_pending_invoice_item_invoice':
      return pendingItems(paid, charges, paidAt)
    case 'subscription_cycle':
      return renewal(paid, charges, paidAt)
    case 'subscription_update':
      return change(paid, charges, paidAt, true)
    case 'subscription_threshold':
      return change(paid, charges, paidAt, false)
    default:
      return flagged('the billing reason of the invoice is unknown', paid.id)
  }
}

function incomplete(paid: Invoice, isLookedUp: boolean): PaymentEvent {
  const references = [...paymentsOf(paid), ...subscriptionOf(paid)]
  if (isLookedUp) return flagged('the invoice has more than 100 lines', paid.id, references)
  const note =
    'the invoice has more lines than its event contains: set STRIPE_API_KEY to a key that may read invoices, then retry the event'
  return { kind: 'failed', note, order: paid.id, references }
}

function sale(paid: Invoice, charges: readonly InvoiceLine[], paidAt: number): PaymentEvent {
  const [subscription] = subscriptionOf(paid)
  const references = [...paymentsOf(paid), ...subscriptionOf(paid)]
  const lines = linesByPrice(charges, (line) => subscription !== undefined && isOneTime(line))
  if (lines.every(({ externalIds }) => externalIds.length === 0)) {
    return ignored('no line of the invoice has a price', paid.id, references)
  }
  const forPeriod = chargesForPeriod(charges)
  return {
    kind: 'purchase',
    order: paid.id,
    references,
    owner: { name: paid.customer_name, email: paid.customer_email },
    lines,
    ...(subscription === undefined || forPeriod.length === 0
      ? {}
      : { period: periodOf(paid, subscription, forPeriod, paidAt) }),
  }
}

/** An invoice of pending items sells those that are no prorations of a subscription. */
function pendingItems(paid: Invoice, charges: readonly InvoiceLine[], paidAt: number): PaymentEvent {
  const sold = charges.filter((line) => !isProration(line))
  return sold.length === 0 && charges.length > 0
    ? change(paid, charges, paidAt, true)
    : sale(paid, sold, paidAt)
}

function renewal(paid: Invoice, charges: readonly InvoiceLine[], paidAt: number): PaymentEvent {
  const [subscription] = subscriptionOf(paid)
  if (subscription === undefined) return flagged('a renewal without a subscription', paid.id)
  const forPeriod = chargesForPeriod(charges)
  return {
    kind: 'renewal',
    period: periodOf(paid, subscription, forPeriod, paidAt),
    references: paymentsOf(paid),
    ...reportOf(subscription, forPeriod),
  }
}

/**
 * A change of a subscription: a new period, or the rest of one. Only credits pay for nothing, for example after
 * a cancellation.
 */
function change(
  paid: Invoice,
  charges: readonly InvoiceLine[],
  paidAt: number,
  tellsItems: boolean,
): PaymentEvent {
  const [subscription] = subscriptionOf(paid)
  if (charges.length === 0) return ignored('the invoice charges nothing', paid.id)
  const forPeriod = chargesForPeriod(charges)
  if (subscription === undefined || namedPeriod(forPeriod).endsAt === undefined) {
    return flagged('a change of a subscription in an unknown format', paid.id)
  }
  const period = periodOf(paid, subscription, forPeriod, paidAt)
  const report = tellsItems ? reportOf(subscription, forPeriod) : {}
  return { kind: 'renewal', period, references: paymentsOf(paid), ...report }
}

function periodOf(
  { id }: Invoice,
  subscription: string,
  charges: readonly InvoiceLine[],
  paidAt: number,
): PaidPeriod {
  return { subscription, payment: id, paidAt, ...namedPeriod(charges) }
}

function reportOf(subscription: string, charges: readonly InvoiceLine[]): Pick<Renewal, 'report'> {
  const items = itemsOf(charges)
  const occurredAt = latestStart(charges)
  if (items.length === 0 || occurredAt === undefined) return {}
  const report: Report = { subscription, occurredAt, items }
  return { report }
}

/** @returns milliseconds UTC, or undefined if the invoice does not tell */
function paidAtOf({ status_transitions }: Invoice): number | undefined {
  const seconds = status_transitions?.paid_at
  return typeof seconds === 'number' && Number.isSafeInteger(seconds) ? seconds * 1000 : undefined
}

/** Before API version 2025-03-31, invoices name their payments. Since then `invoice_payment.paid` does. */
function paymentsOf({ payment_intent, charge }: Invoice): string[] {
  return usableNames(payment_intent, charge)
}

function subscriptionOf({ parent, subscription }: Invoice): string[] {
  return usableNames(parent?.subscription_details?.subscription ?? subscription)
}
