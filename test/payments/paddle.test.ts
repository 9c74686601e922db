import { describe, expect, it } from 'vitest'
import { paddleSamples } from '../../scripts/webhook-samples/paddle.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { paddle } from '../../src/payments/providers/paddle.ts'
import { changed, ORDER, readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged, describe: describeEvent } = readerOf(paddle)
const purchase = paddleSamples.purchase(ORDER)
const toLookUp = paddleSamples.purchaseToLookUp?.(ORDER) as SampleEvent

describe('a transaction that is completed', () => {
  it('is a sale of its lines, by the names that refunds call them', () => {
    expect(say(purchase)).toEqual({
      kind: 'purchase',
      order: 'txn_1001',
      references: [],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: 'txnitm_1001_1', externalIds: ['7', 'pro_keyseal_demo'], quantity: 1 }],
    })
  })

  it('may have several lines', () => {
    const lines = [
      { externalId: 'pri_a', quantity: 2 },
      { externalId: 'pri_b', quantity: null },
    ]
    expect(say(paddleSamples.purchaseOfLines?.(ORDER, lines) as SampleEvent)).toMatchObject({
      lines: [
        { id: 'txnitm_1001_1', externalIds: ['pri_a', 'pro_keyseal_demo'], quantity: 2 },
        { id: 'txnitm_1001_2', externalIds: ['pri_b', 'pro_keyseal_demo'], quantity: 1 },
      ],
    })
  })

  it.each([{ 'data.details': null }, { 'data.details.line_items': [] }, { 'data.details': undefined }])(
    'is one of its prices where its lines are missing: %j',
    (changes) => {
      expect(sayChanged(purchase, changes)).toMatchObject({
        lines: [{ id: '7', externalIds: ['7', 'pro_keyseal_demo'], quantity: 1 }],
      })
    },
  )

  it('of a subscription tells which, and the period that it pays for', () => {
    expect(say(paddleSamples.purchase(SUBSCRIPTION_ORDER))).toMatchObject({
      references: ['sub_55'],
      firstPeriod: { subscription: 'sub_55', period: '2026-01-01T00:00:00.000Z' },
    })
  })

  it('renews where a subscription recurs', () => {
    const renewal = paddleSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 1 }) as SampleEvent
    expect(say(renewal)).toEqual({
      kind: 'renewal',
      order: 'txn_1001_1',
      subscription: 'sub_55',
      period: '2026-01-31T00:00:00.000Z',
    })
    expect(sayChanged(renewal, { 'data.billing_period': null })).toMatchObject({ period: 'txn_1001_1' })
    expect(sayChanged(renewal, { 'data.subscription_id': null })).toMatchObject({ kind: 'flagged' })
  })

  it('issues nothing where a subscription was changed: what it charges for was sold before', () => {
    const change = (origin: string) =>
      sayChanged(paddleSamples.purchase(SUBSCRIPTION_ORDER), { 'data.origin': origin }).kind
    expect(change('subscription_update')).toBe('flagged')
    expect(change('subscription_payment_method_change')).toBe('ignored')
  })

  it('of something besides a subscription is a sale that the subscription does not renew', () => {
    const event = sayChanged(paddleSamples.purchase(SUBSCRIPTION_ORDER), {
      'data.origin': 'subscription_charge',
    })
    expect(event).toMatchObject({ kind: 'purchase', references: [] })
    expect(event).not.toHaveProperty('firstPeriod')
  })
})

describe('the owner', () => {
  it('is the customer that was looked up', () => {
    const found = paddleSamples.lookUpAnswer?.({ ...ORDER, name: 'Grace', email: 'grace@example.com' })
    expect(say(toLookUp, found)).toMatchObject({ owner: { name: 'Grace', email: 'grace@example.com' } })
  })

  it('has the name on the card where the customer has none', () => {
    const found = { data: { id: 'ctm_1001', name: null, email: 'ada@example.com' } }
    expect(say(toLookUp, found)).toMatchObject({ owner: { name: 'Ada Lovelace', email: 'ada@example.com' } })
    expect(say(toLookUp)).toMatchObject({ owner: { name: 'Ada Lovelace', email: undefined } })
  })

  it('is nobody where nothing tells', () => {
    const nobody = paddleSamples.purchase({ ...ORDER, name: null, email: null })
    expect(say(nobody)).toMatchObject({ kind: 'purchase', owner: { name: undefined, email: undefined } })
    const changes = { 'data.payments': null, 'data.custom_data': 'x' }
    expect(sayChanged(purchase, changes)).toMatchObject({ owner: { name: undefined, email: undefined } })
  })

  it('is looked up only for a sale whose checkout did not tell the address', () => {
    const url = (changes: Record<string, unknown>, event = toLookUp) =>
      paddle.lookUp?.url(changed(event, changes), 'pdl_live_apikey_x')
    expect(paddle.lookUp?.setting).toBe('PADDLE_API_KEY')
    expect(url({})).toBe('https://api.paddle.com/customers/ctm_1001')
    expect(paddle.lookUp?.url(changed(toLookUp, {}), 'pdl_sdbx_apikey_x')).toBe(
      'https://sandbox-api.paddle.com/customers/ctm_1001',
    )
    expect(url({}, purchase)).toBeUndefined()
    expect(url({ event_type: 'transaction.paid' })).toBeUndefined()
    for (const origin of ['recurring', 'update', 'payment_method_change']) {
      expect(url({ 'data.origin': `subscription_${origin}` })).toBeUndefined()
    }
    for (const id of ['../x', 'ctm 1', 'ctm?x', '', null, 7])
      expect(url({ 'data.customer_id': id })).toBeUndefined()
    for (const junk of [null, 1, 'x', [], {}]) expect(paddle.lookUp?.url(junk, 'x')).toBeUndefined()
  })

  it.each([null, {}, { data: null }, { error: { code: 'not_found' } }])('is not told by %j', (found) => {
    expect(() => say(toLookUp, found)).toThrow()
  })
})

describe('a refund', () => {
  const refund = paddleSamples.refund(ORDER)
  const names = { id: 'adj_refund_1001', order: 'txn_1001', occurredAt: ORDER.now }

  it.each(['adjustment.created', 'adjustment.updated'])(
    'that is approved takes the order back: %s',
    (event_type) => {
      expect(sayChanged(refund, { event_type })).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    },
  )

  it('takes nothing before it is approved, and gives back when it is rejected after all', () => {
    expect(sayChanged(refund, { 'data.status': 'pending_approval' }).kind).toBe('ignored')
    for (const status of ['rejected', 'reversed']) {
      expect(sayChanged(refund, { 'data.status': status })).toEqual({
        kind: 'reinstatement',
        ...names,
        phase: 'end',
      })
    }
  })

  it('of whole lines takes these back', () => {
    expect(say(paddleSamples.lineRefund?.(ORDER) as SampleEvent)).toEqual({
      kind: 'refund',
      ...names,
      phase: 'beginning',
      lines: [{ id: 'txnitm_1001_1' }],
    })
  })

  it('of amounts takes nothing, and is shown to a person', () => {
    const partial = paddleSamples.partialRefund?.(ORDER) as SampleEvent
    expect(say(partial)).toMatchObject({ kind: 'flagged', order: 'txn_1001' })
    for (const type of ['tax', 'proration']) {
      expect(sayChanged(partial, { 'data.items.0.type': type }).kind).toBe('flagged')
    }
    expect(sayChanged(partial, { 'data.items': null }).kind).toBe('flagged')
  })
})

describe('a chargeback', () => {
  const opened = paddleSamples.disputeOpened?.(ORDER) as SampleEvent
  const won = paddleSamples.disputeWon?.(ORDER) as SampleEvent
  const names = { id: 'chargeback:txn_1001', order: 'txn_1001', occurredAt: ORDER.now }

  it('takes the order back, and its reversal, an adjustment of its own, gives it back', () => {
    expect(say(opened)).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    expect(say(won)).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
    expect(sayChanged(won, { 'data.status': 'pending_approval' }).kind).toBe('ignored')
  })

  it('that is coming is shown to a person', () => {
    expect(sayChanged(opened, { 'data.action': 'chargeback_warning' }).kind).toBe('flagged')
  })
})

it.each(['credit', 'credit_reverse', 'chargeback_warning_reverse', 'something_new'])(
  'an adjustment that is a %s takes nothing',
  (action) => {
    expect(sayChanged(paddleSamples.refund(ORDER), { 'data.action': action }).kind).toBe('ignored')
  },
)

describe('an event tells', () => {
  it('its name and type, but not whether it is a test', () => {
    expect(describeEvent(purchase)).toEqual({
      id: purchase.id,
      type: 'transaction.completed',
      isTest: undefined,
    })
  })

  it.each(['transaction.paid', 'transaction.created', 'customer.created', 'constructor'])(
    'nothing by %s',
    (event_type) => {
      expect(sayChanged(purchase, { event_type }).kind).toBe('ignored')
      expect(say(paddleSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('that it can not be understood, where a known one has another shape', () => {
    for (const changes of [{ data: null }, { 'data.id': 7 }, { 'data.items': 'x' }]) {
      expect(() => sayChanged(purchase, changes)).toThrow()
    }
    expect(() => sayChanged(paddleSamples.refund(ORDER), { occurred_at: 'yesterday' })).toThrow()
    expect(() => paddle.describe({}, new Headers())).toThrow()
  })
})
