import { describe, expect, it } from 'vitest'
import { isoTime, periodStart, type SampleEvent, trialEnd } from '../../scripts/webhook-samples/sample.ts'
import { standardSamples } from '../../scripts/webhook-samples/standard.ts'
import { standard } from '../../src/payments/providers/standard/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(standard)
const purchase = standardSamples.purchase(ORDER)
const subscribed = standardSamples.purchase(SUBSCRIPTION_ORDER)

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
    expect(parse(subscribed)).toMatchObject({
      references: ['payment-1001', 'subscription-55'],
      period: {
        subscription: 'subscription-55',
        payment: '1001',
        name: 'period-0',
        paidAt: periodStart(0),
        endsAt: periodStart(1),
      },
    })
    expect(parseChanged(subscribed, { 'data.subscription': undefined })).not.toHaveProperty('period')
  })

  it('with a subscription always pays for a period', () => {
    const unset = { 'data.period': null, 'data.paid_at': null, 'data.paid_until': null }
    expect(parseChanged(subscribed, unset)).toMatchObject({
      period: { subscription: 'subscription-55', payment: '1001', paidAt: ORDER.now },
    })
    expect(parseChanged(subscribed, unset)).not.toHaveProperty('period.name')
    expect(parseChanged(subscribed, unset)).not.toHaveProperty('period.endsAt')
  })

  it('with a trial pays for a period that ends with the trial', () => {
    expect(parse(standardSamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent)).toMatchObject({
      kind: 'purchase',
      period: { name: 'period-0', endsAt: trialEnd() },
    })
  })

  it('may have lines that are bought once', () => {
    expect(parseChanged(subscribed, { 'data.lines.0.once': true })).toMatchObject({
      lines: [{ id: '1', isOneTime: true }],
    })
    for (const once of [false, null]) {
      expect(parseChanged(subscribed, { 'data.lines.0.once': once })).not.toHaveProperty('lines.0.isOneTime')
    }
  })

  it('may have an amount', () => {
    expect(parseChanged(purchase, { 'data.amount': 9800 })).toMatchObject({
      amount: { payment: '1001', amount: 9800 },
    })
    expect(parseChanged(purchase, { 'data.amount': null })).not.toHaveProperty('amount')
    for (const amount of [-1, 1.5, '9800']) {
      expect(() => parseChanged(purchase, { 'data.amount': amount })).toThrow()
    }
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

  it('of an amount reverses this amount, unless it names lines', () => {
    const refund = standardSamples.refund(ORDER)
    expect(parseChanged(refund, { 'data.amount': 1000 })).toEqual({
      kind: 'refund',
      ...reversal,
      phase: 'beginning',
      amount: 1000,
    })
    const both = { 'data.amount': 1000, 'data.lines': [{ id: '1' }] }
    expect(parseChanged(refund, both)).toMatchObject({ lines: [{ id: '1' }] })
    expect(parseChanged(refund, both)).not.toHaveProperty('amount')
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

describe('a renewal', () => {
  const renewal = standardSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 3 }) as SampleEvent

  it('has its own name, a subscription and a period', () => {
    expect(parse(renewal)).toEqual({
      kind: 'renewal',
      period: {
        subscription: 'subscription-55',
        payment: '1001-3',
        name: 'period-3',
        paidAt: periodStart(3),
        endsAt: periodStart(4),
      },
      references: [],
    })
    for (const field of ['order', 'subscription', 'period']) {
      expect(() => parseChanged(renewal, { [`data.${field}`]: undefined })).toThrow()
    }
  })

  it('may not say how long it is, and is paid when it was sent by default', () => {
    const unset = { 'data.paid_at': undefined, 'data.paid_until': undefined }
    expect(parseChanged(renewal, unset)).toMatchObject({ period: { paidAt: ORDER.now } })
    expect(parseChanged(renewal, unset)).not.toHaveProperty('period.endsAt')
    expect(() => parseChanged(renewal, { 'data.paid_until': 'tomorrow' })).toThrow()
  })

  it('may have an amount, and the quantities that were renewed', () => {
    const lines = [{ product: 'team', quantity: 5 }]
    expect(parseChanged(renewal, { 'data.amount': 4900, 'data.lines': lines })).toMatchObject({
      kind: 'renewal',
      amount: { payment: '1001-3', amount: 4900 },
      report: {
        subscription: 'subscription-55',
        occurredAt: ORDER.now,
        items: [{ externalIds: ['team'], quantity: 5 }],
      },
    })
  })
})

describe('a subscription', () => {
  const change = standardSamples.planChange?.(SUBSCRIPTION_ORDER, { externalId: 'team', quantity: 5 })
  const changed = change as SampleEvent

  it('that changes has other products and quantities', () => {
    const report = { subscription: 'subscription-55', occurredAt: ORDER.now }
    const items = [{ externalIds: ['team'], quantity: 5 }]
    expect(parse(changed)).toEqual({ kind: 'report', report: { ...report, items } })
    expect(parseChanged(changed, { 'data.paid_until': isoTime(periodStart(1)) })).toEqual({
      kind: 'report',
      report: { ...report, items, paidUntil: periodStart(1) },
    })
    expect(parseChanged(changed, { 'data.lines.0.quantity': undefined })).toMatchObject({
      report: { items: [{ externalIds: ['team'], quantity: undefined }] },
    })
  })

  it('cannot change into nothing', () => {
    for (const lines of [[], null, [{}]]) {
      expect(() => parseChanged(changed, { 'data.lines': lines })).toThrow()
    }
  })

  it('that has ended says when', () => {
    const ended = standardSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent
    const report = { subscription: 'subscription-55', occurredAt: ORDER.now }
    expect(parse(ended)).toEqual({ kind: 'report', report: { ...report, endedAt: ORDER.now } })
    expect(parseChanged(ended, { 'data.ended_at': isoTime(periodStart(1)) })).toMatchObject({
      report: { endedAt: periodStart(1) },
    })
    expect(parseChanged(ended, { 'data.ended_at': null })).toMatchObject({ report: { endedAt: ORDER.now } })
  })
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
