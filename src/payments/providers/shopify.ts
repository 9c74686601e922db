/**
 * Shopify, REST Admin API 2026-10. Its events contain an order, a refund or a dispute.
 *
 * The signature covers only the body. So the members of the body tell what it is, and not the header
 * `X-Shopify-Topic`, which is only stored. A renewal by a subscription app is a new order.
 */
import * as z from 'zod/mini'
import { parseUntimedHeader, textKeys } from '../../http/signatures.ts'
import type { Amount, PaymentEvent, Refund } from '../payment-event.ts'
import type { Provider } from '../provider.ts'
import {
  flagged,
  fullName,
  ignored,
  instant,
  name,
  nameAt,
  number,
  unchecked,
  usableNames,
} from './fields.ts'
import { minorUnits } from './money.ts'

const UNKNOWN_TOPIC = 'unknown'

const description = z.object({
  test: z.nullish(z.boolean()),
  transactions: z.nullish(z.array(z.object({ test: z.nullish(z.boolean()) }))),
})

const body = z.record(z.string(), z.unknown())

const lineItem = z.object({
  id: number,
  variant_id: z.nullish(number),
  product_id: z.nullish(number),
  sku: unchecked,
  quantity: unchecked,
  current_quantity: unchecked,
})

const order = z.object({
  id: number,
  name: unchecked,
  financial_status: unchecked,
  cancelled_at: z.nullish(instant),
  updated_at: z.nullish(instant),
  total_price: unchecked,
  currency: unchecked,
  presentment_currency: unchecked,
  email: unchecked,
  contact_email: unchecked,
  customer: z.nullish(z.object({ first_name: unchecked, last_name: unchecked })),
  billing_address: z.nullish(z.object({ name: unchecked })),
  line_items: z.array(lineItem),
})
type Order = z.output<typeof order>

const refund = z.object({
  id: number,
  order_id: number,
  created_at: instant,
  refund_line_items: z.array(z.object({ line_item_id: number, quantity: z.int().check(z.nonnegative()) })),
  transactions: z.nullish(
    z.array(z.object({ kind: unchecked, status: unchecked, amount: unchecked, currency: unchecked })),
  ),
})

const dispute = z.object({
  id: number,
  order_id: z.nullish(number),
  type: unchecked,
  status: name,
  initiated_at: instant,
  finalized_on: z.nullish(instant),
})

export const shopify: Provider = {
  name: 'shopify',
  signatures: {
    keys: textKeys,
    parseHeaders: (headers) =>
      parseUntimedHeader(
        headers.get('x-shopify-hmac-sha256') ?? headers.get('shopify-hmac-sha256'),
        'base64',
      ),
  },
  describe: (payload, headers) => {
    const { test, transactions } = description.parse(payload)
    return {
      // X-Shopify-Event-Id is the same for all topics of one change.
      id: headers.get('x-shopify-webhook-id') ?? undefined,
      type: headers.get('x-shopify-topic') ?? UNKNOWN_TOPIC,
      isTest: test ?? transactions?.[0]?.test ?? undefined,
    }
  },
  interpret: (payload) => {
    const members = body.parse(payload)
    if ('financial_status' in members && 'line_items' in members) return orderChanged(order.parse(payload))
    if ('refund_line_items' in members) return refunded(refund.parse(payload))
    if ('initiated_at' in members && 'order_id' in members) return disputed(dispute.parse(payload))
    return ignored('neither an order, a refund nor a dispute')
  },
  orderOf: (payload) => nameAt(payload, 'order_id', 'id'),
}

/** Each event of an order contains its current state. Neither a refund nor a cancellation is ever undone. */
function orderChanged(changed: Order): PaymentEvent {
  switch (changed.financial_status) {
    case 'refunded':
      return wholeRefund(changed)
    case 'paid':
    case 'partially_refunded':
      return changed.cancelled_at ? wholeRefund(changed) : sale(changed)
    case 'partially_paid':
      // Also a paid order to which a line was added. orders/paid follows.
      return changed.cancelled_at ? wholeRefund(changed) : ignored('the order is not fully paid', changed.id)
    default:
      return ignored('the order is not paid', changed.id)
  }
}

function wholeRefund({ id, cancelled_at, updated_at }: Order): PaymentEvent {
  const occurredAt = cancelled_at ?? updated_at ?? 0
  return { kind: 'refund', id: `order:${id}`, order: id, occurredAt, phase: 'beginning' }
}

/** Counts what was bought, since refunds are events of their own. A line that was removed was not bought. */
function sale(paid: Order): PaymentEvent {
  const lines = paid.line_items.filter(
    ({ quantity, current_quantity }) => current_quantity !== 0 || quantity === 0,
  )
  if (lines.length === 0) return ignored('all lines were removed or refunded', paid.id)
  const { customer } = paid
  const amount = amountOf(paid)
  return {
    kind: 'purchase',
    order: paid.id,
    references: visibleNames(paid.name),
    owner: {
      name: fullName(customer?.first_name, customer?.last_name) ?? paid.billing_address?.name,
      email: paid.email || paid.contact_email,
    },
    lines: lines.map(({ id, variant_id, product_id, sku, quantity }) => ({
      id,
      externalIds: usableNames(variant_id, product_id, sku),
      quantity,
    })),
    ...(amount && { amount }),
  }
}

/** `#1001`, which sellers and buyers see. A name that looks like an id could be that of another order. */
function visibleNames(candidate: unknown): string[] {
  return usableNames(candidate).filter((text) => /\D/.test(text))
}

/** undefined if the buyer paid in another currency, which refunds then use. */
function amountOf({ id, total_price, currency, presentment_currency }: Order): Amount | undefined {
  if (presentment_currency && presentment_currency !== currency) return undefined
  const amount = minorUnits(total_price, currency)
  return amount === undefined ? undefined : { payment: id, amount }
}

/** Without lines, a refund only names an amount. Whether the lines were restocked does not matter. */
function refunded({ id, order_id, created_at, ...changed }: z.output<typeof refund>): PaymentEvent {
  const transactions = (changed.transactions ?? []).filter(({ kind }) => kind === 'refund')
  const made = transactions.filter(({ status }) => status !== 'failure' && status !== 'error')
  if (transactions.length > 0 && made.length === 0) return flagged('the refund failed', order_id)
  const common: Refund = {
    kind: 'refund',
    id: `refund:${id}`,
    order: order_id,
    occurredAt: created_at,
    phase: 'beginning',
  }
  const lines = changed.refund_line_items.filter(({ quantity }) => quantity > 0)
  if (lines.length > 0) {
    return { ...common, lines: lines.map(({ line_item_id, quantity }) => ({ id: line_item_id, quantity })) }
  }
  const amounts = made.map(({ amount, currency }) => minorUnits(amount, currency))
  const amount = amounts.reduce<number>((sum, next) => sum + (next ?? 0), 0)
  return amount === 0 || amounts.includes(undefined)
    ? flagged('a refund without lines and without an amount', order_id)
    : { ...common, amount }
}

/** Of Shopify Payments. `finalized_on` can be missing even if the dispute has ended. */
function disputed({ id, order_id, type, status, ...times }: z.output<typeof dispute>): PaymentEvent {
  if (!order_id) return flagged('a dispute without an order')
  if (type !== 'chargeback') return flagged('the buyer asks the bank about the payment', order_id)
  const common = { id: `dispute:${id}`, order: order_id }
  const endedAt = times.finalized_on ?? times.initiated_at
  switch (status) {
    case 'needs_response':
    case 'under_review':
      return { kind: 'refund', ...common, occurredAt: times.initiated_at, phase: 'beginning' }
    case 'lost':
    case 'accepted':
    case 'charge_refunded':
      return { kind: 'refund', ...common, occurredAt: endedAt, phase: 'end' }
    case 'won':
      return { kind: 'reinstatement', ...common, occurredAt: endedAt, phase: 'end' }
    default:
      // `prevented`: the bank may have refunded the buyer, which refunds/create then reports.
      return flagged('the dispute has another status', order_id)
  }
}
