import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  addKey,
  addProduct,
  expectNoChange,
  markDeleted,
  postJson,
  storedKey,
  withProductKey,
} from '../support/administration.ts'
import { type ApiResponse, isSignedBy, post } from '../support/client.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, orderFields } from '../support/shop.ts'

const PATH = '/api/v1/update-license-key'

const update = (fields: Record<string, unknown>, options = {}) => post(fields, { path: PATH, ...options })

function expectIncorrectData({ status, response, envelope }: ApiResponse, errors: Record<string, unknown>) {
  expect(status).toBe(200)
  expect(Object.keys(response)).toEqual(['code', 'message', 'errors', 'timestamp'])
  expect(response).toMatchObject({ code: 951, message: 'Incorrect data found' })
  expect(response.errors).toEqual(errors)
  expect(envelope.private_key_used).toBe('global')
}

/** Issues two keys with an idempotency key. */
async function openShopWithKeys() {
  const shop = await openShop()
  const order = orderFields(shop)
  const headers = { 'Idempotency-Key': 'order' }
  const issued = await post(order, { headers })
  const [first, second] = issued.response.license_keys.map((key: { license_key: string }) => key.license_key)
  return { shop, issued, first, second, replay: () => post(order, { headers }) }
}

describe('update-license-key', () => {
  it('returns 950, signed by the signing key of the new product', async () => {
    const shop = await openShop()
    const productId = await addProduct()
    const licenseKey = await addKey({ productId })
    const fields = { api_key: shop.apiKey, license_key: licenseKey, product_id: String(shop.productId) }
    const answer = await update(fields, withProductKey(shop))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 950, message: 'License keys updated' })
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
    expect(await storedKey(licenseKey)).toMatchObject({ product_id: shop.productId })
  })

  it.each([
    ['owner_name', 'Grace Hopper', { owner_name: 'Grace Hopper', has_new_owner: 1 }],
    ['owner_email', 'grace@example.com', { owner_email: 'grace@example.com', has_new_owner: 1 }],
    ['activation_limit', '0', { activation_limit: 0 }],
    ['validity', '0', { validity_days: 0 }],
    ['status', 'reserved', { status: 'reserved' }],
    ['status', 'blocked', { status: 'blocked' }],
    ['status', 'assigned', {}],
    ['assigned_at', '2024-02-29 12:00:00', { assigned_at: Date.UTC(2024, 1, 29, 12) }],
  ])('sets only %s to "%s"', async (name, value, changed) => {
    const { shop, first, second } = await openShopWithKeys()
    const [before, other] = [await storedKey(first), await storedKey(second)]
    const { response } = await update({ api_key: shop.apiKey, license_key: first, [name]: value })
    expect(response.code).toBe(950)
    expect(await storedKey(first)).toEqual({ ...before, ...changed, updated_at: expect.any(Number) })
    expect(await storedKey(second)).toEqual(other)
  })

  it('changes only updated_at if all fields are empty', async () => {
    const { shop, first } = await openShopWithKeys()
    const before = await storedKey(first)
    const empty = { product_id: '', owner_name: '', owner_email: '', status: '', assigned_at: '' }
    const fields = { license_key: first, ...empty, activation_limit: '', validity: '' }
    expect((await update({ api_key: shop.apiKey, ...fields })).response.code).toBe(950)
    expect(await storedKey(first)).toEqual({ ...before, updated_at: expect.any(Number) })
  })

  it.each([[{}], [{ expires_in: '30', suspended: 'yes' }]])(
    'returns 951 and changes nothing if no known field is named: %j',
    async (unknown) => {
      const { shop, first } = await openShopWithKeys()
      const before = await storedKey(first)
      const fields = { api_key: shop.apiKey, license_key: first, ...unknown }
      const names =
        'product_id, owner_name, owner_email, activation_limit, validity, status, assigned_at, features'
      for (const answer of [await update(fields), await postJson(PATH, fields)]) {
        expectIncorrectData(answer, { fields: [`Send at least one field to change: ${names}.`] })
      }
      expect(await storedKey(first)).toEqual(before)
    },
  )

  it('accepts numbers in JSON', async () => {
    const shop = await openShop()
    const licenseKey = await addKey(shop)
    const fields = { api_key: shop.apiKey, license_key: licenseKey, validity: 7, product_id: shop.productId }
    expect((await postJson(PATH, fields)).response.code).toBe(950)
    expect(await storedKey(licenseKey)).toMatchObject({ validity_days: 7 })
  })

  it('sets assigned_at to the current time unless one is sent or stored', async () => {
    const shop = await openShop()
    const [now, then, before] = [
      await addKey(shop),
      await addKey(shop),
      await addKey(shop, { status: 'blocked', assignedAt: 7 }),
    ]
    const fields = { api_key: shop.apiKey, status: 'assigned' }
    const { response } = await update({ ...fields, license_key: now })
    await update({ ...fields, license_key: then, assigned_at: '1999-12-31 23:59:59' })
    await update({ ...fields, license_key: before })
    expect(Math.floor(Number((await storedKey(now))?.assigned_at) / 1000)).toBe(response.timestamp)
    expect((await storedKey(then))?.assigned_at).toBe(Date.UTC(1999, 11, 31, 23, 59, 59))
    expect((await storedKey(before))?.assigned_at).toBe(7)
  })

  it('ignores assigned_at for a key in stock', async () => {
    const shop = await openShop()
    const licenseKey = await addKey(shop)
    const fields = { api_key: shop.apiKey, license_key: licenseKey, assigned_at: '2024-02-29 12:00:00' }
    expect((await update(fields)).response.code).toBe(950)
    expect(await storedKey(licenseKey)).toMatchObject({ status: 'available', assigned_at: null })
  })

  it('takes one round trip and stores the original key only once', async () => {
    const { shop, first } = await openShopWithKeys()
    const { db, roundTrips } = observe(env.DB)
    const fields = { api_key: shop.apiKey, license_key: first, validity: '1' }
    for (const _ of [1, 2]) await update(fields, { bindings: { DB: db } })
    // The operation: row and unique index. The license key: row and issuance index. The license key as it was
    // issued: row and unique index, only for the first change. The audit: a row with its indexes, written before and after.
    expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([12, 10])
  })
})

describe('a key that returns to stock', () => {
  it('loses its owner, issuance, contract, activations and metadata', async () => {
    const { shop, first, second } = await openShopWithKeys()
    const { id } = (await storedKey(first)) ?? {}
    const before = await storedKey(first)
    await env.DB.batch([
      env.DB.prepare(`update license_keys set contract_id = 7 where id = ?`).bind(id),
      env.DB.prepare(
        `insert into activations (license_key_id, identifier, created_at) select id, 'laptop', 0 from license_keys`,
      ),
      env.DB.prepare(
        `insert into license_key_metadata (license_key_id, key, value) select id, 'seats', '5' from license_keys`,
      ),
    ])
    const fields = { api_key: shop.apiKey, license_key: first, status: 'available' }
    expect((await update(fields)).response.code).toBe(950)
    expect(await storedKey(first)).toEqual({
      ...before,
      status: 'available',
      owner_name: null,
      owner_email: null,
      assigned_at: null,
      issuance_id: null,
      contract_id: null,
      updated_at: expect.any(Number),
    })
    for (const table of ['activations', 'license_key_metadata']) {
      const { results } = await env.DB.prepare(
        `select license_key as licenseKey from ${table} join license_keys on license_keys.id = license_key_id`,
      ).all()
      expect(results).not.toContainEqual({ licenseKey: first })
      expect(results).toContainEqual({ licenseKey: second })
    }
  })

  it('gets the owner from the request', async () => {
    const { shop, first } = await openShopWithKeys()
    await update({ api_key: shop.apiKey, license_key: first, status: 'available', owner_name: 'Shelf' })
    expect(await storedKey(first)).toMatchObject({ owner_name: 'Shelf', owner_email: null })
  })

  it('does not change the replay of its issuance, even if assigned again', async () => {
    const { shop, issued, first, replay } = await openShopWithKeys()
    await update({
      api_key: shop.apiKey,
      license_key: first,
      status: 'available',
      validity: '1',
      activation_limit: '9',
      owner_email: 'shelf@example.com',
    })
    expect((await replay()).text).toBe(issued.text)
    await update({ api_key: shop.apiKey, license_key: first, status: 'assigned', owner_name: 'Grace Hopper' })
    expect((await replay()).text).toBe(issued.text)
  })
})

describe('an Idempotency-Key', () => {
  it('replays the same bytes without further changes', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'correction' }
    const licenseKey = await addKey(shop)
    const fields = { api_key: shop.apiKey, license_key: licenseKey, status: 'blocked' }
    const first = await update(fields, { headers })
    await update({ ...fields, status: 'reserved' })
    const replay = await expectNoChange(() => update(fields, { headers }))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const other = await expectNoChange(() => update({ ...fields, validity: '1' }, { headers }))
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
  })
})

describe('code 951', () => {
  it('is returned for a missing or deleted product, before code 952', async () => {
    const shop = await openShop()
    const deleted = await addProduct()
    await markDeleted(deleted)
    const licenseKey = await addKey(shop)
    for (const license_key of [licenseKey, 'unknown']) {
      for (const product_id of ['2147483647', String(deleted)]) {
        const fields = { api_key: shop.apiKey, license_key, product_id, status: 'blocked' }
        const answer = await expectNoChange(() => update(fields, withProductKey(shop)))
        expectIncorrectData(answer, { product_id: ['The selected product id is invalid.'] })
      }
    }
  })

  it.each([
    ['license_key', 'x'.repeat(256)],
    ['product_id', 'junk'],
    ['owner_name', 'a\u0000b'],
    ['owner_email', 'junk'],
    ['activation_limit', '1000001'],
    ['validity', '36501'],
    ['status', 'expired'],
    ['assigned_at', '2024-02-30 00:00:00'],
  ])('is returned for an invalid %s', async (name, value) => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, license_key: await addKey(shop), [name]: value }
    const answer = await expectNoChange(() => update(fields))
    expectIncorrectData(answer, { [name]: [expect.stringMatching(name)] })
  })
})

describe('code 952', () => {
  it.each([['unknown'], [''], [undefined]])('is returned for the license key %s', async (licenseKey) => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...(licenseKey !== undefined && { license_key: licenseKey }) }
    const answer = await expectNoChange(() => update({ ...fields, status: 'blocked' }, withProductKey(shop)))
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 952, message: 'License key not found' })
    expect(answer.envelope.private_key_used).toBe('global')
  })
})
