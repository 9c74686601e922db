import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { changed, ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(stripe)
const purchase = stripeSamples.purchase(ORDER)
const subscriptionPurchase = stripeSamples.purchase(SUBSCRIPTION_ORDER)
const SESSION = 'cs_live_1001'
const ASYNC_PAYMENT_SUCCEEDED = 'checkout.session.async_payment_succeeded'

function lineItems(...items: unknown[]) {
  return { object: 'list', data: items, has_more: false }
}

describe('a paid session', () => {
  it('is a purchase of the product in its metadata', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: SESSION,
      references: [SESSION, 'pi_1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7', 'plink_keyseal_demo'], quantity: 1 }],
    })
  })

  it('has the name of its invoice and a reference to its subscription', () => {
    expect(parse(subscriptionPurchase)).toMatchObject({
      kind: 'purchase',
      order: 'in_1001',
      references: [SESSION, 'sub_55', 'in_1001'],
    })
  })

  it.each([
    { 'data.object.metadata': null },
    { 'data.object.metadata': {} },
    { 'data.object.metadata': undefined },
  ])('with %j is a purchase of its Payment Link', (changes) => {
    expect(parseChanged(purchase, changes)).toMatchObject({
      lines: [{ externalIds: ['plink_keyseal_demo'] }],
    })
  })

  it('without a product or Payment Link is a purchase that an operator can map', () => {
    const changes = { 'data.object.metadata': null, 'data.object.payment_link': null }
    expect(parseChanged(purchase, changes)).toMatchObject({ kind: 'purchase', lines: [{ externalIds: [] }] })
  })

  it('is a purchase if no payment was required', () => {
    const changes = { 'data.object.payment_status': 'no_payment_required' }
    expect(parseChanged(purchase, changes)).toMatchObject({ kind: 'purchase' })
  })

  it('may have no owner', () => {
    const anonymous = parseChanged(purchase, { 'data.object.customer_details': null })
    expect(anonymous).toMatchObject({ kind: 'purchase', owner: { name: undefined, email: undefined } })
    const withoutOwner = parse(stripeSamples.purchase({ ...ORDER, name: null, email: null }))
    expect(withoutOwner).toMatchObject({ kind: 'purchase', owner: { name: null, email: null } })
  })
})

describe('an unpaid session', () => {
  const unpaid = { 'data.object.payment_status': 'unpaid' }

  it('is ignored, but its names are stored', () => {
    expect(parseChanged(purchase, unpaid)).toMatchObject({
      kind: 'ignored',
      order: SESSION,
      references: [SESSION, 'pi_1001'],
    })
  })

  it('becomes a purchase of the same order once it is paid', () => {
    expect(parseChanged(purchase, { ...unpaid, type: ASYNC_PAYMENT_SUCCEEDED })).toMatchObject({
      kind: 'purchase',
      order: SESSION,
    })
  })

  it.each(['checkout.session.async_payment_failed', 'checkout.session.expired'])(
    'is ignored when it ends with %s',
    (type) => {
      expect(parseChanged(purchase, { ...unpaid, type })).toMatchObject({ kind: 'ignored' })
    },
  )

  it('is ignored if it only saves a card', () => {
    const setup = { 'data.object.payment_status': 'no_payment_required', 'data.object.mode': 'setup' }
    expect(parseChanged(purchase, setup)).toMatchObject({ kind: 'ignored' })
    expect(stripe.lookUp?.url(changed(purchase, setup), 'rk_x')).toBeUndefined()
  })
})

describe('looked-up line items', () => {
  it('are one line for each price, with the sum of quantities', () => {
    const found = lineItems(
      { id: 'li_1', price: { id: 'price_a', product: 'prod_a' }, quantity: 2 },
      { id: 'li_2', price: { id: 'price_b', product: 'prod_b' }, quantity: null },
      { id: 'li_3', price: { id: 'price_a', product: 'prod_a' }, quantity: 3 },
      { id: 'li_4', price: null, quantity: 1 },
    )
    expect(parse(purchase, found)).toMatchObject({
      lines: [
        { id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 5 },
        { id: 'price_b', externalIds: ['price_b', 'prod_b'], quantity: 1 },
      ],
    })
  })

  it('replace the line of the whole order', () => {
    const found = stripeSamples.lookUpResponse?.({ ...ORDER, quantity: 4 })
    const event = stripeSamples.purchaseToLookUp?.(ORDER) as SampleEvent
    expect(parse(event, found)).toMatchObject({
      lines: [{ id: '7', externalIds: ['7', 'prod_keyseal_demo'], quantity: 4 }],
    })
  })

  it('keep the line of the whole order if none has a price', () => {
    expect(parse(purchase, lineItems({ quantity: 1 }))).toMatchObject({ lines: [{ id: '*' }] })
  })

  it.each(['3', 'x', 1.5, -1, true])('keep the quantity %j for a later check', (quantity) => {
    const item = { price: { id: 'price_a', product: 'prod_a' }, quantity }
    expect(parse(purchase, lineItems(item))).toMatchObject({ lines: [{ quantity }] })
  })

  it('that are incomplete are flagged', () => {
    expect(parse(purchase, { data: [], has_more: true })).toMatchObject({ kind: 'flagged', order: SESSION })
  })

  it.each([null, {}, [], { data: 'x' }, { error: { message: 'No such session' } }])(
    'cannot be read from the response %j',
    (found) => {
      expect(() => parse(purchase, found)).toThrow()
    },
  )

  it('are looked up only for a paid session', () => {
    const url = (changes: Record<string, unknown>) => stripe.lookUp?.url(changed(purchase, changes), 'rk_x')
    const lineItemsUrl = `https://api.stripe.com/v1/checkout/sessions/${SESSION}/line_items?limit=100`
    expect(stripe.lookUp?.setting).toBe('STRIPE_API_KEY')
    expect(url({})).toBe(lineItemsUrl)
    expect(url({ type: ASYNC_PAYMENT_SUCCEEDED, 'data.object.payment_status': 'unpaid' })).toBe(lineItemsUrl)
    expect(url({ 'data.object.payment_status': 'unpaid' })).toBeUndefined()
    expect(url({ type: 'invoice.paid' })).toBeUndefined()
    for (const id of ['../charges', 'cs_1?x=', 'cs/1', '', 7])
      expect(url({ 'data.object.id': id })).toBeUndefined()
    for (const junk of [null, 1, 'x', [], {}]) expect(stripe.lookUp?.url(junk, 'rk_x')).toBeUndefined()
  })
})

describe('a refunded charge', () => {
  const refund = stripeSamples.refund(ORDER)

  it('reverses the order of its payment', () => {
    expect(parse(refund)).toEqual({
      kind: 'refund',
      id: 'refund:ch_1001',
      order: 'pi_1001',
      occurredAt: ORDER.now,
      phase: 'beginning',
    })
  })

  it('uses its own id if it has no payment', () => {
    expect(parseChanged(refund, { 'data.object.payment_intent': null })).toMatchObject({ order: 'ch_1001' })
  })

  it('is flagged if it is partly refunded', () => {
    expect(parse(stripeSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: 'pi_1001',
    })
  })

  it.each(['refund.failed', 'refund.updated', 'charge.refund.updated'])(
    'is reinstated by a failed refund: %s',
    (type) => {
      const failed = stripeSamples.refundFailed?.(ORDER) as SampleEvent
      const reinstated = { kind: 'reinstatement', id: 'refund:ch_1001', order: 'pi_1001', phase: 'end' }
      expect(parseChanged(failed, { type })).toMatchObject(reinstated)
      expect(parseChanged(failed, { type, 'data.object.status': 'canceled' })).toMatchObject(reinstated)
      for (const status of ['succeeded', 'pending', 'requires_action', null]) {
        expect(parseChanged(failed, { type, 'data.object.status': status }).kind).toBe('ignored')
      }
      expect(parseChanged(failed, { type, 'data.object.charge': null }).kind).toBe('flagged')
    },
  )
})

describe('a dispute', () => {
  const answer = stripeSamples.disputeOpened?.(ORDER) as SampleEvent
  const won = stripeSamples.disputeWon?.(ORDER) as SampleEvent
  const names = { id: 'dispute:du_1001', order: 'pi_1001', occurredAt: ORDER.now }

  it('reverses the order, and reinstates it only if won', () => {
    expect(parse(answer)).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    expect(parseChanged(answer, { type: 'charge.dispute.funds_withdrawn' })).toMatchObject({ kind: 'refund' })
    expect(parse(stripeSamples.disputeLost?.(ORDER) as SampleEvent)).toEqual({
      kind: 'refund',
      ...names,
      phase: 'end',
    })
    expect(parse(won)).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('reinstates the order when the funds are reinstated', () => {
    const settled = parseChanged(answer, { type: 'charge.dispute.funds_reinstated' })
    expect(settled).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('is flagged while it is an inquiry, and reinstates the order when closed', () => {
    for (const status of ['warning_needs_response', 'warning_under_review']) {
      expect(parseChanged(answer, { 'data.object.status': status })).toMatchObject({
        kind: 'flagged',
        order: 'pi_1001',
      })
    }
    expect(parseChanged(won, { 'data.object.status': 'warning_closed' }).kind).toBe('reinstatement')
  })

  it('is flagged if it ends in another way', () => {
    expect(parseChanged(won, { 'data.object.status': 'prevented' }).kind).toBe('flagged')
  })

  it('is ignored while it is open', () => {
    expect(parseChanged(answer, { type: 'charge.dispute.updated' }).kind).toBe('ignored')
  })
})

describe('an event', () => {
  it('has its id, its type and its mode', () => {
    expect(describeEvent(purchase)).toEqual({
      id: purchase.id,
      type: 'checkout.session.completed',
      isTest: false,
    })
    expect(describeEvent(stripeSamples.purchase({ ...ORDER, isTest: true })).isTest).toBe(true)
    expect(describeEvent(purchase, { livemode: undefined }).isTest).toBeUndefined()
  })

  it('is ignored if it is thin or of an unknown type', () => {
    const thin = { object: 'v2.core.event', type: 'v1.billing.meter.error_report_triggered', data: undefined }
    expect(parseChanged(purchase, thin)).toMatchObject({
      kind: 'ignored',
      note: expect.stringContaining('thin'),
    })
    expect(describeEvent(purchase, thin).id).toBe(purchase.id)
    expect(parse(stripeSamples.unknown())).toMatchObject({ kind: 'ignored' })
    for (const type of ['constructor', '__proto__', 'customer.created']) {
      expect(parseChanged(purchase, { type }).kind).toBe('ignored')
    }
  })

  it.each([null, 1, 'x', [], {}, { id: 'evt_1' }, { id: 1, type: 'x' }, { id: '', type: 'x' }])(
    'cannot be %j',
    (payload) => {
      expect(() => stripe.describe(payload, new Headers())).toThrow()
    },
  )

  it('of a known type is rejected if it does not match its schema', () => {
    for (const changes of [
      { data: null },
      { 'data.object': null },
      { 'data.object.id': 7 },
      { created: 'x' },
    ]) {
      expect(() => parseChanged(purchase, changes)).toThrow()
    }
  })
})
