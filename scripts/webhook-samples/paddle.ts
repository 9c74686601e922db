/**
 * Paddle Billing's events. A transaction has only the id of its customer. Name and e-mail address are in
 * `custom_data`, as if set by the checkout, or in the response to the look-up.
 */
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import {
  eventOf,
  freshId,
  hmacHex,
  isoTime,
  nowOf,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleLine,
  type SampleOrder,
} from './sample.ts'

const BILLING_CYCLE = { interval: 'day', frequency: 30 }
const TRIAL = {
  starts_at: isoTime(periodStart(0)),
  ends_at: isoTime(periodStart(0) + 14 * DAY_MILLISECONDS),
}

export const paddleSamples: ProviderSamples = {
  provider: 'paddle',
  secret: 'pdl_ntfset_keyseal_demo_paddle',
  sign: async ({ body }, secret, nowSeconds) => ({
    'Content-Type': 'application/json',
    'Paddle-Signature': `ts=${nowSeconds};h1=${await hmacHex(secret, `${nowSeconds}:${body}`)}`,
  }),
  orderName: (o) => transactionId(o),
  purchase: (o) => purchaseOfLines(o, [lineOf(o)]),
  purchaseOfLines,
  purchaseToLookUp: (o) =>
    event(o, 'transaction.completed', { ...transaction(o, [lineOf(o)], 0), custom_data: null }),
  lookUpResponse: (o) => ({
    data: { id: customerId(o), status: 'active', ...ownerOf(o), custom_data: null, locale: 'en' },
    meta: { request_id: freshId('req') },
  }),
  refund: (o) => event(o, 'adjustment.created', adjustment(o, 'refund', { type: 'full' })),
  partialRefund: (o) => event(o, 'adjustment.created', adjustment(o, 'refund', { type: 'partial' })),
  lineRefund: (o) =>
    event(o, 'adjustment.updated', adjustment(o, 'refund', { type: 'partial', itemType: 'full' })),
  refundFailed: (o) =>
    event(o, 'adjustment.updated', adjustment(o, 'refund', { type: 'full', status: 'rejected' })),
  disputeOpened: (o) => event(o, 'adjustment.created', adjustment(o, 'chargeback', { type: 'full' })),
  disputeWon: (o) => event(o, 'adjustment.created', adjustment(o, 'chargeback_reverse', { type: 'full' })),
  renewal: (o) => {
    const period = o.period ?? 1
    return event(o, 'transaction.completed', {
      ...transaction(o, [lineOf(o)], period),
      id: paymentId({ ...o, period }),
      origin: 'subscription_recurring',
    })
  },
  trial: (o) => {
    const trial = transaction({ ...o, subscription: o.subscription ?? o.order }, [lineOf(o)], 0, '0')
    return event(o, 'transaction.completed', { ...trial, billing_period: TRIAL, payments: [] })
  },
  planChange: (o, to) => event(o, 'subscription.updated', subscription(o, to)),
  ended: (o) =>
    event(o, 'subscription.canceled', {
      ...subscription(o, lineOf(o)),
      status: 'canceled',
      canceled_at: isoTime(nowOf(o)),
      next_billed_at: null,
      current_billing_period: null,
    }),
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheard_of', { id: 'x_1' }),
}

function purchaseOfLines(o: SampleOrder, lines: readonly SampleLine[]): SampleEvent {
  return event(o, 'transaction.completed', transaction(o, lines, 0))
}

function event(o: SampleOrder, event_type: string, data: unknown): SampleEvent {
  const id = o.eventId ?? freshId('evt')
  return eventOf(id, {
    event_id: id,
    event_type,
    occurred_at: isoTime(nowOf(o)),
    notification_id: freshId('ntf'),
    data,
  })
}

function transaction(
  o: SampleOrder,
  lines: readonly SampleLine[],
  period: number,
  amount: string = '4900',
): object {
  const isSubscription = o.subscription !== undefined
  const owner = ownerOf(o)
  const card = { type: 'visa', last4: '4242', cardholder_name: owner.name }
  return {
    id: transactionId(o),
    status: 'completed',
    origin: 'web',
    customer_id: customerId(o),
    address_id: `add_${o.order}`,
    business_id: null,
    subscription_id: isSubscription ? subscriptionId(o) : null,
    currency_code: 'EUR',
    collection_mode: 'automatic',
    custom_data: { keyseal_name: owner.name, keyseal_email: owner.email },
    invoice_id: null,
    billed_at: isoTime(nowOf(o)),
    billing_period: isSubscription ? billingPeriod(period) : null,
    items: lines.map(({ externalId, quantity }) => ({
      price: priceOf(externalId, isSubscription),
      quantity,
      proration: null,
    })),
    details: {
      totals: totalsOf(amount),
      line_items: lines.map(({ externalId, quantity }, index) => ({
        id: lineId(o, index),
        price_id: externalId,
        quantity,
        tax_rate: '0',
        totals: totalsOf(amount),
        product: { id: 'pro_keyseal_demo', name: 'Pro', custom_data: null },
      })),
    },
    payments: [{ amount, status: 'captured', method_details: { type: 'card', card } }],
    created_at: isoTime(nowOf(o) - 60_000),
    updated_at: isoTime(nowOf(o)),
  }
}

function subscription(o: SampleOrder, { externalId, quantity }: SampleLine): object {
  const period = o.period ?? 0
  const time = isoTime(nowOf(o))
  return {
    id: subscriptionId(o),
    status: 'active',
    customer_id: customerId(o),
    currency_code: 'EUR',
    collection_mode: 'automatic',
    started_at: isoTime(periodStart(0)),
    first_billed_at: isoTime(periodStart(0)),
    next_billed_at: isoTime(periodStart(period + 1)),
    paused_at: null,
    canceled_at: null,
    scheduled_change: null,
    billing_cycle: BILLING_CYCLE,
    current_billing_period: billingPeriod(period),
    items: [
      { price: priceOf(externalId, true), status: 'active', quantity, recurring: true, trial_dates: null },
    ],
    custom_data: null,
    created_at: time,
    updated_at: time,
  }
}

function lineOf(o: SampleOrder): SampleLine {
  return { externalId: o.externalId, quantity: quantityOf(o) }
}

function priceOf(id: string, isRecurring: boolean): object {
  const billing_cycle = isRecurring ? BILLING_CYCLE : null
  return { id, product_id: 'pro_keyseal_demo', name: 'Pro', billing_cycle, custom_data: null }
}

function billingPeriod(period: number): object {
  return { starts_at: isoTime(periodStart(period)), ends_at: isoTime(periodStart(period + 1)) }
}

function totalsOf(total: string): object {
  return { total, tax: '0', subtotal: total, credit: '0', grand_total: total, currency_code: 'EUR' }
}

interface AdjustmentKind {
  readonly type: 'full' | 'partial'
  readonly itemType?: 'full' | 'partial'
  readonly status?: 'approved' | 'rejected'
}

function adjustment(o: SampleOrder, action: string, { type, itemType, status }: AdjustmentKind): unknown {
  return {
    id: `adj_${action}_${itemType === undefined ? type : 'line'}_${o.order}${suffixOf(o)}`,
    action,
    type,
    transaction_id: paymentId(o),
    subscription_id: o.subscription === undefined ? null : subscriptionId(o),
    customer_id: customerId(o),
    reason: 'sample',
    credit_applied_to_balance: null,
    currency_code: 'EUR',
    status: status ?? 'approved',
    items: [{ id: `adjitm_${o.order}`, item_id: lineId(o, 0), type: itemType ?? type, amount: '1000' }],
    totals: { total: '1000', tax: '0', subtotal: '1000', currency_code: 'EUR' },
    created_at: isoTime(nowOf(o)),
    updated_at: isoTime(nowOf(o)),
  }
}

function transactionId({ order }: SampleOrder): string {
  return `txn_${order}`
}

function paymentId(o: SampleOrder): string {
  return `${transactionId(o)}${suffixOf(o)}`
}

/** Each later period has a transaction of its own. */
function suffixOf({ period }: SampleOrder): string {
  return period ? `_${period}` : ''
}

function customerId({ order }: SampleOrder): string {
  return `ctm_${order}`
}

function subscriptionId({ subscription, order }: SampleOrder): string {
  return `sub_${subscription ?? order}`
}

function lineId({ order }: SampleOrder, index: number): string {
  return `txnitm_${order}_${index + 1}`
}
