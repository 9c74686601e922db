import { describe, expect, it } from 'vitest'
import { paddleSamples } from '../../scripts/webhook-samples/paddle.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { paddle } from '../../src/payments/providers/paddle/index.ts'
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
      amount: { payment: 'txn_1001', amount: 4900 },
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

  it('has the amount that the buyer paid after credit, if it is usable', () => {
    const amount = (changes: Record<string, unknown>) => {
      const event = parseChanged(purchase, changes)
      return event.kind === 'purchase' ? event.amount?.amount : event
    }
    expect(amount({ 'data.details.totals.grand_total': '1200' })).toBe(1200)
    expect(amount({ 'data.details.totals.grand_total': undefined })).toBe(4900)
    for (const odd of ['0', '-5', '12.50', '', 4900, 'x', '9'.repeat(30)]) {
      expect(amount({ 'data.details.totals.grand_total': odd })).toBeUndefined()
    }
    for (const details of [null, { totals: null }, {}]) {
      expect(amount({ 'data.details': details })).toBeUndefined()
    }
  })

  it('with a one-time charge is a purchase of its own, and the order of no subscription', () => {
    const event = parseChanged(paddleSamples.purchase(SUBSCRIPTION_ORDER), {
      'data.origin': 'subscription_charge',
      'data.items': [{ price: { id: 'pri_setup', billing_cycle: null } }],
    })
    expect(event).toMatchObject({ kind: 'purchase', order: 'txn_1001', references: [] })
    expect(event).not.toHaveProperty('period')
    expect(event).not.toHaveProperty('lines.0.isOneTime')
  })

  it('for another payment method is ignored', () => {
    const changes = { 'data.origin': 'subscription_payment_method_change' }
    expect(parseChanged(paddleSamples.purchase(SUBSCRIPTION_ORDER), changes).kind).toBe('ignored')
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
  const names = { id: 'adj_refund_full_1001', order: 'txn_1001', occurredAt: ORDER.now }

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

  it('of whole lines reverses these lines, and has the amount for later refunds of the rest', () => {
    const expected = {
      kind: 'refund',
      ...names,
      id: 'adj_refund_line_1001',
      phase: 'beginning',
      lines: [{ id: 'txnitm_1001_1' }],
      amount: 1000,
    }
    const whole = paddleSamples.lineRefund?.(ORDER) as SampleEvent
    expect(parse(whole)).toEqual(expected)
    const part = { item_id: 'txnitm_1001_2', type: 'partial' }
    const items = [{ item_id: 'txnitm_1001_1', type: 'full' }, part]
    expect(parseChanged(whole, { 'data.items': items })).toEqual(expected)
  })

  it('of lines of a subscription has the amount too, since all of them take back a period', () => {
    const refund = paddleSamples.lineRefund?.(SUBSCRIPTION_ORDER) as SampleEvent
    expect(parse(refund)).toEqual({
      kind: 'refund',
      ...names,
      id: 'adj_refund_line_1001',
      phase: 'beginning',
      lines: [{ id: 'txnitm_1001_1' }],
      amount: 1000,
    })
    const withoutAmount = parseChanged(refund, { 'data.totals': null })
    expect(withoutAmount).toMatchObject({ lines: [{ id: 'txnitm_1001_1' }] })
  })

  it('of an amount has the amount, for any reason', () => {
    const partial = paddleSamples.partialRefund?.(ORDER) as SampleEvent
    const expected = {
      kind: 'refund',
      ...names,
      id: 'adj_refund_partial_1001',
      phase: 'beginning',
      amount: 1000,
    }
    expect(parse(partial)).toEqual(expected)
    for (const type of ['tax', 'proration']) {
      expect(parseChanged(partial, { 'data.items.0.type': type })).toEqual(expected)
    }
    expect(parseChanged(partial, { 'data.items': null })).toEqual(expected)
  })

  it.each([null, {}, { total: '0' }, { total: '-3' }, { total: 'x' }, { total: 5 }])(
    'of a part is flagged if it has no usable amount: %j',
    (totals) => {
      const partial = paddleSamples.partialRefund?.(ORDER) as SampleEvent
      expect(parseChanged(partial, { 'data.totals': totals })).toMatchObject({
        kind: 'flagged',
        order: 'txn_1001',
      })
    },
  )
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

  it('of an amount has the amount', () => {
    const partial = { 'data.type': 'partial', 'data.items.0.type': 'partial' }
    expect(parseChanged(answer, partial)).toEqual({
      kind: 'refund',
      ...names,
      phase: 'beginning',
      amount: 1000,
    })
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
