import { describe, expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { stripe } from '../../src/payments/providers/stripe/index.ts'
import { changed, ORDER, parserOf, SUBSCRIPTION_ORDER } from './sample-parser.ts'

const { parse, parseChanged, describe: describeEvent } = parserOf(stripe)
const purchase = stripeSamples.purchase(ORDER)
const [subscriptionSession] = (stripeSamples.relatedEvents?.(SUBSCRIPTION_ORDER) ?? []) as [SampleEvent]
const SESSION = 'cs_live_1001'
const PAYMENT = 'pi_1001'
const ASYNC_PAYMENT_SUCCEEDED = 'checkout.session.async_payment_succeeded'

function lineItems(...items: unknown[]) {
  return { object: 'list', data: items, has_more: false }
}

describe('a paid session', () => {
  it('is a purchase of the product in its metadata', () => {
    expect(parse(purchase)).toEqual({
      kind: 'purchase',
      order: PAYMENT,
      references: [SESSION, PAYMENT],
      owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '*', externalIds: ['7', 'plink_keyseal_demo'], quantity: 1 }],
    })
  })

  it('has the name of its invoice and a reference to its subscription', () => {
    expect(parse(subscriptionSession)).toMatchObject({
      kind: 'purchase',
      order: 'in_1001',
      references: [SESSION, 'sub_55', 'in_1001'],
    })
  })

  it('that cost nothing has its own name', () => {
    const free = { 'data.object.payment_intent': null, 'data.object.payment_status': 'no_payment_required' }
    expect(parseChanged(purchase, free)).toMatchObject({ order: SESSION, references: [SESSION] })
  })

  it('leaves the sale to its invoice for a minute, unless its lines are known', () => {
    expect(parse(subscriptionSession)).toMatchObject({ lines: [{ id: '*' }], waitSeconds: 60 })
    const found = stripeSamples.lookUpResponse?.(SUBSCRIPTION_ORDER)
    expect(parse(subscriptionSession, found)).not.toHaveProperty('waitSeconds')
    expect(parse(purchase)).not.toHaveProperty('waitSeconds')
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
      order: PAYMENT,
      references: [SESSION, PAYMENT],
    })
  })

  it('becomes a purchase of the same order once it is paid', () => {
    expect(parseChanged(purchase, { ...unpaid, type: ASYNC_PAYMENT_SUCCEEDED })).toMatchObject({
      kind: 'purchase',
      order: PAYMENT,
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
    )
    expect(parse(purchase, found)).toMatchObject({
      lines: [
        { id: 'price_a', externalIds: ['price_a', 'prod_a'], quantity: 5 },
        { id: 'price_b', externalIds: ['price_b', 'prod_b'], quantity: 1 },
      ],
    })
  })

  it('without a price stay lines, so that the event tells about them', () => {
    const found = lineItems(
      { id: 'li_1', price: null, quantity: 1 },
      { price: null, quantity: 1 },
      { id: 'li_3', price: { id: 'price_a', product: 'prod_a' }, quantity: 2 },
    )
    expect(parse(purchase, found)).toMatchObject({
      lines: [
        { id: 'li_1', externalIds: [] },
        { id: 'line 2', externalIds: [] },
        { id: 'price_a', quantity: 2 },
      ],
    })
  })

  it('of a subscription are the lines of its first invoice', () => {
    const order = { ...SUBSCRIPTION_ORDER, quantity: 4 }
    const session = parse(subscriptionSession, stripeSamples.lookUpResponse?.(order))
    const invoice = parse(stripeSamples.purchase(order))
    const lines = [{ id: '7', externalIds: ['7', 'prod_keyseal_demo'], quantity: 4 }]
    expect(session).toMatchObject({ kind: 'purchase', lines })
    expect(invoice).toMatchObject({ kind: 'purchase', lines })
    expect(session).toMatchObject({ order: 'in_1001' })
    expect(invoice).toMatchObject({ order: 'in_1001' })
  })

  it('of a subscription can be bought once or be metered', () => {
    const found = lineItems(
      { price: { id: 'price_a', type: 'recurring', recurring: { usage_type: 'licensed' } }, quantity: 2 },
      { price: { id: 'price_b', type: 'recurring', recurring: { usage_type: 'metered' } }, quantity: null },
      { price: { id: 'price_c', type: 'one_time', recurring: null }, quantity: 1 },
    )
    expect(parse(subscriptionSession, found)).toMatchObject({
      lines: [
        { id: 'price_a', externalIds: ['price_a'], quantity: 2 },
        { id: 'price_b', externalIds: ['price_b'], quantity: 0 },
        { id: 'price_c', externalIds: ['price_c'], quantity: 1, isOneTime: true },
      ],
    })
    expect(parse(purchase, found)).not.toMatchObject({ lines: [{}, {}, { isOneTime: true }] })
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
    expect(parse(purchase, { data: [], has_more: true })).toMatchObject({ kind: 'flagged', order: PAYMENT })
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
    for (const type of ['constructor', '__proto__', 'customer.created', 'customer.subscription.created']) {
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
