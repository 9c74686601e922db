import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  addKey,
  expectNoChange,
  markDeleted,
  newKeysFields,
  postJson,
  storedKey,
  withProductKey,
} from '../support/administration.ts'
import { type ApiResponse, isSignedBy, post } from '../support/client.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const PATH = '/api/v1/create-license-keys'

function fieldsOf(shop: Shop, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { api_key: shop.apiKey, ...newKeysFields(shop), ...changes }
}

const create = (fields: Record<string, unknown>, options = {}) => post(fields, { path: PATH, ...options })
const freshKeys = (quantity: number) => Array.from({ length: quantity }, () => crypto.randomUUID())

function expectIncorrect({ status, response, envelope }: ApiResponse, errors: Record<string, unknown>) {
  expect(status).toBe(200)
  expect(Object.keys(response)).toEqual(['code', 'message', 'errors', 'timestamp'])
  expect(response).toMatchObject({ code: 901, message: 'Incorrect data found' })
  expect(response.errors).toEqual(errors)
  expect(envelope.private_key_used).toBe('global')
}

describe('create-license-keys', () => {
  it("returns the protocol's fields, signed by the product key", async () => {
    const shop = await openShop()
    const opened = await create(fieldsOf(shop), withProductKey(shop))
    expect(opened.status).toBe(200)
    expect(Object.entries(opened.response)).toEqual([
      ['code', 900],
      ['message', 'License keys creation result'],
      ['created', 2],
      ['duplicate', 0],
      ['timestamp', expect.any(Number)],
    ])
    expect(opened.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, opened)).toBe(true)
  })

  it('stores trimmed keys with their terms, in the order of the list', async () => {
    const shop = await openShop()
    const [first, second] = [crypto.randomUUID(), `CUSTOM-ключ ${crypto.randomUUID()}`]
    const before = Date.now()
    await create(
      fieldsOf(shop, {
        license_keys: JSON.stringify([` ${first} `, second]),
        owner_name: ' Ada ',
        owner_email: 'ada@example.com',
      }),
    )
    const stored = await storedKey(first)
    expect(stored).toEqual({
      id: expect.any(Number),
      product_id: shop.productId,
      license_key: first,
      status: 'available',
      activation_limit: 3,
      validity_days: 365,
      owner_name: 'Ada',
      owner_email: 'ada@example.com',
      assigned_at: null,
      contract_id: null,
      issuance_id: null,
      created_at: expect.any(Number),
      updated_at: stored?.created_at,
      status_before_reversal: null,
    })
    expect(stored?.created_at).toBeGreaterThanOrEqual(before)
    expect((await storedKey(second))?.id).toBeGreaterThan(Number(stored?.id))
  })

  it.each([
    ['available', '2024-02-29 23:59:59', null],
    ['reserved', '', null],
    ['blocked', '2024-02-29 23:59:59', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['assigned', '2024-02-29 23:59:59', Date.UTC(2024, 1, 29, 23, 59, 59)],
  ])('with the status %s and assigned_at "%s" stores %s', async (status, assigned_at, expected) => {
    const [key] = freshKeys(1)
    const fields = fieldsOf(await openShop(), { license_keys: JSON.stringify([key]), status, assigned_at })
    expect((await create(fields)).response.code).toBe(900)
    expect(await storedKey(String(key))).toMatchObject({ status, assigned_at: expected })
  })

  it('uses the current time as the default of assigned_at', async () => {
    const [key] = freshKeys(1)
    const fields = fieldsOf(await openShop(), { license_keys: JSON.stringify([key]), status: 'assigned' })
    const { response } = await create(fields)
    expect(Math.floor(Number((await storedKey(String(key)))?.assigned_at) / 1000)).toBe(response.timestamp)
  })

  it('accepts a JSON array or its text', async () => {
    const shop = await openShop()
    const numbers = { product_id: shop.productId, activation_limit: 0, validity: 0 }
    for (const list of [freshKeys(2), JSON.stringify(freshKeys(2))]) {
      const { response } = await postJson(PATH, fieldsOf(shop, { ...numbers, license_keys: list }))
      expect(response).toMatchObject({ code: 900, created: 2 })
    }
  })

  it('accepts an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await create(fieldsOf(shop))).response.code).toBe(900)
  })
})

describe('duplicates', () => {
  it('in the list and in the database are counted and do not change', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const known = await addKey(other, { status: 'blocked' })
    const before = await storedKey(known)
    const [fresh] = freshKeys(1)
    const fields = fieldsOf(shop, { license_keys: JSON.stringify([known, fresh, ` ${fresh} `, known]) })
    expect((await create(fields)).response).toMatchObject({ code: 900, created: 1, duplicate: 3 })
    expect(await storedKey(known)).toEqual(before)
  })

  it('alone change nothing', async () => {
    const shop = await openShop()
    const known = await addKey(shop)
    const opened = await expectNoChange(() =>
      create(fieldsOf(shop, { license_keys: JSON.stringify([known]) })),
    )
    expect(opened.response).toMatchObject({ code: 900, created: 0, duplicate: 1 })
  })

  it('are created once when requests race', async () => {
    const shop = await openShop()
    const fields = fieldsOf(shop, { license_keys: JSON.stringify(freshKeys(3)) })
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(fields)))
    expect(answers.reduce((sum, { response }) => sum + response.created, 0)).toBe(3)
    for (const { response } of answers) expect(response.created + response.duplicate).toBe(3)
  })
})

describe('an Idempotency-Key', () => {
  it('replays the same bytes, although all keys are duplicates by then', async () => {
    const shop = await openShop()
    const fields = fieldsOf(shop)
    const headers = { 'Idempotency-Key': 'stock' }
    const first = await create(fields, { headers })
    const replay = await expectNoChange(() => create(fields, { headers }))
    expect(first.response.created).toBe(2)
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const asArray = { ...fields, license_keys: JSON.parse(String(fields.license_keys)) }
    expect((await postJson(PATH, asArray, headers)).text).toBe(first.text)
  })

  it('used for another list is 2422', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'stock' }
    await create(fieldsOf(shop), { headers })
    const opened = await expectNoChange(() => create(fieldsOf(shop), { headers }))
    expect(opened).toMatchObject({ status: 422, response: { code: 2422 } })
  })
})

describe('902', () => {
  it('is returned for an empty list, signed by the product key', async () => {
    const shop = await openShop()
    const opened = await expectNoChange(() =>
      create(fieldsOf(shop, { license_keys: '[]' }), withProductKey(shop)),
    )
    expect(Object.keys(opened.response)).toEqual(['code', 'message', 'timestamp'])
    expect(opened.response).toMatchObject({ code: 902, message: 'No license keys created' })
    expect(opened.envelope.private_key_used).toBe('product')
  })
})

describe('901', () => {
  it('reports a missing or deleted product, even for an empty list', async () => {
    const shop = await openShop()
    await markDeleted(shop.productId)
    const errors = { product_id: ['The selected product id is invalid.'] }
    for (const changes of [{}, { license_keys: '[]' }, { product_id: '2147483647' }]) {
      const request = () => create(fieldsOf(shop, changes), withProductKey(shop))
      expectIncorrect(await expectNoChange(request), errors)
    }
  })

  it('reports every missing field', async () => {
    const { apiKey } = await openShop()
    expectIncorrect(await expectNoChange(() => create({ api_key: apiKey })), {
      license_keys: ['The license_keys field is required.'],
      product_id: ['The product_id field is required.'],
      activation_limit: ['The activation_limit field is required.'],
      validity: ['The validity field is required.'],
      status: ['The status field is required.'],
    })
  })

  it.each([
    ['license_keys', ''],
    ['license_keys', 'junk'],
    ['license_keys', '{"0":"a"}'],
    ['license_keys', '"abc"'],
    ['license_keys', '["a",""]'],
    ['license_keys', '["a","  "]'],
    ['license_keys', '["a",7]'],
    ['license_keys', '["a",null]'],
    ['license_keys', JSON.stringify(['a\u0000b'])],
    ['license_keys', '["\\ud800"]'],
    ['license_keys', JSON.stringify(['x'.repeat(256)])],
    ['license_keys', JSON.stringify(new Array(10_001).fill('a'))],
    ['license_keys', JSON.stringify(new Array(6_000).fill('x'.repeat(250)))],
    ['product_id', '0'],
    ['activation_limit', '-1'],
    ['validity', '36501'],
    ['status', 'active'],
    ['status', 'Available'],
    ['owner_name', 'x'.repeat(256)],
    ['owner_email', 'junk'],
    ['assigned_at', 'yesterday'],
    ['assigned_at', '2024-02-30 00:00:00'],
    ['assigned_at', '2024-02-01 24:00:00'],
    ['assigned_at', '2024-02-01T00:00:00Z'],
    ['assigned_at', '2024-02-01'],
  ])('reports an invalid %s', async (name, value) => {
    const { db, roundTrips } = observe(env.DB)
    const opened = await create(fieldsOf(await openShop(), { [name]: value }), { bindings: { DB: db } })
    expectIncorrect(opened, { [name]: [expect.stringMatching(name)] })
    expect(roundTrips).toEqual([])
  })
})

describe('a list', () => {
  it('of 10,000 keys takes one batch', async () => {
    const shop = await openShop()
    const fields = fieldsOf(shop, { license_keys: JSON.stringify(freshKeys(10_000)), status: 'reserved' })
    const { db, roundTrips } = observe(env.DB)
    const first = await create(fields, { bindings: { DB: db } })
    expect(first.response).toMatchObject({ code: 900, created: 10_000, duplicate: 0 })
    const second = await create(fields, { bindings: { DB: db } })
    expect(second.response).toMatchObject({ code: 900, created: 0, duplicate: 10_000 })
    // Each key: its row and its unique text. The operation: its row, its unique key, and the added outcome.
    expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([20_003, 3])
  })

  it('just below the size limit is accepted', async () => {
    const keys = Array.from({ length: 5_800 }, () => crypto.randomUUID().padEnd(255, 'x'))
    const opened = await create(fieldsOf(await openShop(), { license_keys: JSON.stringify(keys) }))
    expect(opened.response).toMatchObject({ code: 900, created: 5_800 })
  })

  it('above the size limit returns 2413', async () => {
    const opened = await create(fieldsOf(await openShop(), { license_keys: 'x'.repeat(4_000_000) }))
    expect(opened).toMatchObject({ status: 413, response: { code: 2413 } })
  })
})
