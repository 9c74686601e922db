/**
 * Paddle's transactions: sales, renewals and charges for changes of a subscription. A transaction has only the
 * customer's id. Name and e-mail address are looked up if there is an API key, unless the checkout put them into
 * `custom_data`.
 */
import * as z from 'zod/mini'
import type {
  Amount,
  PaidPeriod,
  PaymentEvent,
  Purchase,
  PurchasedLine,
  Report,
} from '../../payment-event.ts'
import {
  flagged,
  ignored,
  instant,
  isPlainId,
  mergeLines,
  name,
  optionalInstant,
  unchecked,
  usableNames,
} from '../fields.ts'
import { type Item, isOneTimePrice, item, positiveAmount, recurringItems } from './items.ts'

const customData = z.catch(
  z.nullish(z.object({ keyseal_name: unchecked, keyseal_email: unchecked })),
  undefined,
)

const lineItem = z.object({
  id: name,
  price_id: unchecked,
  quantity: unchecked,
  product: z.nullish(z.object({ id: unchecked })),
})

const payment = z.object({
  method_details: z.nullish(z.object({ card: z.nullish(z.object({ cardholder_name: unchecked })) })),
})

const transaction = z.object({
  id: name,
  origin: unchecked,
  subscription_id: z.nullish(name),
  billing_period: z.nullish(z.object({ starts_at: name, ends_at: optionalInstant })),
  custom_data: customData,
  details: z.nullish(
    z.object({
      totals: z.nullish(z.object({ grand_total: unchecked, total: unchecked })),
      line_items: z.nullish(z.array(lineItem)),
    }),
  ),
  items: z.nullish(z.array(item)),
  payments: z.nullish(z.array(payment)),
})
type Transaction = z.output<typeof transaction>

const customer = z.object({ data: z.object({ name: unchecked, email: unchecked }) })

const saleToLookUp = z.object({
  event_type: z.literal('transaction.completed'),
  data: z.object({ origin: unchecked, customer_id: unchecked, custom_data: customData }),
})

/** Transactions of an existing subscription. They sell nothing new. */
const RENEWAL = 'subscription_recurring'
const CHANGE = 'subscription_update'
const CARD_CHANGE = 'subscription_payment_method_change'
const EXISTING: readonly unknown[] = [RENEWAL, CHANGE, CARD_CHANGE]
/** A one-time sale to a subscriber. Renewals do not include it. */
const EXTRA_CHARGE = 'subscription_charge'

export function transactionCompleted(data: unknown, occurredAt: unknown, found: unknown): PaymentEvent {
  const completed = transaction.parse(data)
  switch (completed.origin) {
    case RENEWAL:
      return renewal(completed, instant.parse(occurredAt))
    case CHANGE:
      return change(completed, instant.parse(occurredAt))
    case CARD_CHANGE:
      return ignored('the payment method was changed', completed.id)
    default:
      return sale(completed, occurredAt, found)
  }
}

/** The customer's URL, unless the checkout passed the e-mail address. A sandbox key uses the sandbox. */
export function customerUrl(payload: unknown, apiKey: string): string | undefined {
  const { success, data: completed } = saleToLookUp.safeParse(payload)
  if (!success || EXISTING.includes(completed.data.origin)) return undefined
  const { customer_id, custom_data } = completed.data
  if (!isPlainId(customer_id) || firstText(custom_data?.keyseal_email) !== undefined) return undefined
  const host = apiKey.includes('_sdbx_') ? 'sandbox-api.paddle.com' : 'api.paddle.com'
  return `https://${host}/customers/${customer_id}`
}

function sale(completed: Transaction, occurredAt: unknown, found: unknown): Purchase {
  const { id, origin, subscription_id } = completed
  const subscription = origin === EXTRA_CHARGE ? undefined : (subscription_id ?? undefined)
  return {
    kind: 'purchase',
    order: id,
    references: usableNames(subscription),
    owner: ownerOf(completed, found),
    lines: subscription === undefined ? linesOf(completed) : linesOfSubscription(completed),
    ...(subscription !== undefined && {
      period: wholePeriodOf(completed, subscription, instant.parse(occurredAt)),
    }),
    ...amountOf(completed),
  }
}

/** Its items count from the start of its period, because a change may precede a late payment. */
function renewal(completed: Transaction, paidAt: number): PaymentEvent {
  const { id, subscription_id: subscription, billing_period } = completed
  if (!subscription) return flagged('a renewal without a subscription', id)
  const items = recurringItems(completed.items ?? [])
  const occurredAt = optionalInstant.parse(billing_period?.starts_at) ?? paidAt
  const report: Report = { subscription, occurredAt, items }
  return {
    kind: 'renewal',
    period: wholePeriodOf(completed, subscription, paidAt),
    ...(items.length > 0 && { report }),
    ...amountOf(completed),
  }
}

/**
 * Charges or credits the difference, so its items are not those of the subscription: five more seats have the
 * quantity 5. `subscription.updated` reports all items. The rest of a period is named after its payment, so that
 * its refund does not take back the whole period.
 */
function change(completed: Transaction, paidAt: number): PaymentEvent {
  const { id, subscription_id: subscription } = completed
  if (!subscription) return flagged('a change of an unknown subscription', id)
  return { kind: 'renewal', period: periodOf(completed, subscription, paidAt), ...amountOf(completed) }
}

/** A transaction without a period counts as its own period. */
function wholePeriodOf(completed: Transaction, subscription: string, paidAt: number): PaidPeriod {
  const start = completed.billing_period?.starts_at
  return { ...periodOf(completed, subscription, paidAt), ...(start !== undefined && { name: start }) }
}

function periodOf({ id, billing_period }: Transaction, subscription: string, paidAt: number): PaidPeriod {
  const endsAt = billing_period?.ends_at
  return { subscription, payment: id, paidAt, ...(endsAt !== undefined && { endsAt }) }
}

/** What the buyer paid, without credit from an earlier change. Nothing was paid for a trial. */
function amountOf({ id, details }: Transaction): { readonly amount?: Amount } {
  const amount = positiveAmount(details?.totals?.grand_total ?? details?.totals?.total)
  return amount === undefined ? {} : { amount: { payment: id, amount } }
}

function ownerOf({ custom_data, payments }: Transaction, found: unknown): Purchase['owner'] {
  const lookedUp = found === undefined ? undefined : customer.parse(found).data
  const cardholders = payments?.map(({ method_details }) => method_details?.card?.cardholder_name) ?? []
  return {
    name: firstText(lookedUp?.name, custom_data?.keyseal_name, ...cardholders),
    email: firstText(lookedUp?.email, custom_data?.keyseal_email),
  }
}

function firstText(...candidates: readonly unknown[]): string | undefined {
  return candidates.find((candidate): candidate is string => {
    return typeof candidate === 'string' && candidate.trim() !== ''
  })
}

/** An order of a subscription may contain prices without a billing cycle, for example a setup fee. */
function linesOfSubscription(completed: Transaction): PurchasedLine[] {
  const prices = (completed.items ?? []).flatMap(({ price }) => (isOneTimePrice(price) ? [price?.id] : []))
  return linesOf(completed).map((line) =>
    line.externalIds.some((id) => prices.includes(id)) ? { ...line, isOneTime: true } : line,
  )
}

/** Adjustments use the ids in `details.line_items`; `items` have no ids. */
function linesOf({ details, items }: Transaction): PurchasedLine[] {
  const lines = details?.line_items ?? []
  if (lines.length === 0) return linesByPrice(items ?? [])
  return lines.map(({ id, price_id, product, quantity }) => ({
    id,
    externalIds: usableNames(price_id, product?.id),
    quantity: quantity ?? 1,
  }))
}

function linesByPrice(items: readonly Item[]): PurchasedLine[] {
  return mergeLines(
    items.flatMap(({ price, quantity }) => {
      const [id] = usableNames(price?.id)
      if (id === undefined) return []
      return [{ id, externalIds: usableNames(id, price?.product_id), quantity: quantity ?? 1 }]
    }),
  )
}
