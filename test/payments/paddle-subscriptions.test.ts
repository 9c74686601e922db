import { describe, expect, it } from 'vitest'
import { paddleSamples } from '../../scripts/webhook-samples/paddle.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { paddle } from '../../src/payments/providers/paddle/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(paddle)

const PERIODS = [
  ['2026-01-01T00:00:00.000Z', Date.UTC(2026, 0, 31)],
  ['2026-01-31T00:00:00.000Z', Date.UTC(2026, 2, 2)],
] as const

/** An item of a transaction or a subscription. */
function itemOf(id: string, quantity: unknown, changes: object = {}): object {
  return {
    price: { id, product_id: 'pro_1', billing_cycle: { interval: 'month', frequency: 1 } },
    quantity,
    ...changes,
  }
}

const ONE_TIME = { price: { id: 'pri_setup', product_id: 'pro_2', billing_cycle: null } }

describe('the first transaction of a subscription', () => {
  const first = paddleSamples.purchase(SUBSCRIPTION_ORDER)

  it('is a purchase with the period that it pays for', () => {
    expect(parse(first)).toMatchObject({
      kind: 'purchase',
      references: ['sub_55'],
      period: {
        subscription: 'sub_55',
        payment: 'txn_1001',
        name: PERIODS[0][0],
        paidAt: ORDER.now,
        endsAt: PERIODS[0][1],
      },
      amount: { payment: 'txn_1001', amount: 4900 },
    })
  })

  it('has a period without an end if the transaction does not say when it ends', () => {
    expect(parseChanged(first, { 'data.billing_period': null })).toMatchObject({
      period: { subscription: 'sub_55', payment: 'txn_1001', paidAt: ORDER.now },
    })
    for (const ends_at of [undefined, null, 'soon', 7]) {
      const event = parseChanged(first, { 'data.billing_period.ends_at': ends_at })
      expect(event).toMatchObject({ kind: 'purchase', period: { name: PERIODS[0][0] } })
      expect(event).not.toHaveProperty('period.endsAt')
    }
  })

  it('pays for the trial, which costs nothing', () => {
    const trial = parse(paddleSamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent)
    expect(trial).toMatchObject({
      kind: 'purchase',
      lines: [{ quantity: 1 }],
      period: { subscription: 'sub_55', payment: 'txn_1001', endsAt: Date.UTC(2026, 0, 15) },
    })
    expect(trial).not.toHaveProperty('amount')
  })

  it('may sell prices that do not recur', () => {
    const lines = [
      { externalId: 'pri_setup', quantity: 1 },
      { externalId: 'pri_a', quantity: 3 },
    ]
    const mixed = paddleSamples.purchaseOfLines?.(SUBSCRIPTION_ORDER, lines) as SampleEvent
    const changes = { 'data.items': [{ ...ONE_TIME, quantity: 1 }, itemOf('pri_a', 3)] }
    expect(parseChanged(mixed, changes)).toMatchObject({
      lines: [
        { externalIds: ['pri_setup', 'pro_keyseal_demo'], isOneTime: true },
        { externalIds: ['pri_a', 'pro_keyseal_demo'] },
      ],
    })
    expect(parseChanged(mixed, changes)).not.toHaveProperty('lines.1.isOneTime')
    const withoutLines = parseChanged(mixed, { ...changes, 'data.details.line_items': [] })
    expect(withoutLines).toMatchObject({ lines: [{ id: 'pri_setup', isOneTime: true }, { id: 'pri_a' }] })
  })

  it('needs the time of the payment', () => {
    expect(() => parseChanged(first, { occurred_at: 'yesterday' })).toThrow()
    const once = paddleSamples.purchase(ORDER)
    expect(parseChanged(once, { occurred_at: 'yesterday' }).kind).toBe('purchase')
  })
})

describe('a renewal', () => {
  const renewal = paddleSamples.renewal?.({ ...SUBSCRIPTION_ORDER, quantity: 5 }) as SampleEvent

  it('pays for a period, and reports what the subscription consists of from its start', () => {
    expect(parse(renewal)).toEqual({
      kind: 'renewal',
      period: {
        subscription: 'sub_55',
        payment: 'txn_1001_1',
        name: PERIODS[1][0],
        paidAt: ORDER.now,
        endsAt: PERIODS[1][1],
      },
      report: {
        subscription: 'sub_55',
        occurredAt: Date.UTC(2026, 0, 31),
        items: [{ externalIds: ['7', 'pro_keyseal_demo'], quantity: 5 }],
      },
      amount: { payment: 'txn_1001_1', amount: 4900 },
    })
  })

  it('counts as its own period if it has none', () => {
    const event = parseChanged(renewal, { 'data.billing_period': null })
    expect(event).toMatchObject({
      period: { payment: 'txn_1001_1', paidAt: ORDER.now },
      report: { occurredAt: ORDER.now },
    })
    expect(event).not.toHaveProperty('period.name')
  })

  it('does not report charges, credits and prorations as parts of the subscription', () => {
    const items = [
      itemOf('pri_a', 20),
      itemOf('pri_a_more', 10, { proration: { rate: '0.5' } }),
      itemOf('pri_old', -10),
      { ...ONE_TIME, quantity: 1 },
      { price: null, quantity: 1 },
      itemOf('pri_twice', 3),
      itemOf('pri_twice', 1),
    ]
    expect(parseChanged(renewal, { 'data.items': items })).toMatchObject({
      report: {
        items: [
          { externalIds: ['pri_a', 'pro_1'], quantity: 20 },
          { externalIds: ['pri_twice', 'pro_1'], quantity: undefined },
        ],
      },
    })
    for (const none of [null, [], [ONE_TIME]]) {
      expect(parseChanged(renewal, { 'data.items': none })).not.toHaveProperty('report')
    }
  })

  it('without a subscription is flagged', () => {
    for (const origin of ['subscription_recurring', 'subscription_update']) {
      const changes = { 'data.origin': origin, 'data.subscription_id': null }
      expect(parseChanged(renewal, changes)).toMatchObject({ kind: 'flagged', order: 'txn_1001_1' })
    }
  })

  it('may charge for a change of the subscription, whose items are only the difference', () => {
    const event = parseChanged(renewal, { 'data.origin': 'subscription_update' })
    expect(event).toEqual({
      kind: 'renewal',
      period: { subscription: 'sub_55', payment: 'txn_1001_1', paidAt: ORDER.now, endsAt: PERIODS[1][1] },
      amount: { payment: 'txn_1001_1', amount: 4900 },
    })
    const credit = { 'data.origin': 'subscription_update', 'data.details.totals.grand_total': '0' }
    expect(parseChanged(renewal, { ...credit, 'data.billing_period': null })).toEqual({
      kind: 'renewal',
      period: { subscription: 'sub_55', payment: 'txn_1001_1', paidAt: ORDER.now },
    })
  })
})

describe('a subscription', () => {
  const seats = { externalId: 'pri_b', quantity: 8 }
  const change = paddleSamples.planChange?.(SUBSCRIPTION_ORDER, seats) as SampleEvent
  const items = [{ externalIds: ['pri_b', 'pro_keyseal_demo'], quantity: 8 }]
  const report = { subscription: 'sub_55', occurredAt: ORDER.now, items }

  it.each(['activated', 'updated', 'past_due', 'paused', 'resumed', 'imported', 'created'])(
    'reports its items, but not its unpaid period, when it is %s',
    (state) => {
      expect(parseChanged(change, { event_type: `subscription.${state}` })).toEqual({
        kind: 'report',
        report,
      })
    },
  )

  it.each(['past_due', 'paused', 'active', 'something_new'])(
    'with the status %s reports no end of a paid period',
    (status) => {
      expect(parseChanged(change, { 'data.status': status })).toEqual({ kind: 'report', report })
    },
  )

  it('in a trial is valid until the end of the trial', () => {
    const trial = {
      event_type: 'subscription.trialing',
      'data.status': 'trialing',
      'data.current_billing_period.ends_at': '2026-12-08T09:30:00.123456Z',
    }
    const paidUntil = Date.UTC(2026, 11, 8, 9, 30, 0, 123)
    expect(parseChanged(change, trial)).toEqual({ kind: 'report', report: { ...report, paidUntil } })
    const extended = { ...trial, event_type: 'subscription.updated' }
    expect(parseChanged(change, extended)).toMatchObject({ report: { paidUntil } })
    for (const odd of [null, { ends_at: 'x' }]) {
      expect(parseChanged(change, { 'data.status': 'trialing', 'data.current_billing_period': odd })).toEqual(
        {
          kind: 'report',
          report,
        },
      )
    }
  })

  it('that ended reports when', () => {
    const ended = paddleSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent
    const expected = { kind: 'report', report: { subscription: 'sub_55', endedAt: ORDER.now } }
    expect(parse(ended)).toMatchObject(expected)
    expect(parseChanged(ended, { 'data.canceled_at': null })).toMatchObject(expected)
    expect(parseChanged(ended, { 'data.canceled_at': '2026-11-24T08:00:00.787929969Z' })).toMatchObject({
      report: { occurredAt: ORDER.now, endedAt: Date.UTC(2026, 10, 24, 8, 0, 0, 787) },
    })
    expect(parse(ended)).not.toHaveProperty('report.paidUntil')
  })

  it('that will be canceled, or changed later, is as it was', () => {
    const scheduled = { action: 'cancel', effective_at: '2026-12-24T09:30:00Z' }
    expect(parseChanged(change, { 'data.scheduled_change': scheduled })).toEqual({ kind: 'report', report })
  })

  it('does not report items that do not recur or have no id', () => {
    const odd = [itemOf('pri_setup', 1, { recurring: false }), ONE_TIME, { price: null, quantity: 2 }]
    expect(parseChanged(change, { 'data.items': [...odd, itemOf('pri_a', 2)] })).toMatchObject({
      report: { items: [{ externalIds: ['pri_a', 'pro_1'], quantity: 2 }] },
    })
    for (const none of [odd, [], null]) {
      expect(parseChanged(change, { 'data.items': none })).toEqual({
        kind: 'report',
        report: { subscription: 'sub_55', occurredAt: ORDER.now },
      })
    }
  })

  it('names the order that created it', () => {
    const created = { event_type: 'subscription.created', 'data.transaction_id': 'txn_1001' }
    expect(parseChanged(change, created)).toMatchObject({ order: 'txn_1001', references: ['sub_55'] })
    for (const odd of [null, 7, '']) {
      expect(parseChanged(change, { 'data.transaction_id': odd })).not.toHaveProperty('order')
    }
  })

  it('is rejected if it does not match its schema', () => {
    for (const changes of [{ 'data.id': 7 }, { 'data.items': 'x' }, { occurred_at: null }, { data: null }]) {
      expect(() => parseChanged(change, changes)).toThrow()
    }
  })
})
