import { describe, expect, it } from 'vitest'
import { polarSamples } from '../../scripts/webhook-samples/polar.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { polar } from '../../src/payments/providers/polar.ts'
import { ORDER, readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged, describe: describeEvent } = readerOf(polar)
const purchase = polarSamples.purchase(ORDER)
const news = { id: 'refund:1001', order: '1001', occurredAt: ORDER.now }

describe('an order that is paid', () => {
  it('is a sale of its product', () => {
    expect(say(purchase)).toEqual({
      kind: 'purchase',
      order: '1001',
      references: ['checkout-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7'], quantity: 1 }],
    })
  })

  it('tells seats, or units, or neither, which is one', () => {
    const quantityOf = (seats: unknown, units: unknown) =>
      sayChanged(purchase, { 'data.seats': seats, 'data.units': units })
    expect(quantityOf(5, null)).toMatchObject({ lines: [{ quantity: 5 }] })
    expect(quantityOf(null, 3)).toMatchObject({ lines: [{ quantity: 3 }] })
    expect(quantityOf(undefined, undefined)).toMatchObject({ lines: [{ quantity: 1 }] })
    expect(quantityOf('2', null)).toMatchObject({ lines: [{ quantity: '2' }] })
  })

  it('of a subscription knows it, and later ones renew it', () => {
    expect(say(polarSamples.purchase(SUBSCRIPTION_ORDER))).toMatchObject({
      kind: 'purchase',
      references: ['checkout-1001', '55'],
    })
    const renewal = polarSamples.renewal?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(say(renewal)).toEqual({ kind: 'renewal', order: '1001-1', subscription: '55', period: '1001-1' })
    expect(sayChanged(renewal, { 'data.subscription_id': null }).kind).toBe('flagged')
  })

  it.each(['subscription_update', 'subscription_meter_cycle', null])(
    'for another reason (%s) neither sells nor renews',
    (reason) => {
      expect(sayChanged(purchase, { 'data.billing_reason': reason })).toMatchObject({
        kind: 'ignored',
        order: '1001',
      })
    },
  )

  it('passes on an owner that is not told, and knows the name on the bill', () => {
    expect(say(polarSamples.purchase({ ...ORDER, email: null }))).toMatchObject({ owner: { email: null } })
    expect(sayChanged(purchase, { 'data.customer': null })).toMatchObject({
      kind: 'purchase',
      owner: { name: 'Ada Lovelace', email: undefined },
    })
    expect(sayChanged(purchase, { 'data.product_id': null })).toMatchObject({ lines: [{ externalIds: [] }] })
  })
})

describe('a refund', () => {
  it('of the whole order takes it back', () => {
    expect(say(polarSamples.refund(ORDER))).toEqual({ kind: 'refund', ...news, phase: 'beginning' })
  })

  it('of a part takes nothing, and is shown to a person', () => {
    expect(say(polarSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: '1001',
    })
  })

  const failed = polarSamples.refundFailed?.(ORDER) as SampleEvent

  it.each(['failed', 'canceled'])('that is %s gives it back', (status) => {
    expect(sayChanged(failed, { 'data.status': status })).toEqual({
      kind: 'reinstatement',
      ...news,
      phase: 'end',
    })
  })

  it.each(['pending', 'succeeded'])('that is %s is told by its order', (status) => {
    for (const type of ['refund.created', 'refund.updated']) {
      expect(sayChanged(failed, { type, 'data.status': status }).kind).toBe('ignored')
    }
  })
})

describe('a dispute', () => {
  const opened = polarSamples.disputeOpened?.(ORDER) as SampleEvent

  it('that is refunded takes the order back, and gives it back when won', () => {
    expect(say(opened)).toEqual({ kind: 'refund', ...news, phase: 'beginning' })
    expect(say(polarSamples.disputeWon?.(ORDER) as SampleEvent)).toEqual({
      kind: 'reinstatement',
      ...news,
      phase: 'end',
    })
  })

  it('that is not decided yet is shown to a person', () => {
    const pending = { 'data.status': 'pending', 'data.dispute.status': 'needs_response' }
    expect(sayChanged(opened, pending)).toMatchObject({ kind: 'flagged', order: '1001' })
  })
})

describe('an event tells', () => {
  it('its name in a header, and its type', () => {
    expect(describeEvent(purchase)).toEqual({ id: purchase.id, type: 'order.paid', isTest: undefined })
  })

  it.each(['order.created', 'benefit_grant.created', 'subscription.cycled', 'constructor'])(
    'nothing by %s',
    (type) => {
      expect(sayChanged(purchase, { type }).kind).toBe('ignored')
      expect(say(polarSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('that it can not be understood, where a known one has another shape', () => {
    for (const changes of [{ data: null }, { 'data.id': 7 }, { 'data.customer': 'x' }]) {
      expect(() => sayChanged(purchase, changes)).toThrow()
    }
    expect(() => sayChanged(polarSamples.refund(ORDER), { timestamp: undefined })).toThrow()
    expect(() => polar.describe({}, new Headers())).toThrow()
  })
})
