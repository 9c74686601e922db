import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Refund, Reinstatement } from '../../src/payments/payment-event.ts'
import {
  addOffer,
  applyEvent,
  deliveriesOf,
  eventOf,
  keysOf,
  purchaseOf,
  statusesOf,
} from '../support/sales.ts'

const newOrder = () => `order-${crypto.randomUUID()}`

function refundOf(order: string, changes: Partial<Refund> = {}): Refund {
  return { kind: 'refund', id: `refund-${order}`, order, occurredAt: 1000, phase: 'beginning', ...changes }
}

function reinstatementOf(order: string, changes: Partial<Reinstatement> = {}): Reinstatement {
  return { kind: 'reinstatement', id: `refund-${order}`, order, occurredAt: 2000, phase: 'end', ...changes }
}

const lines = (externalId: string, quantity: number, ...ids: string[]) => ({
  lines: ids.map((id) => ({ id, externalIds: [externalId], quantity })),
})

describe('a refund', () => {
  it('blocks all keys of the order under any of its names', async () => {
    const offer = await addOffer()
    for (const reference of ['order', 'payment']) {
      const order = newOrder()
      await applyEvent(purchaseOf(offer, order, { references: [`${order}-payment`] }))
      const name = reference === 'order' ? order : `${order}-payment`
      expect((await applyEvent(refundOf(name))).outcome).toBe('revoked')
      expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    }
  })

  it('that arrives twice is a duplicate and changes nothing', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    await applyEvent(refundOf(order))
    expect((await applyEvent(refundOf(order))).outcome).toBe('duplicate')
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })

  it('before its sale makes the sale issue blocked keys and deliver none', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const { id, outcome } = await applyEvent(refundOf(order))
    expect(outcome).toBe('revoked')
    expect((await eventOf(id))?.note).toBe('unknown order')
    const sale = await applyEvent(purchaseOf(offer, order), {
      channels: { hasWebhook: true, hasEmail: true },
    })
    expect(sale).toMatchObject({ outcome: 'issued', deliveries: [] })
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    expect((await deliveriesOf(order)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
  })

  it('takes effect when a later event links its reference to the order', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    await applyEvent(refundOf(`${order}-payment`))
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
    await applyEvent({ kind: 'ignored', note: 'a payment', order, references: [`${order}-payment`] })
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })

  it('of a line with a quantity blocks that many units', async () => {
    const offer = await addOffer({ keysPerUnit: 2 })
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order, lines(offer.externalId, 3, 'a', 'b')))
    expect((await applyEvent(refundOf(order, { lines: [{ id: 'b', quantity: 1 }] }))).outcome).toBe('revoked')
    expect((await keysOf(order)).map(({ line, status }) => `${line} ${status}`)).toEqual([
      ...new Array(6).fill('a assigned'),
      ...new Array(4).fill('b assigned'),
      ...new Array(2).fill('b blocked'),
    ])
  })

  it('of a line without a quantity blocks the whole line', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order, lines(offer.externalId, 2, 'a', 'b')))
    await applyEvent(refundOf(order, { lines: [{ id: 'a' }] }))
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked', 'assigned', 'assigned'])
  })

  it.each([
    ['some of the seats of a key', { mode: 'seats' as const }, [{ id: '1', quantity: 1 }]],
    ['a line that was not issued', {}, [{ id: 'unknown' }]],
  ])('of %s is flagged and blocks nothing', async (_, terms, refundedLines) => {
    const offer = await addOffer(terms)
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    expect((await applyEvent(refundOf(order, { lines: refundedLines }))).outcome).toBe('flagged')
    expect(new Set(await statusesOf(order))).toEqual(new Set(['assigned']))
  })

  it('in two parts blocks a key with seats once all seats are refunded', async () => {
    const offer = await addOffer({ mode: 'seats' })
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    const part = (id: string) => refundOf(order, { id: `${order}-${id}`, lines: [{ id: '1', quantity: 1 }] })
    await applyEvent(part('a'))
    expect(await statusesOf(order)).toEqual(['assigned'])
    expect((await applyEvent(part('b'))).outcome).toBe('revoked')
    expect(await statusesOf(order)).toEqual(['blocked'])
  })

  it('of one line cancels only the delivery of that line', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const channels = { hasWebhook: true, hasEmail: false }
    await applyEvent(purchaseOf(offer, order, lines(offer.externalId, 1, 'a', 'b')), { channels })
    await applyEvent(refundOf(order, { lines: [{ id: 'b' }] }))
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    expect((await deliveriesOf(order)).map(({ status }) => status).sort()).toEqual(['cancelled', 'pending'])
  })

  it('that takes back nothing itself is flagged, even if an earlier one blocked keys', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const amount = { payment: order, amount: 1000 }
    await applyEvent(purchaseOf(offer, order, { ...lines(offer.externalId, 2, 'a', 'b'), amount }))
    const refund = async (id: string, changes: Partial<Refund>) => {
      const event = await applyEvent(refundOf(order, { id: `${order}-${id}`, ...changes }))
      return [event.outcome, (await eventOf(event.id))?.note]
    }
    expect(await refund('line', { lines: [{ id: 'a', quantity: 1 }] })).toEqual(['revoked', null])
    const before = await statusesOf(order)
    expect(await refund('part', { amount: 50 })).toEqual(['flagged', 'the payment was partly refunded'])
    expect(await refund('unknown line', { lines: [{ id: 'c' }] })).toEqual([
      'flagged',
      'the refund takes back no license key and no period',
    ])
    expect(await statusesOf(order)).toEqual(before)
    expect(await refund('rest', { amount: 950 })).toEqual(['revoked', null])
    expect(await refund('again', {})).toEqual(['revoked', null])
    expect(new Set(await statusesOf(order))).toEqual(new Set(['blocked']))
  })

  it('applies only to the lines in its latest event', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order, lines(offer.externalId, 1, 'a', 'b')))
    await applyEvent(refundOf(order, { lines: [{ id: 'a' }] }))
    expect(await statusesOf(order)).toEqual(['blocked', 'assigned'])
    await applyEvent(refundOf(order, { lines: [{ id: 'b' }], occurredAt: 1001 }))
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    await applyEvent(refundOf(order, { lines: [{ id: 'a' }], occurredAt: 999 }))
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
  })

  it('does not affect an order with the same name at another provider', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    await applyEvent(refundOf(order), { provider: 'polar' })
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('cancels pending deliveries, and its reinstatement resumes them', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order), { channels: { hasWebhook: true, hasEmail: false } })
    await applyEvent(refundOf(order))
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'cancelled' }])
    expect((await applyEvent(reinstatementOf(order))).deliveries).toHaveLength(1)
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'pending' }])
  })
})

describe('a finished delivery', () => {
  it.each(['delivered', 'failed'] as const)(
    'stays %s after a refund and its reinstatement',
    async (status) => {
      const offer = await addOffer()
      const order = newOrder()
      await applyEvent(purchaseOf(offer, order), { channels: { hasWebhook: true, hasEmail: false } })
      await env.DB.prepare(
        `update deliveries set status = ? where issuance_id in (select issuance_id from order_lines where order_id = ?)`,
      )
        .bind(status, order)
        .run()
      await applyEvent(refundOf(order))
      expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
      expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status }])
      expect((await applyEvent(reinstatementOf(order))).deliveries).toEqual([])
      expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status }])
    },
  )
})

describe('a reinstatement', () => {
  it('restores the previous status of every key', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    await applyEvent(refundOf(order))
    expect((await applyEvent(reinstatementOf(order))).outcome).toBe('reinstated')
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('applies even if the refund arrives later or has the same time', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    await applyEvent(reinstatementOf(order, { occurredAt: 1000 }))
    expect((await applyEvent(refundOf(order))).outcome).toBe('duplicate')
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('does not restore keys that another refund blocks', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    await applyEvent(refundOf(order))
    await applyEvent(refundOf(order, { id: `dispute-${order}` }))
    await applyEvent(reinstatementOf(order, { id: `dispute-${order}` }))
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
    await applyEvent(reinstatementOf(order))
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })
})
