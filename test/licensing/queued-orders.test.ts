import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Message } from '../../src/deliveries/messages.ts'
import { LEASE_MS } from '../../src/deliveries/processing.ts'
import { claimQueuedOrder } from '../../src/licensing/queued-order-state.ts'
import { processQueuedOrder, sweepQueuedOrders } from '../../src/licensing/queued-orders.ts'
import { settingsWith } from '../support/delivery.ts'
import { watchLog } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import {
  addGenerator,
  addQueuedOrder,
  addStock,
  callbacksOf,
  chunksOf,
  keepingQueue,
  orderRow,
  quietSettings,
  type TestOrder,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

const logLines = watchLog()
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // The Worker's own retries do not wait.
})

const CHUNK = 4

/** Issues the order in small chunks. */
function process({ id }: TestOrder, { db = env.DB, now = Date.now() } = {}) {
  return processQueuedOrder(quietSettings(db), id, now, CHUNK)
}

interface KeyRow {
  readonly license_key: string
  readonly status: string
  readonly owner_name: string | null
  readonly owner_email: string | null
  readonly assigned_at: number | null
  readonly issuance_id: number | null
  readonly validity_days: number
  readonly activation_limit: number
}

async function keysOf({ productId }: Pick<TestOrder, 'productId'>): Promise<KeyRow[]> {
  const { results } = await env.DB.prepare(
    `select license_key, status, owner_name, owner_email, assigned_at, issuance_id, validity_days, activation_limit
     from license_keys where product_id = ? order by id`,
  )
    .bind(productId)
    .all<KeyRow>()
  return results
}

/** The database of a consumer that dies after as many round trips. */
function deadAfter(roundTrips: number): D1Database {
  let trips = 0
  return observe(env.DB, {
    before() {
      if (++trips > roundTrips) throw new Error('D1_ERROR: The consumer is dead.')
    },
  }).db
}

/** A database that fails once: in one of its round trips, before or after it was committed. */
function failingAt(trip: number, when: 'before' | 'after', text: string): D1Database {
  let trips = 0
  return observe(env.DB, {
    before() {
      if (++trips === trip && when === 'before') throw new Error(text)
    },
    after() {
      if (trips === trip && when === 'after') throw new Error(text)
    },
  }).db
}

/** The order is issued: three chunks of four, four and two keys. */
async function expectIssued(order: TestOrder): Promise<void> {
  expect(await orderRow(order)).toMatchObject({ status: 'issued', chunks: 3, issued_quantity: 10 })
  expect(await chunksOf(order)).toEqual([
    { chunk: '0', quantity: 4, keys: 4 },
    { chunk: '1', quantity: 4, keys: 4 },
    { chunk: '2', quantity: 2, keys: 2 },
  ])
  expect(await callbacksOf(order)).toMatchObject([{ status: 'pending', attempts: 0 }])
  const assigned = (await keysOf(order)).filter(({ status }) => status === 'assigned')
  expect(new Set(assigned.map((key) => key.license_key)).size).toBe(10)
}

describe('a queued order', () => {
  it.each(['fresh', 'generator', 'stock'] as const)(
    'of %s keys is issued in chunks, each an issuance of its own, and its callback is due at once',
    async (origin) => {
      const shop = await openShop()
      await addGenerator(shop)
      await addStock(shop, 12)
      const order = await addQueuedOrder(shop, { quantity: 10, origin })
      const { queue, messages } = keepingQueue()
      const settings = settingsWith({ queue })
      expect(await processQueuedOrder(settings, order.id, Date.now(), CHUNK)).toEqual({ kind: 'done' })
      await expectIssued(order)
      const [callback] = await callbacksOf(order)
      expect(messages).toEqual([{ kind: 'callback', id: callback?.id }])
      const assigned = (await keysOf(order)).filter(({ status }) => status === 'assigned')
      expect(assigned).toHaveLength(10)
      for (const key of assigned) {
        expect(key).toMatchObject({ owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' })
        expect(key.assigned_at).toBeGreaterThan(Date.now() - 60_000)
      }
    },
  )

  it('of fresh keys gives them the terms that it asks for', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    await process(order)
    const terms = (await keysOf(order)).map((key) => [key.validity_days, key.activation_limit])
    expect(terms).toEqual(Array(10).fill([365, 3]))
    expect((await keysOf(order))[0]?.license_key).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })

  it.each([
    [null, null, 30, 7],
    [60, null, 60, 7],
    [0, 0, 0, 0],
  ])(
    'of generated keys has the generator’s terms where it asks for no others: %s, %s',
    async (validityDays, activationLimit, days, limit) => {
      const shop = await openShop()
      await addGenerator(shop)
      const order = await addQueuedOrder(shop, {
        quantity: 10,
        origin: 'generator',
        validityDays,
        activationLimit,
      })
      await process(order)
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
    },
  )

  it('of keys in stock leaves them their own terms, or sets those that it asks for', async () => {
    const shop = await openShop()
    await addStock(shop, 10)
    await process(await addQueuedOrder(shop, { quantity: 5, origin: 'stock' }))
    await process(await addQueuedOrder(shop, { quantity: 5, origin: 'stock', validityDays: 9 }))
    const keys = await keysOf(shop)
    expect(keys.filter((key) => key.validity_days === 9)).toHaveLength(5)
    expect(keys.filter((key) => key.validity_days >= 100)).toHaveLength(5)
    expect(keys.filter((key) => key.activation_limit < 10)).toEqual([])
    const kept = await env.DB.prepare('select count(*) as count from terms_in_stock').first('count')
    expect(kept).toBe(0)
  })

  it('that is not due, or has come to its end, or does not exist is nothing to do', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10, dueAt: 1_000 })
    expect(await process(order, { now: 999 })).toEqual({ kind: 'done' })
    expect(await chunksOf(order)).toEqual([])
    await process(order)
    const after = await orderRow(order)
    expect(await process(order)).toEqual({ kind: 'done' })
    expect(await orderRow(order)).toEqual(after)
    expect(await process({ ...order, id: 2 ** 40 })).toEqual({ kind: 'done' })
  })

  it('costs a round trip for each chunk, and one to take it up', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    const { db, roundTrips } = observe(env.DB)
    await process(order, { db })
    expect(roundTrips).toHaveLength(4)
    // A key is three rows: its own and one in each of two indexes.
    const written = roundTrips.reduce((sum, trip) => sum + trip.rowsWritten, 0)
    expect(written).toBeLessThan(10 * 3 + 40)
  })
})

describe('an order is issued exactly once', () => {
  it('where several messages come at the same time', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    await Promise.all(Array.from({ length: 10 }, () => process(order)))
    await expectIssued(order)
    expect(await orderRow(order)).toMatchObject({ attempts: 1 })
  })

  it('where one consumer goes on after its lease, and another has taken the order up', async () => {
    const shop = await openShop()
    await addStock(shop, 12)
    const order = await addQueuedOrder(shop, { quantity: 10, origin: 'stock' })
    const now = Date.now()
    const late: Promise<unknown>[] = []
    let trips = 0
    const { db } = observe(env.DB, {
      after() {
        // After its first chunk the first one stands still, and the second does all the rest meanwhile.
        if (++trips === 2) late.push(process(order, { now: now + 2 * LEASE_MS }))
      },
    })
    await process(order, { db, now })
    await Promise.all(late)
    await expectIssued(order)
    expect(await orderRow(order)).toMatchObject({ attempts: 2 })
    expect((await keysOf(order)).filter(({ status }) => status === 'available')).toHaveLength(2)
  })

  it('where two consumers both believe that it is theirs', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 40 })
    const now = Date.now()
    await Promise.all(
      Array.from({ length: 5 }, (_, index) => process(order, { now: now + index * 2 * LEASE_MS })),
    )
    const chunks = await chunksOf(order)
    expect(chunks).toEqual(
      Array.from({ length: 10 }, (_, chunk) => ({ chunk: String(chunk), quantity: 4, keys: 4 })),
    )
    expect(await callbacksOf(order)).toHaveLength(1)
  })

  const TEXTS = [
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
  ]
  const POINTS = TEXTS.flatMap((text) =>
    (['before', 'after'] as const).flatMap((when) => [1, 2, 3, 4].map((trip) => ({ text, when, trip }))),
  )

  describe.each(['fresh', 'generator', 'stock'] as const)('of %s keys', (origin) => {
    it.each(POINTS)('where round trip $trip is lost $when it reached the database: $text', async (point) => {
      const shop = await openShop()
      await addGenerator(shop)
      await addStock(shop, 12)
      const order = await addQueuedOrder(shop, { quantity: 10, origin, validityDays: 60, activationLimit: 1 })
      const db = failingAt(point.trip, point.when, point.text)
      // Who could not even take it up does not know what it took up.
      await process(order, { db }).catch((error: Error) =>
        expect(error.name).toBe('DatabaseUnavailableError'),
      )
      for (let hour = 1; (await orderRow(order)).status === 'issuing' && hour < 5; hour++) {
        await process(order, { now: Date.now() + hour * 3_600_000 })
      }
      await expectIssued(order)
    })
  })

  it('where its consumer dies after any round trip: the next one goes on where it stands', async () => {
    for (const trip of [1, 2, 3, 4]) {
      const order = await addQueuedOrder(await openShop(), { quantity: 10 })
      await process(order, { db: deadAfter(trip) }).catch(() => {})
      const now = Date.now()
      await process(order, { now: now - 1 })
      await process(order, { now: now + LEASE_MS + 1_000 })
      await expectIssued(order)
    }
  })

  it('where fresh keys exist already: others are made', async () => {
    const shop = await openShop()
    const order = await addQueuedOrder(shop, { quantity: 10 })
    const taken = '00000000-0000-4000-8000-000000000000'
    await env.DB.prepare(
      `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
       values (?, ?, 'reserved', 0, 0, 0, 0)`,
    )
      .bind(shop.productId, taken)
      .run()
    const random = vi
      .spyOn(crypto, 'randomUUID')
      .mockReturnValueOnce('nonce-0-0-0-0')
      .mockReturnValueOnce(taken)
    try {
      await process(order)
    } finally {
      random.mockRestore()
    }
    await expectIssued(order)
  })

  it('after a failure it comes again, later and later, and what was done is not done again', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    let trips = 0
    const { db } = observe(env.DB, {
      before() {
        if (++trips === 3) throw new Error('D1_ERROR: D1 DB is overloaded. Too many requests queued.')
      },
    })
    const now = Date.now()
    expect(await process(order, { db, now })).toEqual({ kind: 'again', delaySeconds: 10 })
    expect(await orderRow(order)).toMatchObject({ status: 'issuing', chunks: 1, due_at: now + 10_000 })
    trips = 0
    expect(await process(order, { db, now: now + 10_000 })).toEqual({ kind: 'again', delaySeconds: 30 })
    expect(await orderRow(order)).toMatchObject({ chunks: 2, attempts: 2 })
    expect(logLines()).toMatchObject([
      { requestId: `queued-order ${order.id}`, error: 'DatabaseUnavailableError' },
      { requestId: `queued-order ${order.id}`, error: 'DatabaseUnavailableError' },
    ])
    await process(order, { now: now + 40_000 })
    await expectIssued(order)
  })
})

describe('an order that can not be issued', () => {
  it.each([
    ['product-not-found', 'fresh'],
    ['product-not-found', 'generator'],
    ['product-not-found', 'stock'],
    ['generator-not-found', 'generator'],
    ['stock-insufficient', 'stock'],
  ] as const)('is refused before anything is issued: %s, %s', async (refusal, origin) => {
    const shop = await openShop({
      productStatus: refusal === 'product-not-found' ? 'inactive' : 'active',
    })
    await addStock(shop, 3)
    const order = await addQueuedOrder(shop, { quantity: 10, origin })
    await process(order)
    expect(await orderRow(order)).toMatchObject({
      status: 'refused',
      refusal,
      chunks: 0,
      available_quantity: refusal === 'stock-insufficient' ? 3 : null,
    })
    expect(await chunksOf(order)).toEqual([])
    expect(await callbacksOf(order)).toMatchObject([{ status: 'pending' }])
  })

  /** Issues as many chunks, and its consumer dies. */
  async function issueChunks(order: TestOrder, chunks: number): Promise<void> {
    await process(order, { db: deadAfter(1 + chunks) }).catch(() => {})
    expect(await orderRow(order)).toMatchObject({ status: 'issuing', chunks })
  }

  const LATER = { now: Date.now() + 3_600_000 }

  it.each([
    [null, null],
    [9, null],
    [9, 1],
  ])(
    'because the stock falls short midway gives back what it took, as it was: %s, %s',
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
      const other = await env.DB.prepare(
        `update license_keys set status = 'reserved' where id = (
           select min(id) from license_keys where product_id = ? and status = 'available') returning license_key`,
      )
        .bind(shop.productId)
        .first<string>('license_key')
      await process(order, LATER)
      expect(await keysOf(shop)).toEqual(
        before.map((key) => (key.license_key === other ? { ...key, status: 'reserved' } : key)),
      )
      expect(await orderRow(order)).toMatchObject({
        status: 'refused',
        refusal: 'stock-insufficient',
        available_quantity: 8,
        chunks: 0,
        issued_quantity: 0,
      })
      expect(await callbacksOf(order)).toHaveLength(1)
      expect(await env.DB.prepare('select count(*) as count from terms_in_stock').first('count')).toBe(0)
    },
  )

  it('gives back no key that a person has blocked meanwhile, and no activation with a key', async () => {
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
    await process(order, LATER)
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
  ] as const)('loses the %s keys that were made for it: %s', async (origin, change, refusal) => {
    const shop = await openShop()
    await addGenerator(shop)
    const order = await addQueuedOrder(shop, { quantity: 10, origin })
    await issueChunks(order, 1)
    expect(await keysOf(shop)).toHaveLength(4)
    await env.DB.prepare(change).bind(shop.productId).run()
    await process(order, LATER)
    expect(await keysOf(shop)).toEqual([])
    expect(await orderRow(order)).toMatchObject({ status: 'refused', refusal, available_quantity: null })
    expect(await callbacksOf(order)).toHaveLength(1)
  })

  describe.each(['before', 'after'] as const)('is released exactly once', (when) => {
    it.each([1, 2, 3, 4])(`where round trip %i is lost ${when} it reached the database`, async (lost) => {
      const shop = await openShop()
      await addStock(shop, 12)
      const before = await keysOf(shop)
      const order = await addQueuedOrder(shop, { quantity: 12, origin: 'stock', validityDays: 9 })
      await issueChunks(order, 2)
      await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
      const db = failingAt(lost, when, 'D1_ERROR: D1 DB is overloaded. Too many requests queued.')
      await process(order, { ...LATER, db }).catch(() => {})
      await process(order, { now: LATER.now + 3_600_000 })
      expect(await orderRow(order)).toMatchObject({ status: 'refused', chunks: 0, issued_quantity: 0 })
      expect(await keysOf(shop)).toEqual(before)
      expect(await callbacksOf(order)).toHaveLength(1)
    })
  })

  it('is refused once where several take it back at the same time', async () => {
    const shop = await openShop()
    await addStock(shop, 8)
    const before = await keysOf(shop)
    const order = await addQueuedOrder(shop, { quantity: 8, origin: 'stock' })
    await issueChunks(order, 1)
    await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
    await Promise.all([1, 2, 3].map((hours) => process(order, { now: Date.now() + hours * 3_600_000 })))
    expect(await keysOf(shop)).toEqual(before)
    expect(await callbacksOf(order)).toHaveLength(1)
  })
})

describe('the sweep of queued orders', () => {
  it('wakes every order that is due for more than a minute and is still open, the oldest first', async () => {
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
    const { queue, messages } = keepingQueue()
    await sweepQueuedOrders(settingsWith({ queue }), now)
    expect(messages).toEqual([older, overdue].map(({ id }): Message => ({ kind: 'queued-order', id })))
  })

  it('reads through the index, not the table', async () => {
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

  it('finds an order whose consumer died: it is taken up again after its lease', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    const now = Date.now()
    expect(await claimQueuedOrder(env.DB, order.id, now)).toMatchObject({ attempts: 1 })
    await process(order, { now: now + LEASE_MS - 1 })
    expect(await chunksOf(order)).toEqual([])
    await process(order, { now: now + LEASE_MS })
    await expectIssued(order)
  })
})
