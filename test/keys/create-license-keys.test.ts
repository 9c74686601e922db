import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BODY_BYTES_MAX } from '../../src/http/body.ts'
import { AUDIT_ROWS_WRITTEN } from '../support/admin.ts'
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
const newKeys = (quantity: number) => Array.from({ length: quantity }, () => crypto.randomUUID())

function expectIncorrectData({ status, response, envelope }: ApiResponse, errors: Record<string, unknown>) {
  expect(status).toBe(200)
  expect(Object.keys(response)).toEqual(['code', 'message', 'errors', 'timestamp'])
  expect(response).toMatchObject({ code: 901, message: 'Incorrect data found' })
  expect(response.errors).toEqual(errors)
  expect(envelope.private_key_used).toBe('global')
}

describe('create-license-keys', () => {
  it("returns the protocol's fields, signed by the product key", async () => {
    const shop = await openShop()
    const answer = await create(fieldsOf(shop), withProductKey(shop))
    expect(answer.status).toBe(200)
    expect(Object.entries(answer.response)).toEqual([
      ['code', 900],
      ['message', 'License keys creation result'],
      ['created', 2],
      ['duplicate', 0],
      ['timestamp', expect.any(Number)],
    ])
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
  })

  it('stores trimmed keys with their terms in request order', async () => {
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
      features: null,
      expires_at: null,
      correction_days: null,
      has_new_owner: null,
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
  ])('stores status %s and assigned_at "%s" as %s', async (status, assigned_at, expected) => {
    const [key] = newKeys(1)
    const fields = fieldsOf(await openShop(), { license_keys: JSON.stringify([key]), status, assigned_at })
    expect((await create(fields)).response.code).toBe(900)
    expect(await storedKey(String(key))).toMatchObject({ status, assigned_at: expected })
  })

  it.each([
    ['2024-01-08T00:00:00Z', '2024-01-08T00:00:00.000Z'],
    ['2024-01-08T00:00:00', '2024-01-08T00:00:00.000Z'],
    ['2024-01-08 00:00:00Z', '2024-01-08T00:00:00.000Z'],
    ['2024-01-08T00:00:00+05:30', '2024-01-07T18:30:00.000Z'],
    ['2024-01-08T00:00:00-0800', '2024-01-08T08:00:00.000Z'],
    ['2024-01-08T00:00:00.829115Z', '2024-01-08T00:00:00.829Z'],
    ['2024-01-08T00:00:00.5+00:00', '2024-01-08T00:00:00.500Z'],
  ])('reads assigned_at %s', async (assigned_at, expected) => {
    const shop = await openShop()
    const [key] = newKeys(1)
    const fields = fieldsOf(shop, { license_keys: JSON.stringify([key]), status: 'assigned', assigned_at })
    expect((await create(fields)).response.code).toBe(900)
    expect(await storedKey(String(key))).toMatchObject({ assigned_at: Date.parse(expected) })
    const update = { api_key: shop.apiKey, license_key: String(key), assigned_at }
    expect((await post(update, { path: '/api/v1/update-license-key' })).response.code).toBe(950)
    expect(await storedKey(String(key))).toMatchObject({ assigned_at: Date.parse(expected) })
  })

  it('keeps the latest expiry within the year 9999', async () => {
    const shop = await openShop()
    const [licenseKey] = newKeys(1)
    const last = { status: 'assigned', assigned_at: '9899-12-31 23:59:59', validity: '36500' }
    await create(fieldsOf(shop, { license_keys: JSON.stringify([licenseKey]), ...last }))
    const device = { api_key: shop.apiKey, license_key: String(licenseKey), identifier: 'laptop' }
    await post(device, { path: '/api/v1/activate' })
    const { response } = await post(device, { path: '/api/v1/get-license-key-details' })
    expect(response.licenseKey.expires_at).toMatch(/^9999-12-\d\d 23:59:59$/)
  })

  it('sets assigned_at to the current time by default', async () => {
    const [key] = newKeys(1)
    const fields = fieldsOf(await openShop(), { license_keys: JSON.stringify([key]), status: 'assigned' })
    const { response } = await create(fields)
    expect(Math.floor(Number((await storedKey(String(key)))?.assigned_at) / 1000)).toBe(response.timestamp)
  })

  it('accepts license_keys as a JSON array or as text', async () => {
    const shop = await openShop()
    const numbers = { product_id: shop.productId, activation_limit: 0, validity: 0 }
    for (const list of [newKeys(2), JSON.stringify(newKeys(2))]) {
      const { response } = await postJson(PATH, fieldsOf(shop, { ...numbers, license_keys: list }))
      expect(response).toMatchObject({ code: 900, created: 2 })
    }
  })

  it('accepts an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await create(fieldsOf(shop))).response.code).toBe(900)
  })
})

describe('duplicate license keys', () => {
  it('are counted and do not change existing keys', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const existing = await addKey(other, { status: 'blocked' })
    const before = await storedKey(existing)
    const [fresh] = newKeys(1)
    const fields = fieldsOf(shop, { license_keys: JSON.stringify([existing, fresh, ` ${fresh} `, existing]) })
    expect((await create(fields)).response).toMatchObject({ code: 900, created: 1, duplicate: 3 })
    expect(await storedKey(existing)).toEqual(before)
  })

  it('change nothing if the list has no new keys', async () => {
    const shop = await openShop()
    const existing = await addKey(shop)
    const answer = await expectNoChange(() =>
      create(fieldsOf(shop, { license_keys: JSON.stringify([existing]) })),
    )
    expect(answer.response).toMatchObject({ code: 900, created: 0, duplicate: 1 })
  })

  it('are created once when requests race', async () => {
    const shop = await openShop()
    const fields = fieldsOf(shop, { license_keys: JSON.stringify(newKeys(3)) })
    const responses = await Promise.all(Array.from({ length: 50 }, () => create(fields)))
    expect(responses.reduce((sum, { response }) => sum + response.created, 0)).toBe(3)
    for (const { response } of responses) expect(response.created + response.duplicate).toBe(3)
  })
})

describe('an Idempotency-Key', () => {
  it('replays the same bytes even though all keys now exist', async () => {
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

  it('returns 2422 if it is reused with a different list', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'stock' }
    await create(fieldsOf(shop), { headers })
    const answer = await expectNoChange(() => create(fieldsOf(shop), { headers }))
    expect(answer).toMatchObject({ status: 422, response: { code: 2422 } })
  })
})

describe('code 902', () => {
  it('is returned for an empty list, signed by the product key', async () => {
    const shop = await openShop()
    const answer = await expectNoChange(() =>
      create(fieldsOf(shop, { license_keys: '[]' }), withProductKey(shop)),
    )
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 902, message: 'No license keys created' })
    expect(answer.envelope.private_key_used).toBe('product')
  })
})

describe('code 901', () => {
  it('reports a missing or deleted product, even for an empty list', async () => {
    const shop = await openShop()
    await markDeleted(shop.productId)
    const errors = { product_id: ['The selected product id is invalid.'] }
    for (const changes of [{}, { license_keys: '[]' }, { product_id: '2147483647' }]) {
      const request = () => create(fieldsOf(shop, changes), withProductKey(shop))
      expectIncorrectData(await expectNoChange(request), errors)
    }
  })

  it('reports every missing field', async () => {
    const { apiKey } = await openShop()
    expectIncorrectData(await expectNoChange(() => create({ api_key: apiKey })), {
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
    ['owner_name', 'a\u0000b'],
    ['owner_email', 'junk'],
    ['assigned_at', 'yesterday'],
    ['assigned_at', '2024-02-30 00:00:00'],
    ['assigned_at', '2024-02-01 24:00:00'],
    ['assigned_at', '2024-02-01'],
    ['assigned_at', '2024-02-30T00:00:00Z'],
    ['assigned_at', '2024-02-01T00:00:00+24:00'],
    ['assigned_at', '2024-02-01T00:00:00+00:60'],
    ['assigned_at', '2024-02-01T00:00:00.Z'],
    ['assigned_at', '+12024-02-01T00:00:00Z'],
    ['assigned_at', '0000-01-01T00:00:00+00:01'],
    ['assigned_at', '9900-01-01 00:00:00'],
    ['assigned_at', '9999-12-31T23:59:59-01:00'],
  ])('reports an invalid %s', async (name, value) => {
    const { db, roundTrips } = observe(env.DB)
    const answer = await create(fieldsOf(await openShop(), { [name]: value }), { bindings: { DB: db } })
    expectIncorrectData(answer, { [name]: [expect.stringMatching(name)] })
    // Only a body of more than 64 KiB asks before it is parsed whether the caller may send it.
    const isLong = encodeURIComponent(value).length > BODY_BYTES_MAX
    expect(roundTrips).toEqual(isLong ? [{ statements: 1, rowsWritten: 0 }] : [])
  })
})

describe('large lists', () => {
  it('create 10,000 keys in one batch', async () => {
    const shop = await openShop()
    const fields = fieldsOf(shop, { license_keys: JSON.stringify(newKeys(10_000)), status: 'reserved' })
    const { db, roundTrips } = observe(env.DB)
    const first = await create(fields, { bindings: { DB: db } })
    expect(first.response).toMatchObject({ code: 900, created: 10_000, duplicate: 0 })
    const second = await create(fields, { bindings: { DB: db } })
    expect(second.response).toMatchObject({ code: 900, created: 0, duplicate: 10_000 })
    // Each key: row and unique index. The operation: row, unique index, and stored outcome. The body is long, so a read
    // precedes each batch.
    expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([
      0,
      20_003 + AUDIT_ROWS_WRITTEN,
      0,
      3 + AUDIT_ROWS_WRITTEN,
    ])
  })

  it('are accepted just below the size limit', async () => {
    const keys = Array.from({ length: 5_800 }, () => crypto.randomUUID().padEnd(255, 'x'))
    const answer = await create(fieldsOf(await openShop(), { license_keys: JSON.stringify(keys) }))
    expect(answer.response).toMatchObject({ code: 900, created: 5_800 })
  })

  it('return 2413 above the size limit', async () => {
    const answer = await create(fieldsOf(await openShop(), { license_keys: 'x'.repeat(4_000_000) }))
    expect(answer).toMatchObject({ status: 413, response: { code: 2413 } })
  })
})
