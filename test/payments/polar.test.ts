import { describe, expect, it } from 'vitest'
import { polarSamples } from '../../scripts/webhook-samples/polar.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { polar } from '../../src/payments/providers/polar/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(polar)
const purchase = polarSamples.purchase(ORDER)
const first = polarSamples.purchase(SUBSCRIPTION_ORDER)

describe('a paid order', () => {
  it('is a purchase of its product', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: '1001',
      references: ['checkout-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7'], quantity: 1 }],
      amount: { payment: '1001', amount: 4900 },
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

  it('has the amount that can be refunded, without taxes and what the balance paid', () => {
    const amount = (net: unknown, balance: unknown) => {
      const changes = { 'data.net_amount': net, 'data.applied_balance_amount': balance }
      const event = parseChanged(purchase, changes)
      return event.kind === 'purchase' ? event.amount?.amount : event
    }
    expect(amount(4900, -900)).toBe(4000)
    expect(amount(4900, 100)).toBe(5000)
    expect(amount(4900, undefined)).toBe(4900)
    expect(amount(0, 0)).toBeUndefined()
    expect(amount(4900, -4900)).toBeUndefined()
    for (const odd of [null, '4900', 1.5, undefined]) expect(amount(odd, null)).toBeUndefined()
  })

  it.each(['subscription_pause', null, 7, { toString: 0 }])(
    'with an unknown billing reason (%j) is flagged',
    (reason) => {
      const event = parseChanged(first, { 'data.billing_reason': reason })
      const named = typeof reason === 'string' ? reason : 'none'
      const note = `an order for another reason: ${named}`
      expect(event).toEqual({ kind: 'flagged', note, order: '55' })
    },
  )

  it('for usage within a period is ignored', () => {
    const usage = { 'data.billing_reason': 'subscription_meter_cycle' }
    expect(parseChanged(first, usage)).toMatchObject({ kind: 'ignored', order: '55' })
  })

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
  const reversal = { id: 'refund-1001', order: '1001', occurredAt: ORDER.now }
  const refund = polarSamples.refund(ORDER)
  const partial = polarSamples.partialRefund?.(ORDER) as SampleEvent
  const failed = polarSamples.refundFailed?.(ORDER) as SampleEvent

  it.each(['refund.created', 'refund.updated'])('has the amount without taxes: %s', (type) => {
    const expected = { kind: 'refund', ...reversal, phase: 'beginning' }
    expect(parseChanged(refund, { type })).toEqual({ ...expected, amount: 4900 })
    const part = { ...expected, id: 'refund-part-1001', amount: 1000 }
    expect(parseChanged(partial, { type })).toEqual(part)
  })

  it('of an unknown amount is flagged', () => {
    for (const amount of [undefined, null, 0, -1, '1000', 1.5]) {
      expect(parseChanged(refund, { 'data.amount': amount })).toMatchObject({
        kind: 'flagged',
        order: '1001',
      })
    }
  })

  it('that leaves the benefits to the buyer changes nothing, whichever event arrives first', () => {
    const goodwill = { 'data.revoke_benefits': false }
    expect(parseChanged(refund, goodwill)).toMatchObject({ kind: 'ignored', order: '1001' })
    for (const status of ['refunded', 'partially_refunded']) {
      const refunded = { type: 'order.refunded', 'data.status': status }
      expect(parseChanged(purchase, refunded)).toMatchObject({ kind: 'ignored', order: '1001' })
      expect(parseChanged(first, refunded)).toMatchObject({ kind: 'ignored', order: '55' })
    }
  })

  it('of an order of a subscription takes back its period, since its benefits cannot be revoked', () => {
    const ofSubscription = polarSamples.refund(SUBSCRIPTION_ORDER)
    expect(JSON.parse(ofSubscription.body)).toMatchObject({ data: { revoke_benefits: false } })
    expect(parse(ofSubscription)).toEqual({
      kind: 'refund',
      ...reversal,
      phase: 'beginning',
      amount: 4900,
    })
  })

  it.each(['failed', 'canceled'])('that is %s reinstates the order', (status) => {
    expect(parseChanged(failed, { 'data.status': status })).toEqual({
      kind: 'reinstatement',
      ...reversal,
      phase: 'end',
    })
  })

  it.each(['pending', undefined, 'something_new'])('that is %s is ignored until it is paid', (status) => {
    const event = parseChanged(polarSamples.refund(SUBSCRIPTION_ORDER), { 'data.status': status })
    expect(event).toMatchObject({ kind: 'ignored', order: '55' })
  })
})

describe('a dispute', () => {
  const answer = polarSamples.disputeOpened?.(ORDER) as SampleEvent
  const reversal = { id: 'refund-disputed-1001', order: '1001', occurredAt: ORDER.now }

  it('that is refunded reverses the order, and reinstates it if won', () => {
    const expected = { kind: 'refund', ...reversal, phase: 'beginning' }
    expect(parse(answer)).toEqual(expected)
    expect(parseChanged(answer, { 'data.revoke_benefits': false, 'data.amount': 100 })).toEqual(expected)
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

  it.each(['order.created', 'benefit_grant.created', 'subscription.unheard_of', 'constructor'])(
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
