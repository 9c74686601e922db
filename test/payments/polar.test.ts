import { describe, expect, it } from 'vitest'
import { polarSamples } from '../../scripts/webhook-samples/polar.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { polar } from '../../src/payments/providers/polar.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(polar)
const purchase = polarSamples.purchase(ORDER)
const reversal = { id: 'refund:1001', order: '1001', occurredAt: ORDER.now }

describe('a paid order', () => {
  it('is a purchase of its product', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: '1001',
      references: ['checkout-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7'], quantity: 1 }],
    })
  })

  it('has a quantity of seats or units, or 1', () => {
    const quantityOf = (seats: unknown, units: unknown) =>
      parseChanged(purchase, { 'data.seats': seats, 'data.units': units })
    expect(quantityOf(5, null)).toMatchObject({ lines: [{ quantity: 5 }] })
    expect(quantityOf(null, 3)).toMatchObject({ lines: [{ quantity: 3 }] })
    expect(quantityOf(undefined, undefined)).toMatchObject({ lines: [{ quantity: 1 }] })
    expect(quantityOf('2', null)).toMatchObject({ lines: [{ quantity: '2' }] })
  })

  it('references its subscription, which later orders renew', () => {
    expect(parse(polarSamples.purchase(SUBSCRIPTION_ORDER))).toMatchObject({
      kind: 'purchase',
      references: ['checkout-1001', '55'],
    })
    const renewal = polarSamples.renewal?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(parse(renewal)).toEqual({ kind: 'renewal', order: '1001-1', subscription: '55', period: '1001-1' })
    expect(parseChanged(renewal, { 'data.subscription_id': null }).kind).toBe('flagged')
  })

  it.each(['subscription_update', 'subscription_meter_cycle', null])(
    'with another billing reason (%s) is ignored',
    (reason) => {
      expect(parseChanged(purchase, { 'data.billing_reason': reason })).toMatchObject({
        kind: 'ignored',
        order: '1001',
      })
    },
  )

  it('may have no customer, and falls back to the billing name', () => {
    expect(parse(polarSamples.purchase({ ...ORDER, email: null }))).toMatchObject({ owner: { email: null } })
    expect(parseChanged(purchase, { 'data.customer': null })).toMatchObject({
      kind: 'purchase',
      owner: { name: 'Ada Lovelace', email: undefined },
    })
    expect(parseChanged(purchase, { 'data.product_id': null })).toMatchObject({
      lines: [{ externalIds: [] }],
    })
  })
})

describe('a refund', () => {
  it('of the whole order reverses it', () => {
    expect(parse(polarSamples.refund(ORDER))).toEqual({ kind: 'refund', ...reversal, phase: 'beginning' })
  })

  it('that is partial is flagged', () => {
    expect(parse(polarSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: '1001',
    })
  })

  const failed = polarSamples.refundFailed?.(ORDER) as SampleEvent

  it.each(['failed', 'canceled'])('that is %s reinstates the order', (status) => {
    expect(parseChanged(failed, { 'data.status': status })).toEqual({
      kind: 'reinstatement',
      ...reversal,
      phase: 'end',
    })
  })

  it.each(['pending', 'succeeded'])('that is %s is ignored, because order.refunded reports it', (status) => {
    for (const type of ['refund.created', 'refund.updated']) {
      expect(parseChanged(failed, { type, 'data.status': status }).kind).toBe('ignored')
    }
  })
})

describe('a dispute', () => {
  const answer = polarSamples.disputeOpened?.(ORDER) as SampleEvent

  it('that is refunded reverses the order, and reinstates it if won', () => {
    expect(parse(answer)).toEqual({ kind: 'refund', ...reversal, phase: 'beginning' })
    expect(parse(polarSamples.disputeWon?.(ORDER) as SampleEvent)).toEqual({
      kind: 'reinstatement',
      ...reversal,
      phase: 'end',
    })
  })

  it('that is undecided is flagged', () => {
    const pending = { 'data.status': 'pending', 'data.dispute.status': 'needs_response' }
    expect(parseChanged(answer, pending)).toMatchObject({ kind: 'flagged', order: '1001' })
  })
})

describe('an event', () => {
  it('has its id in a header, and its type in the body', () => {
    expect(describeEvent(purchase)).toEqual({ id: purchase.id, type: 'order.paid', isTest: undefined })
  })

  it.each(['order.created', 'benefit_grant.created', 'subscription.cycled', 'constructor'])(
    'of type %s is ignored',
    (type) => {
      expect(parseChanged(purchase, { type }).kind).toBe('ignored')
      expect(parse(polarSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [{ data: null }, { 'data.id': 7 }, { 'data.customer': 'x' }]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    expect(() => parseChanged(polarSamples.refund(ORDER), { timestamp: undefined })).toThrow()
    expect(() => polar.describe({}, new Headers())).toThrow()
  })
})
