/** No order is lost to a detail: odd lines, quantities and arrival orders, sent to the whole Worker. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  PROVIDER_SAMPLES,
  type ProviderSamples,
  type SampleEvent,
  type SampleOrder,
} from '../../scripts/webhook-samples/index.ts'
import { eventOf as sampleEvent } from '../../scripts/webhook-samples/sample.ts'
import type { ProviderName } from '../../src/payments/provider.ts'
import { processEvent } from '../../src/payments/waiting-events.ts'
import { stubResponses } from '../support/outbound.ts'
import { outcomeOf } from '../support/provider-webhook.ts'
import { addOffer, keysOf, type OfferOptions, statusesOf } from '../support/sales.ts'
import { changed } from './sample-parser.ts'

/** Numeric, because some providers require it. */
let names = 6_000_000
const newName = () => String(names++)

function samplesOf(name: ProviderName): ProviderSamples {
  const found = PROVIDER_SAMPLES.find(({ provider }) => provider === name)
  if (!found) throw new Error(`There are no samples of ${name}.`)
  return found
}

async function orderOf(provider: ProviderName, terms: OfferOptions = {}): Promise<SampleOrder> {
  const { externalId } = await addOffer({ provider, externalId: newName(), ...terms })
  return { order: newName(), externalId, now: Date.now() }
}

/** A new event with other fields. */
function withChanges(event: SampleEvent, changes: Record<string, unknown>): SampleEvent {
  return { id: event.id, body: JSON.stringify(changed(event, changes)) }
}

interface Stored {
  readonly id: number
  readonly outcome: string
  readonly note: string | null
  readonly orderName: string | null
}

async function latest(): Promise<Stored> {
  const query = 'select id, outcome, note, order_id as orderName from webhook_events order by id desc limit 1'
  const stored = await env.DB.prepare(query).first<Stored>()
  if (!stored) throw new Error('No event is stored.')
  return stored
}

/** A queue without a consumer, so that the test is the consumer. */
const queue = { sendBatch: async () => {}, send: async () => {} }

describe('stripe:', () => {
  const samples = samplesOf('stripe')
  const API_KEY = 'rk_live_keyseal_demo'
  let apiKey: string | undefined
  beforeEach(() => {
    apiKey = undefined
  })

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
    const { id } = await latest()
    await processEvent(
      { ...env, STRIPE_API_KEY: apiKey, DELIVERIES: queue as never },
      id,
      Date.now() + 61_000,
    )
    return (await latest()).outcome
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
      const [one, other] = [await orderOf('stripe'), await orderOf('stripe')]
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
        expect(await latest()).toMatchObject({
          note: 'no active offer for price_unmapped',
          orderName: `in_${order}`,
        })
      }
      expect(await keysSold(`in_${order}`)).toBe(5)
    },
  )

  describe('an invoice with more than 10 lines', () => {
    it('is looked up with an API key, and issues all of them', async () => {
      apiKey = API_KEY
      const { order, externalId } = await orderOf('stripe')
      const last = await orderOf('stripe')
      const lines = Array.from({ length: 10 }, () => priced(externalId, 1))
      const url = `https://api.stripe.com/v1/invoices/in_${order}/lines`
      await stubResponses(url, { body: JSON.stringify(list([...lines, priced(last.externalId, 4)])) })
      expect(await send(invoiceOf(order, list(lines, true)))).toBe('issued')
      expect(await keysSold(`in_${order}`)).toBe(14)
    })

    it('says without an API key what to set, and names its order', async () => {
      const { order, externalId } = await orderOf('stripe')
      expect(await send(invoiceOf(order, list([priced(externalId, 1)], true)))).toBe('failed')
      const stored = await latest()
      expect(stored.orderName).toBe(`in_${order}`)
      expect(stored.note).toContain('set STRIPE_API_KEY')
      expect(await keysSold(`in_${order}`)).toBe(0)
    })

    it('names its order if the look-up is refused', async () => {
      apiKey = API_KEY
      const { order, externalId } = await orderOf('stripe')
      await stubResponses(`https://api.stripe.com/v1/invoices/in_${order}/lines`, { status: 401 })
      expect(await send(invoiceOf(order, list([priced(externalId, 1)], true)))).toBe('failed')
      expect(await latest()).toMatchObject({ orderName: `in_${order}` })
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
    const { order, externalId } = await orderOf('stripe')
    expect(await send(invoiceOf(order, list([line, priced(externalId, 2)])))).toBe('issued')
    expect(await latest()).toMatchObject({ note, orderName: `in_${order}` })
    expect(await keysSold(`in_${order}`)).toBe(2)
  })

  it.each(['quote_accept', 'automatic_pending_invoice_item_invoice', 'manual'])(
    'an invoice is a sale: %s',
    async (billing_reason) => {
      const { order, externalId } = await orderOf('stripe')
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
      const { order, externalId } = await orderOf('stripe')
      expect(await send(paymentOf(order, externalId))).toBe('issued')
      expect(await send(paymentOf(order, externalId))).toBe('duplicate')
      const refund = { id: `ch_${order}`, payment_intent: `pi_${order}`, refunded: true }
      expect(await send(stripeEvent('charge.refunded', refund))).toBe('revoked')
      expect(await statusesOf(`pi_${order}`, 'stripe')).toEqual(new Array(3).fill('blocked'))
    })

    it('is issued once beside its session, in either order', async () => {
      for (const isReversed of [false, true]) {
        const { order, externalId } = await orderOf('stripe')
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
    const o = await orderOf('stripe')
    await send(samples.purchase(o))
    const [payment_intent] = [samples.orderName(o)]
    await send(stripeEvent(type, { id: `du_${o.order}`, charge: `ch_${o.order}`, payment_intent, status }))
    expect(await statusesOf(payment_intent, 'stripe')).toEqual([expected])
  })
})

describe('paddle:', () => {
  const samples = samplesOf('paddle')
  const send = (event: SampleEvent) => outcomeOf(samples, event)
  const subscribed = async () => ({
    ...(await orderOf('paddle', { mode: 'seats' })),
    subscription: newName(),
  })
  const partOf = (refund: SampleEvent | undefined, changes: Record<string, unknown>) =>
    withChanges(refund as SampleEvent, { 'data.id': `adj_${newName()}`, ...changes })

  it('two partial refunds that make a whole are a whole', async () => {
    const o = await orderOf('paddle')
    await send(samples.purchase(o))
    const part = (total: string) => partOf(samples.partialRefund?.(o), { 'data.totals.total': total })
    expect(await send(part('2000'))).toBe('flagged')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['assigned'])
    expect(await send(part('2900'))).toBe('revoked')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['blocked'])
  })

  // Before December 2024, a refund always listed its items, and it is still the default.
  const allItems = (o: SampleOrder, changes: Record<string, unknown>) =>
    partOf(samples.lineRefund?.(o), { 'data.totals.total': '4900', ...changes })

  it('a refund that lists all items of the first period leaves the second period', async () => {
    const o = await subscribed()
    await send(samples.purchase(o))
    const before = samples.renewal?.({ ...o, period: 1 }) as SampleEvent
    await send(before)
    expect(await send(allItems(o, {}))).toBe('revoked')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['assigned'])
  })

  it('a refund that lists all items of the only period blocks the key', async () => {
    const o = await subscribed()
    await send(samples.purchase(o))
    expect(await send(allItems(o, {}))).toBe('revoked')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['blocked'])
  })

  it('a refund that lists all items of a renewal takes back its period', async () => {
    const o = await subscribed()
    await send(samples.purchase(o))
    const [sold] = await keysOf(samples.orderName(o), 'paddle')
    await send(samples.renewal?.({ ...o, period: 1 }) as SampleEvent)
    const transaction = `${samples.orderName(o)}_1`
    const refund = allItems(o, { 'data.transaction_id': transaction, 'data.items.0.item_id': 'txnitm_x' })
    expect(await send(refund)).toBe('revoked')
    expect(await keysOf(samples.orderName(o), 'paddle')).toMatchObject([
      { status: 'assigned', expiresAt: sold?.expiresAt },
    ])
  })

  it('a line without an offer or with the quantity 0 does not stop the others', async () => {
    const o = await orderOf('paddle')
    const lines = [
      { externalId: 'pri_unmapped', quantity: 1 },
      { externalId: o.externalId, quantity: 2 },
      { externalId: 'pri_free', quantity: 0 },
    ]
    expect(await send(samples.purchaseOfLines?.(o, lines) as SampleEvent)).toBe('issued')
    expect((await latest()).note).toBe(
      `the quantity of line txnitm_${o.order}_3 is not a whole number from 1 to 10000; no active offer for pri_unmapped`,
    )
    expect(await statusesOf(samples.orderName(o), 'paddle')).toHaveLength(2)
  })
})

describe('dodo:', () => {
  const samples = samplesOf('dodo')
  const send = (event: SampleEvent) => outcomeOf(samples, event)

  it('a cart issues what has an offer, and names what has none', async () => {
    const o = await orderOf('dodo')
    const lines = [
      { externalId: 'pdt_unmapped', quantity: 1 },
      { externalId: o.externalId, quantity: 2 },
    ]
    expect(await send(samples.purchaseOfLines?.(o, lines) as SampleEvent)).toBe('issued')
    expect(await latest()).toMatchObject({
      note: 'no active offer for pdt_unmapped',
      orderName: samples.orderName(o),
    })
    expect(await statusesOf(samples.orderName(o), 'dodo')).toHaveLength(2)
  })

  it('an add-on of a subscription has its own keys, and is named if it has no offer', async () => {
    const o = { ...(await orderOf('dodo')), subscription: newName() }
    const addon = await orderOf('dodo')
    const addons = [
      { addon_id: addon.externalId, quantity: 2 },
      { addon_id: 'adn_unmapped', quantity: 1 },
    ]
    const [related] = samples.relatedEvents?.(o) ?? []
    const active = [samples.purchase(o), related].find((event) => event?.body.includes('subscription.active'))
    expect(await send(withChanges(active as SampleEvent, { 'data.addons': addons }))).toBe('issued')
    expect((await latest()).note).toContain('no active offer for adn_unmapped')
    const keys = await keysOf(samples.orderName(o), 'dodo')
    expect(keys.map(({ line }) => line).toSorted()).toEqual(
      [o.externalId, addon.externalId, addon.externalId].toSorted(),
    )
  })
})

describe('polar:', () => {
  const samples = samplesOf('polar')
  const send = (event: SampleEvent) => outcomeOf(samples, event)
  const subscribed = async (terms: OfferOptions = { mode: 'seats', activationLimit: 1 }) => ({
    ...(await orderOf('polar', terms)),
    subscription: newName(),
  })

  it('a free plan that becomes a paid one by checkout issues', async () => {
    const o = await subscribed()
    expect(await send(samples.purchase({ ...o, externalId: 'free_plan' }))).toBe('unmapped')
    expect(await latest()).toMatchObject({
      note: 'no active offer for free_plan',
      orderName: samples.orderName(o),
    })
    const upgrade = withChanges(samples.purchase({ ...o, order: newName() }), {
      'data.billing_reason': 'subscription_update',
    })
    expect(await send(upgrade)).toBe('issued')
    expect(await statusesOf(samples.orderName(o), 'polar')).toEqual(['assigned'])
  })

  it('a trial has the seats of its subscription', async () => {
    const o = await subscribed()
    const trial = withChanges(samples.trial?.(o) as SampleEvent, {
      'data.seats': null,
      'data.subscription.seats': 5,
    })
    expect(await send(trial)).toBe('issued')
    expect(await keysOf(samples.orderName(o), 'polar')).toMatchObject([{ activationLimit: 5 }])
  })

  it.each([
    [false, 'assigned'],
    [true, 'blocked'],
  ])('a refund with revoke_benefits %s leaves the key %s', async (revoke_benefits, expected) => {
    const o = await orderOf('polar')
    await send(samples.purchase(o))
    await send(withChanges(samples.refund(o), { 'data.revoke_benefits': revoke_benefits }))
    expect(await statusesOf(samples.orderName(o), 'polar')).toEqual([expected])
  })
})

describe.each(PROVIDER_SAMPLES.map((samples) => [samples.provider, samples] as const))(
  '%s: an order',
  (provider, samples) => {
    it('without an offer names itself and its product', async () => {
      const o = { order: newName(), externalId: newName(), now: Date.now() }
      expect(await outcomeOf(samples, samples.purchase(o))).toBe('unmapped')
      const { note, orderName } = await latest()
      expect(orderName).toBe(samples.orderName(o))
      expect(note).toMatch(/^no active offer for ./)
    })

    it('whose quantity is not usable names itself and the reason', async () => {
      const o = { ...(await orderOf(provider)), quantity: 10_001 }
      // The metadata of a session has no quantity.
      const sold = provider === 'stripe' ? { ...o, subscription: newName() } : o
      expect(await outcomeOf(samples, samples.purchase(sold))).toBe('failed')
      const { note, orderName } = await latest()
      expect(orderName).toBe(samples.orderName(sold))
      expect(note).toContain('is not a whole number from 1 to 10000')
    })

    it('of a buyer with a name of 400 characters has the beginning of that name', async () => {
      const o = { ...(await orderOf(provider)), name: 'Ada '.repeat(100).trim() }
      expect(await outcomeOf(samples, samples.purchase(o))).toBe('issued')
      const [key] = await keysOf(samples.orderName(o), provider)
      expect(key?.ownerName).toMatch(/^(Ada )+Ada?|(Ada )+A$/)
      expect(key?.ownerEmail).toBe('ada@example.com')
    })
  },
)
