import { describe, expect, it } from 'vitest'
import { lemonSqueezySamples } from '../../scripts/webhook-samples/lemon-squeezy.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { lemonSqueezy } from '../../src/payments/providers/lemon-squeezy.ts'
import { ORDER, readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged, describe: describeEvent } = readerOf(lemonSqueezy)
const purchase = lemonSqueezySamples.purchase(ORDER)
const besides = lemonSqueezySamples.besides?.(SUBSCRIPTION_ORDER) ?? []
const [subscriptionCreated, firstPayment] = besides as [SampleEvent, SampleEvent]
const renewal = lemonSqueezySamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 1 }) as SampleEvent

describe('an order', () => {
  it('that is paid is a sale of its one product', () => {
    expect(say(purchase)).toEqual({
      kind: 'purchase',
      order: 'order:1001',
      references: ['keyseal-demo-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7', '700001'], quantity: 1 }],
    })
  })

  it.each(['pending', 'failed', 'refunded', 'fraudulent', null])('that is %s issues nothing', (status) => {
    expect(sayChanged(purchase, { 'data.attributes.status': status })).toMatchObject({
      kind: 'ignored',
      order: 'order:1001',
    })
  })

  it('that was refunded in part by the time it is told is a sale', () => {
    expect(sayChanged(purchase, { 'data.attributes.status': 'partial_refund' }).kind).toBe('purchase')
  })

  it('tells the quantity, if it does', () => {
    const item = 'data.attributes.first_order_item'
    expect(say(lemonSqueezySamples.purchase({ ...ORDER, quantity: 3 }))).toMatchObject({
      lines: [{ quantity: 3 }],
    })
    expect(sayChanged(purchase, { [`${item}.quantity`]: undefined })).toMatchObject({
      lines: [{ quantity: 1 }],
    })
    expect(sayChanged(purchase, { [item]: null })).toMatchObject({
      lines: [{ externalIds: [], quantity: 1 }],
    })
  })

  it('passes on an owner that is not told', () => {
    expect(say(lemonSqueezySamples.purchase({ ...ORDER, name: null, email: null }))).toMatchObject({
      kind: 'purchase',
      owner: { name: null, email: null },
    })
  })
})

describe('a refund', () => {
  const refund = lemonSqueezySamples.refund(ORDER)

  it('of the whole order takes it back', () => {
    expect(say(refund)).toEqual({
      kind: 'refund',
      id: 'refund:order:1001',
      order: 'order:1001',
      occurredAt: ORDER.now,
      phase: 'beginning',
    })
    expect(sayChanged(refund, { 'data.attributes.refunded_at': null })).toMatchObject({
      occurredAt: ORDER.now,
    })
  })

  it('of a part takes nothing, and is shown to a person', () => {
    expect(say(lemonSqueezySamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: 'order:1001',
    })
  })

  const refunded = {
    'meta.event_name': 'subscription_payment_refunded',
    'data.attributes.refunded': true,
    'data.attributes.refunded_at': '2026-11-24T09:30:00.000000Z',
  }

  it("of a subscription's renewal is about that renewal", () => {
    expect(sayChanged(renewal, refunded)).toMatchObject({
      kind: 'refund',
      id: 'refund:subscription-invoice:100101',
      order: 'subscription-invoice:100101',
      occurredAt: ORDER.now,
    })
    expect(sayChanged(renewal, { ...refunded, 'data.attributes.refunded': false }).kind).toBe('flagged')
  })

  it("of a subscription's first payment is about its order", () => {
    expect(sayChanged(firstPayment, refunded)).toMatchObject({ kind: 'refund', order: 'subscription:55' })
  })
})

describe('a subscription', () => {
  it('is a name of its order', () => {
    expect(say(subscriptionCreated)).toMatchObject({
      kind: 'ignored',
      order: 'order:1001',
      references: ['subscription:55'],
    })
  })

  it('is renewed by a later payment, not by its first one', () => {
    expect(say(renewal)).toEqual({
      kind: 'renewal',
      order: 'subscription-invoice:100101',
      subscription: 'subscription:55',
      period: 'subscription-invoice:100101',
    })
    expect(say(firstPayment).kind).toBe('ignored')
    expect(sayChanged(renewal, { 'data.attributes.billing_reason': 'updated' }).kind).toBe('ignored')
  })
})

describe('an event tells', () => {
  it('no name, but its type and whether it is a test', () => {
    expect(describeEvent(purchase)).toEqual({ id: undefined, type: 'order_created', isTest: false })
    const test = lemonSqueezySamples.purchase({ ...ORDER, isTest: true })
    expect(describeEvent(test).isTest).toBe(true)
    expect(describeEvent(test, { 'meta.test_mode': undefined }).isTest).toBe(true)
    const silent = { 'meta.test_mode': undefined, 'data.attributes.test_mode': undefined }
    expect(describeEvent(test, silent).isTest).toBeUndefined()
  })

  it.each(['license_key_created', 'subscription_updated', 'constructor', '__proto__'])(
    'nothing by %s',
    (event_name) => {
      expect(sayChanged(purchase, { 'meta.event_name': event_name }).kind).toBe('ignored')
      expect(say(lemonSqueezySamples.unknown()).kind).toBe('ignored')
    },
  )

  it('that it can not be understood, where a known one has another shape', () => {
    for (const changes of [{ data: null }, { 'data.id': null }, { 'data.attributes': 'x' }]) {
      expect(() => sayChanged(purchase, changes)).toThrow()
    }
    expect(() => lemonSqueezy.describe({}, new Headers())).toThrow()
    expect(() =>
      sayChanged(lemonSqueezySamples.refund(ORDER), { 'data.attributes.refunded_at': 'x' }),
    ).toThrow()
  })
})
