import { describe, expect, it } from 'vitest'
import { fastspringSamples } from '../../scripts/webhook-samples/fastspring.ts'
import { periodStart, type SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { fastspring } from '../../src/payments/providers/fastspring.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

/** The samples contain one event each. */
function only({ id, body }: SampleEvent): SampleEvent {
  const [event] = fastspring.split?.(JSON.parse(body)) ?? []
  return { id, body: JSON.stringify(event) }
}

const { parse, parseChanged, describe: describeEvent } = parserOf(fastspring)
const purchase = only(fastspringSamples.purchase(ORDER))
const subscriptionPurchase = only(fastspringSamples.purchase(SUBSCRIPTION_ORDER))
const [activated] = (fastspringSamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []).map(only) as [SampleEvent]
const charged = only(fastspringSamples.renewal?.(SUBSCRIPTION_ORDER) as SampleEvent)
const to = { externalId: 'team', quantity: 3 }
const updated = only(fastspringSamples.planChange?.(SUBSCRIPTION_ORDER, to) as SampleEvent)
const period = {
  subscription: 'subscription-55',
  payment: 'order-1001',
  paidAt: ORDER.now,
  endsAt: periodStart(1),
}

describe('a delivery', () => {
  it('is split into its events', () => {
    const events = [{ id: 'a' }, 7, null]
    expect(fastspring.split?.({ events })).toEqual(events)
  })

  it.each([undefined, null, 'x', {}, { events: {} }, { events: [] }, { id: 'a', type: 'order.completed' }])(
    'is not split if it has no events: %j',
    (payload) => {
      expect(fastspring.split?.(payload)).toEqual([])
    },
  )
})

describe('a completed order', () => {
  it('is a purchase of its items', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: 'order-1001',
      references: ['KEYSEAL-order-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '7', externalIds: ['7'], quantity: 1 }],
      amount: { payment: 'order-1001', amount: 4995 },
    })
  })

  it('has one line for each product', () => {
    const items = [
      { externalId: 'pro', quantity: 2 },
      { externalId: 'team', quantity: null },
      { externalId: 'pro', quantity: 1 },
    ]
    expect(parse(only(fastspringSamples.purchaseOfLines?.(ORDER, items) as SampleEvent))).toMatchObject({
      lines: [
        { id: 'pro', externalIds: ['pro'], quantity: 3 },
        { id: 'team', externalIds: ['team'], quantity: 1 },
      ],
    })
  })

  it('of a subscription pays for its first period', () => {
    expect(parse(subscriptionPurchase)).toMatchObject({
      kind: 'purchase',
      order: 'order-1001',
      references: ['KEYSEAL-order-1001', 'subscription-55'],
      lines: [{ id: '7', externalIds: ['7'], quantity: 1 }],
      period,
    })
  })

  it('without webhook expansion contains ids, and no end of the period', () => {
    const items = [{ product: 'pro', quantity: 1, subscription: 'subscription-55' }]
    const parsed = parseChanged(subscriptionPurchase, { 'data.items': items, 'data.account': 'account-1' })
    const { endsAt, ...withoutEnd } = period
    expect(parsed).toMatchObject({ references: ['KEYSEAL-order-1001', 'subscription-55'] })
    expect(parsed).toHaveProperty('period', withoutEnd)
  })

  it('marks what is bought once beside a subscription', () => {
    const items = [
      { product: { product: 'pro' }, quantity: 1, subscription: 'subscription-55' },
      { product: 'book', quantity: 1, subscription: null },
      { product: 'seat', quantity: 2, isAddon: true },
    ]
    expect(parseChanged(purchase, { 'data.items': items })).toMatchObject({
      lines: [
        { id: 'pro', externalIds: ['pro'], quantity: 1 },
        { id: 'book', externalIds: ['book'], quantity: 1, isOneTime: true },
        { id: 'seat', externalIds: ['seat'], quantity: 2 },
      ],
    })
    expect(parse(purchase)).not.toHaveProperty('lines.0.isOneTime')
  })

  it('references all of its subscriptions', () => {
    const items = ['a', 'b'].map((id) => ({ product: id, quantity: 1, subscription: { id } }))
    expect(parseChanged(purchase, { 'data.items': items })).toMatchObject({
      references: ['KEYSEAL-order-1001', 'a', 'b'],
      period: { subscription: 'a', payment: 'order-1001', paidAt: ORDER.now },
    })
  })

  it('without items is flagged', () => {
    for (const items of [[], null, undefined]) {
      expect(parseChanged(purchase, { 'data.items': items })).toMatchObject({
        kind: 'flagged',
        order: 'order-1001',
      })
    }
  })

  it.each([
    ['Ada', null, 'Ada'],
    ['Ada', 'Ada', 'Ada Ada'],
    ['', 7, undefined],
  ])('of %j %j belongs to %j', (first, last, name) => {
    const changes = { 'data.customer.first': first, 'data.customer.last': last }
    expect(parseChanged(purchase, changes)).toMatchObject({ owner: { name, email: 'ada@example.com' } })
    expect(parseChanged(purchase, { 'data.customer': null })).toMatchObject({ kind: 'purchase' })
  })
})

it('a trial is a purchase, with its days as the first period', () => {
  expect(parse(only(fastspringSamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent))).toMatchObject({
    kind: 'purchase',
    order: 'order-1001',
    lines: [{ id: '7', quantity: 1 }],
    period: { ...period, endsAt: periodStart(0) + 14 * DAY_MILLISECONDS },
    amount: { payment: 'order-1001', amount: 0 },
  })
})

describe('a charge', () => {
  it('renews the subscription until the next one', () => {
    expect(parse(charged)).toEqual({
      kind: 'renewal',
      period: {
        subscription: 'subscription-55',
        payment: 'order-1001-1',
        paidAt: periodStart(1) + 2000,
        endsAt: periodStart(2),
      },
      references: ['KEYSEAL-order-1001-1'],
      report: {
        subscription: 'subscription-55',
        occurredAt: ORDER.now,
        items: [{ externalIds: ['7'], quantity: 1 }],
      },
      amount: { payment: 'order-1001-1', amount: 4995 },
    })
  })

  it('without webhook expansion names only the subscription and the payment', () => {
    const ids = { 'data.order': 'order-2', 'data.subscription': 'subscription-55' }
    expect(parseChanged(charged, ids)).toEqual({
      kind: 'renewal',
      period: { subscription: 'subscription-55', payment: 'order-2', paidAt: periodStart(1) + 2000 },
      references: [],
      amount: { payment: 'order-2', amount: 4995 },
    })
  })

  it('without a subscription is flagged', () => {
    expect(parseChanged(charged, { 'data.subscription': null })).toMatchObject({
      kind: 'flagged',
      order: 'order-1001-1',
    })
  })
})

describe('a subscription', () => {
  const report = { subscription: 'subscription-55', occurredAt: ORDER.now }

  it.each(['activated', 'canceled', 'uncanceled'])('that is %s is paid until the next charge', (type) => {
    expect(parseChanged(activated, { type: `subscription.${type}` })).toEqual({
      kind: 'report',
      report: { ...report, paidUntil: periodStart(1) },
    })
  })

  it('that changed reports its product, its quantity and its add-ons', () => {
    const addons = [{ product: 'seat', quantity: 2 }]
    expect(parseChanged(updated, { 'data.addons': addons })).toEqual({
      kind: 'report',
      report: {
        ...report,
        paidUntil: periodStart(1),
        items: [
          { externalIds: ['team'], quantity: 3 },
          { externalIds: ['seat'], quantity: 2 },
        ],
      },
    })
    expect(parseChanged(updated, { 'data.product': 'pro' })).toMatchObject({
      report: { items: [{ externalIds: ['pro'] }] },
    })
  })

  it.each([
    ['active', 1, 2, 1],
    ['trial', 1, null, 1],
    ['canceled', 1, null, 1],
    ['active', null, 2, 2],
    ['active', null, null, undefined],
    ['overdue', 1, null, undefined],
    ['paused', 1, null, undefined],
    ['deactivated', 1, 2, undefined],
  ])(
    'that is %s, with the next charge at %j and the end at %j, is paid until %j',
    (state, next, end, paidUntil) => {
      const changes = { 'data.state': state, 'data.next': next, 'data.end': end }
      expect(parseChanged(activated, changes)).toEqual({
        kind: 'report',
        report: { ...report, ...(paidUntil && { paidUntil }) },
      })
    },
  )

  it('that is deactivated ended at that time', () => {
    const ended = only(fastspringSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent)
    expect(parse(ended)).toEqual({ kind: 'report', report: { ...report, endedAt: ORDER.now } })
    expect(parseChanged(ended, { 'data.changed': null, created: 5 })).toMatchObject({
      report: { endedAt: 5 },
    })
  })
})

describe('a return', () => {
  const refund = only(fastspringSamples.refund(ORDER))
  const partial = only(fastspringSamples.partialRefund?.(ORDER) as SampleEvent)
  const reversal = {
    kind: 'refund',
    id: 'return:return-order-1001',
    order: 'order-1001',
    occurredAt: ORDER.now,
    phase: 'beginning',
  }

  it('reverses the order', () => {
    expect(parse(refund)).toEqual(reversal)
  })

  it('of a part has its amount', () => {
    expect(parse(partial)).toEqual({ ...reversal, amount: 1000 })
    expect(parseChanged(partial, { 'data.original': 'order-1001' })).toEqual({ ...reversal, amount: 1000 })
    expect(parseChanged(partial, { 'data.totalReturn': 0.29 })).toMatchObject({ amount: 29 })
  })

  it('of a period has the name of its payment', () => {
    const later = only(fastspringSamples.refund({ ...SUBSCRIPTION_ORDER, period: 2 }))
    expect(parse(later)).toMatchObject({ order: 'order-1001-2' })
  })

  it('that is not completed is ignored', () => {
    expect(parseChanged(refund, { 'data.completed': false })).toMatchObject({
      kind: 'ignored',
      order: 'order-1001',
    })
  })
})

describe('an event', () => {
  it('has its id, its type and its mode in its body', () => {
    expect(describeEvent(purchase)).toEqual({ id: purchase.id, type: 'order.completed', isTest: false })
    expect(describeEvent(purchase, { live: false })).toMatchObject({ isTest: true })
    expect(describeEvent(purchase, { live: undefined, id: undefined })).toMatchObject({
      id: undefined,
      isTest: undefined,
    })
  })

  it.each(['order.failed', 'subscription.payment.overdue', 'subscription.trial.reminder', 'constructor'])(
    'of type %s is ignored',
    (type) => {
      expect(parseChanged(purchase, { type, created: undefined }).kind).toBe('ignored')
      expect(parse(only(fastspringSamples.unknown())).kind).toBe('ignored')
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [
      { data: null },
      { created: 'x' },
      { 'data.id': 7 },
      { 'data.items': 'x' },
      { 'data.items': [{ product: 7 }] },
    ]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    expect(() => parseChanged(charged, { 'data.order': null })).toThrow()
    expect(() => parseChanged(only(fastspringSamples.refund(ORDER)), { 'data.totalReturn': 'x' })).toThrow()
    expect(() => fastspring.describe({ events: [] }, new Headers())).toThrow()
  })
})
