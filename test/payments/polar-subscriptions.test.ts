import { describe, expect, it } from 'vitest'
import { polarSamples } from '../../scripts/webhook-samples/polar.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { polar } from '../../src/payments/providers/polar/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(polar)
const first = polarSamples.purchase(SUBSCRIPTION_ORDER)
const PERIOD_ENDS = [Date.UTC(2026, 0, 31), Date.UTC(2026, 2, 2)] as const
const ITEM = { externalIds: ['7'], quantity: 1 }

describe('the first order of a subscription', () => {
  it('is a sale with the name of the subscription and the period that it pays for', () => {
    expect(parse(first)).toEqual({
      kind: 'purchase',
      order: '55',
      references: ['1001', 'checkout-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7'], quantity: 1 }],
      period: { subscription: '55', payment: '1001', paidAt: ORDER.now, endsAt: PERIOD_ENDS[0] },
      report: { subscription: '55', occurredAt: ORDER.now, items: [ITEM] },
      amount: { payment: '1001', amount: 4900 },
    })
  })

  it('has the seats of the subscription, and a period until its end, if it is a trial', () => {
    const trial = parse(polarSamples.trial?.({ ...SUBSCRIPTION_ORDER, quantity: 4 }) as SampleEvent)
    expect(trial).toMatchObject({
      kind: 'purchase',
      order: '55',
      lines: [{ id: '*', quantity: 4 }],
      period: { payment: '1001', endsAt: Date.UTC(2026, 0, 15) },
      report: { items: [{ externalIds: ['7'], quantity: 4 }] },
    })
    expect(trial).not.toHaveProperty('amount')
  })

  it('is of no known length if the event does not contain the subscription', () => {
    const alone = { 'data.subscription': null, 'data.seats': 3 }
    expect(parseChanged(first, alone)).toMatchObject({
      period: { subscription: '55', payment: '1001', paidAt: ORDER.now },
      report: { items: [{ externalIds: ['7'], quantity: 3 }] },
    })
    expect(parseChanged(first, alone)).not.toHaveProperty('period.endsAt')
    expect(parseChanged(first, { ...alone, 'data.seats': null })).toMatchObject({
      report: { items: [{ externalIds: ['7'], quantity: null }] },
    })
    const nothing = { ...alone, 'data.product_id': null }
    expect(parseChanged(first, nothing)).toMatchObject({ report: { subscription: '55' } })
    expect(parseChanged(first, nothing)).not.toHaveProperty('report.items')
  })

  it('is not lost to an odd date', () => {
    for (const odd of ['soon', 7, null]) {
      const changes = {
        'data.created_at': odd,
        'data.subscription.current_period_start': odd,
        'data.subscription.current_period_end': odd,
      }
      expect(parseChanged(first, changes)).toMatchObject({ kind: 'purchase', period: { payment: '1001' } })
      expect(parseChanged(first, changes)).not.toHaveProperty('period.endsAt')
    }
    expect(() => parseChanged(first, { timestamp: 'soon' })).toThrow()
    const once = polarSamples.purchase(ORDER)
    expect(parseChanged(once, { timestamp: 'soon' }).kind).toBe('purchase')
  })

  it('may follow a free plan: an update is the same sale, with the new plan', () => {
    const upgrade = {
      'data.id': '1002',
      'data.billing_reason': 'subscription_update',
      'data.product_id': '8',
      'data.seats': null,
      'data.subscription.product_id': '8',
      'data.subscription.seats': 6,
    }
    expect(parseChanged(first, upgrade)).toMatchObject({
      kind: 'purchase',
      order: '55',
      references: ['1002', 'checkout-1001'],
      lines: [{ id: '*', externalIds: ['8'], quantity: 6 }],
      period: { subscription: '55', payment: '1002', endsAt: PERIOD_ENDS[0] },
      report: { items: [{ externalIds: ['8'], quantity: 6 }] },
      amount: { payment: '1002', amount: 4900 },
    })
  })
})

describe('a renewal', () => {
  const renewal = polarSamples.renewal?.({ ...SUBSCRIPTION_ORDER, quantity: 5 }) as SampleEvent

  it('pays for a period, and reports what the subscription consists of', () => {
    expect(parse(renewal)).toEqual({
      kind: 'renewal',
      period: { subscription: '55', payment: '1001-1', paidAt: ORDER.now, endsAt: PERIOD_ENDS[1] },
      report: {
        subscription: '55',
        occurredAt: ORDER.now,
        items: [{ externalIds: ['7'], quantity: 5 }],
      },
      amount: { payment: '1001-1', amount: 4900 },
    })
  })

  it('reports the current plan, even if a late payment is for an earlier one', () => {
    const current = { 'data.subscription.product_id': '8', 'data.subscription.seats': null }
    expect(parseChanged(renewal, current)).toMatchObject({
      report: { items: [{ externalIds: ['8'], quantity: 1 }] },
    })
  })

  it('that was paid after the next period started pays until then', () => {
    const next = {
      'data.subscription.current_period_start': '2026-03-02T00:00:00Z',
      'data.subscription.current_period_end': '2026-04-01T00:00:00Z',
    }
    expect(parseChanged(renewal, next)).toMatchObject({ period: { endsAt: Date.UTC(2026, 2, 2) } })
    const inTime = { ...next, 'data.created_at': '2026-03-01T23:59:59.999Z' }
    expect(parseChanged(renewal, inTime)).toMatchObject({ period: { endsAt: Date.UTC(2026, 3, 1) } })
  })

  it('of a subscription that ended pays for its usage and is ignored', () => {
    const ended = { 'data.subscription.ended_at': '2026-03-02T00:00:01Z' }
    expect(parseChanged(renewal, ended)).toMatchObject({ kind: 'ignored', order: '55' })
  })

  it('without a subscription is flagged', () => {
    expect(parseChanged(renewal, { 'data.subscription_id': null })).toMatchObject({
      kind: 'flagged',
      order: '1001-1',
    })
  })
})

describe('a subscription', () => {
  const change = polarSamples.planChange?.(SUBSCRIPTION_ORDER, {
    externalId: '8',
    quantity: 3,
  }) as SampleEvent
  const report = { subscription: '55', occurredAt: ORDER.now, items: [{ externalIds: ['8'], quantity: 3 }] }

  it.each(['created', 'active', 'updated', 'uncanceled', 'cycled', 'past_due', 'paused', 'resumed'])(
    'reports its plan, but not its unpaid period, when it is %s',
    (state) => {
      expect(parseChanged(change, { type: `subscription.${state}` })).toEqual({ kind: 'report', report })
    },
  )

  it('has units, or a quantity of 1', () => {
    const quantityOf = (seats: unknown, units: unknown) =>
      parseChanged(change, { 'data.seats': seats, 'data.units': units })
    expect(quantityOf(null, 12)).toMatchObject({ report: { items: [{ quantity: 12 }] } })
    expect(quantityOf(null, undefined)).toMatchObject({ report: { items: [{ quantity: 1 }] } })
    expect(parseChanged(change, { 'data.product_id': null })).not.toHaveProperty('report.items')
  })

  it('with a change that is pending has its current plan', () => {
    const pending = { product_id: '9', seats: 9, applies_at: '2027-01-01T00:00:00Z' }
    expect(parseChanged(change, { 'data.pending_update': pending })).toEqual({ kind: 'report', report })
  })

  it('in a trial is valid until the end of the trial', () => {
    const trial = { 'data.status': 'trialing', 'data.trial_end': '2026-12-08T09:30:00Z' }
    const paidUntil = Date.UTC(2026, 11, 8, 9, 30)
    expect(parseChanged(change, trial)).toEqual({ kind: 'report', report: { ...report, paidUntil } })
    expect(parseChanged(change, { ...trial, 'data.trial_end': null })).toMatchObject({
      report: { paidUntil: PERIOD_ENDS[0] },
    })
    const ended = { ...trial, 'data.ended_at': '2026-11-24T09:30:00Z' }
    expect(parseChanged(change, ended)).toEqual({
      kind: 'report',
      report: { ...report, endedAt: ORDER.now },
    })
  })

  it('that was revoked reports when', () => {
    const ended = polarSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent
    const expected = { kind: 'report', report: { ...report, items: [ITEM], endedAt: ORDER.now } }
    expect(parse(ended)).toEqual(expected)
    expect(parseChanged(ended, { 'data.ended_at': null, 'data.status': 'unpaid' })).toEqual(expected)
    expect(parseChanged(ended, { 'data.ended_at': '2026-11-24T08:00:00Z' })).toMatchObject({
      report: { occurredAt: ORDER.now, endedAt: Date.UTC(2026, 10, 24, 8) },
    })
  })

  it('that was canceled stays as it is until it is revoked', () => {
    const canceled = { type: 'subscription.canceled', 'data.cancel_at_period_end': true }
    expect(parseChanged(change, canceled)).toEqual({
      kind: 'ignored',
      note: 'a canceled subscription stays valid until it is revoked',
      order: '55',
    })
    expect(parseChanged(change, { ...canceled, type: 'subscription.updated' })).toEqual({
      kind: 'report',
      report,
    })
  })

  it('is rejected if it does not match its schema', () => {
    for (const changes of [{ 'data.id': 7 }, { data: null }, { timestamp: null }]) {
      expect(() => parseChanged(change, changes)).toThrow()
    }
  })
})
