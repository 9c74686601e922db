import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { changed, ORDER, readerOf, SUBSCRIPTION_ORDER } from './reading.ts'

const { say, sayChanged, describe: describeEvent } = readerOf(stripe)
const purchase = stripeSamples.purchase(ORDER)
const subscriptionPurchase = stripeSamples.purchase(SUBSCRIPTION_ORDER)
const SESSION = 'cs_live_1001'
const LATER = 'checkout.session.async_payment_succeeded'

function lineItems(...items: unknown[]) {
  return { object: 'list', data: items, has_more: false }
}

describe('a session that is paid', () => {
  it('is a sale of what its metadata names, by its own name and that of its payment', () => {
    expect(say(purchase)).toEqual({
      kind: 'purchase',
      order: SESSION,
      references: [SESSION, 'pi_1001'],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7', 'plink_keyseal_demo'], quantity: 1 }],
    })
  })

  it('bears the name of its invoice where it has one, and knows its subscription', () => {
    expect(say(subscriptionPurchase)).toMatchObject({
      kind: 'purchase',
      order: 'in_1001',
      references: [SESSION, 'sub_55', 'in_1001'],
    })
  })

  it.each([
    { 'data.object.metadata': null },
    { 'data.object.metadata': {} },
    { 'data.object.metadata': undefined },
  ])('without %j is what its Payment Link sells', (changes) => {
    expect(sayChanged(purchase, changes)).toMatchObject({
      lines: [{ externalIds: ['plink_keyseal_demo'] }],
    })
  })

  it('that names nothing at all is a sale still, which a person can map', () => {
    const changes = { 'data.object.metadata': null, 'data.object.payment_link': null }
    expect(sayChanged(purchase, changes)).toMatchObject({ kind: 'purchase', lines: [{ externalIds: [] }] })
  })

  it('is a sale where nothing had to be paid', () => {
    const changes = { 'data.object.payment_status': 'no_payment_required' }
    expect(sayChanged(purchase, changes)).toMatchObject({ kind: 'purchase' })
  })

  it('passes on an owner that is not told', () => {
    const nobody = sayChanged(purchase, { 'data.object.customer_details': null })
    expect(nobody).toMatchObject({ kind: 'purchase', owner: { name: undefined, email: undefined } })
    const nameless = say(stripeSamples.purchase({ ...ORDER, name: null, email: null }))
    expect(nameless).toMatchObject({ kind: 'purchase', owner: { name: null, email: null } })
  })
})

describe('a session that is not paid issues nothing', () => {
  const unpaid = { 'data.object.payment_status': 'unpaid' }

  it('but tells its names', () => {
    expect(sayChanged(purchase, unpaid)).toMatchObject({
      kind: 'ignored',
      order: SESSION,
      references: [SESSION, 'pi_1001'],
    })
  })

  it('until it is paid, as the same order', () => {
    expect(sayChanged(purchase, { ...unpaid, type: LATER })).toMatchObject({
      kind: 'purchase',
      order: SESSION,
    })
  })

  it.each(['checkout.session.async_payment_failed', 'checkout.session.expired'])('and %s neither', (type) => {
    expect(sayChanged(purchase, { ...unpaid, type })).toMatchObject({ kind: 'ignored' })
  })

  it('nor does one that only saves a card, which says that no payment is required', () => {
    const setup = { 'data.object.payment_status': 'no_payment_required', 'data.object.mode': 'setup' }
    expect(sayChanged(purchase, setup)).toMatchObject({ kind: 'ignored' })
    expect(stripe.lookUp?.url(changed(purchase, setup), 'rk_x')).toBeUndefined()
  })
})

describe('the line items that were looked up', () => {
  it('are one line for each price, with the quantities of equal ones together', () => {
    const found = lineItems(
      { id: 'li_1', price: { id: 'price_a', product: 'prod_a' }, quantity: 2 },
      { id: 'li_2', price: { id: 'price_b', product: 'prod_b' }, quantity: null },
      { id: 'li_3', price: { id: 'price_a', product: 'prod_a' }, quantity: 3 },
      { id: 'li_4', price: null, quantity: 1 },
    )
    expect(say(purchase, found)).toMatchObject({
      lines: [
        { id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 5 },
        { id: 'price_b', externalIds: ['price_b', 'prod_b'], quantity: 1 },
      ],
    })
  })

  it('take the place of the whole order, and the sample has them', () => {
    const found = stripeSamples.lookUpAnswer?.({ ...ORDER, quantity: 4 })
    const event = stripeSamples.purchaseToLookUp?.(ORDER) as SampleEvent
    expect(say(event, found)).toMatchObject({
      lines: [{ id: '7', externalIds: ['7', 'prod_keyseal_demo'], quantity: 4 }],
    })
  })

  it('leave the whole order where none has a price', () => {
    expect(say(purchase, lineItems({ quantity: 1 }))).toMatchObject({ lines: [{ id: '*' }] })
  })

  it.each(['3', 'x', 1.5, -1, true])('leave the quantity %j to be checked later', (quantity) => {
    const item = { price: { id: 'price_a', product: 'prod_a' }, quantity }
    expect(say(purchase, lineItems(item))).toMatchObject({ lines: [{ quantity }] })
  })

  it('that are not all there issue nothing, and are shown to a person', () => {
    expect(say(purchase, { data: [], has_more: true })).toMatchObject({ kind: 'flagged', order: SESSION })
  })

  it.each([null, {}, [], { data: 'x' }, { error: { message: 'No such session' } }])('are not %j', (found) => {
    expect(() => say(purchase, found)).toThrow()
  })

  it('are asked for by the name of the session, of one that is paid only', () => {
    const url = (changes: Record<string, unknown>) => stripe.lookUp?.url(changed(purchase, changes), 'rk_x')
    const address = `https://api.stripe.com/v1/checkout/sessions/${SESSION}/line_items?limit=100`
    expect(stripe.lookUp?.setting).toBe('STRIPE_API_KEY')
    expect(url({})).toBe(address)
    expect(url({ type: LATER, 'data.object.payment_status': 'unpaid' })).toBe(address)
    expect(url({ 'data.object.payment_status': 'unpaid' })).toBeUndefined()
    expect(url({ type: 'invoice.paid' })).toBeUndefined()
    for (const id of ['../charges', 'cs_1?x=', 'cs/1', '', 7])
      expect(url({ 'data.object.id': id })).toBeUndefined()
    for (const junk of [null, 1, 'x', [], {}]) expect(stripe.lookUp?.url(junk, 'rk_x')).toBeUndefined()
  })
})

describe('a charge that is refunded', () => {
  const refund = stripeSamples.refund(ORDER)

  it('takes the order of its payment back', () => {
    expect(say(refund)).toEqual({
      kind: 'refund',
      id: 'refund:ch_1001',
      order: 'pi_1001',
      occurredAt: ORDER.now,
      phase: 'beginning',
    })
  })

  it('calls the order by its own name where there is no payment', () => {
    expect(sayChanged(refund, { 'data.object.payment_intent': null })).toMatchObject({ order: 'ch_1001' })
  })

  it('in part only is shown to a person', () => {
    expect(say(stripeSamples.partialRefund?.(ORDER) as SampleEvent)).toMatchObject({
      kind: 'flagged',
      order: 'pi_1001',
    })
  })

  it.each(['refund.failed', 'refund.updated', 'charge.refund.updated'])(
    'is paid for again where the refund fails: %s',
    (type) => {
      const failed = stripeSamples.refundFailed?.(ORDER) as SampleEvent
      const reinstated = { kind: 'reinstatement', id: 'refund:ch_1001', order: 'pi_1001', phase: 'end' }
      expect(sayChanged(failed, { type })).toMatchObject(reinstated)
      expect(sayChanged(failed, { type, 'data.object.status': 'canceled' })).toMatchObject(reinstated)
      for (const status of ['succeeded', 'pending', 'requires_action', null]) {
        expect(sayChanged(failed, { type, 'data.object.status': status }).kind).toBe('ignored')
      }
      expect(sayChanged(failed, { type, 'data.object.charge': null }).kind).toBe('flagged')
    },
  )
})

describe('a dispute', () => {
  const opened = stripeSamples.disputeOpened?.(ORDER) as SampleEvent
  const won = stripeSamples.disputeWon?.(ORDER) as SampleEvent
  const names = { id: 'dispute:du_1001', order: 'pi_1001', occurredAt: ORDER.now }

  it('takes the order back, lets it stay so when lost, and gives it back when won', () => {
    expect(say(opened)).toEqual({ kind: 'refund', ...names, phase: 'beginning' })
    expect(sayChanged(opened, { type: 'charge.dispute.funds_withdrawn' })).toMatchObject({ kind: 'refund' })
    expect(say(stripeSamples.disputeLost?.(ORDER) as SampleEvent)).toEqual({
      kind: 'refund',
      ...names,
      phase: 'end',
    })
    expect(say(won)).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('gives it back with the money', () => {
    const settled = sayChanged(opened, { type: 'charge.dispute.funds_reinstated' })
    expect(settled).toEqual({ kind: 'reinstatement', ...names, phase: 'end' })
  })

  it('that is an inquiry takes nothing, and its end gives everything', () => {
    for (const status of ['warning_needs_response', 'warning_under_review']) {
      expect(sayChanged(opened, { 'data.object.status': status })).toMatchObject({
        kind: 'flagged',
        order: 'pi_1001',
      })
    }
    expect(sayChanged(won, { 'data.object.status': 'warning_closed' }).kind).toBe('reinstatement')
  })

  it('that ends in another way is shown to a person', () => {
    expect(sayChanged(won, { 'data.object.status': 'prevented' }).kind).toBe('flagged')
  })

  it('is ignored while it goes on', () => {
    expect(sayChanged(opened, { type: 'charge.dispute.updated' }).kind).toBe('ignored')
  })
})

describe('an event tells', () => {
  it('its name, its type, and whether it is a test', () => {
    expect(describeEvent(purchase)).toEqual({
      id: purchase.id,
      type: 'checkout.session.completed',
      isTest: false,
    })
    expect(describeEvent(stripeSamples.purchase({ ...ORDER, isTest: true })).isTest).toBe(true)
    expect(describeEvent(purchase, { livemode: undefined }).isTest).toBeUndefined()
  })

  it('nothing where it is thin, or of a type that is not known', () => {
    const thin = { object: 'v2.core.event', type: 'v1.billing.meter.error_report_triggered', data: undefined }
    expect(sayChanged(purchase, thin)).toMatchObject({
      kind: 'ignored',
      note: expect.stringContaining('thin'),
    })
    expect(describeEvent(purchase, thin).id).toBe(purchase.id)
    expect(say(stripeSamples.unknown())).toMatchObject({ kind: 'ignored' })
    for (const type of ['constructor', '__proto__', 'customer.created']) {
      expect(sayChanged(purchase, { type }).kind).toBe('ignored')
    }
  })

  it.each([null, 1, 'x', [], {}, { id: 'evt_1' }, { id: 1, type: 'x' }, { id: '', type: 'x' }])(
    'nothing where it is no event: %j',
    (payload) => {
      expect(() => stripe.describe(payload, new Headers())).toThrow()
    },
  )

  it('that it can not be understood, where a known one has another shape', () => {
    for (const changes of [
      { data: null },
      { 'data.object': null },
      { 'data.object.id': 7 },
      { created: 'x' },
    ]) {
      expect(() => sayChanged(purchase, changes)).toThrow()
    }
  })
})
