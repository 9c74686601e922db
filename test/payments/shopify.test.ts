import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { shopifySamples } from '../../scripts/webhook-samples/shopify.ts'
import { shopify } from '../../src/payments/providers/shopify.ts'
import { ORDER, parserOf } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(shopify)
const purchase = shopifySamples.purchase(ORDER)
const lineRefund = shopifySamples.lineRefund?.(ORDER) as SampleEvent
const amountRefund = shopifySamples.partialRefund?.(ORDER) as SampleEvent
const dispute = shopifySamples.disputeOpened?.(ORDER) as SampleEvent
const refunded = { kind: 'refund', order: '1001', occurredAt: ORDER.now, phase: 'beginning' }

describe('a paid order', () => {
  it('is a purchase of its lines', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: '1001',
      references: ['#1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '10011', externalIds: ['7', '700001', 'PRO'], quantity: 1 }],
      amount: { payment: '1001', amount: 4900 },
    })
  })

  it('counts what was bought, whatever was refunded since', () => {
    const status = { financial_status: 'partially_refunded' }
    const changed = { ...status, 'line_items.0.quantity': 3, 'line_items.0.current_quantity': 1 }
    expect(parseChanged(purchase, changed)).toMatchObject({ kind: 'purchase', lines: [{ quantity: 3 }] })
  })

  it('does not count a line that was removed', () => {
    const two = shopifySamples.purchaseOfLines?.(ORDER, [
      { externalId: '7', quantity: 1 },
      { externalId: '8', quantity: 1 },
    ]) as SampleEvent
    expect(parseChanged(two, { 'line_items.0.current_quantity': 0 })).toMatchObject({
      lines: [{ id: '10012' }],
    })
    expect(parseChanged(purchase, { 'line_items.0.current_quantity': 0 })).toMatchObject({
      kind: 'ignored',
      order: '1001',
    })
  })

  it('may have lines without a variant, a product or an SKU', () => {
    const none = { 'line_items.0.variant_id': null, 'line_items.0.product_id': null, 'line_items.0.sku': '' }
    expect(parseChanged(purchase, none)).toMatchObject({ lines: [{ externalIds: [] }] })
  })

  it('falls back to the billing name and the contact address', () => {
    expect(parseChanged(purchase, { customer: null, email: '' })).toMatchObject({
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
    })
    const unknown = { customer: null, billing_address: null, email: null, contact_email: null }
    expect(parseChanged(purchase, unknown)).toMatchObject({ owner: { email: null } })
  })

  it('has no amount if the buyer paid in another currency', () => {
    expect(parseChanged(purchase, { presentment_currency: 'USD' })).not.toHaveProperty('amount')
    expect(parseChanged(purchase, { presentment_currency: undefined })).toHaveProperty('amount')
  })

  it('has its visible name as a reference only if it cannot be an id', () => {
    expect(parseChanged(purchase, { name: '1002' })).toMatchObject({ references: [] })
  })
})

describe('an order', () => {
  it.each(['pending', 'authorized', 'partially_paid', 'voided', 'expired', null])(
    'with the financial status %s is ignored',
    (financial_status) => {
      expect(parseChanged(purchase, { financial_status })).toMatchObject({ kind: 'ignored', order: '1001' })
    },
  )

  it('that is refunded is reversed', () => {
    expect(parse(shopifySamples.refund(ORDER))).toEqual({ ...refunded, id: 'order:1001' })
  })

  it.each(['paid', 'partially_paid', 'partially_refunded'])(
    'that is cancelled after it was %s is reversed',
    (financial_status) => {
      const cancelled = { financial_status, cancelled_at: '2026-11-25T10:00:00+01:00' }
      expect(parseChanged(purchase, cancelled)).toEqual({
        ...refunded,
        id: 'order:1001',
        occurredAt: Date.UTC(2026, 10, 25, 9),
      })
    },
  )

  it.each(['pending', 'voided'])('that is cancelled while it was %s is ignored', (financial_status) => {
    const cancelled = { financial_status, cancelled_at: '2026-11-25T10:00:00+01:00' }
    expect(parseChanged(purchase, cancelled)).toMatchObject({ kind: 'ignored' })
  })
})

describe('a refund', () => {
  it('of lines names them and their quantities', () => {
    expect(parse(lineRefund)).toEqual({
      ...refunded,
      id: 'refund:10019',
      lines: [{ id: '10011', quantity: 1 }],
    })
    expect(parseChanged(lineRefund, { transactions: [] })).toMatchObject({ lines: [{ quantity: 1 }] })
  })

  it('without lines has the amount that was paid back', () => {
    expect(parse(amountRefund)).toEqual({ ...refunded, id: 'refund:10019', amount: 1000 })
    const nothing = [{ id: 1, line_item_id: 10_011, quantity: 0 }]
    expect(parseChanged(amountRefund, { refund_line_items: nothing })).toMatchObject({ amount: 1000 })
  })

  it('adds up its transactions, except those that failed', () => {
    const transaction = { kind: 'refund', status: 'success', amount: '10.10', currency: 'EUR' }
    const transactions = [
      transaction,
      { ...transaction, status: 'pending', amount: '0.20' },
      { ...transaction, status: 'failure', amount: '30.00' },
      { ...transaction, kind: 'sale', amount: '40.00' },
    ]
    expect(parseChanged(amountRefund, { transactions })).toMatchObject({ amount: 1030 })
  })

  it('is flagged if all its transactions failed, or if it has neither lines nor an amount', () => {
    const failed = { 'transactions.0.status': 'error' }
    expect(parseChanged(lineRefund, failed)).toMatchObject({ kind: 'flagged', order: '1001' })
    for (const changes of [
      { transactions: [] },
      { transactions: null },
      { 'transactions.0.amount': 'ten' },
      { 'transactions.0.amount': '0.00' },
    ]) {
      expect(parseChanged(amountRefund, changes)).toMatchObject({ kind: 'flagged', order: '1001' })
    }
  })
})

describe('a dispute', () => {
  const reversal = { id: 'dispute:10018', order: '1001', occurredAt: ORDER.now }
  const finalized = (status: string) => ({ status, finalized_on: '2026-11-25T09:30:00Z' })

  it.each(['needs_response', 'under_review'])('with the status %s reverses the order', (status) => {
    expect(parseChanged(dispute, { status })).toEqual({ kind: 'refund', ...reversal, phase: 'beginning' })
  })

  it.each([
    ['lost', 'refund'],
    ['accepted', 'refund'],
    ['charge_refunded', 'refund'],
    ['won', 'reinstatement'],
  ])('with the status %s ends as a %s', (status, kind) => {
    const ended = { kind, ...reversal, phase: 'end' }
    expect(parseChanged(dispute, { status })).toEqual(ended)
    expect(parseChanged(dispute, finalized(status))).toEqual({ ...ended, occurredAt: ORDER.now + 86_400_000 })
  })

  it('that is an inquiry, was prevented or has no order is flagged', () => {
    expect(parseChanged(dispute, { type: 'inquiry' })).toMatchObject({ kind: 'flagged', order: '1001' })
    expect(parseChanged(dispute, finalized('prevented'))).toMatchObject({ kind: 'flagged', order: '1001' })
    expect(parseChanged(dispute, { order_id: null })).toEqual({
      kind: 'flagged',
      note: 'a dispute without an order',
    })
  })
})

describe('an event', () => {
  const described = (event: SampleEvent, headers: Record<string, string> = {}) =>
    shopify.describe(JSON.parse(event.body), new Headers(headers))

  it('has its id and topic in headers', () => {
    const headers = {
      'X-Shopify-Webhook-Id': 'w1',
      'X-Shopify-Event-Id': 'e1',
      'X-Shopify-Topic': 'orders/paid',
    }
    expect(described(purchase, headers)).toEqual({ id: 'w1', type: 'orders/paid', isTest: false })
    expect(described(purchase)).toEqual({ id: undefined, type: 'unknown', isTest: false })
  })

  it('of a test order says so, also if it is a refund', () => {
    const test = { ...ORDER, isTest: true }
    expect(described(shopifySamples.purchase(test))).toMatchObject({ isTest: true })
    expect(described(shopifySamples.partialRefund?.(test) as SampleEvent)).toMatchObject({ isTest: true })
    expect(described(dispute)).toMatchObject({ isTest: undefined })
  })

  it('is what its body says, whatever the unsigned topic says', () => {
    expect(parse(purchase).kind).toBe('purchase')
    expect(parse(lineRefund).kind).toBe('refund')
    expect(parse(shopifySamples.unknown()).kind).toBe('ignored')
    expect(shopify.interpret({}).kind).toBe('ignored')
  })

  it('of a known kind is rejected if it does not match its schema', () => {
    for (const [event, changes] of [
      [purchase, { id: null }],
      [purchase, { line_items: null }],
      [purchase, { 'line_items.0.id': {} }],
      [purchase, { cancelled_at: 'yesterday' }],
      [lineRefund, { order_id: undefined }],
      [lineRefund, { 'refund_line_items.0.quantity': '1' }],
      [lineRefund, { created_at: null }],
      [dispute, { status: 7 }],
      [dispute, { initiated_at: null }],
    ] as const) {
      expect(() => parseChanged(event, changes)).toThrow()
    }
    for (const payload of [null, [], 'text', undefined]) {
      expect(() => shopify.interpret(payload)).toThrow()
      expect(() => shopify.describe(payload, new Headers())).toThrow()
    }
  })

  it('with an id that JSON numbers cannot hold is rejected and not rounded', () => {
    const body = purchase.body.replace('"id":1001', '"id":820982911946154508')
    expect(() => shopify.interpret(JSON.parse(body))).toThrow()
  })
})
