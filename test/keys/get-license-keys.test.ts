import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { addKey, expectNoChange, get, withProductKey } from '../support/administration.ts'
import { isSignedBy, post } from '../support/client.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const PATH = '/api/v1/get-license-keys'

const list = (shop: Shop, filter: Record<string, unknown> = {}, options = {}) =>
  get(PATH, { api_key: shop.apiKey, product_id: String(shop.productId), ...filter }, options)

const isSmall = (count: number) => count < 500
const isTiny = (count: number) => count < 10

async function listKeys(shop: Shop, filter: Record<string, unknown> = {}): Promise<string[]> {
  const { response } = await list(shop, filter)
  expect(response.code).toBe(730)
  return response.license_keys.map((key: { license_key: string }) => key.license_key)
}

describe('a listed key', () => {
  it("has the protocol's fields with their order and types", async () => {
    const shop = await openShop()
    const licenseKey = await addKey(shop)
    const answer = await expectNoChange(() => list(shop, {}, withProductKey(shop)))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'license_keys', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 730, message: 'License keys' })
    expect(answer.response.license_keys.map(Object.entries)).toEqual([
      [
        ['id', expect.any(Number)],
        ['product_id', shop.productId],
        ['license_key', licenseKey],
        ['owner_name', null],
        ['owner_email', null],
        ['activation_limit', 3],
        ['validity', 365],
        ['assigned_at', null],
        ['status', 'available'],
        ['created_at', '1970-01-01T00:00:02.000000Z'],
        ['updated_at', '1970-01-01T00:00:03.000000Z'],
      ],
    ])
    expect(answer.envelope.private_key_used).toBe('global')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
  })

  it('equals the key in the issuance response', async () => {
    const shop = await openShop()
    const issued = await post(orderFields(shop))
    const { response } = await list(shop)
    expect(response.license_keys).toEqual(
      issued.response.license_keys.map(
        ({ contract_id: _, meta_data: __, ...key }: Record<string, unknown>) => key,
      ),
    )
  })
})

describe('get-license-keys', () => {
  it('returns the first 100 keys of the product by ascending id', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    await post(orderFields(other))
    const issued = await post(orderFields(shop, { quantity: '120' }))
    const keys = issued.response.license_keys.map((key: { license_key: string }) => key.license_key)
    expect(await listKeys(shop)).toEqual(keys.slice(0, 100))
  })

  it('returns the requested page', async () => {
    const shop = await openShop()
    const keys: string[] = []
    for (const _ of new Array(7)) keys.push(await addKey(shop))
    expect(await listKeys(shop, { page: '1', items_per_page: '3' })).toEqual(keys.slice(0, 3))
    expect(await listKeys(shop, { page: '0', items_per_page: '3' })).toEqual(keys.slice(0, 3))
    expect(await listKeys(shop, { page: '3', items_per_page: '3', status: 'available' })).toEqual(
      keys.slice(6),
    )
    expect(await listKeys(shop, { page: '4', items_per_page: '3' })).toEqual([])
    expect(await listKeys(shop, { page: '1000000', items_per_page: '1000' })).toEqual([])
    expect(await listKeys(shop, { page: '', items_per_page: '' })).toEqual(keys)
  })

  it('filters by status', async () => {
    const shop = await openShop()
    const keys: string[] = []
    const statuses = ['available', 'assigned', 'reserved', 'blocked'] as const
    for (const status of statuses) keys.push(await addKey(shop, { status }))
    for (const [index, status] of statuses.entries()) {
      expect(await listKeys(shop, { status })).toEqual([keys[index]])
    }
    expect(await listKeys(shop, { status: '' })).toEqual(keys)
  })

  it('filters by exact owner name and e-mail address', async () => {
    const shop = await openShop()
    const ada = { ownerName: 'Ada', ownerEmail: 'ada@example.com' }
    const [key, stock] = [await addKey(shop, { status: 'assigned', ...ada }), await addKey(shop, ada)]
    await addKey(shop, { status: 'assigned', ...ada, ownerName: 'ada' })
    await addKey(shop, { status: 'assigned', ...ada, ownerEmail: 'ada@example.org' })
    await addKey(shop)
    const filter = { owner_name: 'Ada', owner_email: 'ada@example.com' }
    expect(await listKeys(shop, filter)).toEqual([key, stock])
    expect(await listKeys(shop, { ...filter, status: 'available' })).toEqual([stock])
    expect(await listKeys(shop, { owner_name: '%' })).toEqual([])
    expect(await listKeys(shop, { owner_email: 'ada@example.org' })).toHaveLength(1)
  })

  it('returns an empty list for an unknown product', async () => {
    expect(await listKeys(await openShop(), { product_id: '2147483647' })).toEqual([])
  })

  it('reads few rows of a large table', async () => {
    const shop = await openShop()
    const add = env.DB.prepare(
      `with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < ?3)
       insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at,
         updated_at) select ?1, lower(hex(randomblob(16))), ?2, 0, 0, 0, 0 from numbers`,
    )
    await add.bind(shop.productId, 'reserved', 5_000).run()
    await add.bind(shop.productId, 'available', 1_000).run()
    const rowsRead: number[] = []
    const DB = interceptRoundTrips(env.DB, async (_, run) => {
      const results = await run()
      rowsRead.push((results as D1Result[]).reduce((sum, { meta }) => sum + meta.rows_read, 0))
      return results
    })
    const bindings = { DB }
    const stock = { status: 'available', page: '2', items_per_page: '10' }
    expect((await list(shop, stock, { bindings })).response.license_keys).toHaveLength(10)
    expect((await list(shop, { ...stock, status: 'reserved' }, { bindings })).response.code).toBe(730)
    // A refused caller reads nothing of it.
    expect((await list({ ...shop, apiKey: 'unknown' }, {}, { bindings })).response.code).toBe(100)
    expect(rowsRead).toEqual([expect.toSatisfy(isSmall), expect.toSatisfy(isSmall), expect.toSatisfy(isTiny)])
  })

  it.each([
    ['product_id', ''],
    ['product_id', 'junk'],
    ['status', 'expired'],
    ['owner_name', 'a\u0000b'],
    ['owner_email', 'junk'],
    ['page', '-1'],
    ['page', '1000001'],
    ['items_per_page', '0'],
    ['items_per_page', '1001'],
  ])('returns 804 if %s is "%s"', async (name, value) => {
    const answer = await list(await openShop(), { [name]: value })
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual([name])
  })
})

describe('the keys of an owner', () => {
  const ADA = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }
  const filters = [ADA, { owner_email: ADA.owner_email }, { owner_name: ADA.owner_name }]

  async function change(shop: Shop, endpoint: string, licenseKey: string, fields: object): Promise<void> {
    const parameters = { api_key: shop.apiKey, license_key: licenseKey, ...fields }
    const { response } = await post(parameters, { path: `/api/v1/${endpoint}` })
    expect([950, 800]).toContain(response.code)
  }

  async function expectOwned(shop: Shop, expected: readonly string[]): Promise<void> {
    for (const filter of filters) expect(await listKeys(shop, filter)).toEqual(expected)
  }

  it('are found whether they were issued, imported or assigned, and in the order of their ids', async () => {
    const shop = await openShop()
    const imported = await addKey(shop, {
      status: 'assigned',
      ownerName: ADA.owner_name,
      ownerEmail: ADA.owner_email,
    })
    const inStock = await addKey(shop)
    const { response } = await post(orderFields(shop, { quantity: '2', ...ADA }))
    const issued = response.license_keys.map((key: { license_key: string }) => key.license_key)
    await expectOwned(shop, [imported, ...issued])
    await change(shop, 'assign-license-key', inStock, { owner_name: ADA.owner_name, email: ADA.owner_email })
    await expectOwned(shop, [imported, inStock, ...issued])
  })

  it('follow each change of the owner, also back and into stock', async () => {
    const shop = await openShop()
    const { response } = await post(orderFields(shop, { quantity: '1', ...ADA }))
    const [{ license_key: licenseKey }] = response.license_keys
    const grace = { owner_name: 'Grace Hopper', owner_email: 'grace@example.com' }
    await change(shop, 'update-license-key', licenseKey, grace)
    await expectOwned(shop, [])
    expect(await listKeys(shop, { owner_email: grace.owner_email })).toEqual([licenseKey])
    await change(shop, 'update-license-key', licenseKey, ADA)
    await expectOwned(shop, [licenseKey])
    await change(shop, 'update-license-key', licenseKey, { status: 'available' })
    await expectOwned(shop, [])
    await change(shop, 'assign-license-key', licenseKey, {
      owner_name: ADA.owner_name,
      email: ADA.owner_email,
    })
    await expectOwned(shop, [licenseKey])
  })

  it('are those with exactly this name and address, although an index ignores case', async () => {
    const shop = await openShop()
    await post(orderFields(shop, { owner_name: 'ADA LOVELACE', owner_email: 'ADA@EXAMPLE.COM' }))
    await expectOwned(shop, [])
  })

  it('are read by an index, however many keys others have', async () => {
    const shop = await openShop()
    for (let order = 0; order < 3; order += 1) await post(orderFields(shop, { quantity: '1000' }))
    await post(orderFields(shop, { quantity: '2', owner_name: 'Eve', owner_email: 'eve@example.com' }))
    for (const filter of [
      { owner_email: 'eve@example.com' },
      { owner_name: 'Eve' },
      { owner_name: 'unknown' },
    ]) {
      const { db, rowsRead } = countingRows(env.DB)
      await list(shop, filter, { bindings: { DB: db } })
      expect(rowsRead()).toBeGreaterThan(0)
      expect(rowsRead()).toBeLessThan(40)
    }
  })
})

/** A database that counts the rows that its statements read. */
function countingRows(real: D1Database): { readonly db: D1Database; readonly rowsRead: () => number } {
  let rows = 0
  const db = interceptRoundTrips(real, async (_, run) => {
    const result = await run()
    for (const { meta } of [result].flat() as D1Result[]) rows += meta.rows_read
    return result
  })
  return { db, rowsRead: () => rows }
}
