/** Changes of plan: buyers keep their key and get what they pay for now. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { EFFECTIVE_FEATURES } from '../../src/issuing/features.ts'
import type { SubscribedItem } from '../../src/payments/payment-event.ts'
import { post } from '../support/client.ts'
import { reissueAt } from '../support/reissues.ts'
import { addOffer, applyEvent, eventOf, keysOf, type Offer, purchaseOf } from '../support/sales.ts'
import { openShop } from '../support/shop.ts'
import { day, expiryDaysOf, newSubscription } from '../support/subscriptions.ts'

const item = ({ externalId }: Pick<Offer, 'externalId'>, quantity: unknown = 1): SubscribedItem => ({
  externalIds: [externalId],
  quantity,
})

/** A sold subscription to seats, and a larger plan of another product. */
async function sell(quantity = 1, endDay = 31) {
  const basic = await addOffer({ mode: 'seats', activationLimit: 2 })
  const pro = await addOffer({ mode: 'seats', activationLimit: 5 })
  const subscription = newSubscription()
  const lines = [{ id: '1', externalIds: [basic.externalId], quantity }]
  await applyEvent(subscription.purchase(basic, endDay, { lines }), { now: day(0) })
  return { subscription, basic, pro }
}

async function licenseKeyOf(order: string): Promise<string> {
  const row = await env.DB.prepare(
    'select license_key as licenseKey from order_lines join license_keys using (issuance_id) where order_id = ?',
  )
    .bind(order)
    .first<{ licenseKey: string }>()
  return String(row?.licenseKey)
}

async function call(endpoint: string, fields: Record<string, unknown>): Promise<unknown> {
  const { apiKey } = await openShop()
  return (await post({ api_key: apiKey, ...fields }, { path: `/api/v1/${endpoint}` })).response.code
}

describe('a change of plan', () => {
  it('gives the key the activation limit and the product of the new offer', async () => {
    const { subscription, basic, pro } = await sell()
    const before = await licenseKeyOf(subscription.order)
    const { outcome } = await applyEvent(subscription.report(10, { items: [item(pro)] }))
    expect(outcome).toBe('changed')
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 5, productId: pro.productId }])
    expect(await licenseKeyOf(subscription.order)).toBe(before)
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
    await applyEvent(subscription.report(20, { items: [item(basic)] }))
    expect(await keysOf(subscription.order)).toMatchObject([
      { activationLimit: 2, productId: basic.productId },
    ])
  })

  it('that is reported late does not undo a later one', async () => {
    const { subscription, basic, pro } = await sell()
    await applyEvent(subscription.report(20, { items: [item(pro)] }))
    const late = await applyEvent(subscription.report(10, { items: [item(basic)] }))
    expect(late.outcome).toBe('ignored')
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 5 }])
  })

  it.each([
    ['basic', 'pro'],
    ['pro', 'basic'],
  ] as const)('to %s, and at the same time to %s, flags neither', async (...plans) => {
    const { subscription, ...offers } = await sell()
    for (const plan of plans) {
      const { outcome } = await applyEvent(subscription.report(10, { items: [item(offers[plan])] }))
      expect(outcome).not.toBe('flagged')
    }
  })

  it('changes the seats by its quantity, also with a renewal', async () => {
    const { subscription, basic } = await sell(2)
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 4 }])
    await applyEvent(subscription.report(10, { items: [item(basic, 3)] }))
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 6 }])
    const report = { subscription: subscription.name, occurredAt: day(31), items: [item(basic, '5')] }
    const renewal = { ...subscription.renewal(31, 59), report }
    expect((await applyEvent(renewal)).outcome).toBe('renewed')
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 10, expiresAt: day(59) }])
  })

  it.each([[null], [0], ['x'], [undefined]])('with the quantity %s keeps the seats', async (quantity) => {
    const { subscription, basic, pro } = await sell(2)
    await applyEvent(subscription.report(10, { items: [{ externalIds: [pro.externalId], quantity }] }))
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 10 }])
    await applyEvent(subscription.report(11, { items: [{ externalIds: [basic.externalId], quantity }] }))
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 4 }])
  })

  it('that comes before its sale applies when the sale arrives', async () => {
    const basic = await addOffer({ mode: 'seats', activationLimit: 2 })
    const pro = await addOffer({ mode: 'seats', activationLimit: 5 })
    const subscription = newSubscription()
    const { outcome, id } = await applyEvent(subscription.report(10, { items: [item(pro)] }))
    expect([outcome, (await eventOf(id))?.note]).toEqual(['ignored', 'unknown subscription'])
    await applyEvent(subscription.purchase(basic, 31), { now: day(0) })
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 5, productId: pro.productId }])
  })

  it('to a price without an offer is flagged, names it, and applies when it is retried', async () => {
    const { subscription } = await sell()
    const externalId = crypto.randomUUID()
    const report = subscription.report(10, { items: [item({ externalId })] })
    const first = await applyEvent(report, { eventId: `plan-${externalId}` })
    expect(first.outcome).toBe('flagged')
    expect((await eventOf(first.id))?.note).toBe(`no active offer for ${externalId}`)
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 2 }])
    await addOffer({ externalId, mode: 'seats', activationLimit: 9 })
    const retried = await applyEvent(report, { eventId: `plan-${externalId}` })
    expect(retried).toMatchObject({ id: first.id, outcome: 'changed' })
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 9 }])
  })

  it('of a renewal to a price without an offer is flagged, and the period is paid', async () => {
    const { subscription } = await sell()
    const externalId = crypto.randomUUID()
    const report = { subscription: subscription.name, occurredAt: day(31), items: [item({ externalId })] }
    const renewal = { ...subscription.renewal(31, 59), report }
    const eventId = crypto.randomUUID()
    const { outcome, id } = await applyEvent(renewal, { eventId })
    expect([outcome, (await eventOf(id))?.note]).toEqual(['flagged', `no active offer for ${externalId}`])
    expect(await expiryDaysOf(subscription.order)).toEqual([59])
    await addOffer({ externalId, mode: 'seats', activationLimit: 9 })
    expect(await applyEvent(renewal, { eventId })).toMatchObject({ id, outcome: 'changed' })
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 9 }])
  })

  it('changes the line with its price, and flags an item that replaces no line', async () => {
    const basic = await addOffer({ mode: 'seats', activationLimit: 2 })
    const extra = await addOffer({ mode: 'seats', activationLimit: 3 })
    const pro = await addOffer({ mode: 'seats', activationLimit: 5 })
    const subscription = newSubscription()
    const lines = [basic, extra].map(({ externalId }) => ({
      id: externalId,
      externalIds: [externalId],
      quantity: 1,
    }))
    await applyEvent(subscription.purchase(basic, 31, { lines }))
    await applyEvent(subscription.report(10, { items: [item(basic, 4), item(extra)] }))
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 8 }, { activationLimit: 3 }])
    const { outcome, id } = await applyEvent(subscription.report(20, { items: [item(pro), item(extra, 2)] }))
    expect([outcome, (await eventOf(id))?.note]).toEqual([
      'flagged',
      `no line of the order belongs to ${pro.externalId}`,
    ])
    expect((await keysOf(subscription.order))[1]).toMatchObject({ activationLimit: 6 })
  })

  it('of the quantity is flagged if each unit has a key of its own', async () => {
    const offer = await addOffer()
    const subscription = newSubscription()
    await applyEvent(subscription.purchase(offer, 31))
    const { outcome, id } = await applyEvent(subscription.report(10, { items: [item(offer, 3)] }))
    expect(outcome).toBe('flagged')
    expect((await eventOf(id))?.note).toContain('the quantity changed from 2 to 3')
    expect(await keysOf(subscription.order)).toHaveLength(2)
  })

  it('to an offer of another mode keeps how many units a key stands for', async () => {
    const seats = await addOffer({ mode: 'seats', activationLimit: 2 })
    const perUnit = await addOffer({ mode: 'key-per-unit', activationLimit: 3 })
    const limitsAfter = async (sold: Offer, planned: Offer) => {
      const subscription = newSubscription()
      const lines = [{ id: '1', externalIds: [sold.externalId], quantity: 4 }]
      await applyEvent(subscription.purchase(sold, 31, { lines }))
      await applyEvent(subscription.report(10, { items: [item(planned, 4)] }))
      return (await keysOf(subscription.order)).map(({ activationLimit }) => activationLimit)
    }
    expect(await limitsAfter(seats, perUnit)).toEqual([12])
    expect(await limitsAfter(perUnit, seats)).toEqual([2, 2, 2, 2])
  })

  it('that is sent again after its offer changed keeps its terms', async () => {
    const { subscription, pro } = await sell()
    const report = subscription.report(10, { items: [item(pro)] })
    await applyEvent(report)
    await env.DB.prepare('update offers set removed_at = 1 where external_id = ?').bind(pro.externalId).run()
    await addOffer({ mode: 'seats', activationLimit: 50, externalId: pro.externalId })
    expect((await applyEvent(report)).outcome).toBe('duplicate')
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 5 }])
  })

  it('that is reported again changes nothing, not even what was changed by hand meanwhile', async () => {
    const { subscription, pro } = await sell()
    const report = subscription.report(10, { items: [item(pro)] })
    await applyEvent(report)
    const fields = { license_key: await licenseKeyOf(subscription.order), activation_limit: 7 }
    expect(await call('update-license-key', fields)).toBe(950)
    expect((await applyEvent(report)).outcome).toBe('duplicate')
    await applyEvent({
      ...subscription.renewal(31, 59),
      report: { ...report.report, occurredAt: day(31) },
    })
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 7, expiresAt: day(59) }])
  })

  it('also changes a reissued key', async () => {
    const { subscription, pro } = await sell()
    const licenseKey = await reissueAt(subscription.order, 0)
    await applyEvent(subscription.report(10, { items: [item(pro)] }))
    const row = await env.DB.prepare(
      'select activation_limit as activationLimit, product_id as productId from license_keys where license_key = ?',
    )
      .bind(licenseKey)
      .first()
    expect(row).toEqual({ activationLimit: 5, productId: pro.productId })
  })

  it('keeps the keys as they were issued', async () => {
    const { subscription, pro } = await sell()
    await applyEvent(subscription.report(10, { items: [item(pro)] }))
    const { results } = await env.DB.prepare(
      `select activation_limit as activationLimit, validity_days as validityDays from license_keys_as_issued
       join order_lines using (issuance_id) where order_id = ?`,
    )
      .bind(subscription.order)
      .all()
    expect(results).toEqual([{ activationLimit: 2, validityDays: 31 }])
  })

  it('does not change an offer with a validity of its own in another way', async () => {
    const { subscription, pro } = await sell()
    const version = await addOffer({ mode: 'seats', followsSubscription: false, validityDays: 0 })
    await applyEvent(subscription.report(10, { items: [item(version)] }))
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
    await applyEvent(subscription.report(11, { items: [item(pro)] }))
    expect(await keysOf(subscription.order)).toMatchObject([{ activationLimit: 5 }])
  })
})

describe('the features of a sold key', () => {
  it('are those of its offer, and after a change of plan those of the new one', async () => {
    const basic = await addOffer({ mode: 'seats', features: ['export'] })
    const pro = await addOffer({ mode: 'seats', features: ['export', 'teams'] })
    const subscription = newSubscription()
    await applyEvent(subscription.purchase(basic, 31))
    const features = () =>
      env.DB.prepare(`select ${EFFECTIVE_FEATURES} as features from license_keys where license_key = ?`)
        .bind(licenseKey)
        .first('features')
    const licenseKey = await licenseKeyOf(subscription.order)
    expect(await features()).toBe('["export"]')
    await applyEvent(subscription.report(10, { items: [item(pro)] }))
    expect(await features()).toBe('["export","teams"]')
    const stored = await env.DB.prepare('select features from license_keys where license_key = ?')
      .bind(licenseKey)
      .first('features')
    expect(stored).toBeNull()
  })
})

describe('a limit below the devices in use', () => {
  it('blocks none of them and allows no new one', async () => {
    const { subscription, basic, pro } = await sell(1, 36_500)
    await applyEvent(subscription.report(1, { items: [item(pro)] }))
    const licenseKey = await licenseKeyOf(subscription.order)
    const use = (endpoint: string, identifier: string) =>
      call(endpoint, { license_key: licenseKey, identifier })
    for (const device of ['a', 'b', 'c']) expect(await use('activate', device)).toBe(300)
    await applyEvent(subscription.report(2, { items: [item(basic)] }))
    for (const device of ['a', 'b', 'c']) expect(await use('verify', device)).toBe(200)
    expect(await use('activate', 'd')).toBe(302)
    expect(await use('deactivate', 'a')).toBe('400')
    expect(await use('activate', 'd')).toBe(302)
    expect(await use('deactivate', 'b')).toBe('400')
    expect(await use('activate', 'd')).toBe(300)
  })
})

describe('a sale of a subscription that was sold before', () => {
  it('issues nothing and changes the plan', async () => {
    const basic = await addOffer({ mode: 'seats', activationLimit: 2 })
    const pro = await addOffer({ mode: 'seats', activationLimit: 5 })
    const { name } = newSubscription()
    const sale = (payment: string, offer: Offer, from: number) =>
      purchaseOf(offer, name, {
        lines: [{ id: '*', externalIds: [offer.externalId], quantity: 1 }],
        references: [payment],
        period: { subscription: name, payment, paidAt: day(from), endsAt: day(from + 31) },
        report: { subscription: name, occurredAt: day(from), items: [item(offer)] },
      })
    expect((await applyEvent(sale(`${name}-1`, basic, 0))).outcome).toBe('issued')
    expect((await applyEvent(sale(`${name}-2`, pro, 10))).outcome).toBe('changed')
    expect(await keysOf(name)).toMatchObject([{ activationLimit: 5, expiresAt: day(41) }])
    expect((await applyEvent(sale(`${name}-2`, pro, 10))).outcome).toBe('duplicate')
    const unknown = await applyEvent(sale(`${name}-3`, { ...pro, externalId: 'price_x' }, 20))
    expect([unknown.outcome, (await eventOf(unknown.id))?.note]).toEqual([
      'flagged',
      'no active offer for price_x',
    ])
    expect(await keysOf(name)).toMatchObject([{ expiresAt: day(51) }])
  })
})
