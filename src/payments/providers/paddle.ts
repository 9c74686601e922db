/**
 * Paddle Billing. Transactions report sales and renewals, adjustments report refunds and chargebacks.
 * A transaction has only the customer's id. Name and e-mail address are looked up if there is an API key, unless
 * the checkout put them into `custom_data`. Only the secret shows whether an event comes from the sandbox.
 */
import * as z from 'zod/mini'
import type { PaymentEvent, Purchase, PurchasedLine } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import { parseTimedHeader, textKeys } from '../signatures.ts'
import {
  flagged,
  ignored,
  instant,
  isPlainId,
  mergeLines,
  name,
  unchecked,
  unusedEvent,
  usableNames,
} from './fields.ts'

const event = z.object({ event_id: name, event_type: name, data: unchecked, occurred_at: unchecked })

export const paddle: Provider = {
  name: 'paddle',
  signatures: {
    keys: textKeys,
    parseHeaders: (headers) =>
      parseTimedHeader(headers.get('paddle-signature'), ';', { timestamp: 'ts', signature: 'h1' }, ':'),
  },
  describe: (payload) => {
    const { event_id, event_type } = event.parse(payload)
    return { id: event_id, type: event_type, isTest: undefined }
  },
  interpret: (payload, found) => {
    const { event_type, data, occurred_at } = event.parse(payload)
    switch (event_type) {
      case 'transaction.completed':
        return transactionCompleted(data, found)
      case 'adjustment.created':
      case 'adjustment.updated':
        return adjusted(data, occurred_at)
      default:
        return unusedEvent(event_type)
    }
  },
  lookUp: { setting: 'PADDLE_API_KEY', url: customerUrl },
}

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

const item = z.object({
  price: z.nullish(z.object({ id: unchecked, product_id: unchecked })),
  quantity: unchecked,
})

const payment = z.object({
  method_details: z.nullish(z.object({ card: z.nullish(z.object({ cardholder_name: unchecked })) })),
})

const transaction = z.object({
  id: name,
  origin: unchecked,
  subscription_id: z.nullish(name),
  billing_period: z.nullish(z.object({ starts_at: name })),
  custom_data: customData,
  details: z.nullish(z.object({ line_items: z.nullish(z.array(lineItem)) })),
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

function transactionCompleted(data: unknown, found: unknown): PaymentEvent {
  const completed = transaction.parse(data)
  switch (completed.origin) {
    case RENEWAL:
      return renewal(completed)
    case CHANGE:
      return flagged('a subscription was changed', completed.id)
    case CARD_CHANGE:
      return ignored('the payment method was changed', completed.id)
    default:
      return sale(completed, found)
  }
}

/** The customer's URL, unless the checkout passed the e-mail address. A sandbox key uses the sandbox. */
function customerUrl(payload: unknown, apiKey: string): string | undefined {
  const { success, data: completed } = saleToLookUp.safeParse(payload)
  if (!success || EXISTING.includes(completed.data.origin)) return undefined
  const { customer_id, custom_data } = completed.data
  if (!isPlainId(customer_id) || firstText(custom_data?.keyseal_email) !== undefined) return undefined
  const host = apiKey.includes('_sdbx_') ? 'sandbox-api.paddle.com' : 'api.paddle.com'
  return `https://${host}/customers/${customer_id}`
}

function sale(completed: Transaction, found: unknown): Purchase {
  const { id, origin, subscription_id, billing_period } = completed
  const subscription = origin === EXTRA_CHARGE ? undefined : (subscription_id ?? undefined)
  return {
    kind: 'purchase',
    order: id,
    references: usableNames(subscription),
    owner: ownerOf(completed, found),
    lines: linesOf(completed),
    ...(subscription !== undefined &&
      billing_period && { firstPeriod: { subscription, period: billing_period.starts_at } }),
  }
}

function renewal({ id, subscription_id, billing_period }: Transaction): PaymentEvent {
  if (!subscription_id) return flagged('a renewal without a subscription', id)
  // A transaction without a period counts as its own period.
  return {
    kind: 'renewal',
    order: id,
    subscription: subscription_id,
    period: billing_period?.starts_at ?? id,
  }
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

function linesByPrice(items: readonly z.output<typeof item>[]): PurchasedLine[] {
  return mergeLines(
    items.flatMap(({ price, quantity }) => {
      const [id] = usableNames(price?.id)
      if (id === undefined) return []
      return [{ id, externalIds: usableNames(id, price?.product_id), quantity: quantity ?? 1 }]
    }),
  )
}

const adjustment = z.object({
  id: name,
  action: z.string(),
  type: unchecked,
  status: unchecked,
  transaction_id: name,
  items: z.nullish(z.array(z.object({ item_id: name, type: unchecked }))),
})
type Adjustment = z.output<typeof adjustment>

/**
 * Refunds and chargebacks. The reversal of a chargeback does not name the chargeback, so both use the
 * transaction's name.
 */
function adjusted(data: unknown, occurredAt: unknown): PaymentEvent {
  const parsed = adjustment.parse(data)
  const { action, transaction_id: order } = parsed
  switch (action) {
    case 'refund':
      return reversed(parsed, parsed.id, instant.parse(occurredAt))
    case 'chargeback':
      return reversed(parsed, chargebackId(order), instant.parse(occurredAt))
    case 'chargeback_reverse': {
      const reversal = { id: chargebackId(order), order, occurredAt: instant.parse(occurredAt) }
      return parsed.status === 'approved'
        ? { kind: 'reinstatement', ...reversal, phase: 'end' }
        : ignored('the reversal of a chargeback is not approved', order)
    }
    case 'chargeback_warning':
      return flagged('a chargeback is expected', order)
    default:
      return ignored('an adjustment that is not a refund', order)
  }
}

function reversed(parsed: Adjustment, id: string, occurredAt: number): PaymentEvent {
  const order = parsed.transaction_id
  switch (parsed.status) {
    case 'approved':
      return approved(parsed, id, occurredAt)
    case 'rejected':
    case 'reversed':
      return { kind: 'reinstatement', id, order, occurredAt, phase: 'end' }
    default:
      return ignored('the adjustment is not approved yet', order)
  }
}

/** Reverses the lines that were refunded in full. A partial refund of a line can have any reason. */
function approved(parsed: Adjustment, id: string, occurredAt: number): PaymentEvent {
  const order = parsed.transaction_id
  const reversal = { kind: 'refund', id, order, occurredAt, phase: 'beginning' } as const
  if (parsed.type === 'full') return reversal
  const lines = (parsed.items ?? [])
    .filter(({ type }) => type === 'full')
    .map(({ item_id }) => ({ id: item_id }))
  return lines.length === 0 ? flagged('the order was partly refunded', order) : { ...reversal, lines }
}

function chargebackId(order: string): string {
  return `chargeback:${order}`
}
