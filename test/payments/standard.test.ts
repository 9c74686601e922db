import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { standardSamples } from '../../scripts/webhook-samples/standard.ts'
import { standard } from '../../src/payments/providers/standard.ts'
import { ORDER, readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged, describe: describeEvent } = readerOf(standard)
const purchase = standardSamples.purchase(ORDER)

describe('an order that is paid', () => {
  it('is a sale of its lines', () => {
    const lines = [
      { externalId: 'pro', quantity: 2 },
      { externalId: 'lite', quantity: undefined },
    ]
    expect(say(standardSamples.purchaseOfLines?.(ORDER, lines) as SampleEvent)).toEqual({
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

  it('of a subscription knows it, and the period that it pays for', () => {
    const event = standardSamples.purchase(SUBSCRIPTION_ORDER)
    expect(say(event)).toMatchObject({
      references: ['payment-1001', 'subscription-55'],
      firstPeriod: { subscription: 'subscription-55', period: 'period-0' },
    })
    expect(sayChanged(event, { 'data.period': null })).not.toHaveProperty('firstPeriod')
    expect(sayChanged(event, { 'data.subscription': undefined })).not.toHaveProperty('firstPeriod')
  })

  it('may leave its owner out', () => {
    for (const owner of [undefined, null, {}]) {
      expect(sayChanged(purchase, { 'data.owner': owner })).toMatchObject({
        kind: 'purchase',
        owner: { name: undefined, email: undefined },
      })
    }
  })

  it.each(['3', 'x', 0, -1, 1.5])('leaves the quantity %j to be checked later', (quantity) => {
    expect(say(standardSamples.purchase({ ...ORDER, quantity }))).toMatchObject({ lines: [{ quantity }] })
  })

  const line = { id: '1', product: 'pro' }
  it.each([
    [],
    null,
    [line, line],
    [{ ...line, id: '*' }],
    [{ ...line, id: '' }],
    [{ ...line, id: 1 }],
    [{ ...line, product: undefined }],
    [{ ...line, product: 'a b' }],
    [{ ...line, id: 'x'.repeat(101) }],
  ])('has not lines like %j', (lines) => {
    expect(() => sayChanged(purchase, { 'data.lines': lines })).toThrow()
  })

  it.each(['', ' ', 'a b', 'x'.repeat(101), 'caf\u00e9', '1\u0000', 7, null])(
    'has not the name %j',
    (order) => {
      expect(() => sayChanged(purchase, { 'data.order': order })).toThrow()
    },
  )

  it('keeps a name of a hundred characters', () => {
    const order = '#'.repeat(100)
    expect(sayChanged(purchase, { 'data.order': order })).toMatchObject({ order })
    const refund = sayChanged(standardSamples.refund(ORDER), { 'data.order': order, 'data.refund': order })
    expect(refund).toMatchObject({ id: `refund ${order} ${order}` })
  })
})

describe('a refund', () => {
  const news = { id: 'refund 1001 r1', order: '1001', occurredAt: ORDER.now }

  it('takes the order back, and gives it back where it is reversed', () => {
    expect(say(standardSamples.refund(ORDER))).toEqual({ kind: 'refund', ...news, phase: 'beginning' })
    expect(say(standardSamples.refundFailed?.(ORDER) as SampleEvent)).toEqual({
      kind: 'reinstatement',
      ...news,
      phase: 'end',
    })
  })

  it('of some lines takes these, and as many as it says', () => {
    const refund = standardSamples.lineRefund?.(ORDER) as SampleEvent
    expect(say(refund)).toMatchObject({ kind: 'refund', lines: [{ id: '1', quantity: 1 }] })
    expect(sayChanged(refund, { 'data.lines.0.quantity': undefined })).toMatchObject({ lines: [{ id: '1' }] })
  })

  it('of no line, or of no whole quantity, is none', () => {
    const refund = standardSamples.lineRefund?.(ORDER) as SampleEvent
    expect(() => sayChanged(refund, { 'data.lines': [] })).toThrow()
    for (const quantity of [0, -1, 1.5, '1']) {
      expect(() => sayChanged(refund, { 'data.lines.0.quantity': quantity })).toThrow()
    }
  })

  it('of one order is none of another, however they are named', () => {
    const idOf = (order: string, refund: string) =>
      sayChanged(standardSamples.refund(ORDER), { 'data.order': order, 'data.refund': refund })
    expect(idOf('1:2', '3')).not.toMatchObject({ id: expect.stringContaining('1 2:3') })
    expect(idOf('1', '2:3')).not.toMatchObject({ id: expect.stringContaining('1:2 3') })
  })
})

describe('a dispute', () => {
  const news = { id: 'dispute 1001 d1', order: '1001', occurredAt: ORDER.now }

  it('takes the order back, lets it stay so when lost, and gives it back when won', () => {
    const opened = standardSamples.disputeOpened?.(ORDER) as SampleEvent
    const lost = standardSamples.disputeLost?.(ORDER) as SampleEvent
    const won = standardSamples.disputeWon?.(ORDER) as SampleEvent
    expect(say(opened)).toEqual({ kind: 'refund', ...news, phase: 'beginning' })
    expect(say(lost)).toEqual({ kind: 'refund', ...news, phase: 'end' })
    expect(say(won)).toEqual({ kind: 'reinstatement', ...news, phase: 'end' })
  })
})

it('a renewal tells its own name, the subscription and the period', () => {
  const renewal = standardSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 3 }) as SampleEvent
  expect(say(renewal)).toEqual({
    kind: 'renewal',
    order: '1001-3',
    references: [],
    subscription: 'subscription-55',
    period: 'period-3',
  })
  for (const field of ['order', 'subscription', 'period']) {
    expect(() => sayChanged(renewal, { [`data.${field}`]: undefined })).toThrow()
  }
})

describe('an event tells', () => {
  it('its name in a header, its type, and whether it is a test: it is none unless it says so', () => {
    expect(describeEvent(purchase)).toEqual({ id: purchase.id, type: 'order.paid', isTest: false })
    expect(describeEvent(purchase, { 'data.test': true }).isTest).toBe(true)
    for (const test of [undefined, null]) {
      expect(describeEvent(purchase, { 'data.test': test }).isTest).toBe(false)
    }
    expect(describeEvent(standardSamples.unknown()).type).toBe('sample.unheard_of')
  })

  it('nothing where its type is not known, whatever it holds', () => {
    expect(say(standardSamples.unknown()).kind).toBe('ignored')
    expect(standard.interpret({ type: 'order.shipped' }).kind).toBe('ignored')
    expect(sayChanged(purchase, { type: 'constructor' }).kind).toBe('ignored')
  })

  it('that it can not be understood, where a known one has another shape', () => {
    for (const changes of [{ timestamp: 'x' }, { timestamp: 1_700_000_000 }, { data: undefined }]) {
      expect(() => sayChanged(purchase, changes)).toThrow()
    }
    for (const payload of [null, 1, [], {}, { type: '' }]) {
      expect(() => standard.describe(payload, new Headers())).toThrow()
    }
  })
})
