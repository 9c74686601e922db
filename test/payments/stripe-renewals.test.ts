import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(stripe)
const renewed = stripeSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 2 }) as SampleEvent
const LINES = 'data.object.lines.data'
const REASON = 'data.object.billing_reason'
const DAY = 86_400_000
const START = Date.UTC(2026, 2, 2)

const seconds = (ms: number) => ms / 1000
const during = (start: number, end: number) => ({ period: { start: seconds(start), end: seconds(end) } })

describe('a later invoice', () => {
  it('renews the subscription for the period of its line', () => {
    expect(parse(renewed)).toEqual({
      kind: 'renewal',
      references: [],
      period: {
        subscription: 'sub_55',
        payment: 'in_1001_2',
        name: String(seconds(START)),
        paidAt: START,
        endsAt: START + 30 * DAY,
      },
      report: {
        subscription: 'sub_55',
        occurredAt: START,
        items: [{ externalIds: ['7', 'prod_keyseal_demo'], quantity: 1 }],
      },
    })
  })

  it('is parsed in the format of older API versions, without prorations', () => {
    const priced = { price: { id: 'price_a' }, amount: 100 }
    const changes = {
      'data.object.parent': undefined,
      'data.object.subscription': 'sub_55',
      'data.object.payment_intent': 'pi_1001_2',
      [LINES]: [
        {
          ...priced,
          type: 'invoiceitem',
          proration: true,
          quantity: 9,
          ...during(START - DAY, START + 99 * DAY),
        },
        {
          ...priced,
          type: 'subscription',
          proration: false,
          quantity: 4,
          ...during(START, START + 30 * DAY),
        },
        { ...priced, type: 'invoiceitem', proration: false, quantity: 1, ...during(START, START + 99 * DAY) },
      ],
    }
    expect(parseChanged(renewed, changes)).toMatchObject({
      kind: 'renewal',
      references: ['pi_1001_2'],
      period: { subscription: 'sub_55', name: String(seconds(START)), endsAt: START + 30 * DAY },
      report: { items: [{ externalIds: ['price_a'], quantity: 4 }] },
    })
  })

  it('reports no usage as a quantity', () => {
    const subscribed = { type: 'subscription' }
    const lines = [
      { ...subscribed, price: { id: 'price_a' }, quantity: 2, ...during(START, START + 30 * DAY) },
      { ...subscribed, price: { id: 'price_b' }, quantity: 12_000, ...during(START - 30 * DAY, START) },
    ]
    expect(parseChanged(renewed, { [LINES]: lines })).toMatchObject({
      period: { endsAt: START + 30 * DAY },
      report: {
        occurredAt: START,
        items: [
          { externalIds: ['price_a'], quantity: 2 },
          { externalIds: ['price_b'], quantity: 0 },
        ],
      },
    })
  })

  it('is a period without an end if its lines have none', () => {
    expect(parseChanged(renewed, { [LINES]: [] })).toEqual({
      kind: 'renewal',
      references: [],
      period: { subscription: 'sub_55', payment: 'in_1001_2', paidAt: START },
    })
  })

  it.each(['subscription_cycle', 'subscription_update', 'subscription_threshold'])(
    'without a subscription is flagged (%s)',
    (reason) => {
      const changes = { [REASON]: reason, 'data.object.parent': null }
      expect(parseChanged(renewed, changes)).toMatchObject({ kind: 'flagged', order: 'in_1001_2' })
    },
  )

  it.each(['subscription', 'upcoming', 'unheard_of', null])(
    'for another reason (%s) is flagged',
    (reason) => {
      const parsed = parseChanged(renewed, { [REASON]: reason })
      expect(parsed).toMatchObject({ kind: 'flagged', order: 'in_1001_2' })
      // With references, its refund would be treated as one of the subscription.
      expect(parsed).not.toHaveProperty('references')
    },
  )
})
