import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { standardSamples } from '../../scripts/webhook-samples/standard.ts'
import { standard } from '../../src/payments/providers/standard.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(standard)
const purchase = standardSamples.purchase(ORDER)

describe('a paid order', () => {
  it('is a purchase of its lines', () => {
    const lines = [
      { externalId: 'pro', quantity: 2 },
      { externalId: 'lite', quantity: undefined },
    ]
    expect(parse(standardSamples.purchaseOfLines?.(ORDER, lines) as SampleEvent)).toEqual({
      kind: 'purchase',
      order: '1001',
      references: ['payment-1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [
        { id: '1', externalIds: ['pro'], quantity: 2 },
        { id: '2', externalIds: ['lite'], quantity: 1 },
      ],
    })
  })

  it('references its subscription and the period that it pays for', () => {
    const event = standardSamples.purchase(SUBSCRIPTION_ORDER)
    expect(parse(event)).toMatchObject({
      references: ['payment-1001', 'subscription-55'],
      firstPeriod: { subscription: 'subscription-55', period: 'period-0' },
    })
    expect(parseChanged(event, { 'data.period': null })).not.toHaveProperty('firstPeriod')
    expect(parseChanged(event, { 'data.subscription': undefined })).not.toHaveProperty('firstPeriod')
  })

  it('may have no owner', () => {
    for (const owner of [undefined, null, {}]) {
      expect(parseChanged(purchase, { 'data.owner': owner })).toMatchObject({
        kind: 'purchase',
        owner: { name: undefined, email: undefined },
      })
    }
  })

  it.each(['3', 'x', 0, -1, 1.5])('keeps the quantity %j for a later check', (quantity) => {
    expect(parse(standardSamples.purchase({ ...ORDER, quantity }))).toMatchObject({ lines: [{ quantity }] })
  })

  const line = { id: '1', product: 'pro' }
  it.each([
    [],
    null,
    [line, line],
    [{ ...line, id: '*' }],
    [{ ...line, id: '' }],
    [{ ...line, id: 1.5 }],
    [{ ...line, product: undefined }],
    [{ ...line, product: 'a b' }],
    [{ ...line, id: 'x'.repeat(101) }],
  ])('cannot have the lines %j', (lines) => {
    expect(() => parseChanged(purchase, { 'data.lines': lines })).toThrow()
  })

  it.each(['', ' ', 'a b', 'x'.repeat(101), 'caf\u00e9', '1\u0000', 7.5, null])(
    'cannot have the name %j',
    (order) => {
      expect(() => parseChanged(purchase, { 'data.order': order })).toThrow()
    },
  )

  it('can have numbers as names', () => {
    const numbered = { 'data.order': 1001, 'data.lines': [{ id: 1, product: 77, quantity: 2 }] }
    expect(parseChanged(purchase, numbered)).toMatchObject({
      order: '1001',
      lines: [{ id: '1', externalIds: ['77'], quantity: 2 }],
    })
  })

  it('can have a name of 100 characters', () => {
    const order = '#'.repeat(100)
    expect(parseChanged(purchase, { 'data.order': order })).toMatchObject({ order })
    const refund = parseChanged(standardSamples.refund(ORDER), { 'data.order': order, 'data.refund': order })
    expect(refund).toMatchObject({ id: `refund ${order} ${order}` })
  })
})

describe('a refund', () => {
  const reversal = { id: 'refund 1001 r1', order: '1001', occurredAt: ORDER.now }

  it('reverses the order, and its own reversal reinstates it', () => {
    expect(parse(standardSamples.refund(ORDER))).toEqual({ kind: 'refund', ...reversal, phase: 'beginning' })
    expect(parse(standardSamples.refundFailed?.(ORDER) as SampleEvent)).toEqual({
      kind: 'reinstatement',
      ...reversal,
      phase: 'end',
    })
  })

  it('of some lines reverses the given quantities of these lines', () => {
    const refund = standardSamples.lineRefund?.(ORDER) as SampleEvent
    expect(parse(refund)).toMatchObject({ kind: 'refund', lines: [{ id: '1', quantity: 1 }] })
    expect(parseChanged(refund, { 'data.lines.0.quantity': undefined })).toMatchObject({
      lines: [{ id: '1' }],
    })
  })

  it('without lines or with an invalid quantity is rejected', () => {
    const refund = standardSamples.lineRefund?.(ORDER) as SampleEvent
    expect(() => parseChanged(refund, { 'data.lines': [] })).toThrow()
    for (const quantity of [0, -1, 1.5, '1']) {
      expect(() => parseChanged(refund, { 'data.lines.0.quantity': quantity })).toThrow()
    }
  })

  it('has an id that cannot collide with another order', () => {
    const idOf = (order: string, refund: string) =>
      parseChanged(standardSamples.refund(ORDER), { 'data.order': order, 'data.refund': refund })
    expect(idOf('1:2', '3')).not.toMatchObject({ id: expect.stringContaining('1 2:3') })
    expect(idOf('1', '2:3')).not.toMatchObject({ id: expect.stringContaining('1:2 3') })
  })
})

describe('a dispute', () => {
  const reversal = { id: 'dispute 1001 d1', order: '1001', occurredAt: ORDER.now }

  it('reverses the order, and reinstates it only if won', () => {
    const answer = standardSamples.disputeOpened?.(ORDER) as SampleEvent
    const lost = standardSamples.disputeLost?.(ORDER) as SampleEvent
    const won = standardSamples.disputeWon?.(ORDER) as SampleEvent
    expect(parse(answer)).toEqual({ kind: 'refund', ...reversal, phase: 'beginning' })
    expect(parse(lost)).toEqual({ kind: 'refund', ...reversal, phase: 'end' })
    expect(parse(won)).toEqual({ kind: 'reinstatement', ...reversal, phase: 'end' })
  })
})

it('a renewal has its own name, a subscription and a period', () => {
  const renewal = standardSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 3 }) as SampleEvent
  expect(parse(renewal)).toEqual({
    kind: 'renewal',
    order: '1001-3',
    references: [],
    subscription: 'subscription-55',
    period: 'period-3',
  })
  for (const field of ['order', 'subscription', 'period']) {
    expect(() => parseChanged(renewal, { [`data.${field}`]: undefined })).toThrow()
  }
})

describe('an event', () => {
  it('has its id in a header, its type, and is live by default', () => {
    expect(describeEvent(purchase)).toEqual({ id: purchase.id, type: 'order.paid', isTest: false })
    expect(describeEvent(purchase, { 'data.test': true }).isTest).toBe(true)
    for (const test of [undefined, null]) {
      expect(describeEvent(purchase, { 'data.test': test }).isTest).toBe(false)
    }
    expect(describeEvent(standardSamples.unknown()).type).toBe('sample.unheard_of')
  })

  it('of an unknown type is ignored', () => {
    expect(parse(standardSamples.unknown()).kind).toBe('ignored')
    expect(standard.interpret({ type: 'order.shipped' }).kind).toBe('ignored')
    expect(parseChanged(purchase, { type: 'constructor' }).kind).toBe('ignored')
  })

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [{ timestamp: 'x' }, { timestamp: 1_700_000_000 }, { data: undefined }]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    for (const payload of [null, 1, [], {}, { type: '' }]) {
      expect(() => standard.describe(payload, new Headers())).toThrow()
    }
  })
})
