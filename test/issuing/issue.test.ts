import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  DatabaseStatementError,
  DatabaseUnavailableError,
  UniqueConstraintError,
} from '../../src/db/errors.ts'
import type { FreshOrder } from '../../src/issuing/order.ts'
import { issueOrder } from '../support/callers.ts'
import { failAfterCommit, failWith, observe, RESET_ERROR } from '../support/observed-database.ts'
import { countRows, openShop, type Shop } from '../support/shop.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0, 829)

function orderFor({ productId }: Shop, changes: Partial<FreshOrder> = {}): FreshOrder {
  return {
    origin: 'fresh',
    productId,
    quantity: 2,
    ownerName: 'Ada Lovelace',
    ownerEmail: 'ada@example.com',
    validityDays: 0,
    activationLimit: 0,
    ...changes,
  }
}

/** Uses the given license keys in place of random ones. */
function keySequence(...keys: string[]) {
  return { now: NOW, newLicenseKey: () => keys.shift() ?? 'no more keys' }
}

const RANDOM = { now: NOW, newLicenseKey: () => crypto.randomUUID() }

describe('a license key that already exists', () => {
  it('is replaced in a new attempt', async () => {
    const shop = await openShop()
    await issueOrder(env.DB, shop, orderFor(shop), undefined, keySequence('taken', 'other'))
    const before = await countRows()
    const { db, roundTrips } = observe(env.DB)
    const sources = keySequence('fresh-1', 'taken', 'fresh-2', 'fresh-3')
    const outcome = await issueOrder(db, shop, orderFor(shop), 'order', sources)
    expect(outcome).toMatchObject({
      kind: 'issued',
      issuedAt: NOW,
      keys: [
        [expect.any(Number), 'fresh-2', 0, 0, NOW],
        [expect.any(Number), 'fresh-3', 0, 0, NOW],
      ],
    })
    expect(roundTrips).toHaveLength(1) // Excludes the batch that was rolled back.
    expect(await countRows()).toEqual({
      issuances: before.issuances + 1,
      licenseKeys: before.licenseKeys + 2,
    })
  })

  it('makes the order fail after three attempts without writes', async () => {
    const shop = await openShop()
    await issueOrder(env.DB, shop, orderFor(shop, { quantity: 1 }), undefined, keySequence('always'))
    const before = await countRows()
    let calls = 0
    const newLicenseKey = () => {
      calls++
      return 'always'
    }
    const attempt = issueOrder(env.DB, shop, orderFor(shop, { quantity: 1 }), 'order', {
      now: NOW,
      newLicenseKey,
    })
    await expect(attempt).rejects.toThrow(UniqueConstraintError)
    expect(calls).toBe(3)
    expect(await countRows()).toEqual(before)
  })

  it('is also replaced if it was generated in the same order', async () => {
    const shop = await openShop()
    const sources = keySequence('twin', 'twin', 'single-1', 'single-2')
    const outcome = await issueOrder(env.DB, shop, orderFor(shop), 'order', sources)
    expect(outcome).toMatchObject({
      keys: [
        [expect.any(Number), 'single-1', 0, 0, NOW],
        [expect.any(Number), 'single-2', 0, 0, NOW],
      ],
    })
  })
})

describe('a failed batch', () => {
  it('is rolled back completely', async () => {
    const shop = await openShop()
    const before = await countRows()
    const sources = keySequence('good', 'x'.repeat(256)) // Longer than the table allows.
    const attempt = issueOrder(env.DB, shop, orderFor(shop), 'order', sources)
    await expect(attempt).rejects.toThrow(DatabaseStatementError)
    expect(await countRows()).toEqual(before)
    const retry = await issueOrder(env.DB, shop, orderFor(shop), 'order', RANDOM)
    expect(retry.kind).toBe('issued')
  })

  it('throws an error that contains none of its values', async () => {
    const shop = await openShop()
    const sources = keySequence('secret-key', 'y'.repeat(256))
    const attempt = issueOrder(env.DB, shop, orderFor(shop), 'secret-order', sources)
    const error = (await attempt.catch((thrown: unknown) => thrown)) as Error
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toMatch(/secret|ada|Ada|yyy/)
  })

  it('throws DatabaseUnavailableError if the connection is lost', async () => {
    const shop = await openShop()
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const attempt = issueOrder(db, shop, orderFor(shop), 'order', RANDOM)
    await expect(attempt).rejects.toThrow(DatabaseUnavailableError)
  })
})

describe('a committed batch', () => {
  it('is not executed again if its response is lost', async () => {
    const shop = await openShop()
    const before = await countRows()
    const { db, roundTrips } = observe(env.DB, failAfterCommit('Network connection lost.', RESET_ERROR))
    for (const idempotencyKey of ['order', undefined]) {
      const outcome = await issueOrder(db, shop, orderFor(shop), idempotencyKey, RANDOM)
      expect(outcome).toMatchObject({ kind: 'issued', keys: { length: 2 } })
    }
    expect(roundTrips).toHaveLength(4) // Three for the first order, one for the second.
    const issued = { issuances: before.issuances + 2, licenseKeys: before.licenseKeys + 4 }
    expect(await countRows()).toEqual(issued)
  })
})

describe('concurrent orders', () => {
  it('are issued once per idempotency key', async () => {
    const shop = await openShop()
    const before = await countRows()
    const names = Array.from({ length: 200 }, (_, index) => `order-${index % 20}`)
    const outcomes = await Promise.all(
      names.map((name) => issueOrder(env.DB, shop, orderFor(shop), name, RANDOM)),
    )
    expect(await countRows()).toEqual({
      issuances: before.issuances + 20,
      licenseKeys: before.licenseKeys + 40,
    })
    expect(outcomes.filter(({ kind }) => kind === 'issued')).toHaveLength(20)
    expect(outcomes.filter(({ kind }) => kind === 'replayed')).toHaveLength(180)
    const keysByName = new Map<string, Set<string>>()
    for (const [index, outcome] of outcomes.entries()) {
      const name = String(names[index])
      const text = JSON.stringify('keys' in outcome ? outcome.keys : outcome)
      keysByName.set(name, (keysByName.get(name) ?? new Set()).add(text))
    }
    expect([...keysByName.values()].map((texts) => texts.size)).toEqual(new Array(20).fill(1))
  })

  it('result in one issuance if they share a key but not parameters', async () => {
    const shop = await openShop()
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5].map((quantity) =>
        issueOrder(env.DB, shop, orderFor(shop, { quantity }), 'order', RANDOM),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'issued')).toHaveLength(1)
    const refused = outcomes.filter((outcome) => outcome.kind === 'refused')
    expect(refused.map(({ reason }) => reason)).toEqual(new Array(4).fill('idempotency-key-reused'))
  })
})
