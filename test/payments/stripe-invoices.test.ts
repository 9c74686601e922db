import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(stripe)
const renewed = stripeSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 2 }) as SampleEvent
const FIRST = { 'data.object.id': 'in_1001', 'data.object.billing_reason': 'subscription_create' }
const LINES = 'data.object.lines.data'
const START = Date.UTC(2026, 2, 2) / 1000

describe('the first invoice of a subscription', () => {
  it.each(['subscription_create', 'manual', 'quote_accept', 'automatic_pending_invoice_item_invoice'])(
    'is a purchase of its lines (%s)',
    (reason) => {
      expect(parseChanged(renewed, { ...FIRST, 'data.object.billing_reason': reason })).toEqual({
        kind: 'purchase',
        order: 'in_1001',
        references: ['sub_55'],
        owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
        lines: [{ id: '7', externalIds: ['7', 'prod_keyseal_demo'], quantity: 1 }],
      })
    },
  )

  it('is the same order as its session', () => {
    const session = parse(stripeSamples.purchase(SUBSCRIPTION_ORDER))
    expect(session).toMatchObject({ order: 'in_1001' })
  })

  it('is parsed in the format of older API versions', () => {
    const line = { price: { id: 'price_a', product: 'prod_a' }, quantity: 2, type: 'subscription' }
    const changes = {
      ...FIRST,
      'data.object.parent': undefined,
      'data.object.subscription': 'sub_55',
      'data.object.payment_intent': 'pi_1001',
      'data.object.charge': 'ch_1001',
      [LINES]: [line, { ...line, quantity: 1 }],
    }
    expect(parseChanged(renewed, changes)).toMatchObject({
      kind: 'purchase',
      references: ['pi_1001', 'ch_1001', 'sub_55'],
      lines: [{ id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 3 }],
    })
  })

  it('with incomplete lines is flagged and issues nothing', () => {
    expect(parseChanged(renewed, { ...FIRST, 'data.object.lines.has_more': true })).toMatchObject({
      kind: 'flagged',
      order: 'in_1001',
    })
  })

  it('is ignored if no line has a price', () => {
    expect(
      parseChanged(renewed, { ...FIRST, [LINES]: [{ quantity: 1, pricing: null, price: null }] }),
    ).toMatchObject({
      kind: 'ignored',
      order: 'in_1001',
    })
  })
})

describe('a later invoice', () => {
  it('renews the subscription for the period of its line', () => {
    expect(parse(renewed)).toEqual({
      kind: 'renewal',
      order: 'in_1001_2',
      references: [],
      subscription: 'sub_55',
      period: String(START),
    })
  })

  it('is parsed in the format of older API versions, without prorations', () => {
    const changes = {
      'data.object.parent': undefined,
      'data.object.subscription': 'sub_55',
      'data.object.payment_intent': 'pi_1001_2',
      [LINES]: [
        { type: 'invoiceitem', proration: true, period: { start: START + 99 } },
        { type: 'subscription', proration: false, period: { start: START } },
        { type: 'subscription', proration: true, period: { start: START + 50 } },
      ],
    }
    expect(parseChanged(renewed, changes)).toMatchObject({
      kind: 'renewal',
      subscription: 'sub_55',
      references: ['pi_1001_2'],
      period: String(START),
    })
  })

  it('is its own period if its lines have none', () => {
    expect(parseChanged(renewed, { [LINES]: [] })).toMatchObject({ kind: 'renewal', period: 'in_1001_2' })
  })

  it('without a subscription is flagged', () => {
    expect(parseChanged(renewed, { 'data.object.parent': null })).toMatchObject({ kind: 'flagged' })
  })

  it.each(['subscription_update', 'subscription_threshold', 'upcoming', null])(
    'with another billing reason (%s) is ignored',
    (reason) => {
      const parsed = parseChanged(renewed, { 'data.object.billing_reason': reason })
      expect(parsed).toMatchObject({ kind: 'ignored', order: 'in_1001_2' })
      // With references, its refund would be treated as one of the subscription.
      expect(parsed).not.toHaveProperty('references')
    },
  )
})

describe('the payment of an invoice', () => {
  const [paid] = stripeSamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []

  it('becomes a reference of the invoice', () => {
    expect(parse(paid as SampleEvent)).toMatchObject({
      kind: 'ignored',
      order: 'in_1001',
      references: ['pi_1001'],
    })
  })

  it('may be only a charge', () => {
    const changes = { 'data.object.payment': { type: 'charge', charge: 'ch_1001' } }
    expect(parseChanged(paid as SampleEvent, changes)).toMatchObject({ references: ['ch_1001'] })
  })
})
