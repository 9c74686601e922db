/**
 * Stripe's Checkout Sessions, which are paid immediately, later (for example by bank debit), or never.
 *
 * If a session created an invoice, the order is named after it, otherwise after its payment. So `invoice.paid`
 * or `payment_intent.succeeded` reports the same order.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, type PurchasedLine, WHOLE_ORDER } from '../../payment-event.ts'
import { flagged, ignored, isPlainId, name, unchecked, usableNames } from '../fields.ts'
import { linesByPrice, listOf, type PricedLine, pricedLine } from './lines.ts'

/**
 * How long a session leaves its sale to its invoice, which tells prices, quantities and the period. A look-up of the
 * lines waits too: otherwise the keys of a trial would first be told with the validity of a whole period.
 */
const WAIT_FOR_INVOICE_SECONDS = 60

const session = z.object({
  id: name,
  mode: unchecked,
  payment_status: unchecked,
  payment_intent: z.nullish(name),
  subscription: z.nullish(name),
  invoice: z.nullish(name),
  payment_link: unchecked,
  metadata: z.nullish(z.object({ keyseal_product: unchecked })),
  customer_details: z.nullish(z.object({ name: unchecked, email: unchecked })),
})
type Session = z.output<typeof session>

const paidSession = z.object({
  type: z.enum(['checkout.session.completed', 'checkout.session.async_payment_succeeded']),
  data: z.object({ object: z.object({ id: unchecked, mode: unchecked, payment_status: unchecked }) }),
})

const lineItems = listOf(pricedLine)

export function sessionCompleted(object: unknown, found: unknown): PaymentEvent {
  const completed = session.parse(object)
  if (isPaid(completed)) return sale(completed, found)
  const note =
    completed.mode === 'setup' ? 'a session in setup mode sells nothing' : 'the session is not paid yet'
  return ignored(note, orderOf(completed), referencesOf(completed))
}

/** `checkout.session.async_payment_succeeded`. */
export function sessionPaidLater(object: unknown, found: unknown): PaymentEvent {
  return sale(session.parse(object), found)
}

/** Stripe returns at most 100 line items, which is also the limit of a session. */
export function lineItemsUrl(payload: unknown): string | undefined {
  const { success, data } = paidSession.safeParse(payload)
  if (!success) return undefined
  const { id, ...payment } = data.data.object
  const isSale = data.type === 'checkout.session.async_payment_succeeded' || isPaid(payment)
  return isSale && isPlainId(id)
    ? `https://api.stripe.com/v1/checkout/sessions/${id}/line_items?limit=100`
    : undefined
}

/** A session in setup mode requires no payment either, but it only saves a card. */
function isPaid({ mode, payment_status }: Pick<Session, 'mode' | 'payment_status'>): boolean {
  return mode !== 'setup' && (payment_status === 'paid' || payment_status === 'no_payment_required')
}

function sale(paid: Session, found: unknown): PaymentEvent {
  const items = found === undefined ? undefined : lineItems.parse(found)
  if (items?.has_more === true) {
    return flagged('the session has more than 100 lines', orderOf(paid), referencesOf(paid))
  }
  const lines = linesByPrice(items?.data ?? [], isOneTimeIn(paid))
  const waitsForInvoice = items === undefined && paid.invoice
  return {
    kind: 'purchase',
    order: orderOf(paid),
    references: referencesOf(paid),
    owner: { name: paid.customer_details?.name, email: paid.customer_details?.email },
    lines: lines.some(({ externalIds }) => externalIds.length > 0) ? lines : [wholeOrder(paid)],
    ...(waitsForInvoice ? { waitSeconds: WAIT_FOR_INVOICE_SECONDS } : {}),
  }
}

/** The first invoice of a subscription also bills what is bought once. */
function isOneTimeIn({ mode }: Session): (line: PricedLine) => boolean {
  return ({ price }) => mode === 'subscription' && price?.type === 'one_time'
}

function wholeOrder(paid: Session): PurchasedLine {
  const externalIds = usableNames(paid.metadata?.keyseal_product, paid.payment_link)
  return { id: WHOLE_ORDER, externalIds, quantity: 1 }
}

function orderOf({ invoice, payment_intent, id }: Session): string {
  return invoice ?? payment_intent ?? id
}

function referencesOf({ id, payment_intent, subscription, invoice }: Session): string[] {
  return usableNames(id, payment_intent, subscription, invoice)
}
