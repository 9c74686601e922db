import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { changed, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(stripe)
const first = stripeSamples.purchase(SUBSCRIPTION_ORDER)
const renewed = stripeSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 2 }) as SampleEvent
const LINES = 'data.object.lines.data'
const REASON = 'data.object.billing_reason'
const DAY = 86_400_000
const FIRST_START = Date.UTC(2026, 0, 1)

const seconds = (ms: number) => ms / 1000
const during = (start: number, end: number) => ({ period: { start: seconds(start), end: seconds(end) } })
const FULL = during(FIRST_START, FIRST_START + 30 * DAY)
const MOMENT = during(FIRST_START, FIRST_START)

describe('the first invoice of a subscription', () => {
  it.each(['subscription_create', 'quote_accept'])(
    'is a purchase of its lines and its period (%s)',
    (reason) => {
      expect(parseChanged(first, { [REASON]: reason })).toEqual({
        kind: 'purchase',
        order: 'in_1001',
        references: ['sub_55'],
        owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
        lines: [{ id: '7', externalIds: ['7', 'prod_keyseal_demo'], quantity: 1 }],
        period: {
          subscription: 'sub_55',
          payment: 'in_1001',
          name: String(seconds(FIRST_START)),
          paidAt: FIRST_START,
          endsAt: FIRST_START + 30 * DAY,
        },
      })
    },
  )

  it('is the same order as its session', () => {
    const [session] = stripeSamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []
    expect(parse(session as SampleEvent)).toMatchObject({ order: 'in_1001' })
  })

  it('of a trial pays for the trial', () => {
    const trial = stripeSamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(parse(trial)).toMatchObject({
      kind: 'purchase',
      lines: [{ id: '7', quantity: 1 }],
      period: { endsAt: FIRST_START + 14 * DAY },
    })
  })

  it('is paid when the event was created, if it does not tell', () => {
    for (const transitions of [undefined, null, {}, { paid_at: null }, { paid_at: 'x' }]) {
      const event = parseChanged(first, { 'data.object.status_transitions': transitions })
      expect(event).toMatchObject({ period: { paidAt: SUBSCRIPTION_ORDER.now } })
    }
  })

  it('is parsed in the format of older API versions', () => {
    const line = { price: { id: 'price_a', product: 'prod_a' }, quantity: 2, type: 'subscription', ...FULL }
    const changes = {
      'data.object.parent': undefined,
      'data.object.subscription': 'sub_55',
      'data.object.payment_intent': 'pi_1001',
      'data.object.charge': 'ch_1001',
      [LINES]: [line, { ...line, quantity: 1 }],
    }
    const purchase = {
      kind: 'purchase',
      references: ['pi_1001', 'ch_1001', 'sub_55'],
      lines: [{ id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 3 }],
      period: { subscription: 'sub_55', endsAt: FIRST_START + 30 * DAY },
    }
    expect(parseChanged(first, changes)).toMatchObject(purchase)
    const planned = { ...line, price: undefined, plan: { id: 'price_a', product: 'prod_a' }, quantity: 3 }
    expect(parseChanged(first, { ...changes, [LINES]: [planned] })).toMatchObject(purchase)
  })

  it.each([
    { parent: { type: 'invoice_item_details', invoice_item_details: { proration: false } } },
    { type: 'invoiceitem', proration: false },
    { price: { id: 'price_b', type: 'one_time' } },
  ])('tells which lines are bought once: %j', (item) => {
    const subscribed = {
      price: { id: 'price_a' },
      quantity: 2,
      ...FULL,
      parent: { type: 'subscription_item_details' },
    }
    const once = {
      price: { id: 'price_b' },
      quantity: 1,
      ...during(FIRST_START, FIRST_START + 99 * DAY),
      ...item,
    }
    expect(parseChanged(first, { [LINES]: [subscribed, once] })).toMatchObject({
      lines: [
        { id: 'price_a', externalIds: ['price_a'], quantity: 2 },
        { id: 'price_b', externalIds: ['price_b'], quantity: 1, isOneTime: true },
      ],
      period: { endsAt: FIRST_START + 30 * DAY },
    })
  })

  it('until a fixed billing date is a purchase of its prorations', () => {
    const anchored = {
      pricing: { price_details: { price: 'price_a', product: 'prod_a' } },
      amount: 1000,
      parent: { type: 'subscription_item_details', subscription_item_details: { proration: true } },
      ...during(FIRST_START, FIRST_START + 9 * DAY),
    }
    const parsed = parseChanged(first, { [LINES]: [anchored] })
    expect(parsed).toMatchObject({
      lines: [{ id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 1 }],
      period: { payment: 'in_1001', endsAt: FIRST_START + 9 * DAY },
    })
    expect(parsed).not.toMatchObject({ lines: [{ isOneTime: true }] })
  })

  it('sells no credits, and lines that cannot be issued do not stop the others', () => {
    const subscribed = { type: 'subscription', ...FULL }
    const lines = [
      { ...subscribed, price: { id: 'price_a' }, quantity: 1 },
      { ...subscribed, price: { id: 'price_b', recurring: { usage_type: 'metered' } }, quantity: 12_000 },
      { ...subscribed, price: { id: 'price_c' }, quantity: 0 },
      { id: 'il_4', type: 'invoiceitem', price: null, quantity: 1, amount: 500, ...MOMENT },
      { id: 'il_5', type: 'invoiceitem', price: { id: 'price_d' }, quantity: 1, amount: -500, ...MOMENT },
    ]
    expect(parseChanged(first, { [LINES]: lines })).toMatchObject({
      lines: [
        { id: 'price_a', externalIds: ['price_a'], quantity: 1 },
        { id: 'price_b', externalIds: ['price_b'], quantity: 0 },
        { id: 'price_c', externalIds: ['price_c'], quantity: 0 },
        { id: 'il_4', externalIds: [], quantity: 1, isOneTime: true },
      ],
    })
  })

  it('is ignored if no line has a price', () => {
    for (const lines of [[], [{ price: null, quantity: 1, ...FULL }]]) {
      expect(parseChanged(first, { [LINES]: lines })).toMatchObject({ kind: 'ignored', order: 'in_1001' })
    }
  })
})

describe('an invoice without a subscription', () => {
  it.each(['manual', 'quote_accept', 'automatic_pending_invoice_item_invoice'])(
    'is a purchase without a period (%s)',
    (reason) => {
      const line = { price: { id: 'price_a', type: 'one_time' }, quantity: 2, type: 'invoiceitem', ...MOMENT }
      const parsed = parseChanged(first, { 'data.object.parent': null, [REASON]: reason, [LINES]: [line] })
      expect(parsed).toMatchObject({
        kind: 'purchase',
        order: 'in_1001',
        lines: [{ id: 'price_a', externalIds: ['price_a'], quantity: 2 }],
      })
      expect(parsed).not.toHaveProperty('period')
      expect(parsed).not.toMatchObject({ lines: [{ isOneTime: true }] })
    },
  )
})

describe('an invoice with more than 10 lines', () => {
  const cut = { 'data.object.lines.has_more': true }
  const invoiceLines = 'https://api.stripe.com/v1/invoices/in_1001/lines?limit=100'
  const list = (prices: string[], hasMore = false) => ({
    object: 'list',
    data: prices.map((id) => ({ price: { id }, quantity: 1, type: 'subscription', ...FULL })),
    has_more: hasMore,
  })
  const url = (changes: Record<string, unknown>) => stripe.lookUp?.url(changed(first, changes), 'rk_x')

  it('is looked up', () => {
    expect(url(cut)).toBe(invoiceLines)
    expect(url({})).toBeUndefined()
    expect(url({ ...cut, type: 'invoice.finalized' })).toBeUndefined()
    for (const id of ['../charges', 'in_1?x=', 'in/1', '', 7]) {
      expect(url({ ...cut, 'data.object.id': id })).toBeUndefined()
    }
  })

  it('is a purchase of all lines, or a renewal with all items', () => {
    const prices = Array.from({ length: 11 }, (_, index) => `price_${index}`)
    const lines = prices.map((id) => ({ id, externalIds: [id], quantity: 1 }))
    const items = lines.map(({ externalIds, quantity }) => ({ externalIds, quantity }))
    expect(parseChanged(first, cut, list(prices))).toMatchObject({ kind: 'purchase', lines })
    expect(parseChanged(renewed, cut, list(prices))).toMatchObject({ kind: 'renewal', report: { items } })
  })

  it('fails without an API key, and its note tells what to do', () => {
    for (const [event, order] of [
      [first, 'in_1001'],
      [renewed, 'in_1001_2'],
    ] as const) {
      expect(parseChanged(event, cut)).toMatchObject({
        kind: 'failed',
        order,
        note: expect.stringMatching(/STRIPE_API_KEY.*read invoices.*retry/),
      })
    }
  })

  it('is flagged if it has more than 100', () => {
    expect(parseChanged(first, cut, list(['price_a'], true))).toMatchObject({
      kind: 'flagged',
      order: 'in_1001',
      note: expect.stringContaining('100 lines'),
    })
  })

  it.each([null, {}, [], { data: 'x' }, { error: { message: 'No such invoice' } }])(
    'cannot be read from the response %j',
    (found) => {
      expect(() => parseChanged(first, cut, found)).toThrow()
    },
  )
})
