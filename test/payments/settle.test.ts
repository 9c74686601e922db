import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Refund, Reinstatement, Renewal } from '../../src/payments/payment-event.ts'
import { addOffer, deliveriesOf, eventOf, keysOf, purchaseOf, statusesOf, tell } from '../support/sales.ts'

const newOrder = () => `order-${crypto.randomUUID()}`

function refundOf(order: string, changes: Partial<Refund> = {}): Refund {
  return { kind: 'refund', id: `refund-${order}`, order, occurredAt: 1000, phase: 'beginning', ...changes }
}

function reinstatementOf(order: string, changes: Partial<Reinstatement> = {}): Reinstatement {
  return { kind: 'reinstatement', id: `refund-${order}`, order, occurredAt: 2000, phase: 'end', ...changes }
}

function renewalOf(subscription: string, period: string, changes: Partial<Renewal> = {}): Renewal {
  return { kind: 'renewal', order: `${subscription}/${period}`, subscription, period, ...changes }
}

async function validitiesOf(order: string): Promise<number[]> {
  return (await keysOf(order)).map(({ validityDays }) => validityDays)
}

const lines = (externalId: string, quantity: number, ...ids: string[]) => ({
  lines: ids.map((id) => ({ id, externalIds: [externalId], quantity })),
})

describe('a refund', () => {
  it('blocks all keys of the order, whichever of its names it is called by', async () => {
    const offer = await addOffer()
    for (const reference of ['order', 'payment']) {
      const order = newOrder()
      await tell(purchaseOf(offer, order, { references: [`${order}-payment`] }))
      const name = reference === 'order' ? order : `${order}-payment`
      expect((await tell(refundOf(name))).outcome).toBe('revoked')
      expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    }
  })

  it('that is told twice is a duplicate and changes nothing', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    await tell(refundOf(order))
    expect((await tell(refundOf(order))).outcome).toBe('duplicate')
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })

  it('before its sale lets the late sale issue blocked keys, and deliver none', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const { id, outcome } = await tell(refundOf(order))
    expect(outcome).toBe('revoked')
    expect((await eventOf(id))?.note).toBe('of an order that is not known yet')
    const sale = await tell(purchaseOf(offer, order), { channels: { hasWebhook: true, hasEmail: true } })
    expect(sale).toMatchObject({ outcome: 'issued', deliveries: [] })
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    expect((await deliveriesOf(order)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
  })

  it('by a name that only a later event ties to the order blocks its keys then', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    await tell(refundOf(`${order}-payment`))
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
    await tell({ kind: 'ignored', note: 'a payment', order, references: [`${order}-payment`] })
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })

  it('of a line and a quantity blocks so many units of that line', async () => {
    const offer = await addOffer({ keysPerUnit: 2 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, lines(offer.externalId, 3, 'a', 'b')))
    expect((await tell(refundOf(order, { lines: [{ id: 'b', quantity: 1 }] }))).outcome).toBe('revoked')
    expect((await keysOf(order)).map(({ line, status }) => `${line} ${status}`)).toEqual([
      ...new Array(6).fill('a assigned'),
      ...new Array(4).fill('b assigned'),
      ...new Array(2).fill('b blocked'),
    ])
  })

  it('of a line without a quantity blocks the whole line', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order, lines(offer.externalId, 2, 'a', 'b')))
    await tell(refundOf(order, { lines: [{ id: 'a' }] }))
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked', 'assigned', 'assigned'])
  })

  it.each([
    ['some of the seats of a key', { mode: 'seats' as const }, [{ id: '1', quantity: 1 }]],
    ['a line that was not issued', {}, [{ id: 'unknown' }]],
  ])('of %s is flagged and blocks nothing', async (_, terms, taken) => {
    const offer = await addOffer(terms)
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    expect((await tell(refundOf(order, { lines: taken }))).outcome).toBe('flagged')
    expect(new Set(await statusesOf(order))).toEqual(new Set(['assigned']))
  })

  it('of all seats, in two parts, blocks the key with the second', async () => {
    const offer = await addOffer({ mode: 'seats' })
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    const part = (id: string) => refundOf(order, { id: `${order}-${id}`, lines: [{ id: '1', quantity: 1 }] })
    await tell(part('a'))
    expect(await statusesOf(order)).toEqual(['assigned'])
    expect((await tell(part('b'))).outcome).toBe('revoked')
    expect(await statusesOf(order)).toEqual(['blocked'])
  })

  it('of one line cancels the delivery of that line only', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const channels = { hasWebhook: true, hasEmail: false }
    await tell(purchaseOf(offer, order, lines(offer.externalId, 1, 'a', 'b')), { channels })
    await tell(refundOf(order, { lines: [{ id: 'b' }] }))
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    expect((await deliveriesOf(order)).map(({ status }) => status).sort()).toEqual(['cancelled', 'pending'])
  })

  it('takes the lines that its latest news names, and no others', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order, lines(offer.externalId, 1, 'a', 'b')))
    await tell(refundOf(order, { lines: [{ id: 'a' }] }))
    expect(await statusesOf(order)).toEqual(['blocked', 'assigned'])
    await tell(refundOf(order, { lines: [{ id: 'b' }], occurredAt: 1001 }))
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    await tell(refundOf(order, { lines: [{ id: 'a' }], occurredAt: 999 }))
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
  })

  it('at one provider touches no order of the same name at another', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    await tell(refundOf(order), { provider: 'polar' })
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('cancels what was not delivered yet, and its end delivers it after all', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order), { channels: { hasWebhook: true, hasEmail: false } })
    await tell(refundOf(order))
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'cancelled' }])
    expect((await tell(reinstatementOf(order))).deliveries).toHaveLength(1)
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'pending' }])
  })
})

describe('a finished delivery', () => {
  it.each(['delivered', 'failed'] as const)('stays %s after a refund and after its end', async (status) => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order), { channels: { hasWebhook: true, hasEmail: false } })
    await env.DB.prepare(
      `update deliveries set status = ? where issuance_id in (select issuance_id from order_lines where order_id = ?)`,
    )
      .bind(status, order)
      .run()
    await tell(refundOf(order))
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status }])
    expect((await tell(reinstatementOf(order))).deliveries).toEqual([])
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status }])
  })
})

describe('the end of a refund or dispute', () => {
  it('in favour of the seller gives every key back the status it had', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    await tell(refundOf(order))
    expect((await tell(reinstatementOf(order))).outcome).toBe('reinstated')
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('holds, though the news of its beginning arrive later or in the same instant', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    await tell(reinstatementOf(order, { occurredAt: 1000 }))
    expect((await tell(refundOf(order))).outcome).toBe('duplicate')
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('gives nothing back that another refund has taken', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order))
    await tell(refundOf(order))
    await tell(refundOf(order, { id: `dispute-${order}` }))
    await tell(reinstatementOf(order, { id: `dispute-${order}` }))
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    await tell(reinstatementOf(order))
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })
})

describe('a renewal', () => {
  it('extends the keys of its subscription by the validity that was bought, once for each period', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    expect((await tell(renewalOf(`sub-${order}`, 'May'))).outcome).toBe('renewed')
    expect((await tell(renewalOf(`sub-${order}`, 'May'))).outcome).toBe('duplicate')
    expect((await tell(renewalOf(`sub-${order}`, 'June'))).outcome).toBe('renewed')
    expect(await validitiesOf(order)).toEqual([90, 90])
  })

  it('of a period that another order told already extends nothing more', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await tell(renewalOf(`sub-${order}`, 'May'))
    const again = renewalOf(`sub-${order}`, 'May', { order: `${order}/May-again` })
    expect((await tell(again)).outcome).toBe('duplicate')
    expect(await validitiesOf(order)).toEqual([60, 60])
    await tell(renewalOf(`sub-${order}`, 'June'))
    expect(await validitiesOf(order)).toEqual([90, 90])
  })

  it('of which a part is refunded keeps its period', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    const renewal = renewalOf(`sub-${order}`, 'May')
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await tell(renewal)
    await tell(refundOf(renewal.order, { lines: [{ id: '1', quantity: 1 }] }))
    expect(await validitiesOf(order)).toEqual([60, 60])
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
    await tell(refundOf(renewal.order, { id: `${order}-whole` }))
    expect(await validitiesOf(order)).toEqual([30, 30])
  })

  it('mints no keys', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await tell(renewalOf(`sub-${order}`, 'May'))
    expect(await statusesOf(order)).toHaveLength(2)
  })

  it('before its sale extends the keys when they are issued', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    await tell(renewalOf(`sub-${order}`, 'May'))
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    expect(await validitiesOf(order)).toEqual([60, 60])
  })

  it.each(['before', 'after'])(
    'of the period that the purchase paid for extends nothing, told %s it',
    async (when) => {
      const offer = await addOffer({ validityDays: 30 })
      const order = newOrder()
      const subscription = `sub-${order}`
      const firstPeriod = { subscription, period: 'April' }
      if (when === 'before') await tell(renewalOf(subscription, 'April'))
      await tell(purchaseOf(offer, order, { references: [subscription], firstPeriod }))
      if (when === 'after') expect((await tell(renewalOf(subscription, 'April'))).outcome).toBe('duplicate')
      expect(await validitiesOf(order)).toEqual([30, 30])
    },
  )

  it.each(['after', 'before'])('that is refunded extends no longer, told %s it', async (when) => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    const renewal = renewalOf(`sub-${order}`, 'May', { references: [`payment-${order}`] })
    const refund = refundOf(`payment-${order}`)
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    if (when === 'before') await tell(refund)
    await tell(renewal)
    if (when === 'after') expect((await tell(refund)).outcome).toBe('revoked')
    expect(await validitiesOf(order)).toEqual([30, 30])
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
    await tell(reinstatementOf(`payment-${order}`))
    expect(await validitiesOf(order)).toEqual([60, 60])
  })

  it('at one provider extends no keys of a subscription of the same name at another', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await tell(renewalOf(`sub-${order}`, 'May'), { provider: 'polar' })
    await tell(renewalOf(`sub-${order}`, 'June'))
    expect(await validitiesOf(order)).toEqual([60, 60])
  })

  it('extends keys to 36,500 days at most', async () => {
    const offer = await addOffer({ validityDays: 30_000 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    expect((await tell(renewalOf(`sub-${order}`, 'May'))).outcome).toBe('renewed')
    expect(await validitiesOf(order)).toEqual([36_500, 36_500])
  })

  it('that is refunded never makes a key permanent', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await tell(renewalOf(`sub-${order}`, 'May'))
    await env.DB.prepare(
      'update license_keys set validity_days = 30 where id = (select max(id) from license_keys)',
    ).run()
    await tell(refundOf(`sub-${order}/May`))
    expect(await validitiesOf(order)).toEqual([30, 1])
  })

  it('leaves keys that never expire as they are', async () => {
    const offer = await addOffer({ validityDays: 0 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await tell(renewalOf(`sub-${order}`, 'May'))
    expect(await validitiesOf(order)).toEqual([0, 0])
  })

  it('leaves a key as it is that was made permanent since', async () => {
    const offer = await addOffer({ validityDays: 30 })
    const order = newOrder()
    await tell(purchaseOf(offer, order, { references: [`sub-${order}`] }))
    await env.DB.prepare(
      'update license_keys set validity_days = 0 where id = (select max(id) from license_keys)',
    ).run()
    await tell(renewalOf(`sub-${order}`, 'May'))
    expect(await validitiesOf(order)).toEqual([60, 0])
  })
})
