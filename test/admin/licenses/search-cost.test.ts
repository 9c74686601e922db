/** The cost of a search must not grow with the number of license keys. */
import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { compiledStatements } from '../../../src/db/batch.ts'
import { asOperator, type Operator } from '../../support/admin.ts'
import { interceptRoundTrips } from '../../support/intercepted-database.ts'
import { openShop } from '../../support/shop.ts'

const ROWS_MAX = 10_000

let viewer: Operator

beforeAll(async () => {
  viewer = await asOperator('viewer')
})

/** Adds issuances of two keys each, for many owners at one company, and as many keys without an issuance. */
async function addLicenses(issuances: number): Promise<void> {
  const { productId } = await openShop()
  const numbers = `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${issuances})`
  const keys = `insert into license_keys (product_id, license_key, status, activation_limit, validity_days,
    owner_name, owner_email, assigned_at, issuance_id, created_at, updated_at)`
  await env.DB.batch(
    [
      `${numbers} insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name,
        owner_email, reference, validity_days, activation_limit, created_at)
      select 'api:${productId}', n, 'n', ${productId}, 2, 'Company ' || n, 'buyer-' || n || '@company.example',
        'reference', 0, 0, 0 from numbers`,
      `${keys} select product_id, lower(hex(randomblob(16))), 'assigned', 0, 0, owner_name, owner_email, 0, issuances.id, 0, 0
        from issuances cross join json_each('[1, 2]') where source = 'api:${productId}'`,
      `${keys} select product_id, lower(hex(randomblob(16))), 'assigned', 0, 0, owner_name, owner_email, 0, null, 0, 0
        from issuances where source = 'api:${productId}'`,
    ].map((sql) => env.DB.prepare(sql)),
  )
}

/** The rows that a page reads, and what it answers. */
async function readPage(query: Record<string, string>) {
  let rowsRead = 0
  const DB = interceptRoundTrips(env.DB, async (_, run) => {
    const result = await run()
    for (const { meta } of result as D1Result[]) rowsRead += meta.rows_read
    return result
  })
  const { status, body } = await viewer.get(`/licenses?${new URLSearchParams(query)}`, { bindings: { DB } })
  expect(status).toBe(200)
  return { rowsRead, items: body.items.length as number, cursor: body.next_cursor as string | null }
}

const SEARCHES: Record<string, string>[] = [
  {},
  { q: 'buyer-' },
  { q: 'company' },
  { q: 'reference' },
  { q: 'buyer-100@company.example' },
  { q: 'nothing' },
  { email: 'buyer-1' },
  { name: 'company 1' },
  { key: '1' },
  { order: 'reference' },
]
/** None of the licenses matches it, so a page ends only after it looked at all that it may look at. */
const FILTERS: Record<string, string>[] = [{ status: 'blocked' }, { product_id: '2147483647' }]

it('a search reads as many rows of a large table as of a small one', async () => {
  const read = async () => {
    const rows: number[] = []
    for (const query of SEARCHES) rows.push((await readPage(query)).rowsRead)
    return rows
  }
  await addLicenses(500)
  const small = await read()
  expect(Math.max(...small)).toBeLessThan(1_000)
  await addLicenses(3_000)
  const large = await read()
  for (const [index, rows] of large.entries()) {
    expect(rows, JSON.stringify(SEARCHES[index])).toBeLessThanOrEqual((small[index] ?? 0) + 50)
  }
})

it('a filter that matches nothing reads at most 10,000 rows a page, and the cursor goes on to the end', async () => {
  for (const search of SEARCHES.slice(0, 4)) {
    for (const filter of FILTERS) {
      let pages = 0
      for (let cursor: string | null = ''; cursor !== null; pages++) {
        const page = await readPage({ ...search, ...filter, ...(cursor && { cursor }) })
        expect(page.rowsRead).toBeLessThanOrEqual(ROWS_MAX)
        expect(page.items).toBe(0)
        cursor = page.cursor
      }
      expect(pages, JSON.stringify({ ...search, ...filter })).toBeGreaterThan(1)
    }
  }
})

it('each search uses an index, and only the list without a search reads the table, by id', async () => {
  const search = compiledStatements.find(({ placeholders }) => placeholders.includes('byEmail'))
  const values = search?.placeholders.map(() => null) ?? []
  const { results } = await env.DB.prepare(`explain query plan ${search?.sql}`)
    .bind(...values)
    .all<{ detail: string }>()
  const plan = results.map(({ detail }) => detail)
  expect(plan.filter((step) => /^SCAN (license_keys|issuances)/.test(step))).toEqual([])
  const searches = plan.filter((step) => /^SEARCH (license_keys|issuances) /.test(step))
  expect(new Set(searches)).toEqual(
    new Set(
      [
        'license_keys USING INDEX license_keys_by_issuance (issuance_id=? AND rowid>?)',
        'issuances USING COVERING INDEX issuances_by_reference (reference=? AND rowid>?)',
        ...['owner_email', 'owner_name'].flatMap((column) => [
          `issuances USING COVERING INDEX issuances_by_${column} (${column}=? AND rowid>?)`,
          `issuances USING COVERING INDEX issuances_by_${column} (${column}>? AND ${column}<?)`,
          `license_keys USING INDEX license_keys_by_${column} (${column}=? AND rowid>?)`,
          `license_keys USING INDEX license_keys_by_${column} (${column}>? AND ${column}<?)`,
        ]),
        'license_keys USING INDEX sqlite_autoindex_license_keys_1 (license_key>? AND license_key<?)',
        'license_keys USING INTEGER PRIMARY KEY (rowid<?)',
        // One row for each license of the page, and for each issuance of an order.
        'license_keys USING INTEGER PRIMARY KEY (rowid=?)',
        'issuances USING INTEGER PRIMARY KEY (rowid=?)',
      ].map((step) => `SEARCH ${step}`),
    ),
  )
})
