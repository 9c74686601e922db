import { describe, expect, it } from 'vitest'
import { dodoSamples } from '../../scripts/webhook-samples/dodo.ts'
import { isoTime, periodStart, type SampleEvent, trialEnd } from '../../scripts/webhook-samples/sample.ts'
import { dodo } from '../../src/payments/providers/dodo/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(dodo)
const purchase = dodoSamples.purchase(ORDER)
const subscription = dodoSamples.purchase(SUBSCRIPTION_ORDER)
const [subscriptionPayment] = (dodoSamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []) as [SampleEvent]

describe('a payment', () => {
  it('is a purchase of its cart', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: 'pay_1001',
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '7', externalIds: ['7'], quantity: 1 }],
      amount: { payment: 'pay_1001', amount: 4900 },
    })
  })

  it.each([null, undefined, -1, 1.5, '4900'])(
    'with the amount %j is a purchase without an amount',
    (total) => {
      const sold = parseChanged(purchase, { 'data.total_amount': total })
      expect(sold.kind).toBe('purchase')
      expect(sold).not.toHaveProperty('amount')
    },
  )

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

  const amount = { payment: 'pay_1001', amount: 4900 }
  const period = { subscription: 'sub_55', payment: 'pay_1001', paidAt: periodStart(0) }

  it('for a subscription pays for a period, and may be the first one', () => {
    expect(parse(subscriptionPayment)).toEqual({ kind: 'renewal', period, sale: 'sub_55', amount })
    expect(parseChanged(subscriptionPayment, { 'data.created_at': null })).toMatchObject({
      period: { ...period, paidAt: ORDER.now },
    })
  })

  it('for a subscription and other products sells these as lines of the subscription', () => {
    const cart = [
      { product_id: '7', quantity: 1 },
      { product_id: 'pdt_a', quantity: 2 },
    ]
    const sold = parseChanged(subscriptionPayment, { 'data.product_cart': cart })
    expect(sold).toEqual({
      kind: 'purchase',
      order: 'sub_55',
      references: ['pay_1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [
        { id: '7', externalIds: ['7'], quantity: 1 },
        { id: 'pdt_a', externalIds: ['pdt_a'], quantity: 2 },
      ],
      period,
      amount,
    })
    // Whichever event arrives first issues the line, and the other repeats it.
    expect(parse(subscription)).toMatchObject({ order: 'sub_55', lines: [{ id: '7' }] })
  })

  it('for several subscriptions is flagged, since their own events sell them', () => {
    const several = {
      'data.subscription_id': null,
      'data.subscription_ids': ['sub_55', 'sub_56'],
      'data.product_cart': [{ product_id: '7', quantity: 2 }],
    }
    expect(parseChanged(subscriptionPayment, several)).toMatchObject({ kind: 'flagged', order: 'pay_1001' })
  })
})

describe('a subscription', () => {
  const renewed = dodoSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 1 }) as SampleEvent
  const ended = dodoSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent
  const report = {
    subscription: 'sub_55',
    occurredAt: ORDER.now,
    paidUntil: periodStart(1),
    items: [{ externalIds: ['7'], quantity: 1 }],
  }

  it('that starts is a purchase that is paid for until the next billing date', () => {
    expect(parse(subscription)).toEqual({
      kind: 'purchase',
      order: 'sub_55',
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '7', externalIds: ['7'], quantity: 1 }],
      report,
    })
  })

  it('has a line for each add-on', () => {
    const addons = { 'data.addons': [{ addon_id: 'adn_a', quantity: 3 }] }
    expect(parseChanged(subscription, addons)).toMatchObject({
      lines: [{ id: '7' }, { id: 'adn_a', externalIds: ['adn_a'], quantity: 3 }],
      report: { items: [{ externalIds: ['7'] }, { externalIds: ['adn_a'], quantity: 3 }] },
    })
    expect(parseChanged(subscription, { 'data.addons': null })).toMatchObject({ lines: [{ id: '7' }] })
  })

  it('that starts with a trial is free until the end of the trial', () => {
    const trial = dodoSamples.trial?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(parse(trial)).toMatchObject({ kind: 'purchase', report: { paidUntil: trialEnd() } })
    expect(parseChanged(subscriptionPayment, { 'data.total_amount': 0 })).toMatchObject({
      kind: 'renewal',
      amount: { amount: 0 },
    })
  })

  it.each(['pending', 'on_hold', 'past_due', 'paused', 'cancelled', 'expired', null])(
    'that is %s has no next period that is paid',
    (status) => {
      expect(parseChanged(subscription, { 'data.status': status }).kind).toBe('purchase')
      for (const event of [subscription, renewed]) {
        expect(parseChanged(event, { 'data.status': status })).not.toHaveProperty('report.paidUntil')
      }
    },
  )

  it('that is charged on demand is paid for by its payments', () => {
    expect(parseChanged(subscription, { 'data.on_demand': true })).not.toHaveProperty('report.paidUntil')
    expect(parse(subscriptionPayment).kind).toBe('renewal')
  })

  it.each([
    ['2026-01-01T12:00:00Z', 'purchase'],
    ['2026-01-01T13:00:00Z', 'report'],
    [null, 'purchase'],
  ])('created at midnight, last billed at %s, and active is a %s', (billed, kind) => {
    const active = parseChanged(subscription, { 'data.previous_billing_date': billed })
    expect(active).toMatchObject({ kind, report })
  })

  it('that continues after a missed payment with another plan sells nothing again', () => {
    const again = { 'data.previous_billing_date': '2026-03-05T10:00:00Z', 'data.product_id': 'pdt_b' }
    expect(parseChanged(subscription, again)).toEqual({
      kind: 'report',
      report: { ...report, items: [{ externalIds: ['pdt_b'], quantity: 1 }] },
    })
  })

  it('that is renewed is paid for until the next billing date', () => {
    expect(parse(renewed)).toEqual({ kind: 'report', report: { ...report, paidUntil: periodStart(2) } })
  })

  it('reports another plan and quantity', () => {
    const to = { externalId: 'pdt_b', quantity: 5 }
    const change = dodoSamples.planChange?.(SUBSCRIPTION_ORDER, to) as SampleEvent
    const changed = {
      kind: 'report',
      report: { ...report, items: [{ externalIds: ['pdt_b'], quantity: 5 }] },
    }
    expect(parse(change)).toEqual(changed)
    expect(parseChanged(change, { type: 'subscription.updated' })).toEqual(changed)
    expect(parseChanged(change, { type: 'subscription.unpaused' })).toEqual(changed)
  })

  it('that is cancelled immediately has ended', () => {
    expect(parse(ended)).toMatchObject({ kind: 'report', report: { endedAt: ORDER.now } })
    expect(parse(ended)).not.toHaveProperty('report.paidUntil')
  })

  it('that is cancelled at the next billing date ends then', () => {
    const scheduled = { 'data.cancel_at_next_billing_date': true }
    expect(parseChanged(ended, { ...scheduled, 'data.status': 'active' })).toMatchObject({
      kind: 'ignored',
      order: 'sub_55',
    })
    expect(parseChanged(ended, scheduled)).toMatchObject({ report: { endedAt: periodStart(1) } })
    const withoutDate = { ...scheduled, 'data.next_billing_date': null }
    expect(parseChanged(ended, withoutDate)).toMatchObject({ report: { endedAt: ORDER.now } })
  })

  it.each([
    [null, ORDER.now],
    [isoTime(ORDER.now - 60_000), ORDER.now - 60_000],
    [isoTime(ORDER.now + 60_000), ORDER.now],
  ])('that has expired at %s ended at %d', (expiresAt, endedAt) => {
    const expired = { type: 'subscription.expired', 'data.status': 'expired', 'data.expires_at': expiresAt }
    expect(parseChanged(ended, expired)).toMatchObject({ kind: 'report', report: { endedAt } })
  })

  it.each(['on_hold', 'past_due', 'paused', 'failed'])('that is %s keeps what it has paid for', (change) => {
    expect(parseChanged(renewed, { type: `subscription.${change}` })).toMatchObject({
      kind: 'ignored',
      order: 'sub_55',
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

  it('that is partial reverses an amount, and is flagged without one', () => {
    const partial = dodoSamples.partialRefund?.(ORDER) as SampleEvent
    expect(parse(partial)).toEqual({ kind: 'refund', ...reversal, phase: 'beginning', amount: 1000 })
    expect(parseChanged(partial, { 'data.amount': null })).toMatchObject({
      kind: 'flagged',
      order: 'pay_1001',
    })
  })

  it('of a renewal names the payment of its period', () => {
    const second = { ...SUBSCRIPTION_ORDER, period: 1 }
    const [paid] = (dodoSamples.relatedEvents?.(second) ?? []) as [SampleEvent]
    expect(parse(paid)).toMatchObject({ period: { payment: 'pay_1001_1' } })
    expect(parse(dodoSamples.refund(second))).toMatchObject({ kind: 'refund', order: 'pay_1001_1' })
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
    for (const changes of [{ 'data.product_id': null }, { 'data.addons': [{}] }, { timestamp: 'x' }]) {
      expect(() => parseChanged(subscription, changes)).toThrow()
    }
    expect(() => dodo.describe({}, new Headers())).toThrow()
  })
})
