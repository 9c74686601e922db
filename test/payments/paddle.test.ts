import { describe, expect, it } from 'vitest'
import { paddleSamples } from '../../scripts/webhook-samples/paddle.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { paddle } from '../../src/payments/providers/paddle.ts'
import { changed, ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(paddle)
const purchase = paddleSamples.purchase(ORDER)
const toLookUp = paddleSamples.purchaseToLookUp?.(ORDER) as SampleEvent

describe('a completed transaction', () => {
  it('is a purchase of its lines, with the ids that refunds use', () => {
    expect(parse(purchase)).toEqual({
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
    expect(parse(paddleSamples.purchaseOfLines?.(ORDER, lines) as SampleEvent)).toMatchObject({
      lines: [
        { id: 'txnitm_1001_1', externalIds: ['pri_a', 'pro_keyseal_demo'], quantity: 2 },
        { id: 'txnitm_1001_2', externalIds: ['pri_b', 'pro_keyseal_demo'], quantity: 1 },
      ],
    })
  })

  it.each([{ 'data.details': null }, { 'data.details.line_items': [] }, { 'data.details': undefined }])(
    'uses its prices if its lines are missing: %j',
    (changes) => {
      expect(parseChanged(purchase, changes)).toMatchObject({
        lines: [{ id: '7', externalIds: ['7', 'pro_keyseal_demo'], quantity: 1 }],
      })
    },
  )

  it('of a subscription has the subscription and the period that it pays for', () => {
    expect(parse(paddleSamples.purchase(SUBSCRIPTION_ORDER))).toMatchObject({
      references: ['sub_55'],
      firstPeriod: { subscription: 'sub_55', period: '2026-01-01T00:00:00.000Z' },
    })
  })

  it('is a renewal if the subscription recurs', () => {
    const renewal = paddleSamples.renewal?.({ ...SUBSCRIPTION_ORDER, period: 1 }) as SampleEvent
    expect(parse(renewal)).toEqual({
      kind: 'renewal',
      order: 'txn_1001_1',
      subscription: 'sub_55',
      period: '2026-01-31T00:00:00.000Z',
    })
    expect(parseChanged(renewal, { 'data.billing_period': null })).toMatchObject({ period: 'txn_1001_1' })
    expect(parseChanged(renewal, { 'data.subscription_id': null })).toMatchObject({ kind: 'flagged' })
  })

  it('issues nothing if it charges for a change of a subscription', () => {
    const change = (origin: string) =>
      parseChanged(paddleSamples.purchase(SUBSCRIPTION_ORDER), { 'data.origin': origin }).kind
    expect(change('subscription_update')).toBe('flagged')
    expect(change('subscription_payment_method_change')).toBe('ignored')
  })

  it('with a one-time charge is a purchase that the subscription does not renew', () => {
    const event = parseChanged(paddleSamples.purchase(SUBSCRIPTION_ORDER), {
      'data.origin': 'subscription_charge',
    })
    expect(event).toMatchObject({ kind: 'purchase', references: [] })
    expect(event).not.toHaveProperty('firstPeriod')
  })
})

describe('the owner', () => {
  it('is the customer that was looked up', () => {
    const found = paddleSamples.lookUpResponse?.({ ...ORDER, name: 'Grace', email: 'grace@example.com' })
    expect(parse(toLookUp, found)).toMatchObject({ owner: { name: 'Grace', email: 'grace@example.com' } })
  })

  it('has the name on the card if the customer has none', () => {
    const found = { data: { id: 'ctm_1001', name: null, email: 'ada@example.com' } }
    expect(parse(toLookUp, found)).toMatchObject({
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
    })
    expect(parse(toLookUp)).toMatchObject({ owner: { name: 'Ada Lovelace', email: undefined } })
  })

  it('is undefined if the event has no name or address', () => {
    const anonymous = paddleSamples.purchase({ ...ORDER, name: null, email: null })
    expect(parse(anonymous)).toMatchObject({ kind: 'purchase', owner: { name: undefined, email: undefined } })
    const changes = { 'data.payments': null, 'data.custom_data': 'x' }
    expect(parseChanged(purchase, changes)).toMatchObject({ owner: { name: undefined, email: undefined } })
  })

  it('is looked up only for a purchase without an e-mail address', () => {
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
    expect(url({ 'data.origin': { toString: 0 } })).toBe('https://api.paddle.com/customers/ctm_1001')
    for (const id of ['../x', 'ctm 1', 'ctm?x', '', null, 7])
      expect(url({ 'data.customer_id': id })).toBeUndefined()
    for (const junk of [null, 1, 'x', [], {}]) expect(paddle.lookUp?.url(junk, 'x')).toBeUndefined()
  })

  it.each([null, {}, { data: null }, { error: { code: 'not_found' } }])(
    'cannot be read from the response %j',
    (found) => {
      expect(() => parse(toLookUp, found)).toThrow()
    },
  )
})

describe('a refund', () => {
  const refund = paddleSamples.refund(ORDER)
  const names = { id: 'adj_refund_1001', order: 'txn_1001', occurredAt: ORDER.now }

  it.each(['adjustment.created', 'adjustment.updated'])(
    'that is approved reverses the order: %s',
    (event_type) => {
      expect(parseChanged(refund, { event_type })).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    },
  )

  it('is ignored until it is approved, and reinstates the order if it is rejected', () => {
    expect(parseChanged(refund, { 'data.status': 'pending_approval' }).kind).toBe('ignored')
    for (const status of ['rejected', 'reversed']) {
      expect(parseChanged(refund, { 'data.status': status })).toEqual({
        kind: 'reinstatement',
        ...names,
        phase: 'end',
      })
    }
  })

  it('of whole lines reverses these lines', () => {
    expect(parse(paddleSamples.lineRefund?.(ORDER) as SampleEvent)).toEqual({
      kind: 'refund',
      ...names,
      phase: 'beginning',
      lines: [{ id: 'txnitm_1001_1' }],
    })
  })

  it('of amounts is flagged', () => {
    const partial = paddleSamples.partialRefund?.(ORDER) as SampleEvent
    expect(parse(partial)).toMatchObject({ kind: 'flagged', order: 'txn_1001' })
    for (const type of ['tax', 'proration']) {
      expect(parseChanged(partial, { 'data.items.0.type': type }).kind).toBe('flagged')
    }
    expect(parseChanged(partial, { 'data.items': null }).kind).toBe('flagged')
  })
})

describe('a chargeback', () => {
  const answer = paddleSamples.disputeOpened?.(ORDER) as SampleEvent
  const won = paddleSamples.disputeWon?.(ORDER) as SampleEvent
  const names = { id: 'chargeback:txn_1001', order: 'txn_1001', occurredAt: ORDER.now }

  it('reverses the order, and its own reversal reinstates it', () => {
    expect(parse(answer)).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    expect(parse(won)).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
    expect(parseChanged(won, { 'data.status': 'pending_approval' }).kind).toBe('ignored')
  })

  it('is flagged if it is only a warning', () => {
    expect(parseChanged(answer, { 'data.action': 'chargeback_warning' }).kind).toBe('flagged')
  })
})

it.each(['credit', 'credit_reverse', 'chargeback_warning_reverse', 'something_new'])(
  'an adjustment of kind %s is ignored',
  (action) => {
    expect(parseChanged(paddleSamples.refund(ORDER), { 'data.action': action }).kind).toBe('ignored')
  },
)

describe('an event', () => {
  it('has its id and type, but no mode', () => {
    expect(describeEvent(purchase)).toEqual({
      id: purchase.id,
      type: 'transaction.completed',
      isTest: undefined,
    })
  })

  it.each(['transaction.paid', 'transaction.created', 'customer.created', 'constructor'])(
    'of type %s is ignored',
    (event_type) => {
      expect(parseChanged(purchase, { event_type }).kind).toBe('ignored')
      expect(parse(paddleSamples.unknown()).kind).toBe('ignored')
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [{ data: null }, { 'data.id': 7 }, { 'data.items': 'x' }]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    expect(() => parseChanged(paddleSamples.refund(ORDER), { occurred_at: 'yesterday' })).toThrow()
    expect(() => paddle.describe({}, new Headers())).toThrow()
  })
})
