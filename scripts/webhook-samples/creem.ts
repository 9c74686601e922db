/** Creem's events, as of its library `creem` 1.13. The external id is a product id. */
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
  type SampleOrder,
} from './sample.ts'

const TRIAL_DAYS = 14
const AMOUNT = 4900

export const creemSamples: ProviderSamples = {
  provider: 'creem',
  secret: 'whsec_keyseal_demo_creem',
  sign: async ({ body }, secret) => ({
    'Content-Type': 'application/json',
    'creem-signature': await hmacHex(secret, body),
  }),
  orderName: (o) => (o.subscription === undefined ? orderId(o) : subscriptionId(o)),
  purchase: (o) => event(o, 'checkout.completed', checkout(o)),
  relatedEvents: (o) =>
    o.subscription === undefined
      ? []
      : [
          event(o, 'subscription.active', subscription(o, 'active', 0)),
          event(o, 'subscription.paid', subscription(o, 'active', 0)),
        ],
  refund: (o) => event(o, 'refund.created', refund(o, 'succeeded', AMOUNT)),
  partialRefund: (o) => event(o, 'refund.created', refund(o, 'succeeded', 1000)),
  disputeOpened: (o) => event(o, 'dispute.created', dispute(o)),
  renewal: (o) => event(o, 'subscription.paid', subscription(o, 'active', o.period ?? 1)),
  trial: (o) => event(o, 'subscription.trialing', trial(o)),
  planChange: (o, { externalId, quantity }) =>
    event(o, 'subscription.update', subscription({ ...o, externalId, quantity }, 'active', o.period ?? 0)),
  ended: (o) => event(o, 'subscription.canceled', subscription(o, 'canceled', o.period ?? 0)),
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheard_of', { mode: 'prod' }),
}

function event(o: SampleOrder, eventType: string, object: object): SampleEvent {
  const id = o.eventId ?? freshId('evt')
  return eventOf(id, { id, eventType, created_at: nowOf(o), object: { ...object, mode: modeOf(o) } })
}

function modeOf({ isTest }: SampleOrder): string {
  return isTest === true ? 'test' : 'prod'
}

function checkout(o: SampleOrder): object {
  return {
    id: `ch_${o.order}`,
    object: 'checkout',
    request_id: null,
    status: 'completed',
    units: quantityOf(o),
    product: product(o),
    customer: customer(o),
    order: order(o),
    ...(o.subscription !== undefined && { subscription: subscription(o, 'active', 0) }),
    custom_fields: [],
    metadata: {},
  }
}

function order(o: SampleOrder): object {
  return {
    id: orderId(o),
    object: 'order',
    customer: `cust_${o.order}`,
    product: o.externalId,
    transaction: transactionId(o, 0),
    amount: AMOUNT,
    amount_paid: AMOUNT,
    currency: 'EUR',
    status: 'paid',
    type: o.subscription === undefined ? 'onetime' : 'recurring',
    created_at: isoTime(nowOf(o)),
    mode: modeOf(o),
  }
}

function subscription(o: SampleOrder, status: string, period: number): object {
  return {
    id: subscriptionId(o),
    object: 'subscription',
    product: product(o),
    customer: customer(o),
    items: [
      { id: `sitem_${o.order}`, object: 'subscription_item', product_id: o.externalId, units: quantityOf(o) },
    ],
    collection_method: 'charge_automatically',
    status,
    last_transaction_id: transactionId(o, period),
    last_transaction_date: isoTime(transactionTime(period)),
    last_transaction: transaction(o, period),
    next_transaction_date: isoTime(periodStart(period + 1)),
    current_period_start_date: isoTime(periodStart(period)),
    current_period_end_date: isoTime(periodStart(period + 1)),
    canceled_at: null,
    created_at: isoTime(periodStart(0)),
    updated_at: isoTime(nowOf(o)),
    metadata: {},
    mode: modeOf(o),
  }
}

/** Nothing was paid yet, so there is no transaction. */
function trial(o: SampleOrder): object {
  const end = isoTime(periodStart(0) + TRIAL_DAYS * DAY_MILLISECONDS)
  return {
    ...subscription(o, 'trialing', 0),
    last_transaction_id: undefined,
    last_transaction_date: undefined,
    last_transaction: undefined,
    next_transaction_date: end,
    current_period_end_date: end,
  }
}

function transaction(o: SampleOrder, period: number): object {
  const isOneTime = o.subscription === undefined
  return {
    id: transactionId(o, period),
    object: 'transaction',
    amount: AMOUNT,
    amount_paid: AMOUNT,
    currency: 'EUR',
    type: isOneTime ? 'payment' : 'invoice',
    status: 'paid',
    refunded_amount: null,
    order: orderId(o),
    subscription: isOneTime ? null : subscriptionId(o),
    created_at: isOneTime ? nowOf(o) : transactionTime(period),
    mode: modeOf(o),
  }
}

/** Of the payment of a period; default: the first one. */
function refund(o: SampleOrder, status: string, amount: number): object {
  const isWhole = amount === AMOUNT
  return {
    id: `ref_${o.order}_${o.period ?? 0}`,
    object: 'refund',
    status,
    refund_amount: amount,
    refund_currency: 'EUR',
    reason: 'requested_by_customer',
    ...related(o, { status: isWhole ? 'refunded' : 'partialRefund', refunded_amount: amount }),
  }
}

function dispute(o: SampleOrder): object {
  return {
    id: `disp_${o.order}_${o.period ?? 0}`,
    object: 'dispute',
    amount: AMOUNT,
    currency: 'EUR',
    ...related(o, { status: 'chargedBack', refunded_amount: AMOUNT }),
  }
}

/** The objects that a refund or a dispute contains. */
function related(o: SampleOrder, changes: object): object {
  const period = o.period ?? 0
  return {
    transaction: { ...transaction(o, period), ...changes },
    ...(o.subscription !== undefined && { subscription: subscription(o, 'active', period) }),
    order: order(o),
    customer: customer(o),
    created_at: nowOf(o),
  }
}

function product(o: SampleOrder): object {
  const isOneTime = o.subscription === undefined
  return {
    id: o.externalId,
    object: 'product',
    name: 'Pro',
    price: AMOUNT,
    currency: 'EUR',
    billing_type: isOneTime ? 'onetime' : 'recurring',
    billing_period: isOneTime ? 'once' : 'every-month',
    mode: modeOf(o),
  }
}

function customer(o: SampleOrder): object {
  return { id: `cust_${o.order}`, object: 'customer', ...ownerOf(o), country: 'GB', mode: modeOf(o) }
}

function transactionTime(period: number): number {
  return periodStart(period) + 2_000
}

function transactionId({ order }: SampleOrder, period: number): string {
  return `tran_${order}_${period}`
}

function orderId({ order }: SampleOrder): string {
  return `ord_${order}`
}

function subscriptionId({ subscription: id, order }: SampleOrder): string {
  return `sub_${id ?? order}`
}
