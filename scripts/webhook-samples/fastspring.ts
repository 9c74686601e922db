/** FastSpring's events with webhook expansion. The external id is a product path. */
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import {
  eventOf,
  freshId,
  hmacBase64,
  nowOf,
  ownerOf,
  type ProviderSamples,
  periodStart,
  quantityOf,
  type SampleEvent,
  type SampleLine,
  type SampleOrder,
} from './sample.ts'

const TRIAL_DAYS = 14
const TOTAL = 49.95

export const fastspringSamples: ProviderSamples = {
  provider: 'fastspring',
  secret: 'keyseal-demo-fastspring',
  sign: async ({ body }, secret) => ({
    'Content-Type': 'application/json',
    'X-FS-Signature': await hmacBase64(secret, body),
  }),
  orderName: (o) => orderId(o, 0),
  purchase: (o) => purchaseOfLines(o, [lineOf(o)]),
  purchaseOfLines,
  relatedEvents: (o) =>
    o.subscription === undefined ? [] : [event(o, 'subscription.activated', subscription(o, 0))],
  refund: (o) => event(o, 'return.created', returned(o, TOTAL)),
  partialRefund: (o) => event(o, 'return.created', returned(o, 10)),
  renewal: (o) => event(o, 'subscription.charge.completed', charge(o, o.period ?? 1)),
  trial: (o) => {
    const next = periodStart(0) + TRIAL_DAYS * DAY_MILLISECONDS
    const started = { ...subscription(o, 0), state: 'trial', next, nextChargeDate: next }
    return event(o, 'order.completed', order(o, 0, 0, [{ ...item(lineOf(o)), subscription: started }]))
  },
  planChange: (o, { externalId, quantity }) =>
    event(o, 'subscription.updated', subscription({ ...o, externalId, quantity }, o.period ?? 0)),
  ended: (o) =>
    event(o, 'subscription.deactivated', {
      ...subscription(o, o.period ?? 0),
      active: false,
      state: 'deactivated',
      end: nowOf(o),
    }),
  unknown: () => event({ order: '0', externalId: '' }, 'sample.unheardOf', { id: 'x_1' }),
}

function purchaseOfLines(o: SampleOrder, lines: readonly SampleLine[]): SampleEvent {
  const items = lines.map((line) => ({
    ...item(line),
    ...(o.subscription !== undefined && { subscription: subscription({ ...o, ...line }, 0) }),
  }))
  return event(o, 'order.completed', order(o, 0, TOTAL, items))
}

function event(o: SampleOrder, type: string, data: object): SampleEvent {
  const id = o.eventId ?? freshId('fs')
  const live = o.isTest !== true
  const sent = { id, processed: false, created: nowOf(o), type, live, data: { ...data, live } }
  return eventOf(id, { events: [sent] })
}

function order(o: SampleOrder, period: number, total: number, items: readonly object[]): object {
  const id = orderId(o, period)
  return {
    order: id,
    id,
    reference: `KEYSEAL-${id}`,
    buyerReference: null,
    completed: true,
    changed: nowOf(o),
    language: 'en',
    currency: 'EUR',
    payoutCurrency: 'USD',
    total,
    tax: 0,
    subtotal: total,
    discount: 0,
    payment: { type: 'test', cardEnding: '4242' },
    account: account(o),
    customer: customer(o),
    tags: {},
    items,
  }
}

function lineOf(o: SampleOrder): SampleLine {
  return { externalId: o.externalId, quantity: quantityOf(o) }
}

function item({ externalId, quantity }: SampleLine): object {
  return {
    product: externalId,
    quantity,
    display: 'Pro',
    sku: null,
    subtotal: TOTAL,
    discount: 0,
    isAddon: false,
    attributes: {},
    fulfillments: {},
  }
}

function subscription(o: SampleOrder, period: number): object {
  const id = subscriptionId(o)
  const next = periodStart(period + 1)
  return {
    id,
    subscription: id,
    active: true,
    state: 'active',
    changed: nowOf(o),
    currency: 'EUR',
    account: account(o),
    product: { product: o.externalId, parent: null, display: { en: 'Pro' }, format: 'digital' },
    quantity: quantityOf(o),
    addons: [],
    autoRenew: true,
    price: TOTAL,
    next,
    end: null,
    canceledDate: null,
    deactivationDate: null,
    sequence: period + 1,
    begin: periodStart(0),
    intervalUnit: 'day',
    intervalLength: 30,
    nextChargeDate: next,
  }
}

function charge(o: SampleOrder, period: number): object {
  return {
    order: order(o, period, TOTAL, [item(lineOf(o))]),
    currency: 'EUR',
    total: TOTAL,
    status: 'successful',
    timestamp: periodStart(period) + 2_000,
    sequence: period + 1,
    account: account(o),
    subscription: subscription(o, period),
  }
}

/** Of the order of a period; default: the first one. */
function returned(o: SampleOrder, totalReturn: number): object {
  const period = o.period ?? 0
  const id = orderId(o, period)
  return {
    return: `return-${id}`,
    reference: `KEYSEAL-${id}X`,
    completed: true,
    changed: nowOf(o),
    account: account(o),
    currency: 'EUR',
    payoutCurrency: 'USD',
    totalReturn,
    tax: 0,
    subtotal: totalReturn,
    payment: { type: 'test', cardEnding: '4242' },
    reason: 'Other',
    note: '',
    customer: customer(o),
    original: { id, order: id, reference: `KEYSEAL-${id}`, currency: 'EUR', total: TOTAL, tax: 0 },
    items: [{ product: o.externalId, quantity: quantityOf(o), subtotal: totalReturn }],
  }
}

function account(o: SampleOrder): object {
  return { id: `account-${o.order}`, account: `account-${o.order}`, contact: customer(o), country: 'GB' }
}

function customer(o: SampleOrder): object {
  const { name, email } = ownerOf(o)
  const [first = null, ...last] = name?.split(' ') ?? []
  return { first, last: last.join(' ') || null, email, company: null, phone: null }
}

/** Each charge has its own order. */
function orderId({ order: id }: SampleOrder, period: number): string {
  return period === 0 ? `order-${id}` : `order-${id}-${period}`
}

function subscriptionId({ subscription: id, order: orderNumber }: SampleOrder): string {
  return `subscription-${id ?? orderNumber}`
}
