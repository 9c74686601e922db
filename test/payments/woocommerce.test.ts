import { describe, expect, it } from 'vitest'
import { periodStart, type SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { woocommerceSamples } from '../../scripts/webhook-samples/woocommerce.ts'
import { woocommerce } from '../../src/payments/providers/woocommerce/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(woocommerce)
const purchase = woocommerceSamples.purchase(ORDER)
const active = woocommerceSamples.relatedEvents?.(SUBSCRIPTION_ORDER)[0] as SampleEvent
const orderedByApi = { identifier: '1001', createdAt: ORDER.now, ownerEmail: 'ada@example.com' }
const state = { id: 'order:1001', order: '1001', occurredAt: ORDER.now }
/** A refund in the second of the payment follows it. */
const whole = { kind: 'refund', ...state, occurredAt: ORDER.now + 1, phase: 'end' }
const paid = { kind: 'reinstatement', ...state, phase: 'beginning' }

describe('a paid order', () => {
  it.each(['processing', 'completed'])('that is %s is a purchase, and is not refunded', (status) => {
    expect(parseChanged(purchase, { status })).toEqual({
      kind: 'purchase',
      order: '1001',
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '10011', externalIds: ['7', 'PRO'], quantity: 1 }],
      reversal: paid,
      orderedByApi,
    })
  })

  it('names the variation first', () => {
    expect(parseChanged(purchase, { 'line_items.0.variation_id': 23 })).toMatchObject({
      lines: [{ externalIds: ['23', '7', 'PRO'] }],
    })
    const deleted = { 'line_items.0.product_id': 0, 'line_items.0.sku': null }
    expect(parseChanged(purchase, deleted)).toMatchObject({ lines: [{ externalIds: [] }] })
  })

  it('keeps both parts of a name that are the same', () => {
    const changes = { 'billing.first_name': 'Ali', 'billing.last_name': 'Ali' }
    expect(parseChanged(purchase, changes)).toMatchObject({ owner: { name: 'Ali Ali' } })
  })

  it('belongs to a company if it names no person', () => {
    const billing = { first_name: '', last_name: '', company: 'Lovelace Ltd', email: '' }
    expect(parseChanged(purchase, { billing })).toMatchObject({ owner: { name: 'Lovelace Ltd', email: '' } })
    expect(parseChanged(purchase, { billing: null })).toMatchObject({ kind: 'purchase' })
  })

  it.each(['pending', 'on-hold', 'checkout-draft', 'trash', 'shipped'])(
    'with the status %s is ignored',
    (status) => {
      expect(parseChanged(purchase, { status })).toMatchObject({ kind: 'ignored', order: '1001' })
    },
  )

  it.each(['pending', 'processing', 'completed', 'cancelled', 'failed', 'refunded'])(
    'that is %s without a time of payment was never paid',
    (status) => {
      expect(parseChanged(purchase, { status, date_paid_gmt: null })).toMatchObject({
        kind: 'ignored',
        note: 'the order was never paid',
        order: '1001',
      })
    },
  )
})

describe('a refund', () => {
  it.each(['refunded', 'cancelled', 'failed'])('of an order that is %s is whole', (status) => {
    expect(parseChanged(purchase, { status })).toEqual({ ...whole, orderedByApi })
  })

  it('of a part of the order has its amount, and the order is still a purchase', () => {
    expect(parse(woocommerceSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'purchase',
      reversal: { ...whole, phase: 'beginning', amount: 1000 },
    })
  })

  it('adds up, until the parts make a whole', () => {
    const refunds = (...totals: string[]) => ({ refunds: totals.map((total, id) => ({ id, total })) })
    expect(parseChanged(purchase, refunds('-10.10', '-0.20'))).toMatchObject({ reversal: { amount: 1030 } })
    expect(parseChanged(purchase, refunds('-24.50', '-24.50'))).toEqual({ ...whole, orderedByApi })
    expect(parseChanged(purchase, refunds('-24.50', '-24.49'))).toMatchObject({ reversal: { amount: 4899 } })
    expect(parseChanged(purchase, { ...refunds('-0.00'), total: '0.00' })).toMatchObject({ reversal: paid })
    expect(parseChanged(purchase, { refunds: null })).toMatchObject({ reversal: paid })
  })

  it('has the time of its state, since the latest state applies', () => {
    const later = { date_modified_gmt: '2026-11-24T09:31:00' }
    expect(parseChanged(purchase, later)).toMatchObject({
      reversal: { kind: 'reinstatement', occurredAt: ORDER.now + 60_000, phase: 'beginning' },
    })
  })
})

describe('an order of a subscription', () => {
  const renewal = woocommerceSamples.renewal?.(SUBSCRIPTION_ORDER) as SampleEvent
  const paidAt = periodStart(1)
  const period = { subscription: '55', payment: '100101', paidAt }

  it('that renews it is a period and no sale', () => {
    expect(parse(renewal)).toEqual({
      kind: 'renewal',
      period,
      reversal: { ...paid, id: 'order:100101', order: '100101', occurredAt: paidAt },
    })
  })

  it('that is refunded takes back its period', () => {
    expect(parseChanged(renewal, { status: 'refunded' })).toMatchObject({
      kind: 'refund',
      order: '100101',
      phase: 'end',
    })
    const refunds = [{ id: 1, total: '-1.00' }]
    expect(parseChanged(renewal, { refunds })).toMatchObject({ kind: 'renewal', reversal: { amount: 100 } })
  })

  it('that failed is no period', () => {
    expect(parseChanged(renewal, { status: 'failed', date_paid_gmt: null }).kind).toBe('ignored')
  })

  it('that switches it to another plan sells only the other items', () => {
    const meta_data = [{ key: '_subscription_switch', value: '55' }]
    expect(parseChanged(purchase, { meta_data })).toMatchObject({ kind: 'ignored', order: '1001' })
    const two = woocommerceSamples.purchaseOfLines?.(ORDER, [
      { externalId: '7', quantity: 1 },
      { externalId: '8', quantity: 1 },
    ]) as SampleEvent
    const switched = [{ key: '_switched_subscription_item_id', value: 4 }]
    expect(parseChanged(two, { meta_data, 'line_items.0.meta_data': switched })).toMatchObject({
      kind: 'purchase',
      lines: [{ id: '10012' }],
    })
  })

  it('ignores metadata that is not an id', () => {
    const meta_data = [
      { key: '_subscription_renewal', value: '' },
      { key: 'x', value: { a: 1 } },
    ]
    expect(parseChanged(purchase, { meta_data }).kind).toBe('purchase')
  })
})

describe('a subscription', () => {
  const until = periodStart(1)
  const period = { subscription: '55', payment: '1001', paidAt: periodStart(0) }
  const report = { subscription: '55', occurredAt: ORDER.now }

  it('that is active is paid until its next payment, and names its order', () => {
    expect(parse(active)).toEqual({
      kind: 'report',
      order: '1001',
      references: ['55'],
      period,
      report: { ...report, paidUntil: until, items: [{ externalIds: ['7', 'PRO'], quantity: 1 }] },
    })
  })

  it('without a next payment is paid until its end', () => {
    const last = { next_payment_date_gmt: '', end_date_gmt: '2027-01-01T00:00:00' }
    expect(parseChanged(active, last)).toMatchObject({ report: { paidUntil: Date.UTC(2027, 0, 1) } })
    expect(parseChanged(active, { next_payment_date_gmt: null })).toMatchObject({ kind: 'report' })
  })

  it('that is cancelled ends when the cancellation takes effect', () => {
    const ends = { next_payment_date_gmt: '', end_date_gmt: '2027-01-01T00:00:00' }
    const at = Date.UTC(2027, 0, 1)
    const reportOf = (status: string, changes: object = ends) => {
      const event = parseChanged(active, { status, ...changes })
      return event.kind === 'report' ? event.report : undefined
    }
    expect(reportOf('pending-cancel')).toEqual({ ...report, paidUntil: at })
    expect(reportOf('cancelled')).toEqual({ ...report, endedAt: at })
    expect(reportOf('expired')).toEqual({ ...report, endedAt: at })
    expect(reportOf('cancelled', { end_date_gmt: '' })).toEqual({ ...report, endedAt: ORDER.now })
  })

  it.each(['on-hold', 'pending', 'switched'])('that is %s is not paid for', (status) => {
    expect(parseChanged(active, { status })).toEqual({
      kind: 'report',
      order: '1001',
      references: ['55'],
      period,
      report,
    })
  })

  it('that no order sold names none', () => {
    const unsold = parseChanged(active, { parent_id: 0 })
    expect(unsold).not.toHaveProperty('order')
    expect(unsold).not.toHaveProperty('period')
  })
})

describe('an event', () => {
  it('has its topic in a header, and its body identifies it', () => {
    const headers = new Headers({ 'X-WC-Webhook-Topic': 'order.updated', 'X-WC-Webhook-Delivery-ID': 'd1' })
    expect(woocommerce.describe(JSON.parse(purchase.body), headers)).toEqual({
      id: undefined,
      type: 'order.updated',
      isTest: undefined,
    })
    expect(woocommerce.describe({}, new Headers())).toMatchObject({ type: 'unknown' })
  })

  it('about something that was deleted is flagged', () => {
    expect(woocommerce.interpret({ id: 1001 })).toMatchObject({ kind: 'flagged', order: '1001' })
  })

  it('of another API version, or without permission to read the order, is flagged', () => {
    expect(parseChanged(purchase, { date_paid_gmt: undefined })).toMatchObject({ kind: 'flagged' })
    const error = { code: 'woocommerce_rest_cannot_view', message: 'Sorry', data: { status: 401 } }
    expect(woocommerce.interpret(error)).toMatchObject({ kind: 'flagged' })
  })

  it('about a product, a coupon or a custom action is ignored', () => {
    expect(parse(woocommerceSamples.unknown()).kind).toBe('ignored')
    expect(woocommerce.interpret({ action: 'x', arg: 7 }).kind).toBe('ignored')
    expect(woocommerce.interpret({}).kind).toBe('ignored')
  })

  it('of a known kind is rejected if it does not match its schema', () => {
    for (const changes of [
      { id: null },
      { status: 7 },
      { line_items: null },
      { date_modified_gmt: null },
      { date_paid_gmt: 'yesterday' },
      { refunds: [{ total: 5 }] },
    ]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
    expect(() => parseChanged(active, { next_payment_date_gmt: 'soon' })).toThrow()
    for (const payload of [null, [], 'text', undefined]) {
      expect(() => woocommerce.interpret(payload)).toThrow()
      expect(() => woocommerce.describe(payload, new Headers())).toThrow()
    }
  })
})

describe('a ping', () => {
  const isPing = (text: string) => woocommerce.isPing?.(new TextEncoder().encode(text))

  it('is the id of a webhook and nothing else', () => {
    expect(isPing('webhook_id=7')).toBe(true)
    for (const other of [
      '',
      'webhook_id=',
      'webhook_id=x',
      'webhook_id=7&a=1',
      ' webhook_id=7',
      '{"id":7}',
    ]) {
      expect(isPing(other)).toBe(false)
    }
    expect(isPing(`webhook_id=${'7'.repeat(30)}`)).toBe(false)
  })
})
