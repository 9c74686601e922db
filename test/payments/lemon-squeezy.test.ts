import { describe, expect, it } from 'vitest'
import { lemonSqueezySamples } from '../../scripts/webhook-samples/lemon-squeezy.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
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
  it('becomes a reference of its order', () => {
    expect(parse(subscriptionCreated)).toMatchObject({
      kind: 'ignored',
      order: 'order:1001',
      references: ['subscription:55'],
    })
  })

  it('is renewed by later payments, not by the first one', () => {
    expect(parse(renewal)).toEqual({
      kind: 'renewal',
      order: 'subscription-invoice:100101',
      subscription: 'subscription:55',
      period: 'subscription-invoice:100101',
    })
    expect(parse(firstPayment).kind).toBe('ignored')
    expect(parseChanged(renewal, { 'data.attributes.billing_reason': 'updated' }).kind).toBe('ignored')
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

  it.each(['license_key_created', 'subscription_updated', 'constructor', '__proto__'])(
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
    expect(() => lemonSqueezy.describe({}, new Headers())).toThrow()
    expect(() =>
      parseChanged(lemonSqueezySamples.refund(ORDER), { 'data.attributes.refunded_at': 'x' }),
    ).toThrow()
  })
})
