import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  addGenerator,
  addQueuedOrder,
  addStock,
  callbackRows,
  chunksOf,
  databaseFailingAfter,
  databaseFailingAt,
  keysOf,
  orderRow,
  processOrder,
  type TestOrder,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

describe('a queued order that cannot be issued', () => {
  it.each([
    ['product-not-found', 'fresh'],
    ['product-not-found', 'generator'],
    ['product-not-found', 'stock'],
    ['generator-not-found', 'generator'],
    ['stock-insufficient', 'stock'],
  ] as const)('is refused before the first chunk: %s, %s', async (refusal, origin) => {
    const shop = await openShop({
      productStatus: refusal === 'product-not-found' ? 'inactive' : 'active',
    })
    await addStock(shop, 3)
    const order = await addQueuedOrder(shop, { quantity: 10, origin })
    await processOrder(order)
    expect(await orderRow(order)).toMatchObject({
      status: 'refused',
      refusal,
      chunks: 0,
      available_quantity: refusal === 'stock-insufficient' ? 3 : null,
    })
    expect(await chunksOf(order)).toEqual([])
    expect(await callbackRows(order)).toMatchObject([{ status: 'pending' }])
  })

  /** Crashes the consumer after the first chunks. */
  async function issueChunks(order: TestOrder, chunks: number): Promise<void> {
    await processOrder(order, { db: databaseFailingAfter(1 + chunks) }).catch(() => {})
    expect(await orderRow(order)).toMatchObject({ status: 'issuing', chunks })
  }

  const AFTER_LEASE = { now: Date.now() + 3_600_000 }

  it.each([
    [null, null],
    [9, null],
    [9, 1],
  ])(
    'returns its keys to stock unchanged if the stock runs out: %s, %s',
    async (validityDays, activationLimit) => {
      const shop = await openShop()
      await addStock(shop, 9)
      const before = await keysOf(shop)
      const order = await addQueuedOrder(shop, {
        quantity: 9,
        origin: 'stock',
        validityDays,
        activationLimit,
      })
      await issueChunks(order, 1)
      const reservedKey = await env.DB.prepare(
        `update license_keys set status = 'reserved' where id = (
           select min(id) from license_keys where product_id = ? and status = 'available') returning license_key`,
      )
        .bind(shop.productId)
        .first<string>('license_key')
      await processOrder(order, AFTER_LEASE)
      expect(await keysOf(shop)).toEqual(
        before.map((key) => (key.license_key === reservedKey ? { ...key, status: 'reserved' } : key)),
      )
      expect(await orderRow(order)).toMatchObject({
        status: 'refused',
        refusal: 'stock-insufficient',
        available_quantity: 8,
        chunks: 0,
        issued_quantity: 0,
      })
      expect(await callbackRows(order)).toHaveLength(1)
      expect(await env.DB.prepare('select count(*) as count from terms_in_stock').first('count')).toBe(0)
    },
  )

  it('returns keys to stock without activations, except blocked keys', async () => {
    const shop = await openShop()
    await addStock(shop, 8)
    const order = await addQueuedOrder(shop, { quantity: 8, origin: 'stock' })
    await issueChunks(order, 1)
    await env.DB.batch([
      env.DB.prepare(
        `insert into activations (license_key_id, identifier, created_at)
         select id, 'example.com', 0 from license_keys where product_id = ? and status = 'assigned'`,
      ).bind(shop.productId),
      env.DB.prepare(
        `update license_keys set status = 'blocked' where id = (
           select min(id) from license_keys where product_id = ? and status = 'assigned')`,
      ).bind(shop.productId),
      env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId),
    ])
    await processOrder(order, AFTER_LEASE)
    expect((await keysOf(shop)).map(({ status }) => status).sort()).toEqual([
      ...Array(7).fill('available'),
      'blocked',
    ])
    const activations = await env.DB.prepare(
      `select status from activations join license_keys on license_keys.id = license_key_id where product_id = ?`,
    )
      .bind(shop.productId)
      .all()
    expect(activations.results).toEqual([{ status: 'blocked' }])
  })

  it.each([
    ['fresh', `update products set status = 'inactive' where id = ?`, 'product-not-found'],
    ['generator', `update products set status = 'inactive' where id = ?`, 'product-not-found'],
    ['generator', 'update generators set status = 0 where product_id = ?', 'generator-not-found'],
  ] as const)('deletes its %s keys: %s', async (origin, change, refusal) => {
    const shop = await openShop()
    await addGenerator(shop)
    const order = await addQueuedOrder(shop, { quantity: 10, origin })
    await issueChunks(order, 1)
    expect(await keysOf(shop)).toHaveLength(4)
    await env.DB.prepare(change).bind(shop.productId).run()
    await processOrder(order, AFTER_LEASE)
    expect(await keysOf(shop)).toEqual([])
    expect(await orderRow(order)).toMatchObject({ status: 'refused', refusal, available_quantity: null })
    expect(await callbackRows(order)).toHaveLength(1)
  })

  describe.each([
    ['before', 'D1_ERROR: D1 DB is overloaded. Too many requests queued.'],
    ['after', 'D1_ERROR: D1 DB is overloaded. Too many requests queued.'],
    ['before', 'D1_ERROR: Network connection lost.'],
    ['after', 'D1_ERROR: Network connection lost.'],
  ] as const)('is released exactly once', (when, text) => {
    it.each([1, 2, 3, 4])(`if round trip %i fails ${when} it reaches the database: ${text}`, async (trip) => {
      const shop = await openShop()
      await addStock(shop, 12)
      const before = await keysOf(shop)
      const order = await addQueuedOrder(shop, { quantity: 12, origin: 'stock', validityDays: 9 })
      await issueChunks(order, 2)
      await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
      const db = databaseFailingAt(trip, when, text)
      await processOrder(order, { ...AFTER_LEASE, db }).catch(() => {})
      await processOrder(order, { now: AFTER_LEASE.now + 3_600_000 })
      expect(await orderRow(order)).toMatchObject({ status: 'refused', chunks: 0, issued_quantity: 0 })
      expect(await keysOf(shop)).toEqual(before)
      expect(await callbackRows(order)).toHaveLength(1)
    })
  })

  it('is refused once if several consumers release it concurrently', async () => {
    const shop = await openShop()
    await addStock(shop, 8)
    const before = await keysOf(shop)
    const order = await addQueuedOrder(shop, { quantity: 8, origin: 'stock' })
    await issueChunks(order, 1)
    await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
    await Promise.all([1, 2, 3].map((hours) => processOrder(order, { now: Date.now() + hours * 3_600_000 })))
    expect(await keysOf(shop)).toEqual(before)
    expect(await callbackRows(order)).toHaveLength(1)
  })
})
