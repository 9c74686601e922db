/**
 * Stripe's Checkout Sessions, which are paid immediately, later (for example by bank debit), or never.
 *
 * If a session created an invoice, the order is named after it. So `invoice.paid` reports the same order.
 */
import * as z from 'zod/mini'
import { type PaymentEvent, type PurchasedLine, WHOLE_ORDER } from '../../payment-event.ts'
import { flagged, ignored, isPlainId, mergeLines, name, unchecked, usableNames } from '../fields.ts'

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

/** A line of a session or an invoice. Since API version 2025-03-31, an invoice has `pricing` for `price`. */
export const pricedLine = z.object({
  price: z.nullish(z.object({ id: unchecked, product: unchecked })),
  pricing: z.nullish(
    z.object({ price_details: z.nullish(z.object({ price: unchecked, product: unchecked })) }),
  ),
  quantity: unchecked,
})

const lineItems = z.object({ data: z.array(pricedLine), has_more: z.nullish(z.boolean()) })

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
  const lines = linesByPrice(items?.data ?? [])
  return {
    kind: 'purchase',
    order: orderOf(paid),
    references: referencesOf(paid),
    owner: { name: paid.customer_details?.name, email: paid.customer_details?.email },
    lines: lines.length === 0 ? [wholeOrder(paid)] : lines,
  }
}

function wholeOrder(paid: Session): PurchasedLine {
  const externalIds = usableNames(paid.metadata?.keyseal_product, paid.payment_link)
  return { id: WHOLE_ORDER, externalIds, quantity: 1 }
}

/** One line for each price, because offers use the ids of prices. Lines without a price are left out. */
export function linesByPrice(lines: readonly z.output<typeof pricedLine>[]): PurchasedLine[] {
  return mergeLines(
    lines.flatMap(({ price, pricing, quantity }) => {
      const details = pricing?.price_details
      const [id] = usableNames(details?.price ?? price?.id)
      if (id === undefined) return []
      const externalIds = usableNames(id, details?.product ?? price?.product)
      return [{ id, externalIds, quantity: quantity ?? 1 }]
    }),
  )
}

function orderOf({ invoice, id }: Session): string {
  return invoice ?? id
}

function referencesOf({ id, payment_intent, subscription, invoice }: Session): string[] {
  return usableNames(id, payment_intent, subscription, invoice)
}
