import { describe, expect, it } from 'vitest'
import { eventOf, type SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged } = parserOf(stripe)

describe('a payment', () => {
  const paid = eventOf('evt_1', {
    id: 'evt_1',
    object: 'event',
    api_version: '2026-09-30.endive',
    created: 1_795_500_000,
    livemode: true,
    type: 'payment_intent.succeeded',
    data: {
      object: {
        id: 'pi_1001',
        object: 'payment_intent',
        amount: 4900,
        amount_received: 4900,
        currency: 'eur',
        latest_charge: 'ch_1001',
        metadata: { keyseal_product: 'price_a' },
        payment_details: { customer_reference: null, order_reference: null },
        receipt_email: 'ada@example.com',
        shipping: null,
        status: 'succeeded',
      },
    },
  })
  const METADATA = 'data.object.metadata'
  const ORDER_REFERENCE = 'data.object.payment_details.order_reference'

  it('is a purchase of the product in its metadata', () => {
    expect(parse(paid)).toEqual({
      kind: 'purchase',
      order: 'pi_1001',
      references: ['pi_1001', 'ch_1001'],
      owner: { name: undefined, email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['price_a'], quantity: 1 }],
    })
  })

  it('is ignored if its metadata names no product', () => {
    for (const metadata of [undefined, null, {}, { keyseal_product: '' }, { keyseal_quantity: '2' }]) {
      expect(parseChanged(paid, { [METADATA]: metadata }).kind).toBe('ignored')
    }
  })

  it('may have a quantity, a name and an e-mail address in its metadata', () => {
    const metadata = {
      keyseal_product: 'price_a',
      keyseal_quantity: '3',
      keyseal_name: 'Grace Hopper',
      keyseal_email: 'grace@example.com',
    }
    const shipping = { name: 'Ada Lovelace' }
    expect(parseChanged(paid, { [METADATA]: metadata, 'data.object.shipping': shipping })).toMatchObject({
      owner: { name: 'Grace Hopper', email: 'grace@example.com' },
      lines: [{ quantity: '3' }],
    })
  })

  it('has the owner of its charge, its shipping or its receipt', () => {
    const billing = {
      id: 'ch_1001',
      billing_details: { name: 'Ada Lovelace', email: 'lovelace@example.com' },
    }
    expect(parseChanged(paid, { 'data.object.latest_charge': billing })).toMatchObject({
      references: ['pi_1001', 'ch_1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
    })
    const old = { 'data.object.latest_charge': undefined, 'data.object.receipt_email': null }
    expect(parseChanged(paid, { ...old, 'data.object.charges': { data: [billing] } })).toMatchObject({
      references: ['pi_1001', 'ch_1001'],
      owner: { name: 'Ada Lovelace', email: 'lovelace@example.com' },
    })
    expect(parseChanged(paid, { 'data.object.shipping': { name: 'Ada' } })).toMatchObject({
      owner: { name: 'Ada', email: 'ada@example.com' },
    })
  })

  it('of an invoice only links the payment to it', () => {
    const invoice = 'in_1TbKCUJlUF0dQbSBCq67m001'
    const link = { kind: 'ignored', order: invoice, references: ['pi_1001', 'ch_1001'] }
    expect(parseChanged(paid, { [ORDER_REFERENCE]: invoice })).toMatchObject(link)
    const old = { 'data.object.payment_details': undefined, 'data.object.invoice': invoice }
    expect(parseChanged(paid, old)).toMatchObject(link)
  })

  it('of an invoice whose id is cut names no order', () => {
    const cut = parseChanged(paid, { [ORDER_REFERENCE]: 'in_1TbKCUJlUF0dQbSBCq67m0' })
    expect(cut).toEqual({ kind: 'ignored', note: 'the invoice of the payment reports it' })
    expect(parseChanged(paid, { [ORDER_REFERENCE]: 'cs_test_a1Pr9VLelz8BoQ1O7' }).kind).toBe('ignored')
  })

  it('of a session is ignored, or the same order in older API versions', () => {
    expect(parseChanged(paid, { [ORDER_REFERENCE]: 'cs_live_1001' }).kind).toBe('ignored')
    const session = parse(stripeSamples.purchase(ORDER))
    expect(session).toMatchObject({ order: 'pi_1001', lines: [{ id: '*' }] })
    expect(parseChanged(paid, { 'data.object.payment_details': undefined })).toMatchObject({
      order: 'pi_1001',
      lines: [{ id: '*' }],
    })
  })

  it.each(['1001', 'in_stock-1001', 'cs_1001'])(
    "with the seller's own order reference is a purchase: %s",
    (own) => {
      expect(parseChanged(paid, { [ORDER_REFERENCE]: own }).kind).toBe('purchase')
    },
  )
})

describe('the payment of an invoice', () => {
  const paid = stripeSamples.relatedEvents?.(SUBSCRIPTION_ORDER).at(-1) as SampleEvent

  it('becomes a reference of the invoice', () => {
    expect(parse(paid)).toMatchObject({
      kind: 'ignored',
      order: 'in_1001',
      references: ['pi_1001'],
    })
  })

  it('may be only a charge', () => {
    const changes = { 'data.object.payment': { type: 'charge', charge: 'ch_1001' } }
    expect(parseChanged(paid, changes)).toMatchObject({ references: ['ch_1001'] })
  })
})
