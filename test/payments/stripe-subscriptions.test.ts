import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(stripe)
const PAID = Date.UTC(2026, 1, 10)
const START = Date.UTC(2026, 0, 31)
const DAY = 86_400_000
const REASON = 'data.object.billing_reason'
const LINES = 'data.object.lines.data'

describe('an invoice about a change of plan', () => {
  const renewed = stripeSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 1 }) as SampleEvent
  const UPDATE = {
    [REASON]: 'subscription_update',
    'data.object.status_transitions': { paid_at: PAID / 1000 },
  }
  const during = (start: number, end: number) => ({ period: { start: start / 1000, end: end / 1000 } })
  const priced = (price: string, quantity = 1) => ({
    pricing: { price_details: { price, product: `${price}_product` } },
    quantity,
  })
  const parent = (proration: boolean) => ({
    parent: { type: 'subscription_item_details', subscription_item_details: { proration } },
  })
  const rest = during(PAID, START + 30 * DAY)
  const credit = (price: string, quantity = 1) => ({
    ...priced(price, quantity),
    ...parent(true),
    ...rest,
    amount: -500,
  })
  const charge = (price: string, quantity = 1) => ({ ...credit(price, quantity), amount: 900 })
  const change = (lines: unknown[], changes = {}) =>
    parseChanged(renewed, { ...UPDATE, [LINES]: lines, ...changes })

  it('in the middle of a period pays for the rest of it', () => {
    expect(change([credit('price_a'), charge('price_b', 3)])).toEqual({
      kind: 'renewal',
      references: [],
      period: { subscription: 'sub_55', payment: 'in_1001_1', paidAt: PAID, endsAt: START + 30 * DAY },
      report: {
        subscription: 'sub_55',
        occurredAt: PAID,
        items: [{ externalIds: ['price_b', 'price_b_product'], quantity: 3 }],
      },
    })
  })

  it('from monthly to yearly pays for a new period', () => {
    const yearly = { ...priced('price_b'), ...parent(false), ...during(PAID, PAID + 365 * DAY), amount: 9000 }
    expect(change([credit('price_a'), yearly])).toMatchObject({
      period: { name: String(PAID / 1000), endsAt: PAID + 365 * DAY },
      report: { items: [{ externalIds: ['price_b', 'price_b_product'], quantity: 1 }] },
    })
  })

  it('from yearly to monthly ends with the month', () => {
    const unused = { ...credit('price_a'), ...during(PAID, PAID + 300 * DAY) }
    const monthly = { ...priced('price_b'), ...parent(false), ...during(PAID, PAID + 30 * DAY), amount: 900 }
    expect(change([unused, monthly])).toMatchObject({ period: { endsAt: PAID + 30 * DAY } })
  })

  it('after two changes tells the latest plan', () => {
    const earlier = { ...charge('price_b'), ...during(PAID - DAY, START + 30 * DAY) }
    const lines = [credit('price_a'), earlier, credit('price_b'), charge('price_c')]
    expect(change(lines)).toMatchObject({
      report: { occurredAt: PAID, items: [{ externalIds: ['price_c', 'price_c_product'] }] },
    })
  })

  it('of the number of seats tells the new one', () => {
    expect(change([credit('price_a', 2), charge('price_a', 5)])).toMatchObject({
      report: { items: [{ externalIds: ['price_a', 'price_a_product'], quantity: 5 }] },
    })
  })

  it('is parsed in the format of older API versions', () => {
    const old = { type: 'invoiceitem', proration: true, ...rest }
    const lines = [
      { ...old, price: { id: 'price_a' }, quantity: 1, amount: -500 },
      { ...old, price: { id: 'price_b' }, quantity: 2, amount: 900 },
    ]
    const parsed = change(lines, {
      'data.object.parent': undefined,
      'data.object.subscription': 'sub_55',
      'data.object.charge': 'ch_2',
    })
    expect(parsed).toMatchObject({
      kind: 'renewal',
      references: ['ch_2'],
      period: { subscription: 'sub_55', endsAt: START + 30 * DAY },
      report: { items: [{ externalIds: ['price_b'], quantity: 2 }] },
    })
  })

  it.each(['manual', 'automatic_pending_invoice_item_invoice'])(
    'may collect pending prorations (%s), which are no sale',
    (reason) => {
      const lines = [credit('price_a'), charge('price_b')]
      expect(change(lines, { [REASON]: reason })).toMatchObject({
        kind: 'renewal',
        period: { endsAt: START + 30 * DAY },
      })
      const addOn = { ...priced('price_c'), parent: { type: 'invoice_item_details' }, ...during(PAID, PAID) }
      expect(change([...lines, addOn], { [REASON]: reason })).toMatchObject({
        kind: 'purchase',
        lines: [{ id: 'price_c', isOneTime: true }],
      })
    },
  )

  it('that only credits, for example after a cancellation, pays for nothing', () => {
    expect(change([credit('price_a')])).toMatchObject({ kind: 'ignored', order: 'in_1001_1' })
  })

  it('in an unknown format is flagged', () => {
    for (const line of [{ quantity: 1 }, { ...charge('price_a'), period: null }]) {
      expect(change([line])).toMatchObject({ kind: 'flagged', order: 'in_1001_1' })
    }
  })

  it('at a billing threshold tells no quantities', () => {
    const usage = { ...priced('price_a', 12_000), ...parent(false), ...rest, amount: 100 }
    const parsed = change([usage], { [REASON]: 'subscription_threshold' })
    expect(parsed).toMatchObject({ kind: 'renewal', period: { endsAt: START + 30 * DAY } })
    expect(parsed).not.toHaveProperty('report')
  })
})

describe('a changed subscription', () => {
  const changed = stripeSamples.planChange?.(SUBSCRIPTION_ORDER, {
    externalId: 'price_b',
    quantity: 5,
  }) as SampleEvent
  const ITEMS = 'data.object.items'

  it('reports its items, and nothing as paid', () => {
    expect(parse(changed)).toEqual({
      kind: 'report',
      report: {
        subscription: 'sub_55',
        occurredAt: SUBSCRIPTION_ORDER.now + 1,
        items: [{ externalIds: ['price_b', 'prod_keyseal_demo'], quantity: 5 }],
      },
    })
  })

  it('is free until its trial ends, and only during the trial', () => {
    const trialEnd = SUBSCRIPTION_ORDER.now / 1000 + 1000
    for (const [status, paidUntil] of [
      ['trialing', trialEnd * 1000],
      ['active', undefined],
      ['past_due', undefined],
      ['paused', undefined],
    ]) {
      const changes = { 'data.object.status': status, 'data.object.trial_end': trialEnd }
      const parsed = parseChanged(changed, changes)
      expect(parsed.kind === 'report' && parsed.report.paidUntil).toBe(paidUntil)
    }
    expect(parseChanged(changed, { 'data.object.status': 'trialing' })).not.toHaveProperty('report.paidUntil')
  })

  it('is parsed in the format of older API versions', () => {
    const data = [
      { plan: { id: 'plan_a', product: 'prod_a' }, quantity: 2 },
      { plan: { id: 'plan_b', product: 'prod_b', usage_type: 'metered' } },
    ]
    expect(parseChanged(changed, { [ITEMS]: { data } })).toMatchObject({
      report: {
        items: [
          { externalIds: ['plan_a', 'prod_a'], quantity: 2 },
          { externalIds: ['plan_b', 'prod_b'], quantity: 0 },
        ],
      },
    })
  })

  it('with incomplete or unknown items is flagged', () => {
    for (const items of [undefined, null, { data: [] }, { data: [{ quantity: 1 }] }]) {
      expect(parseChanged(changed, { [ITEMS]: items }).kind).toBe('flagged')
    }
    expect(parseChanged(changed, { [`${ITEMS}.has_more`]: true }).kind).toBe('flagged')
  })

  it('is ignored when it is paused or resumed', () => {
    for (const type of ['customer.subscription.paused', 'customer.subscription.resumed']) {
      const parsed = parseChanged(changed, { type })
      expect(parsed).toMatchObject({ kind: 'ignored', note: expect.stringContaining('paid for') })
    }
  })
})

describe('an ended subscription', () => {
  const ended = stripeSamples.ended?.(SUBSCRIPTION_ORDER) as SampleEvent

  it('reports its end', () => {
    const report = { subscription: 'sub_55', occurredAt: SUBSCRIPTION_ORDER.now }
    const endedAt = SUBSCRIPTION_ORDER.now - 60_000
    expect(parseChanged(ended, { 'data.object.ended_at': endedAt / 1000 })).toEqual({
      kind: 'report',
      report: { ...report, endedAt },
    })
    expect(parseChanged(ended, { 'data.object.ended_at': null })).toEqual({
      kind: 'report',
      report: { ...report, endedAt: SUBSCRIPTION_ORDER.now },
    })
  })
})
