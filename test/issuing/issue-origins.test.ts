import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SourcedOrder } from '../../src/issuing/order.ts'
import { issueOrder } from '../support/callers.ts'
import { failAfterCommit, observe, RESET_ERROR } from '../support/observed-database.ts'
import { countRows, openShop, type Shop } from '../support/shop.ts'
import { addGenerator, addStock } from '../support/stock.ts'

afterEach(() => vi.restoreAllMocks())

const NOW = Date.UTC(2026, 10, 24, 12)

function orderFor({ productId }: Shop, origin: SourcedOrder['origin']): SourcedOrder {
  return {
    origin,
    productId,
    quantity: 2,
    ownerName: 'Ada Lovelace',
    ownerEmail: 'ada@example.com',
    validityDays: null,
    activationLimit: null,
  }
}

async function countInStock({ productId }: Shop): Promise<number | undefined> {
  const row = await env.DB.prepare(
    `select count(*) as count from license_keys where product_id = ? and status = 'available'`,
  )
    .bind(productId)
    .first<{ count: number }>()
  return row?.count
}

describe.each(['generator', 'stock'] as const)('an order from the %s', (origin) => {
  it('is issued once if the database response is lost', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    await addStock(shop.productId, 10)
    const before = await countRows()
    const { db, roundTrips } = observe(env.DB, failAfterCommit('Network connection lost.', RESET_ERROR))
    for (const idempotencyKey of ['order', undefined]) {
      const outcome = await issueOrder(db, shop, orderFor(shop, origin), idempotencyKey, { now: NOW })
      expect(outcome).toMatchObject({ kind: 'issued', issuedAt: NOW, keys: { length: 2 } })
    }
    expect(roundTrips).toHaveLength(4) // Three for the first order, one for the second.
    const after = await countRows()
    expect(after.issuances).toBe(before.issuances + 2)
    expect(after.licenseKeys).toBe(before.licenseKeys + (origin === 'generator' ? 4 : 0))
    expect(await countInStock(shop)).toBe(origin === 'generator' ? 10 : 6)
  })

  it('is replayed even if it could no longer be issued', async () => {
    const shop = await openShop()
    const generatorId = await addGenerator(shop.productId)
    await addStock(shop.productId, 2)
    const issue = async () => issueOrder(env.DB, shop, orderFor(shop, origin), 'order', { now: NOW })
    const first = await issue()
    await env.DB.prepare('update generators set status = 0 where id = ?').bind(generatorId).run()
    await env.DB.prepare(`update license_keys set status = 'blocked' where status = 'available'`).run()
    expect(await issue()).toEqual({ ...first, kind: 'replayed' })
  })

  it('is issued on retry after a refusal', async () => {
    const shop = await openShop()
    const issue = async () => issueOrder(env.DB, shop, orderFor(shop, origin), 'order', { now: NOW })
    expect(await issue()).toEqual(
      origin === 'generator'
        ? { kind: 'generator-not-found', availableQuantity: 0 }
        : { kind: 'stock-insufficient', availableQuantity: 0 },
    )
    await addGenerator(shop.productId)
    await addStock(shop.productId, 2)
    expect(await issue()).toMatchObject({ kind: 'issued' })
  })
})

describe('a generated license key that already exists', () => {
  it('is replaced in a new attempt', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId, { method: 'uuid' })
    const order = { ...orderFor(shop, 'generator'), quantity: 1 }
    const existing = await issueOrder(env.DB, shop, order, 'first', { now: NOW })
    if (!('keys' in existing)) throw new Error('Expected new keys.')
    const existingKey = existing.keys[0]?.[1] as ReturnType<typeof crypto.randomUUID>
    const before = await countRows()
    // The first UUID is the nonce of the attempt, the second is its key.
    vi.spyOn(crypto, 'randomUUID').mockReturnValueOnce(crypto.randomUUID()).mockReturnValueOnce(existingKey)
    const outcome = await issueOrder(env.DB, shop, order, 'second', { now: NOW })
    expect(outcome).toMatchObject({ kind: 'issued', keys: { length: 1 } })
    expect(outcome.kind === 'issued' && 'keys' in outcome && outcome.keys[0]?.[1]).not.toBe(existingKey)
    expect(await countRows()).toEqual({
      issuances: before.issuances + 1,
      licenseKeys: before.licenseKeys + 1,
    })
  })
})
