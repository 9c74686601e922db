import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { claimQueuedOrder } from '../../src/issuing/queued-chunks.ts'
import { processQueuedOrder, sweepQueuedOrders } from '../../src/issuing/queued-orders.ts'
import { LEASE_MS, type Message } from '../../src/queue/messages.ts'
import { observe } from '../support/observed-database.ts'
import {
  addGenerator,
  addQueuedOrder,
  addStock,
  CHUNK,
  callbackRows,
  capturingQueue,
  chunksOf,
  expectIssued,
  keysOf,
  orderRow,
  processOrder,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

describe('a queued order', () => {
  it.each(['fresh', 'generator', 'stock'] as const)(
    'with origin %s is issued in chunks and creates a callback',
    async (origin) => {
      const shop = await openShop()
      await addGenerator(shop)
      await addStock(shop, 12)
      const order = await addQueuedOrder(shop, { quantity: 10, origin })
      const { queue, messages } = capturingQueue()
      const bindings = { ...env, CALLBACKS: queue }
      expect(await processQueuedOrder(bindings, order.id, Date.now(), CHUNK)).toEqual({ kind: 'done' })
      await expectIssued(order)
      const [callback] = await callbackRows(order)
      expect(messages).toEqual([{ kind: 'callback', id: callback?.id }])
      const assigned = (await keysOf(order)).filter(({ status }) => status === 'assigned')
      expect(assigned).toHaveLength(10)
      for (const key of assigned) {
        expect(key).toMatchObject({ owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' })
        expect(key.assigned_at).toBeGreaterThan(Date.now() - 60_000)
      }
    },
  )

  it('issues fresh keys with the requested terms', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    await processOrder(order)
    const terms = (await keysOf(order)).map((key) => [key.validity_days, key.activation_limit])
    expect(terms).toEqual(Array(10).fill([365, 3]))
    expect((await keysOf(order))[0]?.license_key).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })

  it.each([
    [null, null, 30, 7],
    [60, null, 60, 7],
    [0, 0, 0, 0],
  ])('uses the generator terms by default: %s, %s', async (validityDays, activationLimit, days, limit) => {
    const shop = await openShop()
    await addGenerator(shop)
    const order = await addQueuedOrder(shop, {
      quantity: 10,
      origin: 'generator',
      validityDays,
      activationLimit,
    })
    await processOrder(order)
    const keys = await keysOf(order)
    expect(keys.map((key) => [key.validity_days, key.activation_limit])).toEqual(
      Array(10).fill([days, limit]),
    )
    expect(keys[0]?.license_key).toMatch(/^APP-([0-9A-F]{4}-){3}[0-9A-F]{4}$/)
    const issuance = await env.DB.prepare(
      'select validity_days, requested_validity_days, origin from issuances where source = ?',
    )
      .bind(`queued:${order.id}`)
      .first()
    expect(issuance).toEqual({
      validity_days: days,
      requested_validity_days: validityDays,
      origin: 'generator',
    })
  })

  it('keeps the terms of keys in stock unless terms are requested', async () => {
    const shop = await openShop()
    await addStock(shop, 10)
    await processOrder(await addQueuedOrder(shop, { quantity: 5, origin: 'stock' }))
    await processOrder(await addQueuedOrder(shop, { quantity: 5, origin: 'stock', validityDays: 9 }))
    const keys = await keysOf(shop)
    expect(keys.filter((key) => key.validity_days === 9)).toHaveLength(5)
    expect(keys.filter((key) => key.validity_days >= 100)).toHaveLength(5)
    expect(keys.filter((key) => key.activation_limit < 10)).toEqual([])
    const stored = await env.DB.prepare('select count(*) as count from terms_in_stock').first('count')
    expect(stored).toBe(0)
  })

  it('is ignored if it is not due yet, finished or missing', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10, dueAt: 1_000 })
    expect(await processOrder(order, { now: 999 })).toEqual({ kind: 'done' })
    expect(await chunksOf(order)).toEqual([])
    await processOrder(order)
    const after = await orderRow(order)
    expect(await processOrder(order)).toEqual({ kind: 'done' })
    expect(await orderRow(order)).toEqual(after)
    expect(await processOrder({ ...order, id: 2 ** 40 })).toEqual({ kind: 'done' })
  })

  it('takes one round trip for the claim and one per chunk', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    const { db, roundTrips } = observe(env.DB)
    await processOrder(order, { db })
    expect(roundTrips).toHaveLength(4)
    // Each key writes its row and two index entries.
    const rowsWritten = roundTrips.reduce((sum, trip) => sum + trip.rowsWritten, 0)
    expect(rowsWritten).toBeLessThan(10 * 3 + 40)
  })
})

describe('the sweep of queued orders', () => {
  it('enqueues orders that are at least a minute overdue, oldest first', async () => {
    const shop = await openShop()
    const now = 10_000_000
    await env.DB.prepare('update queued_orders set due_at = ?')
      .bind(now + 1)
      .run()
    const overdue = await addQueuedOrder(shop, { dueAt: now - 60_000 })
    const older = await addQueuedOrder(shop, { dueAt: now - 600_000 })
    await addQueuedOrder(shop, { dueAt: now - 59_999 })
    for (const status of ['issued', 'refused']) {
      const { id } = await addQueuedOrder(shop, { dueAt: 0 })
      await env.DB.prepare('update queued_orders set status = ?, refusal = ? where id = ?')
        .bind(status, status === 'refused' ? 'product-not-found' : null, id)
        .run()
    }
    const { queue, messages } = capturingQueue()
    await sweepQueuedOrders({ ...env, DELIVERIES: queue }, now)
    expect(messages).toEqual([older, overdue].map(({ id }): Message => ({ kind: 'queued-order', id })))
  })

  it('uses the index on due_at', async () => {
    const { results } = await env.DB.prepare(
      `explain query plan select id from queued_orders where status in ('issuing', 'releasing') and due_at <= ?
       order by due_at limit 100`,
    )
      .bind(0)
      .all<{ detail: string }>()
    expect(results.map(({ detail }) => detail).join()).toMatch(
      /^SEARCH queued_orders USING (COVERING )?INDEX queued_orders_due/,
    )
  })

  it('resumes the order after the lease of a crashed consumer', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    const now = Date.now()
    expect(await claimQueuedOrder(env.DB, order.id, now)).toMatchObject({ attempts: 1 })
    await processOrder(order, { now: now + LEASE_MS - 1 })
    expect(await chunksOf(order)).toEqual([])
    await processOrder(order, { now: now + LEASE_MS })
    await expectIssued(order)
  })
})
