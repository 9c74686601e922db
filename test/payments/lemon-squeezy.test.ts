import { describe, expect, it } from 'vitest'
import { lemonSqueezySamples } from '../../scripts/webhook-samples/lemon-squeezy.ts'
import { periodStart, type SampleEvent, trialEnd } from '../../scripts/webhook-samples/sample.ts'
import { lemonSqueezy } from '../../src/payments/providers/lemon-squeezy.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(lemonSqueezy)
const purchase = lemonSqueezySamples.purchase(ORDER)
const relatedEvents = lemonSqueezySamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []
const [subscriptionCreated, firstPayment] = relatedEvents as [SampleEvent, SampleEvent]
const renewal = lemonSqueezySamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 1 }) as SampleEvent

describe('an order', () => {
  it('that is paid is a purchase of its product', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: 'order:1001',
      references: ['keyseal-demo-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7', '700001'], quantity: 1 }],
    })
  })

  it.each(['pending', 'failed', 'refunded', 'fraudulent', null])('that is %s issues nothing', (status) => {
    expect(parseChanged(purchase, { 'data.attributes.status': status })).toMatchObject({
      kind: 'ignored',
      order: 'order:1001',
    })
  })

  it('is a purchase even if it was partly refunded meanwhile', () => {
    expect(parseChanged(purchase, { 'data.attributes.status': 'partial_refund' }).kind).toBe('purchase')
  })

  it('has a quantity of 1 by default', () => {
    const item = 'data.attributes.first_order_item'
    expect(parse(lemonSqueezySamples.purchase({ ...ORDER, quantity: 3 }))).toMatchObject({
      lines: [{ quantity: 3 }],
    })
    expect(parseChanged(purchase, { [`${item}.quantity`]: undefined })).toMatchObject({
      lines: [{ quantity: 1 }],
    })
    expect(parseChanged(purchase, { [item]: null })).toMatchObject({
      lines: [{ externalIds: [], quantity: 1 }],
    })
  })

  it('may have no owner', () => {
    expect(parse(lemonSqueezySamples.purchase({ ...ORDER, name: null, email: null }))).toMatchObject({
      kind: 'purchase',
      owner: { name: null, email: null },
    })
  })
})

describe('a refund', () => {
  const refund = lemonSqueezySamples.refund(ORDER)

  it('of the whole order reverses it', () => {
    expect(parse(refund)).toEqual({
      kind: 'refund',
      id: 'refund:order:1001',
      order: 'order:1001',
      occurredAt: ORDER.now,
      phase: 'beginning',
    })
    expect(parseChanged(refund, { 'data.attributes.refunded_at': null })).toMatchObject({
      occurredAt: ORDER.now,
    })
  })

  it('that is partial is flagged', () => {
    expect(parse(lemonSqueezySamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: 'order:1001',
    })
  })

  const refunded = {
    'meta.event_name': 'subscription_payment_refunded',
    'data.attributes.refunded': true,
    'data.attributes.refunded_at': '2026-11-24T09:30:00.000000Z',
  }

  it('of a renewal reverses that renewal', () => {
    expect(parseChanged(renewal, refunded)).toMatchObject({
      kind: 'refund',
      id: 'refund:subscription-invoice:100101',
      order: 'subscription-invoice:100101',
      occurredAt: ORDER.now,
    })
    expect(parseChanged(renewal, { ...refunded, 'data.attributes.refunded': false }).kind).toBe('flagged')
  })

  it('of the first payment of a subscription reverses its order', () => {
    expect(parseChanged(firstPayment, refunded)).toMatchObject({ kind: 'refund', order: 'subscription:55' })
  })
})

describe('a subscription', () => {
  it('becomes a reference of its order, and reports the end of its first period', () => {
    expect(parse(subscriptionCreated)).toEqual({
      kind: 'report',
      order: 'order:1001',
      references: ['subscription:55'],
      report: {
        subscription: 'subscription:55',
        occurredAt: ORDER.now,
        paidUntil: periodStart(1),
        items: [{ externalIds: ['7', '700001'], quantity: 1 }],
      },
      period: { subscription: 'subscription:55', payment: 'order:1001', paidAt: periodStart(0) },
    })
  })

  it('on trial is free until the end of the trial, and keeps its quantity', () => {
    expect(parse(lemonSqueezySamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent)).toMatchObject({
      kind: 'report',
      order: 'order:1001',
      references: ['subscription:55'],
      report: {
        paidUntil: trialEnd(),
        items: [{ externalIds: ['7', '700001'], quantity: undefined }],
      },
    })
  })

  const ENDS_AT = '2026-05-01T00:00:00.000000Z'
  const DATES = {
    'data.attributes.trial_ends_at': '2026-03-01T00:00:00.000000Z',
    'data.attributes.renews_at': '2026-04-01T00:00:00.000000Z',
    'data.attributes.ends_at': ENDS_AT,
  }
  const reported = (status: unknown, changes: object = {}) =>
    parseChanged(subscriptionCreated, { ...DATES, 'data.attributes.status': status, ...changes })

  it.each([
    ['on_trial', Date.UTC(2026, 2, 1)],
    ['active', Date.UTC(2026, 3, 1)],
    ['cancelled', Date.UTC(2026, 4, 1)],
  ])('that is %s is paid for until %d', (status, paidUntil) => {
    expect(reported(status)).toMatchObject({ report: { paidUntil } })
    expect(reported(status)).not.toHaveProperty('report.endedAt')
  })

  it.each(['past_due', 'unpaid', 'paused', 'expired', 'unheard_of', null])(
    'that is %s has no next period that is paid',
    (status) => expect(reported(status)).not.toHaveProperty('report.paidUntil'),
  )

  it('that has expired ended at that time', () => {
    expect(reported('expired')).toMatchObject({ report: { endedAt: Date.parse(ENDS_AT) } })
    const withoutEnd = reported('expired', { 'data.attributes.ends_at': null })
    expect(withoutEnd).toMatchObject({ report: { endedAt: ORDER.now } })
    expect(parse(lemonSqueezySamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent)).toMatchObject({
      report: { endedAt: ORDER.now },
    })
  })

  it('reports another plan and quantity', () => {
    const to = { externalId: '8', quantity: 5 }
    const change = lemonSqueezySamples.planChange?.(SUBSCRIPTION_ORDER, to) as SampleEvent
    expect(parse(change)).toMatchObject({
      kind: 'report',
      report: {
        occurredAt: ORDER.now,
        paidUntil: periodStart(1),
        items: [{ externalIds: ['8', '700001'], quantity: 5 }],
      },
    })
  })

  it.each(['updated', 'plan_changed', 'cancelled', 'resumed', 'paused', 'unpaused', 'expired'])(
    'reports its state when it is %s',
    (change) => {
      const event = { 'meta.event_name': `subscription_${change}`, 'data.attributes.updated_at': null }
      expect(parseChanged(subscriptionCreated, event)).toMatchObject({
        kind: 'report',
        order: 'order:1001',
        report: { occurredAt: periodStart(0), paidUntil: periodStart(1) },
      })
    },
  )

  it('without a product reports no items', () => {
    const changes = { 'data.attributes.variant_id': null, 'data.attributes.product_id': null }
    expect(parseChanged(subscriptionCreated, changes)).not.toHaveProperty('report.items')
  })

  it('is renewed by later payments and paid changes of its plan, not by the first payment', () => {
    const renewed = {
      kind: 'renewal',
      period: {
        subscription: 'subscription:55',
        payment: 'subscription-invoice:100101',
        paidAt: periodStart(1),
      },
    }
    expect(parse(renewal)).toEqual(renewed)
    expect(parseChanged(renewal, { 'data.attributes.billing_reason': 'updated' })).toEqual(renewed)
    expect(parse(firstPayment).kind).toBe('ignored')
  })

  it.each([
    ['gift', 'a payment with the billing reason gift'],
    [null, 'a payment with no billing reason'],
    [{ toString: 1 }, 'a payment with no billing reason'],
  ])('is not renewed by a payment with the reason %j', (reason, note) => {
    expect(parseChanged(renewal, { 'data.attributes.billing_reason': reason })).toEqual({
      kind: 'flagged',
      note,
      order: 'subscription-invoice:100101',
    })
  })
})

describe('an event', () => {
  it('has its type and its mode, but no id', () => {
    expect(describeEvent(purchase)).toEqual({ id: undefined, type: 'order_created', isTest: false })
    const test = lemonSqueezySamples.purchase({ ...ORDER, isTest: true })
    expect(describeEvent(test).isTest).toBe(true)
    expect(describeEvent(test, { 'meta.test_mode': undefined }).isTest).toBe(true)
    const withoutMode = { 'meta.test_mode': undefined, 'data.attributes.test_mode': undefined }
    expect(describeEvent(test, withoutMode).isTest).toBeUndefined()
  })

  it.each(['license_key_created', 'subscription_payment_failed', 'constructor', '__proto__'])(
    'of type %s is ignored',
    (event_name) => {
      expect(parseChanged(purchase, { 'meta.event_name': event_name }).kind).toBe('ignored')
      expect(parse(lemonSqueezySamples.unknown()).kind).toBe('ignored')
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [{ data: null }, { 'data.id': null }, { 'data.attributes': 'x' }]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    for (const changes of [{ 'data.attributes.renews_at': 'x' }, { 'data.attributes.created_at': null }]) {
      expect(() => parseChanged(subscriptionCreated, changes)).toThrow()
    }
    expect(() => parseChanged(renewal, { 'data.attributes.created_at': null })).toThrow()
    expect(() => lemonSqueezy.describe({}, new Headers())).toThrow()
    expect(() =>
      parseChanged(lemonSqueezySamples.refund(ORDER), { 'data.attributes.refunded_at': 'x' }),
    ).toThrow()
  })
})
