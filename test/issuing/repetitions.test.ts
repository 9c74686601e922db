/**
 * Orders that a client sends again after a timeout, with the timing of the WooCommerce plugin: it waits 5 seconds for
 * an answer, then sends the same bytes again, and sends an equal item of the same order only after an answer.
 */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Order } from '../../src/issuing/order.ts'
import { deleteOldAttempts } from '../../src/issuing/repetitions.ts'
import { issueOrder } from '../support/callers.ts'
import { type ApiResponse, post } from '../support/client.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
import { failAfterCommit, observe, RESET_ERROR } from '../support/observed-database.ts'
import { capturingQueue, QUEUED_PATH, queuedOrderFields } from '../support/queued-order.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const SECOND = 1_000

function orderOf({ productId }: Shop, changes: Partial<Order> = {}): Order {
  return {
    productId,
    quantity: 2,
    ownerName: 'Ada Lovelace',
    ownerEmail: 'ada@example.com',
    origin: 'fresh',
    validityDays: 365,
    activationLimit: 3,
    reference: '1001',
    ...changes,
  } as Order
}

/** Places an order that arrived so many seconds ago, and is committed now. */
async function place(shop: Shop, arrivedSecondsAgo: number, changes: Partial<Order> = {}, key?: string) {
  const now = Date.now() - arrivedSecondsAgo * SECOND
  return issueOrder(env.DB, shop, orderOf(shop, changes), key, { now })
}

async function countOf({ productId }: Shop): Promise<number> {
  return (
    (await env.DB.prepare('select count(*) as n from license_keys where product_id = ?')
      .bind(productId)
      .first<number>('n')) ?? 0
  )
}

describe('an order that was committed more than 5 seconds after it arrived', () => {
  it('is answered with the same keys if it is sent again 5 to 120 seconds later', async () => {
    const shop = await openShop()
    const first = await place(shop, 7)
    const again = await place(shop, 2)
    expect(again).toMatchObject({ kind: 'replayed' })
    expect('keys' in again && 'keys' in first && again.keys).toEqual('keys' in first && first.keys)
    expect(await countOf(shop)).toBe(2)
  })

  it('is repeated as often as the plugin does, without another key', async () => {
    const shop = await openShop()
    for (let attempt = 15; attempt >= 1; attempt -= 1) await place(shop, attempt * 5 + 1)
    expect(await countOf(shop)).toBe(2)
  })

  it('is followed by an equal item once a repetition was answered in time', async () => {
    const shop = await openShop()
    await place(shop, 7)
    await place(shop, 2)
    expect(await place(shop, 1)).toMatchObject({ kind: 'issued' })
    expect(await countOf(shop)).toBe(4)
  })

  it('is a new order later than 120 seconds, or earlier than 5', async () => {
    const shop = await openShop()
    await place(shop, 130)
    await place(shop, 9)
    await place(shop, 5)
    expect(await countOf(shop)).toBe(6)
  })

  it.each<[string, Partial<Order>]>([
    ['another identifier', { reference: '1002' }],
    ['no identifier', { reference: null }],
    ['another quantity', { quantity: 3 }],
    ['another owner', { ownerEmail: 'grace@example.com' }],
    ['other terms', { activationLimit: 4 } as Partial<Order>],
  ])('is not repeated by an order with %s', async (_, changes) => {
    const shop = await openShop()
    await place(shop, 9)
    expect(await place(shop, 1, changes)).toMatchObject({ kind: 'issued' })
  })

  it('is not repeated by another API key, or by an order with an idempotency key', async () => {
    const shop = await openShop()
    const other = await openShop()
    await place(shop, 9)
    expect(await place({ ...shop, apiKey: other.apiKey }, 1)).toMatchObject({ kind: 'issued' })
    expect(await place(shop, 1, {}, crypto.randomUUID())).toMatchObject({ kind: 'issued' })
  })
})

describe('an order that was committed within 5 seconds', () => {
  it('and an equal one after it are two', async () => {
    const shop = await openShop()
    await place(shop, 4)
    await env.DB.prepare(
      'update order_attempts set arrived_at = arrived_at - 6000, committed_at = committed_at - 6000',
    ).run()
    expect(await place(shop, 0)).toMatchObject({ kind: 'issued' })
    expect(await countOf(shop)).toBe(4)
  })
})

describe('an order that is not committed yet when it is sent again', () => {
  it('is issued once, whichever is committed first', async () => {
    const shop = await openShop()
    const first = Date.now() - 8 * SECOND
    expect(await place(shop, 2)).toMatchObject({ kind: 'issued' })
    const late = await issueOrder(env.DB, shop, orderOf(shop), undefined, { now: first })
    expect(late).toMatchObject({ kind: 'replayed' })
    expect(await countOf(shop)).toBe(2)
  })

  it('is issued once with the real timing, and its second item gets keys of its own', async () => {
    const shop = await openShop()
    const fields = orderFields(shop, { quantity: '2', identifier: '1001' })
    const slow = interceptRoundTrips(env.DB, async (_, run) => {
      await scheduler.wait(5_300)
      return run()
    })
    const abandoned = post(fields, { bindings: { DB: slow } })
    await scheduler.wait(5_050)
    const repeated = await post(fields)
    const keysOf = ({ response }: ApiResponse) =>
      response.license_keys.map(({ license_key }: { license_key: string }) => license_key)
    expect(keysOf(await abandoned)).toEqual(keysOf(repeated))
    expect(keysOf(await post(fields))).not.toEqual(keysOf(repeated))
    expect(await countOf(shop)).toBe(4)
  }, 20_000)

  it('keeps its keys if the answer of its own commit is lost', async () => {
    const shop = await openShop()
    const { db } = observe(env.DB, failAfterCommit(RESET_ERROR))
    const issued = await issueOrder(db, shop, orderOf(shop), undefined, { now: Date.now() })
    expect(issued).toMatchObject({ kind: 'issued' })
    expect(await countOf(shop)).toBe(2)
  })
})

describe('a repetition', () => {
  it('races with its order, and both issue once', async () => {
    for (const seconds of [
      [9, 3],
      [3, 9],
    ]) {
      const shop = await openShop()
      await Promise.all(seconds.map((ago) => place(shop, ago)))
      expect(await countOf(shop)).toBe(2)
    }
  })

  it('is not recorded for an API key that may not order', async () => {
    const attempts = () => env.DB.prepare('select count(*) from order_attempts').first('count(*)')
    const before = await attempts()
    const shop = await openShop({ capabilities: ['use'] })
    expect(await place(shop, 1)).toMatchObject({ kind: 'refused' })
    expect(await attempts()).toBe(before)
  })

  it('costs one round trip', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    await issueOrder(db, shop, orderOf(shop), undefined, { now: Date.now() })
    expect(roundTrips).toHaveLength(1)
  })
})

describe('a queued order', () => {
  it('is queued once if it is sent again after a timeout, and twice for two items', async () => {
    const shop = await openShop()
    const { queue } = capturingQueue()
    const fields = queuedOrderFields(shop)
    const send = () => post(fields, { path: QUEUED_PATH, bindings: { DELIVERIES: queue } })
    const count = () =>
      env.DB.prepare('select count(*) as n from queued_orders where product_id = ?')
        .bind(shop.productId)
        .first('n')
    const age = (arrived: number, committed: number) =>
      env.DB.prepare('update order_attempts set arrived_at = arrived_at - ?, committed_at = committed_at - ?')
        .bind(arrived, committed)
        .run()
    expect((await send()).response.code).toBe(807)
    await age(7_000, 0)
    expect((await send()).response.code).toBe(807)
    expect(await count()).toBe(1)
    await age(7_000, 7_000)
    expect((await send()).response.code).toBe(807)
    expect(await count()).toBe(2)
  })
})

it('attempts are deleted after a day', async () => {
  const now = Date.now()
  await env.DB.prepare(
    `insert into order_attempts (fingerprint, idempotency_key, arrived_at, committed_at)
     select printf('%064d', value), 'k', ?, 0 from json_each('[1,2,3]')`,
  )
    .bind(now - 86_400_001)
    .run()
  await deleteOldAttempts(env.DB, now)
  const left = await env.DB.prepare('select min(arrived_at) as oldest from order_attempts').first<number>(
    'oldest',
  )
  expect(Number(left)).toBeGreaterThan(now - 86_400_000)
})
