import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { generatorId, insertGeneratedKeys } from '../../src/issuing/inserts.ts'
import { randomKeyMaterial } from '../../src/issuing/key-formats.ts'
import { countInStock, takeFromStock } from '../../src/issuing/stock.ts'
import { openShop } from '../support/shop.ts'
import { addGenerator, addLicenseKey, addStock } from '../support/stock.ts'

const NOW = Date.UTC(2026, 10, 24, 12)

/** Inserts an issuance like the first statement of a batch and returns its id. */
async function insertIssuance(productId: number, quantity: number, changes: Record<string, unknown> = {}) {
  const row: Record<string, unknown> = {
    source: 'test',
    idempotency_key: crypto.randomUUID(),
    nonce: '',
    product_id: productId,
    quantity,
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    validity_days: 0,
    activation_limit: 0,
    created_at: NOW,
    origin: 'stock',
    ...changes,
  }
  const issuance = await env.DB.prepare(
    `insert into issuances (${Object.keys(row).join()}) values (${Object.keys(row)
      .map(() => '?')
      .join()}) returning id`,
  )
    .bind(...Object.values(row))
    .first<{ id: number }>()
  return issuance?.id ?? 0
}

/** Inserts an issuance and assigns keys in stock to it. */
async function take(productId: number, quantity: number, changes: Record<string, unknown> = {}) {
  const issuanceId = await insertIssuance(productId, quantity, changes)
  const { meta } = await env.DB.prepare(takeFromStock(`issuances.id = ${issuanceId}`).sql).run()
  return { issuanceId, rowsRead: meta.rows_read, rowsWritten: meta.rows_written }
}

async function rowsOf(
  where: string,
  ...values: unknown[]
): Promise<Record<string, number | string | null>[]> {
  const { results } = await env.DB.prepare(`select * from license_keys where ${where} order by id`)
    .bind(...values)
    .all<Record<string, number | string | null>>()
  return results
}

/** Counts how often each key is assigned. The keys return to stock after each round. */
async function countPicks(productId: number, quantity: number, rounds: number): Promise<number[]> {
  const counts = new Map((await rowsOf('product_id = ?', productId)).map(({ id }) => [id, 0]))
  const issuanceId = await insertIssuance(productId, quantity)
  const statement = env.DB.prepare(takeFromStock(`issuances.id = ${issuanceId}`).sql)
  const selectAssigned = env.DB.prepare('select id from license_keys where issuance_id = ?').bind(issuanceId)
  const returnToStock = env.DB.prepare(
    `update license_keys set status = 'available', issuance_id = null where issuance_id = ?`,
  ).bind(issuanceId)
  for (let done = 0; done < rounds; done += 10) {
    const results = await env.DB.batch<{ id: number }>(
      Array.from({ length: 10 }, () => [statement, selectAssigned, returnToStock]).flat(),
    )
    for (const { results: rows } of results.filter((_, index) => index % 3 === 1)) {
      expect(rows).toHaveLength(quantity)
      for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
  }
  return [...counts.values()]
}

/** Chi-squared test: fails by chance once in a hundred million runs. */
function expectUniform(counts: readonly number[]) {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const degreesOfFreedom = counts.length - 1
  expect(chiSquare).toBeLessThan(degreesOfFreedom + 6 * Math.sqrt(2 * degreesOfFreedom) + 20)
}

describe('assigning keys in stock', () => {
  it.each([1, 5])('selects keys with dense ids uniformly (%i per order)', async (quantity) => {
    const { productId } = await openShop()
    await addStock(productId, 20)
    expectUniform(await countPicks(productId, quantity, 2000))
  })

  it.each([1, 5])('selects keys with sparse ids uniformly (%i per order)', async (quantity) => {
    const { productId } = await openShop()
    const other = await openShop()
    await addLicenseKey(productId)
    for (let index = 0; index < 9; index++) {
      await addStock(other.productId, 1000)
      await addLicenseKey(productId)
    }
    expectUniform(await countPicks(productId, quantity, 1000))
  })

  it('does not prefer old keys, new keys or keys after a gap', async () => {
    const { productId } = await openShop()
    await addStock(productId, 10)
    await addStock((await openShop()).productId, 60)
    await addStock(productId, 10)
    const counts = await countPicks(productId, 1, 4000)
    expectUniform(counts)
    const old = counts.slice(0, 10).reduce((sum, count) => sum + count, 0)
    // Six standard deviations of 4000 coin tosses.
    expect(Math.abs(old - 2000)).toBeLessThan(6 * Math.sqrt(1000))
  })

  it('assigns each key once if the stock is just sufficient', async () => {
    const { productId } = await openShop()
    await addStock(productId, 300)
    const first = await take(productId, 299)
    const last = await take(productId, 1)
    expect(await rowsOf('issuance_id = ?', first.issuanceId)).toHaveLength(299)
    expect(await rowsOf('issuance_id = ?', last.issuanceId)).toHaveLength(1)
    expect(await rowsOf(`product_id = ? and status = 'available'`, productId)).toEqual([])
  })

  it('stores the owner and time of the issuance and keeps the terms', async () => {
    const { productId } = await openShop()
    const licenseKey = await addLicenseKey(productId)
    const { issuanceId } = await take(productId, 1, { contract_id: 7 })
    expect(await rowsOf('license_key = ?', licenseKey)).toEqual([
      expect.objectContaining({
        status: 'assigned',
        owner_name: 'Ada Lovelace',
        owner_email: 'ada@example.com',
        assigned_at: NOW,
        updated_at: NOW,
        created_at: Date.UTC(2024, 1, 27, 3, 5, 31, 829),
        issuance_id: issuanceId,
        contract_id: 7,
        validity_days: 30,
        activation_limit: 2,
      }),
    ])
  })

  it('sets the requested terms, including 0', async () => {
    const { productId } = await openShop()
    await addLicenseKey(productId)
    const terms = { requested_validity_days: 0, requested_activation_limit: 9 }
    const { issuanceId } = await take(productId, 1, terms)
    const [row] = await rowsOf('issuance_id = ?', issuanceId)
    expect(row).toMatchObject({ validity_days: 0, activation_limit: 9 })
  })

  it('does not change unavailable keys or keys of other products', async () => {
    const { productId } = await openShop()
    const other = await openShop()
    for (let index = 0; index < 20; index++) {
      await addStock(productId, 1)
      await addLicenseKey(other.productId)
      for (const status of ['reserved', 'blocked', 'assigned']) {
        await addLicenseKey(productId, { status, assigned_at: 1 })
      }
    }
    const isUnrelated = `product_id = ?1 or (product_id = ?2 and status <> 'available')`
    const before = await rowsOf(isUnrelated, other.productId, productId)
    const { issuanceId } = await take(productId, 20)
    expect(await rowsOf('issuance_id = ?', issuanceId)).toHaveLength(20)
    const isUnchanged = `(${isUnrelated}) and issuance_id is null`
    expect(await rowsOf(isUnchanged, other.productId, productId)).toEqual(before)
  })

  it('assigns nothing without an issuance', async () => {
    const { productId } = await openShop()
    await addStock(productId, 3)
    await env.DB.prepare(takeFromStock(`issuances.id = -1`).sql).run()
    expect(await rowsOf(`product_id = ? and status = 'available'`, productId)).toHaveLength(3)
  })

  it('reads few rows of a stock of 20,000 keys', async () => {
    const { productId } = await openShop()
    await addStock(productId, 20_000)
    const { rowsRead, rowsWritten } = await take(productId, 1)
    expect(rowsRead).toBeLessThan(1000)
    // The row of the key and its issuance index entry.
    expect(rowsWritten).toBe(2)
  })
})

describe('the stock count', () => {
  it('stops at a maximum', async () => {
    const { productId } = await openShop()
    await addStock(productId, 5)
    await addLicenseKey(productId, { status: 'reserved' })
    const count = async (max: number) => {
      const row = await env.DB.prepare(`select ${countInStock('?1', '?2')} as count`)
        .bind(productId, max)
        .first<{ count: number }>()
      return row?.count
    }
    expect(await Promise.all([count(3), count(5), count(9)])).toEqual([3, 5, 5])
  })
})

describe('the generator of a product', () => {
  it('is the newest active one', async () => {
    const { productId } = await openShop()
    const generator = async () =>
      (
        await env.DB.prepare(`select ${generatorId('?1')} as id`)
          .bind(productId)
          .first<{ id: number }>()
      )?.id
    expect(await generator()).toBeNull()
    const first = await addGenerator(productId)
    expect(await generator()).toBe(first)
    const second = await addGenerator(productId)
    await addGenerator(productId, { status: 0 })
    await addGenerator((await openShop()).productId)
    expect(await generator()).toBe(second)
  })

  it('generates keys with the terms of the issuance', async () => {
    const { productId } = await openShop()
    await addGenerator(productId, { prefix: 'APP-' })
    const terms = { validity_days: 7, activation_limit: 3, origin: 'generator' }
    const issuanceId = await insertIssuance(productId, 2, terms)
    const text = insertGeneratedKeys(`issuances.id = ${issuanceId}`).sql
    await env.DB.prepare(text).bind(randomKeyMaterial(2)).run()
    const rows = await rowsOf('issuance_id = ?', issuanceId)
    expect(rows).toHaveLength(2)
    for (const row of rows) {
      expect(row.license_key).toMatch(/^APP-[0-9A-F]{4}(-[0-9A-F]{4}){3}$/)
      expect(row).toMatchObject({
        status: 'assigned',
        validity_days: 7,
        activation_limit: 3,
        assigned_at: NOW,
      })
    }
  })
})
