/** No order is lost to a detail: odd lines, quantities and arrival orders, sent to the whole Worker. */
import { describe, expect, it } from 'vitest'
import { PROVIDER_SAMPLES, type SampleEvent, type SampleOrder } from '../../scripts/webhook-samples/index.ts'
import type { ProviderName } from '../../src/payments/provider.ts'
import { latestEvent, outcomeOf, samplesOf } from '../support/provider-webhook.ts'
import { addOffer, keysOf, type OfferOptions, statusesOf } from '../support/sales.ts'
import { changed } from './sample-parser.ts'

/** Numeric, because some providers require it. */
let names = 6_000_000
const newName = () => String(names++)

async function orderOf(provider: ProviderName, terms: OfferOptions = {}): Promise<SampleOrder> {
  const { externalId } = await addOffer({ provider, externalId: newName(), ...terms })
  return { order: newName(), externalId, now: Date.now() }
}

/** A new event with other fields. */
function withChanges(event: SampleEvent, changes: Record<string, unknown>): SampleEvent {
  return { id: event.id, body: JSON.stringify(changed(event, changes)) }
}

describe('paddle:', () => {
  const samples = samplesOf('paddle')
  const send = (event: SampleEvent) => outcomeOf(samples, event)
  const subscribed = async () => ({
    ...(await orderOf('paddle', { mode: 'seats' })),
    subscription: newName(),
  })
  const partOf = (refund: SampleEvent | undefined, changes: Record<string, unknown>) =>
    withChanges(refund as SampleEvent, { 'data.id': `adj_${newName()}`, ...changes })

  it('two partial refunds that make a whole are a whole', async () => {
    const o = await orderOf('paddle')
    await send(samples.purchase(o))
    const part = (total: string) => partOf(samples.partialRefund?.(o), { 'data.totals.total': total })
    expect(await send(part('2000'))).toBe('flagged')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['assigned'])
    expect(await send(part('2900'))).toBe('revoked')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['blocked'])
  })

  // Before December 2024, a refund always listed its items, and it is still the default.
  const allItems = (o: SampleOrder, changes: Record<string, unknown>) =>
    partOf(samples.lineRefund?.(o), { 'data.totals.total': '4900', ...changes })

  it('a refund that lists all items of the first period leaves the second period', async () => {
    const o = await subscribed()
    await send(samples.purchase(o))
    const before = samples.renewal?.({ ...o, period: 1 }) as SampleEvent
    await send(before)
    expect(await send(allItems(o, {}))).toBe('revoked')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['assigned'])
  })

  it('a refund that lists all items of the only period blocks the key', async () => {
    const o = await subscribed()
    await send(samples.purchase(o))
    expect(await send(allItems(o, {}))).toBe('revoked')
    expect(await statusesOf(samples.orderName(o), 'paddle')).toEqual(['blocked'])
  })

  it('a refund that lists all items of a renewal takes back its period', async () => {
    const o = await subscribed()
    await send(samples.purchase(o))
    const [sold] = await keysOf(samples.orderName(o), 'paddle')
    await send(samples.renewal?.({ ...o, period: 1 }) as SampleEvent)
    const transaction = `${samples.orderName(o)}_1`
    const refund = allItems(o, { 'data.transaction_id': transaction, 'data.items.0.item_id': 'txnitm_x' })
    expect(await send(refund)).toBe('revoked')
    expect(await keysOf(samples.orderName(o), 'paddle')).toMatchObject([
      { status: 'assigned', expiresAt: sold?.expiresAt },
    ])
  })

  it('a line without an offer or with the quantity 0 does not stop the others', async () => {
    const o = await orderOf('paddle')
    const lines = [
      { externalId: 'pri_unmapped', quantity: 1 },
      { externalId: o.externalId, quantity: 2 },
      { externalId: 'pri_free', quantity: 0 },
    ]
    expect(await send(samples.purchaseOfLines?.(o, lines) as SampleEvent)).toBe('issued')
    expect((await latestEvent()).note).toBe(
      `the quantity of line txnitm_${o.order}_3 is not a whole number from 1 to 10000; no active offer for pri_unmapped`,
    )
    expect(await statusesOf(samples.orderName(o), 'paddle')).toHaveLength(2)
  })
})

describe('dodo:', () => {
  const samples = samplesOf('dodo')
  const send = (event: SampleEvent) => outcomeOf(samples, event)

  it('a cart issues what has an offer, and names what has none', async () => {
    const o = await orderOf('dodo')
    const lines = [
      { externalId: 'pdt_unmapped', quantity: 1 },
      { externalId: o.externalId, quantity: 2 },
    ]
    expect(await send(samples.purchaseOfLines?.(o, lines) as SampleEvent)).toBe('issued')
    expect(await latestEvent()).toMatchObject({
      note: 'no active offer for pdt_unmapped',
      orderName: samples.orderName(o),
    })
    expect(await statusesOf(samples.orderName(o), 'dodo')).toHaveLength(2)
  })

  it('an add-on of a subscription has its own keys, and is named if it has no offer', async () => {
    const o = { ...(await orderOf('dodo')), subscription: newName() }
    const addon = await orderOf('dodo')
    const addons = [
      { addon_id: addon.externalId, quantity: 2 },
      { addon_id: 'adn_unmapped', quantity: 1 },
    ]
    const [related] = samples.relatedEvents?.(o) ?? []
    const active = [samples.purchase(o), related].find((event) => event?.body.includes('subscription.active'))
    expect(await send(withChanges(active as SampleEvent, { 'data.addons': addons }))).toBe('issued')
    expect((await latestEvent()).note).toContain('no active offer for adn_unmapped')
    const keys = await keysOf(samples.orderName(o), 'dodo')
    expect(keys.map(({ line }) => line).toSorted()).toEqual(
      [o.externalId, addon.externalId, addon.externalId].toSorted(),
    )
  })
})

describe('polar:', () => {
  const samples = samplesOf('polar')
  const send = (event: SampleEvent) => outcomeOf(samples, event)
  const subscribed = async (terms: OfferOptions = { mode: 'seats', activationLimit: 1 }) => ({
    ...(await orderOf('polar', terms)),
    subscription: newName(),
  })

  it('a free plan that becomes a paid one by checkout issues', async () => {
    const o = await subscribed()
    expect(await send(samples.purchase({ ...o, externalId: 'free_plan' }))).toBe('unmapped')
    expect(await latestEvent()).toMatchObject({
      note: 'no active offer for free_plan',
      orderName: samples.orderName(o),
    })
    const upgrade = withChanges(samples.purchase({ ...o, order: newName() }), {
      'data.billing_reason': 'subscription_update',
    })
    expect(await send(upgrade)).toBe('issued')
    expect(await statusesOf(samples.orderName(o), 'polar')).toEqual(['assigned'])
  })

  it('a trial has the seats of its subscription', async () => {
    const o = await subscribed()
    const trial = withChanges(samples.trial?.(o) as SampleEvent, {
      'data.seats': null,
      'data.subscription.seats': 5,
    })
    expect(await send(trial)).toBe('issued')
    expect(await keysOf(samples.orderName(o), 'polar')).toMatchObject([{ activationLimit: 5 }])
  })

  it.each([
    [false, 'assigned'],
    [true, 'blocked'],
  ])('a refund with revoke_benefits %s leaves the key %s', async (revoke_benefits, expected) => {
    const o = await orderOf('polar')
    await send(samples.purchase(o))
    await send(withChanges(samples.refund(o), { 'data.revoke_benefits': revoke_benefits }))
    expect(await statusesOf(samples.orderName(o), 'polar')).toEqual([expected])
  })
})

describe.each(PROVIDER_SAMPLES.map((samples) => [samples.provider, samples] as const))(
  '%s: an order',
  (provider, samples) => {
    it('without an offer names itself and its product', async () => {
      const o = { order: newName(), externalId: newName(), now: Date.now() }
      expect(await outcomeOf(samples, samples.purchase(o))).toBe('unmapped')
      const { note, orderName } = await latestEvent()
      expect(orderName).toBe(samples.orderName(o))
      expect(note).toMatch(/^no active offer for ./)
    })

    it('whose quantity is not usable names itself and the reason', async () => {
      const o = { ...(await orderOf(provider)), quantity: 10_001 }
      // The metadata of a session has no quantity.
      const sold = provider === 'stripe' ? { ...o, subscription: newName() } : o
      expect(await outcomeOf(samples, samples.purchase(sold))).toBe('failed')
      const { note, orderName } = await latestEvent()
      expect(orderName).toBe(samples.orderName(sold))
      expect(note).toContain('is not a whole number from 1 to 10000')
    })

    it.skipIf(provider === 'standard')(
      'with the character U+0000 in its name is stored as failed',
      async () => {
        const name = `\0${newName()}`
        const o = { ...(await orderOf(provider)), order: name, subscription: name }
        expect(await outcomeOf(samples, samples.purchase(o))).toBe('failed')
        expect((await latestEvent()).note).toContain('not 1 to 255 usable characters long')
      },
    )

    it('of a buyer with a name of 400 characters has the beginning of that name', async () => {
      const o = { ...(await orderOf(provider)), name: 'Ada '.repeat(100).trim() }
      expect(await outcomeOf(samples, samples.purchase(o))).toBe('issued')
      const [key] = await keysOf(samples.orderName(o), provider)
      expect(key?.ownerName).toMatch(/^(Ada )+Ada?|(Ada )+A$/)
      expect(key?.ownerEmail).toBe('ada@example.com')
    })
  },
)

/** Where a provider's refund has its id. The others report the whole state of a payment or an order. */
const REFUND_ID = {
  creem: 'object.id',
  dodo: 'data.refund_id',
  fastspring: 'events.0.data.return',
  paddle: 'data.id',
  polar: 'data.id',
  shopify: 'id',
} as const

it.each(Object.entries(REFUND_ID))(
  '%s: five refunds of 10.00 are the whole of 49.00, and four are not',
  async (name, path) => {
    const samples = samplesOf(name as ProviderName)
    const o = await orderOf(samples.provider)
    await outcomeOf(samples, samples.purchase(o))
    const outcomes: string[] = []
    for (let refund = 1; refund <= 5; refund += 1) {
      expect(await statusesOf(samples.orderName(o), name)).toEqual(['assigned'])
      const id = name === 'shopify' ? Number(newName()) : newName()
      const event = withChanges(samples.partialRefund?.(o) as SampleEvent, { [path]: id })
      outcomes.push(await outcomeOf(samples, event))
    }
    expect(outcomes).toEqual(['flagged', 'flagged', 'flagged', 'flagged', 'revoked'])
    expect(await statusesOf(samples.orderName(o), name)).toEqual(['blocked'])
  },
)
