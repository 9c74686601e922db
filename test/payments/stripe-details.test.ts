/** Stripe's sales that hang on a detail, sent to the whole Worker. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import type { SampleEvent, SampleOrder } from '../../scripts/webhook-samples/index.ts'
import { periodStart, eventOf as sampleEvent, trialEnd } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples as samples } from '../../scripts/webhook-samples/stripe.ts'
import { processEvent } from '../../src/payments/waiting-events.ts'
import { stubResponses } from '../support/outbound.ts'
import { latestEvent, outcomeOf } from '../support/provider-webhook.ts'
import { addOffer, keysOf, statusesOf } from '../support/sales.ts'

const API_KEY = 'rk_live_keyseal_demo'
let names = 9_000_000
let apiKey: string | undefined
beforeEach(() => {
  apiKey = undefined
})

/** A queue without a consumer, so that the test is the consumer. */
const queue = { sendBatch: async () => {}, send: async () => {} }

async function newOrder(): Promise<SampleOrder> {
  const { externalId } = await addOffer({ provider: 'stripe' })
  return { order: String(names++), externalId, now: Date.now() }
}

function stripeEvent(type: string, object: object): SampleEvent {
  const id = `evt_${crypto.randomUUID().replaceAll('-', '')}`
  const created = Math.floor(Date.now() / 1000)
  return sampleEvent(id, { id, object: 'event', created, livemode: true, type, data: { object } })
}

/** Sends the event, and processes it if it waits. */
async function send(event: SampleEvent): Promise<string> {
  const bindings = { STRIPE_API_KEY: apiKey, DELIVERIES: queue }
  const outcome = await outcomeOf(samples, event, { bindings })
  if (outcome !== 'waiting') return outcome
  const { id } = await latestEvent()
  await processEvent({ ...env, STRIPE_API_KEY: apiKey, DELIVERIES: queue as never }, id, Date.now() + 61_000)
  return (await latestEvent()).outcome
}

const priced = (price: string | undefined, quantity?: number, changes: object = {}) => ({
  amount: 1000,
  ...(price !== undefined && { pricing: { price_details: { price, product: 'prod_1' } } }),
  ...(quantity !== undefined && { quantity }),
  ...changes,
})
const list = (data: readonly object[], has_more = false) => ({ object: 'list', data, has_more })

const invoiceOf = (order: string, lines: object, changes: object = {}) =>
  stripeEvent('invoice.paid', {
    id: `in_${order}`,
    billing_reason: 'manual',
    customer_email: 'ada@example.com',
    customer_name: 'Ada Lovelace',
    lines,
    ...changes,
  })

const sessionOf = (order: string, changes: object = {}) =>
  stripeEvent('checkout.session.completed', {
    id: `cs_${order}`,
    mode: 'payment',
    payment_status: 'paid',
    payment_intent: `pi_${order}`,
    invoice: `in_${order}`,
    payment_link: 'plink_1',
    customer_details: { name: 'Ada Lovelace', email: 'ada@example.com' },
    ...changes,
  })

const keysSold = async (name: string) => (await keysOf(name, 'stripe')).length

it.each([
  ['session first', false],
  ['invoice first', true],
])(
  'a session and its invoice issue the same quantities of each line with an API key: %s',
  async (_, isReversed) => {
    apiKey = API_KEY
    const [one, other] = [await newOrder(), await newOrder()]
    const { order, externalId } = one
    const url = `https://api.stripe.com/v1/checkout/sessions/cs_${order}/line_items`
    const items = [
      { id: 'li_1', price: { id: externalId, product: 'prod_1' }, quantity: 2 },
      { id: 'li_2', price: { id: other.externalId, product: 'prod_2' }, quantity: 3 },
      { id: 'li_3', price: { id: 'price_unmapped', product: 'prod_3' }, quantity: 1 },
    ]
    await stubResponses(url, { body: JSON.stringify(list(items)) })
    const lines = [priced(externalId, 2), priced(other.externalId, 3), priced('price_unmapped', 1)]
    const events = [sessionOf(order), invoiceOf(order, list(lines))]
    for (const event of isReversed ? events.toReversed() : events) {
      expect(await send(event)).toBe('issued')
      expect(await latestEvent()).toMatchObject({
        note: 'no active offer for price_unmapped',
        orderName: `in_${order}`,
      })
    }
    expect(await keysSold(`in_${order}`)).toBe(5)
  },
)

it('a trial tells its own days with an API key, whether its session or its invoice comes first', async () => {
  apiKey = API_KEY
  for (const isReversed of [false, true]) {
    const o = { ...(await newOrder()), subscription: String(names++) }
    const [session] = samples.relatedEvents?.(o) ?? []
    const trial = samples.trial?.({ ...o, now: periodStart(0) })
    const body = JSON.stringify(samples.lookUpResponse?.(o))
    await stubResponses(`https://api.stripe.com/v1/checkout/sessions/cs_live_${o.order}/line_items`, { body })
    const bindings = { STRIPE_API_KEY: apiKey, DELIVERIES: queue }
    const waiting: number[] = []
    for (const event of isReversed ? [trial, session] : [session, trial]) {
      const outcome = await outcomeOf(samples, event as SampleEvent, { bindings })
      const { id } = await latestEvent()
      if (outcome === 'waiting') waiting.push(id)
      await processEvent(
        { ...env, STRIPE_API_KEY: apiKey, DELIVERIES: queue as never },
        id,
        Date.now() + 1000,
      )
    }
    expect(await keysOf(samples.orderName(o), 'stripe')).toMatchObject([
      { validityDays: 1, expiresAt: trialEnd() },
    ])
    for (const id of waiting) {
      await processEvent(
        { ...env, STRIPE_API_KEY: apiKey, DELIVERIES: queue as never },
        id,
        Date.now() + 61_000,
      )
    }
    expect(await keysSold(samples.orderName(o))).toBe(1)
  }
})

describe('an invoice with more than 10 lines', () => {
  it('is looked up with an API key, and issues all of them', async () => {
    apiKey = API_KEY
    const { order, externalId } = await newOrder()
    const last = await newOrder()
    const lines = Array.from({ length: 10 }, () => priced(externalId, 1))
    const url = `https://api.stripe.com/v1/invoices/in_${order}/lines`
    await stubResponses(url, { body: JSON.stringify(list([...lines, priced(last.externalId, 4)])) })
    expect(await send(invoiceOf(order, list(lines, true)))).toBe('issued')
    expect(await keysSold(`in_${order}`)).toBe(14)
  })

  it('says without an API key what to set, and names its order', async () => {
    const { order, externalId } = await newOrder()
    expect(await send(invoiceOf(order, list([priced(externalId, 1)], true)))).toBe('failed')
    const stored = await latestEvent()
    expect(stored.orderName).toBe(`in_${order}`)
    expect(stored.note).toContain('set STRIPE_API_KEY')
    expect(await keysSold(`in_${order}`)).toBe(0)
  })

  it('names its order if the look-up is refused', async () => {
    apiKey = API_KEY
    const { order, externalId } = await newOrder()
    await stubResponses(`https://api.stripe.com/v1/invoices/in_${order}/lines`, { status: 401 })
    expect(await send(invoiceOf(order, list([priced(externalId, 1)], true)))).toBe('failed')
    expect(await latestEvent()).toMatchObject({ orderName: `in_${order}` })
  })
})

it.each<[string, object, string]>([
  [
    '12,000 metered units',
    priced('price_usage', 12_000),
    'the quantity of line price_usage is not a whole number from 1 to 10000',
  ],
  [
    'the quantity 0',
    priced('price_usage', 0),
    'the quantity of line price_usage is not a whole number from 1 to 10000',
  ],
  ['no offer', priced('price_other', 1), 'no active offer for price_other'],
  ['no price', priced(undefined, 1, { id: 'il_tip' }), 'no active offer for an unknown product'],
])('a line with %s does not stop the others, and the event names it', async (_, line, note) => {
  const { order, externalId } = await newOrder()
  expect(await send(invoiceOf(order, list([line, priced(externalId, 2)])))).toBe('issued')
  expect(await latestEvent()).toMatchObject({ note, orderName: `in_${order}` })
  expect(await keysSold(`in_${order}`)).toBe(2)
})

it.each(['quote_accept', 'automatic_pending_invoice_item_invoice', 'manual'])(
  'an invoice is a sale: %s',
  async (billing_reason) => {
    const { order, externalId } = await newOrder()
    expect(await send(invoiceOf(order, list([priced(externalId, 1)]), { billing_reason }))).toBe('issued')
  },
)

describe('a payment whose metadata names the product', () => {
  const paymentOf = (order: string, product: string, changes: object = {}) =>
    stripeEvent('payment_intent.succeeded', {
      id: `pi_${order}`,
      metadata: { keyseal_product: product, keyseal_quantity: '3' },
      receipt_email: 'ada@example.com',
      ...changes,
    })

  it('issues its quantity once, and its refund blocks the keys', async () => {
    const { order, externalId } = await newOrder()
    expect(await send(paymentOf(order, externalId))).toBe('issued')
    expect(await send(paymentOf(order, externalId))).toBe('duplicate')
    const refund = { id: `ch_${order}`, payment_intent: `pi_${order}`, refunded: true }
    expect(await send(stripeEvent('charge.refunded', refund))).toBe('revoked')
    expect(await statusesOf(`pi_${order}`, 'stripe')).toEqual(new Array(3).fill('blocked'))
  })

  it('is issued once beside its session, in either order', async () => {
    for (const isReversed of [false, true]) {
      const { order, externalId } = await newOrder()
      const session = sessionOf(order, { invoice: null, metadata: { keyseal_product: externalId } })
      const payment = paymentOf(order, externalId, {
        metadata: { keyseal_product: externalId },
        payment_details: { order_reference: `cs_live_${order}` },
      })
      const events = isReversed ? [payment, session] : [session, payment]
      for (const event of events) await send(event)
      expect(await keysSold(`pi_${order}`)).toBe(1)
    }
  })
})

it.each([
  ['charge.dispute.created', 'needs_response', 'blocked'],
  ['charge.dispute.created', 'warning_needs_response', 'assigned'],
  ['charge.dispute.created', 'prevented', 'assigned'],
  ['charge.dispute.closed', 'lost', 'blocked'],
  ['charge.dispute.closed', 'won', 'assigned'],
  ['charge.dispute.closed', 'warning_closed', 'assigned'],
  ['charge.dispute.closed', 'prevented', 'assigned'],
  ['charge.dispute.closed', 'appeal_under_review', 'blocked'],
])('%s with the status %s leaves the key %s', async (type, status, expected) => {
  const o = await newOrder()
  await send(samples.purchase(o))
  const [payment_intent] = [samples.orderName(o)]
  await send(stripeEvent(type, { id: `du_${o.order}`, charge: `ch_${o.order}`, payment_intent, status }))
  expect(await statusesOf(payment_intent, 'stripe')).toEqual([expected])
})
