import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged } = readerOf(stripe)
const renewed = stripeSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 2 }) as SampleEvent
const FIRST = { 'data.object.id': 'in_1001', 'data.object.billing_reason': 'subscription_create' }
const LINES = 'data.object.lines.data'
const START = Date.UTC(2026, 2, 2) / 1000

describe('the first invoice of a subscription', () => {
  it.each(['subscription_create', 'manual'])(
    'is a sale, by its lines, as one written by hand is (%s)',
    (reason) => {
      expect(sayChanged(renewed, { ...FIRST, 'data.object.billing_reason': reason })).toEqual({
        kind: 'purchase',
        order: 'in_1001',
        references: ['sub_55'],
        owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
        lines: [{ id: '7', externalIds: ['7', 'prod_keyseal_demo'], quantity: 1 }],
      })
    },
  )

  it('is the same order as its session', () => {
    const session = say(stripeSamples.purchase(SUBSCRIPTION_ORDER))
    expect(session).toMatchObject({ order: 'in_1001' })
  })

  it('is understood in the shape of older API versions', () => {
    const line = { price: { id: 'price_a', product: 'prod_a' }, quantity: 2, type: 'subscription' }
    const changes = {
      ...FIRST,
      'data.object.parent': undefined,
      'data.object.subscription': 'sub_55',
      'data.object.payment_intent': 'pi_1001',
      'data.object.charge': 'ch_1001',
      [LINES]: [line, { ...line, quantity: 1 }],
    }
    expect(sayChanged(renewed, changes)).toMatchObject({
      kind: 'purchase',
      references: ['pi_1001', 'ch_1001', 'sub_55'],
      lines: [{ id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 3 }],
    })
  })

  it('issues nothing where it tells a part of its lines, and is shown to a person', () => {
    expect(sayChanged(renewed, { ...FIRST, 'data.object.lines.has_more': true })).toMatchObject({
      kind: 'flagged',
      order: 'in_1001',
    })
  })

  it('is ignored where no line has a price', () => {
    expect(
      sayChanged(renewed, { ...FIRST, [LINES]: [{ quantity: 1, pricing: null, price: null }] }),
    ).toMatchObject({
      kind: 'ignored',
      order: 'in_1001',
    })
  })
})

describe('an invoice that follows', () => {
  it('renews the subscription for the period that its line begins', () => {
    expect(say(renewed)).toEqual({
      kind: 'renewal',
      order: 'in_1001_2',
      references: [],
      subscription: 'sub_55',
      period: String(START),
    })
  })

  it('is understood in the shape of older API versions, and passes over prorations', () => {
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
    expect(sayChanged(renewed, changes)).toMatchObject({
      kind: 'renewal',
      subscription: 'sub_55',
      references: ['pi_1001_2'],
      period: String(START),
    })
  })

  it('is a period of its own where its lines tell none', () => {
    expect(sayChanged(renewed, { [LINES]: [] })).toMatchObject({ kind: 'renewal', period: 'in_1001_2' })
  })

  it('that names no subscription is shown to a person', () => {
    expect(sayChanged(renewed, { 'data.object.parent': null })).toMatchObject({ kind: 'flagged' })
  })

  it.each(['subscription_update', 'subscription_threshold', 'upcoming', null])(
    'for another reason (%s) neither sells nor renews',
    (reason) => {
      const notice = sayChanged(renewed, { 'data.object.billing_reason': reason })
      expect(notice).toMatchObject({ kind: 'ignored', order: 'in_1001_2' })
      // Else its refund would be taken for one of the subscription.
      expect(notice).not.toHaveProperty('references')
    },
  )
})

describe('the payment of an invoice', () => {
  const [paid] = stripeSamples.besides?.(SUBSCRIPTION_ORDER) ?? []

  it('is a name of it', () => {
    expect(say(paid as SampleEvent)).toMatchObject({
      kind: 'ignored',
      order: 'in_1001',
      references: ['pi_1001'],
    })
  })

  it('may be a charge without more', () => {
    const changes = { 'data.object.payment': { type: 'charge', charge: 'ch_1001' } }
    expect(sayChanged(paid as SampleEvent, changes)).toMatchObject({ references: ['ch_1001'] })
  })
})
