/** Paddle's transactions: what was sold, to whom, or which subscription was renewed. */
import * as z from 'zod/mini'
import type { Happening, Purchase, PurchasedLine } from '../purchase.ts'
import {
  firstText,
  flagged,
  ignored,
  isPlainId,
  mergeLines,
  name,
  namesAmong,
  quantityOf,
  unread,
} from './fields.ts'

const customData = z.catch(z.nullish(z.object({ keyseal_name: unread, keyseal_email: unread })), undefined)

const lineItem = z.object({
  id: name,
  price_id: unread,
  quantity: unread,
  product: z.nullish(z.object({ id: unread })),
})

const item = z.object({
  price: z.nullish(z.object({ id: unread, product_id: unread })),
  quantity: unread,
})

const payment = z.object({
  method_details: z.nullish(z.object({ card: z.nullish(z.object({ cardholder_name: unread })) })),
})

const transaction = z.object({
  id: name,
  origin: unread,
  subscription_id: z.nullish(name),
  billing_period: z.nullish(z.object({ starts_at: name })),
  custom_data: customData,
  details: z.nullish(z.object({ line_items: z.nullish(z.array(lineItem)) })),
  items: z.nullish(z.array(item)),
  payments: z.nullish(z.array(payment)),
})
type Transaction = z.output<typeof transaction>

const customer = z.object({ data: z.object({ name: unread, email: unread }) })

const soldTo = z.object({
  event_type: z.literal('transaction.completed'),
  data: z.object({ origin: unread, customer_id: unread, custom_data: customData }),
})

/** Transactions of a subscription that sell nothing: what they charge for was sold before. */
const RENEWAL = 'subscription_recurring'
const CHANGE = 'subscription_update'
const CARD_CHANGE = 'subscription_payment_method_change'
/** Sells something besides to the owner of a subscription; it is not part of what is renewed. */
const EXTRA_CHARGE = 'subscription_charge'

/** @param found the customer */
export function transactionCompleted(data: unknown, found: unknown): Happening {
  const completed = transaction.parse(data)
  switch (completed.origin) {
    case RENEWAL:
      return renewal(completed)
    case CHANGE:
      return flagged('a subscription was changed', completed.id)
    case CARD_CHANGE:
      return ignored('the way to pay was changed', completed.id)
    default:
      return sale(completed, found)
  }
}

/** The customer of a sale whose checkout did not tell the e-mail address; of the sandbox by a sandbox key. */
export function customerUrl(payload: unknown, apiKey: string): string | undefined {
  const { success, data: event } = soldTo.safeParse(payload)
  if (!success || [RENEWAL, CHANGE, CARD_CHANGE].includes(String(event.data.origin))) return undefined
  const { customer_id, custom_data } = event.data
  if (!isPlainId(customer_id) || firstText(custom_data?.keyseal_email) !== undefined) return undefined
  const host = apiKey.includes('_sdbx_') ? 'sandbox-api.paddle.com' : 'api.paddle.com'
  return `https://${host}/customers/${customer_id}`
}

function sale(completed: Transaction, found: unknown): Purchase {
  const { id, origin, subscription_id, billing_period } = completed
  const subscription = origin === EXTRA_CHARGE ? undefined : (subscription_id ?? undefined)
  const isFirstPeriodTold = subscription !== undefined && billing_period
  return {
    kind: 'purchase',
    order: id,
    references: namesAmong(subscription),
    owner: ownerOf(completed, found),
    lines: linesOf(completed),
    ...(isFirstPeriodTold ? { firstPeriod: { subscription, period: billing_period.starts_at } } : {}),
  }
}

function renewal({ id, subscription_id, billing_period }: Transaction): Happening {
  if (!subscription_id) return flagged('a renewal that names no subscription', id)
  // A transaction without a period is a period of its own.
  return {
    kind: 'renewal',
    order: id,
    subscription: subscription_id,
    period: billing_period?.starts_at ?? id,
  }
}

function ownerOf({ custom_data, payments }: Transaction, found: unknown): Purchase['owner'] {
  const asked = found === undefined ? undefined : customer.parse(found).data
  const cardholders = payments?.map((made) => made.method_details?.card?.cardholder_name) ?? []
  return {
    name: firstText(asked?.name, custom_data?.keyseal_name, ...cardholders),
    email: firstText(asked?.email, custom_data?.keyseal_email),
  }
}

/** `details.line_items` have the ids by which adjustments call them; `items` have none. */
function linesOf({ details, items }: Transaction): PurchasedLine[] {
  const lines = details?.line_items ?? []
  if (lines.length === 0) return linesByPrice(items ?? [])
  return lines.map(({ id, price_id, product, quantity }) => ({
    id,
    externalIds: namesAmong(price_id, product?.id),
    quantity: quantityOf(quantity),
  }))
}

function linesByPrice(items: readonly z.output<typeof item>[]): PurchasedLine[] {
  return mergeLines(
    items.flatMap(({ price, quantity }) => {
      const [id] = namesAmong(price?.id)
      if (id === undefined) return []
      return [{ id, externalIds: namesAmong(id, price?.product_id), quantity: quantityOf(quantity) }]
    }),
  )
}
