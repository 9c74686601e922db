import { describe, expect, it } from 'vitest'
import { dodoSamples } from '../../scripts/webhook-samples/dodo.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { dodo } from '../../src/payments/providers/dodo.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(dodo)
const purchase = dodoSamples.purchase(ORDER)
const subscription = dodoSamples.purchase(SUBSCRIPTION_ORDER)

describe('a payment', () => {
  it('is a purchase of its cart', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: 'pay_1001',
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '7', externalIds: ['7'], quantity: 1 }],
    })
  })

  it('has one line for each product', () => {
    const lines = [
      { externalId: 'pdt_a', quantity: 2 },
      { externalId: 'pdt_b', quantity: null },
      { externalId: 'pdt_a', quantity: 1 },
    ]
    expect(parse(dodoSamples.purchaseOfLines?.(ORDER, lines) as SampleEvent)).toMatchObject({
      lines: [
        { id: 'pdt_a', quantity: 3 },
        { id: 'pdt_b', quantity: 1 },
      ],
    })
  })

  it('is a purchase even if it was refunded meanwhile', () => {
    expect(parseChanged(purchase, { 'data.refund_status': 'full' }).kind).toBe('purchase')
  })

  it('that changes the payment method issues nothing', () => {
    expect(parseChanged(purchase, { 'data.is_update_payment_method': true })).toMatchObject({
      kind: 'ignored',
      order: 'pay_1001',
    })
  })

  it('without products is flagged and issues nothing', () => {
    for (const cart of [null, []]) {
      expect(parseChanged(purchase, { 'data.product_cart': cart })).toMatchObject({
        kind: 'flagged',
        order: 'pay_1001',
      })
    }
  })

  it('of a subscription becomes a reference of the subscription', () => {
    const [paid] = dodoSamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []
    const names = { order: 'sub_55', references: ['pay_1001'] }
    expect(parse(paid as SampleEvent)).toMatchObject({ kind: 'ignored', ...names })
    const cart = { 'data.product_cart': [{ product_id: 'pdt_a', quantity: 1 }] }
    expect(parseChanged(paid as SampleEvent, cart)).toMatchObject({ kind: 'flagged', ...names })
  })
})

describe('a subscription', () => {
  const renewed = (period: number) =>
    parse(dodoSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period }) as SampleEvent)

  it('that starts is a purchase that pays for its first period', () => {
    expect(parse(subscription)).toEqual({
      kind: 'purchase',
      order: 'sub_55',
      references: ['sub_55'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7'], quantity: 1 }],
      firstPeriod: { subscription: 'sub_55', period: '2026-01-01' },
    })
  })

  it('is renewed for a period, including the one that its purchase pays for', () => {
    expect(renewed(0)).toMatchObject({ kind: 'renewal', subscription: 'sub_55', period: '2026-01-01' })
    expect(renewed(1)).toEqual({
      kind: 'renewal',
      order: 'sub_55:2026-01-31',
      subscription: 'sub_55',
      period: '2026-01-31',
    })
  })

  it('that resumes after a missed payment has no first period', () => {
    const again = parseChanged(subscription, { 'data.previous_billing_date': '2026-03-05T10:00:00Z' })
    expect(again).toMatchObject({ kind: 'purchase', order: 'sub_55' })
    expect(again).not.toHaveProperty('firstPeriod')
  })

  it.each([
    ['2026-01-01T12:00:00Z', true],
    ['2026-01-01T13:00:00Z', false],
  ])('created at midnight and billed at %s has a first period: %s', (billed, isFirst) => {
    const started = parseChanged(subscription, { 'data.previous_billing_date': billed })
    expect('firstPeriod' in started).toBe(isFirst)
  })

  it('uses the end of the period before the first payment', () => {
    const renewal = dodoSamples.renewal?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(parseChanged(renewal, { 'data.previous_billing_date': null })).toMatchObject({
      period: '2026-03-02',
    })
  })
})

describe('a refund', () => {
  const reversal = { id: 'refund:ref_1001', order: 'pay_1001', occurredAt: ORDER.now }

  it('reverses the payment, and reinstates it if the refund fails', () => {
    expect(parse(dodoSamples.refund(ORDER))).toEqual({ kind: 'refund', ...reversal, phase: 'beginning' })
    expect(parse(dodoSamples.refundFailed?.(ORDER) as SampleEvent)).toEqual({
      kind: 'reinstatement',
      ...reversal,
      phase: 'end',
    })
  })

  it('that is partial is flagged', () => {
    expect(parse(dodoSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: 'pay_1001',
    })
  })
})

describe('a dispute', () => {
  const opened = dodoSamples.disputeOpened?.(ORDER) as SampleEvent

  it.each([
    ['opened', 'refund', 'beginning'],
    ['accepted', 'refund', 'end'],
    ['lost', 'refund', 'end'],
    ['expired', 'refund', 'end'],
    ['won', 'reinstatement', 'end'],
    ['cancelled', 'reinstatement', 'end'],
  ])('that is %s is a %s', (status, kind, phase) => {
    expect(parseChanged(opened, { type: `dispute.${status}` })).toEqual({
      kind,
      id: 'dispute:dsp_1001',
      order: 'pay_1001',
      occurredAt: ORDER.now,
      phase,
    })
  })

  it('is ignored while it is open', () => {
    expect(parseChanged(opened, { type: 'dispute.challenged' }).kind).toBe('ignored')
  })
})

describe('an event', () => {
  it('has its id in a header, and its type in the body', () => {
    expect(describeEvent(purchase)).toEqual({
      id: purchase.id,
      type: 'payment.succeeded',
      isTest: undefined,
    })
  })

  it.each(['license_key.created', 'payment.failed', 'entitlement_grant.created', 'constructor'])(
    'of type %s is ignored',
    (type) => {
      expect(parseChanged(purchase, { type }).kind).toBe('ignored')
      expect(parse(dodoSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [{ data: null }, { 'data.payment_id': 7 }, { 'data.product_cart': 'x' }]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    expect(() => parseChanged(dodoSamples.refund(ORDER), { timestamp: 'x' })).toThrow()
    expect(() => dodo.describe({}, new Headers())).toThrow()
  })
})
