/**
 * Stripe's Checkout Sessions: paid at once, or later (bank debits and the like), or not at all.
 *
 * Where a session made an invoice, the order bears the invoice's name, so that `invoice.paid` is the same
 * order.
 */
import * as z from 'zod/mini'
import { type Happening, type PurchasedLine, WHOLE_ORDER } from '../purchase.ts'
import { flagged, ignored, isPlainId, name, namesAmong, unread } from './fields.ts'
import { linesByPrice, pricedLine } from './stripe-lines.ts'

const session = z.object({
  id: name,
  mode: unread,
  payment_status: unread,
  payment_intent: z.nullish(name),
  subscription: z.nullish(name),
  invoice: z.nullish(name),
  payment_link: unread,
  metadata: z.nullish(z.object({ keyseal_product: unread })),
  customer_details: z.nullish(z.object({ name: unread, email: unread })),
})
type Session = z.output<typeof session>

const paidSession = z.object({
  type: z.enum(['checkout.session.completed', 'checkout.session.async_payment_succeeded']),
  data: z.object({ object: z.object({ id: unread, mode: unread, payment_status: unread }) }),
})

const lineItems = z.object({ data: z.array(pricedLine), has_more: z.nullish(z.boolean()) })

export function sessionCompleted(object: unknown, found: unknown): Happening {
  const completed = session.parse(object)
  if (isPaid(completed)) return sale(completed, found)
  const note = completed.mode === 'setup' ? 'a set-up session sells nothing' : 'the session is not paid yet'
  return ignored(note, orderOf(completed), referencesOf(completed))
}

/** `checkout.session.async_payment_succeeded`. */
export function sessionPaidLater(object: unknown, found: unknown): Happening {
  return sale(session.parse(object), found)
}

/** A hundred is the most that Stripe gives, and that a session has. */
export function lineItemsUrl(payload: unknown): string | undefined {
  const { success, data } = paidSession.safeParse(payload)
  if (!success) return undefined
  const { id, ...told } = data.data.object
  const isSale = data.type === 'checkout.session.async_payment_succeeded' || isPaid(told)
  return isSale && isPlainId(id)
    ? `https://api.stripe.com/v1/checkout/sessions/${id}/line_items?limit=100`
    : undefined
}

/** A session that only saves a card says that no payment is required, too. */
function isPaid({ mode, payment_status }: Pick<Session, 'mode' | 'payment_status'>): boolean {
  return mode !== 'setup' && (payment_status === 'paid' || payment_status === 'no_payment_required')
}

function sale(paid: Session, found: unknown): Happening {
  const items = found === undefined ? undefined : lineItems.parse(found)
  if (items?.has_more === true) {
    return flagged('the session has more lines than can be read', orderOf(paid), referencesOf(paid))
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
  const externalIds = namesAmong(paid.metadata?.keyseal_product, paid.payment_link)
  return { id: WHOLE_ORDER, externalIds, quantity: 1 }
}

function orderOf({ invoice, id }: Session): string {
  return invoice ?? id
}

function referencesOf({ id, payment_intent, subscription, invoice }: Session): string[] {
  return namesAmong(id, payment_intent, subscription, invoice)
}
