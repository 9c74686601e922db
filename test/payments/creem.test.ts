import { describe, expect, it } from 'vitest'
import { creemSamples } from '../../scripts/webhook-samples/creem.ts'
import { periodStart, type SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { creem } from '../../src/payments/providers/creem/index.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(creem)
const purchase = creemSamples.purchase(ORDER)
const subscriptionPurchase = creemSamples.purchase(SUBSCRIPTION_ORDER)
const trial = creemSamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent
const paid = (period: number) => creemSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period }) as SampleEvent
const owner = { name: 'Ada Lovelace', email: 'ada@example.com' }
const lines = [{ id: '*', externalIds: ['7'], quantity: 1 }]
const firstPeriod = {
  subscription: 'sub_55',
  payment: 'sub_55',
  paidAt: periodStart(0),
  endsAt: periodStart(1),
}

describe('a completed checkout', () => {
  it('is a purchase of its product', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: 'ord_1001',
      references: ['ord_1001', 'ch_1001', 'tran_1001_0'],
      owner,
      lines,
      amount: { payment: 'ord_1001', amount: 4900 },
    })
  })

  it('has a quantity of units, or 1', () => {
    const quantityOf = (units: unknown) => parseChanged(purchase, { 'object.units': units })
    for (const units of [5, '2']) expect(quantityOf(units)).toMatchObject({ lines: [{ quantity: units }] })
    for (const units of [null, undefined]) expect(quantityOf(units)).toMatchObject({ lines })
  })

  it('that is not paid issues nothing, and keeps its names', () => {
    expect(parseChanged(purchase, { 'object.order.status': 'pending' })).toMatchObject({
      kind: 'ignored',
      order: 'ord_1001',
      references: ['ord_1001', 'ch_1001', 'tran_1001_0'],
    })
    expect(parseChanged(purchase, { 'object.order': undefined })).toMatchObject({
      kind: 'ignored',
      order: 'ch_1001',
    })
  })

  it('may contain ids instead of objects', () => {
    expect(parseChanged(purchase, { 'object.product': '7', 'object.customer': 'cust_1' })).toMatchObject({
      kind: 'purchase',
      owner: { name: undefined, email: undefined },
      lines,
    })
    expect(parseChanged(subscriptionPurchase, { 'object.subscription': 'sub_55' })).toMatchObject({
      kind: 'purchase',
      order: 'sub_55',
      period: { subscription: 'sub_55', payment: 'sub_55', paidAt: ORDER.now },
    })
  })

  it('of a subscription is named after it, and pays for its first period', () => {
    expect(parse(subscriptionPurchase)).toEqual({
      kind: 'purchase',
      order: 'sub_55',
      references: ['ord_1001', 'ch_1001', 'tran_1001_0'],
      owner,
      lines,
      period: firstPeriod,
      amount: { payment: 'sub_55', amount: 4900 },
    })
  })

  it('as in the older documentation does not tell the end of the period', () => {
    const { endsAt, ...period } = firstPeriod
    const changes = {
      'object.subscription.current_period_end_date': undefined,
      'object.order.amount_paid': undefined,
      'object.order.transaction': undefined,
    }
    const parsed = parseChanged(subscriptionPurchase, changes)
    expect(parsed).toMatchObject({ kind: 'purchase', references: ['ord_1001', 'ch_1001'], period })
    expect(parsed).not.toHaveProperty('period.endsAt')
    expect(parsed).not.toHaveProperty('amount')
  })
})

describe('a trial', () => {
  const period = { ...firstPeriod, endsAt: periodStart(0) + 14 * DAY_MILLISECONDS }

  it('is a purchase, with its days as the first period', () => {
    expect(parse(trial)).toEqual({ kind: 'purchase', order: 'sub_55', owner, lines, period })
  })

  it('has the same names and period in its checkout, which may be without a payment', () => {
    const end = new Date(period.endsAt).toISOString()
    const changes = {
      'object.subscription.status': 'trialing',
      'object.subscription.current_period_end_date': end,
    }
    for (const order of [{ 'object.order.status': 'pending' }, { 'object.order': undefined }, {}]) {
      expect(parseChanged(subscriptionPurchase, { ...changes, ...order })).toMatchObject({
        kind: 'purchase',
        order: 'sub_55',
        lines,
        period,
      })
    }
  })

  it('is followed by a payment of the next period', () => {
    expect(parse(paid(1))).toMatchObject({ period: { payment: 'tran_1001_1' } })
    expect(parse(paid(1))).not.toHaveProperty('sale')
  })
})

describe('a paid period', () => {
  const report = {
    subscription: 'sub_55',
    occurredAt: ORDER.now,
    items: [{ externalIds: ['7'], quantity: 1 }],
  }

  it('is the one of the sale if it is the first one', () => {
    expect(parse(paid(0))).toEqual({
      kind: 'renewal',
      period: firstPeriod,
      references: ['tran_1001_0'],
      sale: 'sub_55',
      report,
      amount: { payment: 'sub_55', amount: 4900 },
    })
  })

  it('has the name of its transaction if it is a later one', () => {
    expect(parse(paid(2))).toEqual({
      kind: 'renewal',
      period: {
        subscription: 'sub_55',
        payment: 'tran_1001_2',
        paidAt: periodStart(2) + 2000,
        endsAt: periodStart(3),
      },
      report,
      amount: { payment: 'tran_1001_2', amount: 4900 },
    })
  })

  it.each([
    ['2026-01-01T12:00:00Z', true],
    ['2026-01-01T12:00:01Z', false],
  ])('of a subscription of midnight, paid at %s, is the first one: %s', (time, isFirst) => {
    const parsed = parseChanged(paid(0), { 'object.last_transaction_date': time })
    expect('sale' in parsed).toBe(isFirst)
  })

  it('without a transaction has the time as its name', () => {
    const changes = { 'object.last_transaction_id': undefined, 'object.last_transaction_date': undefined }
    expect(parseChanged(paid(1), changes)).toMatchObject({
      period: { payment: `sub_55:${ORDER.now}`, paidAt: ORDER.now },
    })
  })
})

describe('a subscription', () => {
  it('that changed reports its items, but no end of a period, which may be unpaid', () => {
    const to = { externalId: '8', quantity: 3 }
    const changed = creemSamples.planChange?.(SUBSCRIPTION_ORDER, to) as SampleEvent
    const report = (items: unknown) => ({
      kind: 'report',
      report: { subscription: 'sub_55', occurredAt: ORDER.now, items },
    })
    expect(parse(changed)).toEqual(report([{ externalIds: ['8'], quantity: 3 }]))
    for (const items of [undefined, []]) {
      expect(parseChanged(changed, { 'object.items': items })).toEqual(
        report([{ externalIds: ['8'], quantity: undefined }]),
      )
    }
  })

  it('that was canceled ended at the time of the event', () => {
    const ended = creemSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(parseChanged(ended, { 'object.canceled_at': '2026-01-02T00:00:00Z' })).toEqual({
      kind: 'report',
      report: { subscription: 'sub_55', occurredAt: ORDER.now, endedAt: ORDER.now },
    })
  })

  it.each(['scheduled_cancel', 'past_due', 'unpaid', 'expired', 'paused'])(
    'that is %s keeps what was paid for',
    (state) => {
      expect(parseChanged(paid(1), { eventType: `subscription.${state}` }).kind).toBe('ignored')
    },
  )
})

describe('a refund', () => {
  const reversal = { id: 'refund:ref_1001_0', occurredAt: ORDER.now }
  const refund = creemSamples.refund(ORDER)

  it('reverses the order', () => {
    const refunded = { kind: 'refund', ...reversal, order: 'ord_1001', phase: 'beginning' }
    expect(parse(refund)).toEqual(refunded)
    expect(parseChanged(refund, { 'object.status': 'pending' })).toEqual(refunded)
    expect(parseChanged(refund, { 'object.transaction.status': 'paid' })).toEqual(refunded)
  })

  it('of a part has its amount, until the transaction is refunded', () => {
    const partial = creemSamples.partialRefund?.(ORDER) as SampleEvent
    expect(parse(partial)).toEqual({
      kind: 'refund',
      ...reversal,
      order: 'ord_1001',
      phase: 'beginning',
      amount: 1000,
    })
    expect(parseChanged(partial, { 'object.transaction.amount_paid': null })).toHaveProperty('amount', 1000)
    expect(parseChanged(partial, { 'object.transaction.status': 'refunded' })).not.toHaveProperty('amount')
  })

  it.each(['failed', 'canceled'])('that is %s reinstates the order', (status) => {
    expect(parseChanged(refund, { 'object.status': status })).toEqual({
      kind: 'reinstatement',
      ...reversal,
      order: 'ord_1001',
      phase: 'end',
    })
  })

  it('of a period has the name of its payment', () => {
    const orderOf = (period: number, changes = {}) =>
      parseChanged(creemSamples.refund({ ...SUBSCRIPTION_ORDER, period }), changes)
    expect(orderOf(0)).toMatchObject({ order: 'sub_55' })
    expect(orderOf(2)).toMatchObject({ order: 'tran_1001_2' })
    expect(orderOf(0, { 'object.subscription': 'sub_55' })).toMatchObject({ order: 'tran_1001_0' })
    expect(orderOf(0, { 'object.subscription': undefined })).toMatchObject({ order: 'tran_1001_0' })
  })
})

it('a dispute reverses the order', () => {
  const opened = creemSamples.disputeOpened?.(ORDER) as SampleEvent
  expect(parse(opened)).toEqual({
    kind: 'refund',
    id: 'dispute:disp_1001_0',
    order: 'ord_1001',
    occurredAt: ORDER.now,
    phase: 'beginning',
  })
})

describe('an event', () => {
  it('has its id, its type and its mode in its body', () => {
    expect(describeEvent(purchase)).toEqual({ id: purchase.id, type: 'checkout.completed', isTest: false })
    const modes = { test: true, sandbox: true, local: undefined, constructor: undefined }
    for (const [mode, isTest] of Object.entries(modes)) {
      expect(describeEvent(purchase, { 'object.mode': mode })).toMatchObject({ isTest })
    }
  })

  it('may have its type and its object under the names that the library also reads', () => {
    const body = JSON.parse(purchase.body)
    const { eventType: type, object: data, ...rest } = body
    const event = { id: purchase.id, body: JSON.stringify({ ...rest, type, data }) }
    expect(parse(event)).toEqual(parse(purchase))
    expect(describeEvent(event)).toEqual(describeEvent(purchase))
  })

  it.each(['credits.granted', 'customer_credits.exhausted', 'constructor'])(
    'of type %s is ignored',
    (eventType) => {
      expect(parseChanged(purchase, { eventType, created_at: undefined }).kind).toBe('ignored')
      expect(parse(creemSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [
      { object: null },
      { created_at: 'x' },
      { 'object.id': 7 },
      { 'object.product': 7 },
      { 'object.order': 'x' },
    ]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    expect(() => parseChanged(creemSamples.refund(ORDER), { 'object.refund_amount': '10' })).toThrow()
    expect(() => creem.describe({ id: 'evt_1' }, new Headers())).toThrow()
  })
})
