import { describe, expect, it } from 'vitest'
import { dodoSamples } from '../../scripts/webhook-samples/dodo.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { dodo } from '../../src/payments/providers/dodo.ts'
import { ORDER, readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged, describe: describeEvent } = readerOf(dodo)
const purchase = dodoSamples.purchase(ORDER)
const subscription = dodoSamples.purchase(SUBSCRIPTION_ORDER)

describe('a payment', () => {
  it('is a sale of its cart', () => {
    expect(say(purchase)).toEqual({
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
    expect(say(dodoSamples.purchaseOfLines?.(ORDER, lines) as SampleEvent)).toMatchObject({
      lines: [
        { id: 'pdt_a', quantity: 3 },
        { id: 'pdt_b', quantity: 1 },
      ],
    })
  })

  it('that was refunded by the time it is told is a sale, which the refund takes back', () => {
    expect(sayChanged(purchase, { 'data.refund_status': 'full' }).kind).toBe('purchase')
  })

  it('that changes the way to pay issues nothing', () => {
    expect(sayChanged(purchase, { 'data.is_update_payment_method': true })).toMatchObject({
      kind: 'ignored',
      order: 'pay_1001',
    })
  })

  it('that tells no products issues nothing, and is shown to a person', () => {
    for (const cart of [null, []]) {
      expect(sayChanged(purchase, { 'data.product_cart': cart })).toMatchObject({
        kind: 'flagged',
        order: 'pay_1001',
      })
    }
  })

  it('of a subscription is a name of it', () => {
    const [paid] = dodoSamples.besides?.(SUBSCRIPTION_ORDER) ?? []
    const tie = { order: 'sub_55', references: ['pay_1001'] }
    expect(say(paid as SampleEvent)).toMatchObject({ kind: 'ignored', ...tie })
    const cart = { 'data.product_cart': [{ product_id: 'pdt_a', quantity: 1 }] }
    expect(sayChanged(paid as SampleEvent, cart)).toMatchObject({ kind: 'flagged', ...tie })
  })
})

describe('a subscription', () => {
  const renewed = (period: number) =>
    say(dodoSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period }) as SampleEvent)

  it('that begins is a sale, which pays for its first period', () => {
    expect(say(subscription)).toEqual({
      kind: 'purchase',
      order: 'sub_55',
      references: ['sub_55'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7'], quantity: 1 }],
      firstPeriod: { subscription: 'sub_55', period: '2026-01-01' },
    })
  })

  it('is renewed for a period, also for the one that its sale pays for', () => {
    expect(renewed(0)).toMatchObject({ kind: 'renewal', subscription: 'sub_55', period: '2026-01-01' })
    expect(renewed(1)).toEqual({
      kind: 'renewal',
      order: 'sub_55:2026-01-31',
      subscription: 'sub_55',
      period: '2026-01-31',
    })
  })

  it('that goes on after a missed payment claims no period: that one is a renewal', () => {
    const again = sayChanged(subscription, { 'data.previous_billing_date': '2026-03-05T10:00:00Z' })
    expect(again).toMatchObject({ kind: 'purchase', order: 'sub_55' })
    expect(again).not.toHaveProperty('firstPeriod')
  })

  it.each([
    ['2026-01-01T12:00:00Z', true],
    ['2026-01-01T13:00:00Z', false],
  ])('made at midnight and billed at %s claims its first period: %s', (billed, isFirst) => {
    const begun = sayChanged(subscription, { 'data.previous_billing_date': billed })
    expect('firstPeriod' in begun).toBe(isFirst)
  })

  it('tells its period by its end where nothing was billed yet', () => {
    const renewal = dodoSamples.renewal?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(sayChanged(renewal, { 'data.previous_billing_date': null })).toMatchObject({
      period: '2026-03-02',
    })
  })
})

describe('a refund', () => {
  const news = { id: 'refund:ref_1001', order: 'pay_1001', occurredAt: ORDER.now }

  it('takes the payment back, and gives it back where it fails', () => {
    expect(say(dodoSamples.refund(ORDER))).toEqual({ kind: 'refund', ...news, phase: 'beginning' })
    expect(say(dodoSamples.refundFailed?.(ORDER) as SampleEvent)).toEqual({
      kind: 'reinstatement',
      ...news,
      phase: 'end',
    })
  })

  it('of a part takes nothing, and is shown to a person', () => {
    expect(say(dodoSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
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
    expect(sayChanged(opened, { type: `dispute.${status}` })).toEqual({
      kind,
      id: 'dispute:dsp_1001',
      order: 'pay_1001',
      occurredAt: ORDER.now,
      phase,
    })
  })

  it('changes nothing while it goes on', () => {
    expect(sayChanged(opened, { type: 'dispute.challenged' }).kind).toBe('ignored')
  })
})

describe('an event tells', () => {
  it('its name in a header, and its type', () => {
    expect(describeEvent(purchase)).toEqual({
      id: purchase.id,
      type: 'payment.succeeded',
      isTest: undefined,
    })
  })

  it.each(['license_key.created', 'payment.failed', 'entitlement_grant.created', 'constructor'])(
    'nothing by %s',
    (type) => {
      expect(sayChanged(purchase, { type }).kind).toBe('ignored')
      expect(say(dodoSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('that it can not be understood, where a known one has another shape', () => {
    for (const changes of [{ data: null }, { 'data.payment_id': 7 }, { 'data.product_cart': 'x' }]) {
      expect(() => sayChanged(purchase, changes)).toThrow()
    }
    expect(() => sayChanged(dodoSamples.refund(ORDER), { timestamp: 'x' })).toThrow()
    expect(() => dodo.describe({}, new Headers())).toThrow()
  })
})
