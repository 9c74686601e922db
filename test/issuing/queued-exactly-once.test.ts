import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { issueChunk } from '../../src/issuing/issue-chunk.ts'
import { claimQueuedOrder, postponeQueuedOrder } from '../../src/issuing/queued-chunks.ts'
import { LEASE_MS } from '../../src/queue/messages.ts'
import { failureLines } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import {
  addGenerator,
  addQueuedOrder,
  addStock,
  CHUNK,
  callbackRows,
  chunksOf,
  databaseFailingAfter,
  databaseFailingAt,
  expectIssued,
  keysOf,
  orderRow,
  processOrder,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // Database retries do not wait.
})
afterEach(() => vi.restoreAllMocks())

describe('a queued order is issued exactly once', () => {
  it('if several consumers receive it concurrently', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    await Promise.all(Array.from({ length: 10 }, () => processOrder(order)))
    await expectIssued(order)
    expect(await orderRow(order)).toMatchObject({ attempts: 1 })
  })

  it('if a consumer continues after its lease expired', async () => {
    const shop = await openShop()
    await addStock(shop, 12)
    const order = await addQueuedOrder(shop, { quantity: 10, origin: 'stock' })
    const now = Date.now()
    const late: Promise<unknown>[] = []
    let trips = 0
    const { db } = observe(env.DB, {
      after() {
        // The first consumer pauses after its first chunk, and the second consumer issues the rest.
        if (++trips === 2) late.push(processOrder(order, { now: now + 2 * LEASE_MS }))
      },
    })
    await processOrder(order, { db, now })
    await Promise.all(late)
    await expectIssued(order)
    expect(await orderRow(order)).toMatchObject({ attempts: 2 })
    expect((await keysOf(order)).filter(({ status }) => status === 'available')).toHaveLength(2)
  })

  it('if several consumers claim it one after another', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 40 })
    const now = Date.now()
    await Promise.all(
      Array.from({ length: 5 }, (_, index) => processOrder(order, { now: now + index * 2 * LEASE_MS })),
    )
    const chunks = await chunksOf(order)
    expect(chunks).toEqual(
      Array.from({ length: 10 }, (_, chunk) => ({ chunk: String(chunk), quantity: 4, keys: 4 })),
    )
    expect(await callbackRows(order)).toHaveLength(1)
  })

  const ERROR_TEXTS = [
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: D1 DB is overloaded. Too many requests queued.',
  ]
  const FAILURES = ERROR_TEXTS.flatMap((text) =>
    (['before', 'after'] as const).flatMap((when) => [1, 2, 3, 4].map((trip) => ({ text, when, trip }))),
  )

  describe.each(['fresh', 'generator', 'stock'] as const)('with origin %s', (origin) => {
    it.each(FAILURES)('if round trip $trip fails $when it reaches the database: $text', async (failure) => {
      const shop = await openShop()
      await addGenerator(shop)
      await addStock(shop, 12)
      const order = await addQueuedOrder(shop, { quantity: 10, origin, validityDays: 60, activationLimit: 1 })
      const db = databaseFailingAt(failure.trip, failure.when, failure.text)
      // processOrder throws if the claim fails.
      await processOrder(order, { db }).catch((error: Error) =>
        expect(error.name).toBe('DatabaseUnavailableError'),
      )
      for (let hour = 1; (await orderRow(order)).status === 'issuing' && hour < 5; hour++) {
        await processOrder(order, { now: Date.now() + hour * 3_600_000 })
      }
      await expectIssued(order)
    })
  })

  it('if a consumer with an expired lease tries to write', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    const now = Date.now()
    const expired = await claimQueuedOrder(env.DB, order.id, now)
    const current = await claimQueuedOrder(env.DB, order.id, now + LEASE_MS)
    if (!expired || !current) throw new Error('Expected two claims.')
    expect(await issueChunk(env.DB, expired, now, CHUNK)).toEqual(current)
    await postponeQueuedOrder(env.DB, expired, 0)
    expect(await chunksOf(order)).toEqual([])
    expect(await orderRow(order)).toMatchObject({ chunks: 0, due_at: now + 2 * LEASE_MS })
  })

  it('without a second claim if a response is lost', async () => {
    for (const trip of [2, 3, 4]) {
      const order = await addQueuedOrder(await openShop(), { quantity: 10 })
      const db = databaseFailingAt(trip, 'after', 'D1_ERROR: Network connection lost.')
      expect(await processOrder(order, { db })).toEqual({ kind: 'done' })
      await expectIssued(order)
      expect(await orderRow(order)).toMatchObject({ attempts: 1 })
      expect(failureLines()).toEqual([])
    }
  })

  it('if its consumer crashes after any round trip', async () => {
    for (const trip of [1, 2, 3, 4]) {
      const order = await addQueuedOrder(await openShop(), { quantity: 10 })
      await processOrder(order, { db: databaseFailingAfter(trip) }).catch(() => {})
      const now = Date.now()
      await processOrder(order, { now: now - 1 })
      await processOrder(order, { now: now + LEASE_MS + 1_000 })
      await expectIssued(order)
    }
  })

  it('if a fresh key already exists', async () => {
    const shop = await openShop()
    const order = await addQueuedOrder(shop, { quantity: 10 })
    const existing = '00000000-0000-4000-8000-000000000000'
    await env.DB.prepare(
      `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
       values (?, ?, 'reserved', 0, 0, 0, 0)`,
    )
      .bind(shop.productId, existing)
      .run()
    const random = vi
      .spyOn(crypto, 'randomUUID')
      .mockReturnValueOnce('nonce-0-0-0-0')
      .mockReturnValueOnce(existing)
    try {
      await processOrder(order)
    } finally {
      random.mockRestore()
    }
    await expectIssued(order)
  })

  it('if attempts fail and are retried with backoff', async () => {
    const order = await addQueuedOrder(await openShop(), { quantity: 10 })
    let trips = 0
    const { db } = observe(env.DB, {
      before() {
        if (++trips === 3) throw new Error('D1_ERROR: D1 DB is overloaded. Too many requests queued.')
      },
    })
    const now = Date.now()
    expect(await processOrder(order, { db, now })).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await orderRow(order)).toMatchObject({ status: 'issuing', chunks: 1, due_at: now + 10_000 })
    trips = 0
    expect(await processOrder(order, { db, now: now + 10_000 })).toEqual({ kind: 'retry', delaySeconds: 30 })
    expect(await orderRow(order)).toMatchObject({ chunks: 2, attempts: 2 })
    expect(failureLines()).toMatchObject([
      { requestId: `queued-order ${order.id}`, error: 'DatabaseUnavailableError' },
      { requestId: `queued-order ${order.id}`, error: 'DatabaseUnavailableError' },
    ])
    await processOrder(order, { now: now + 40_000 })
    await expectIssued(order)
  })
})
