import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sha256HexOfText } from '../../src/platform/hash.ts'
import { AUDIT_ROWS_WRITTEN } from '../support/admin.ts'
import {
  addKey,
  addProduct,
  addProductMetadata,
  expectNoChange,
  get,
  markDeleted,
  postJson,
  storedKey,
  withProductKey,
} from '../support/administration.ts'
import { type ApiResponse, isSignedBy, post } from '../support/client.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const REQUIRED_FIELDS = { name: 'App', description: 'What it does.' }

const caller =
  (name: string) =>
  (fields: Record<string, unknown>, options: object = {}) =>
    post(fields, { path: `/api/v1/${name}`, ...options })
const create = caller('create-product')
const update = caller('update-product')
const remove = caller('delete-product')
const list = ({ apiKey }: Shop, options = {}) => get('/api/v1/get-all-products', { api_key: apiKey }, options)

async function stored(productId: number): Promise<Record<string, unknown> | null> {
  return env.DB.prepare('select * from products where id = ?').bind(productId).first()
}

function expectCode(
  { status, response, envelope }: ApiResponse,
  code: number,
  message: string,
  ...fields: string[]
) {
  expect(status).toBe(200)
  expect(Object.keys(response)).toEqual(['code', 'message', ...fields, 'timestamp'])
  expect(response).toMatchObject({ code, message })
  expect(envelope.private_key_used).toBe('global')
}

describe('create-product', () => {
  it("returns 750 with the id, signed by the global key, and stores the protocol's defaults", async () => {
    const { apiKey } = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const answer = await create({ api_key: apiKey, ...REQUIRED_FIELDS }, { bindings: { DB: db } })
    expectCode(answer, 750, 'Product created', 'product_id')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    const row = await stored(answer.response.product_id)
    expect(row).toEqual({
      id: answer.response.product_id,
      name: 'App',
      status: 'active',
      created_at: expect.any(Number),
      updated_at: row?.created_at,
      delivery_webhook_url: null,
      features: null,
      domain_devices: 0,
      trial_days: null,
      any_machine_files: 0,
      offline_page: 0,
      description: 'What it does.',
      source: 'internal',
      external_reference: '',
      require_non_expired: 0,
      deleted_at: null,
    })
    // The operation: its row, its unique key, and its update with the id. The product and its generator: a row and a
    // row of sqlite_sequence each. The generator's index.
    expect(roundTrips).toMatchObject([{ rowsWritten: 8 + AUDIT_ROWS_WRITTEN }])
  })

  it.each(['envato', 'Envato'])('accepts the source %s and all other fields', async (source) => {
    const shop = await openShop()
    const fields = {
      api_key: shop.apiKey,
      source,
      name: ' App ',
      description: 'Line one.\r\n\tLine two.',
      require_non_expired: 1,
      external_reference: '51172292',
      status: 'inactive',
      features: '["pro","cloud"]',
      domain_devices: '1',
      trial_days: '14',
      any_machine_files: '1',
      offline_page: '1',
    }
    for (const answer of [await create(fields), await postJson('/api/v1/create-product', fields)]) {
      expect(await stored(answer.response.product_id)).toMatchObject({
        source: 'envato',
        name: 'App',
        description: 'Line one.\r\n\tLine two.',
        require_non_expired: 1,
        external_reference: '51172292',
        status: 'inactive',
        features: '["pro","cloud"]',
        domain_devices: 1,
        trial_days: 14,
        any_machine_files: 1,
        offline_page: 1,
      })
    }
  })

  it('accepts texts of the maximum length in a form', async () => {
    const { apiKey } = await openShop()
    const [name, description] = ['😀'.repeat(255), '😀'.repeat(10_000)]
    const { response } = await create({ api_key: apiKey, name, description, external_reference: name })
    expect(await stored(response.product_id)).toMatchObject({ name, description, external_reference: name })
  })

  it('creates a product that can be sold immediately', async () => {
    const shop = await openShop()
    const { response } = await create({ api_key: shop.apiKey, ...REQUIRED_FIELDS })
    const order = orderFields(shop, { product_id: String(response.product_id) })
    expect((await post(order)).response.code).toBe(803)
  })

  it('creates one product for 50 racing requests with one Idempotency-Key', async () => {
    const { apiKey } = await openShop()
    const name = crypto.randomUUID()
    const options = { headers: { 'Idempotency-Key': 'product' } }
    const fields = { api_key: apiKey, ...REQUIRED_FIELDS, name }
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(fields, options)))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers.has('Idempotent-Replayed'))).toHaveLength(49)
    const { results } = await env.DB.prepare('select id from products where name = ?').bind(name).all()
    expect(results).toEqual([{ id: answers[0]?.response.product_id }])
    const other = await expectNoChange(() => create({ ...fields, status: 'inactive' }, options))
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
  })
})

describe('create-product with incorrect data', () => {
  it('returns 751 for a missing name and description', async () => {
    const { apiKey } = await openShop()
    for (const fields of [{}, { name: '', description: ' ' }]) {
      const answer = await expectNoChange(() => create({ api_key: apiKey, ...fields }))
      expectCode(answer, 751, 'Incorrect data found', 'errors')
      expect(answer.response.errors).toEqual({
        name: ['The name field is required.'],
        description: ['The description field is required.'],
      })
    }
  })

  it.each([
    ['source', 'shopify'],
    ['name', 'x'.repeat(256)],
    ['name', 'a\nb'],
    ['description', 'x'.repeat(10_001)],
    ['require_non_expired', '2'],
    ['external_reference', 'x'.repeat(256)],
    ['status', 'deleted'],
    ['features', 'pro edition'],
    ['features', 'pro,pro'],
  ])('returns 751 with an error for an invalid %s', async (name, value) => {
    const { apiKey } = await openShop()
    const answer = await expectNoChange(() => create({ api_key: apiKey, ...REQUIRED_FIELDS, [name]: value }))
    expectCode(answer, 751, 'Incorrect data found', 'errors')
    expect(answer.response.errors).toEqual({ [name]: [expect.stringMatching(name)] })
  })

  it("reports an unknown status with the protocol's message", async () => {
    const { apiKey } = await openShop()
    const { response } = await create({ api_key: apiKey, ...REQUIRED_FIELDS, status: 'x' })
    expect(response.errors).toEqual({ status: ['The selected status is invalid.'] })
  })
})

describe('update-product', () => {
  it.each([
    ['source', 'Envato', { source: 'envato' }],
    ['name', 'Other', { name: 'Other' }],
    ['description', 'Other.', { description: 'Other.' }],
    ['require_non_expired', '1', { require_non_expired: 1 }],
    ['external_reference', '7', { external_reference: '7' }],
    ['status', 'inactive', { status: 'inactive' }],
    ['features', 'pro, cloud', { features: '["pro","cloud"]' }],
    ['features', '[]', { features: '[]' }],
    ['features', '', {}],
    ['domain_devices', '1', { domain_devices: 1 }],
    ['trial_days', '14', { trial_days: 14 }],
    ['trial_days', '0', { trial_days: null }],
    ['any_machine_files', '1', { any_machine_files: 1 }],
    ['offline_page', '1', { offline_page: 1 }],
    ['name', '', {}],
  ])('changes only %s when it is set to "%s"', async (name, value, changed) => {
    const shop = await openShop()
    const before = await stored(shop.productId)
    const fields = { api_key: shop.apiKey, product_id: String(shop.productId), [name]: value }
    expectCode(await update(fields, withProductKey(shop)), 650, 'Product updated')
    const after = await stored(shop.productId)
    expect(after).toEqual({ ...before, ...changed, updated_at: expect.any(Number) })
    expect(after?.updated_at).toBeGreaterThan(Number(before?.updated_at))
  })

  it('keeps the features if they are omitted, and removes them with "Not set"', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, product_id: String(shop.productId) }
    await update({ ...fields, features: 'pro' })
    await update({ ...fields, name: 'Other' })
    expect(await stored(shop.productId)).toMatchObject({ features: '["pro"]' })
    await update({ ...fields, features: 'Not set' })
    expect(await stored(shop.productId)).toMatchObject({ features: null })
  })

  it('without features has the fingerprint of earlier versions', async () => {
    const shop = await openShop()
    await create({ api_key: shop.apiKey, ...REQUIRED_FIELDS })
    await update({ api_key: shop.apiKey, product_id: String(shop.productId), status: 'inactive' })
    const { results } = await env.DB.prepare(
      'select fingerprint from operations where source = ? order by id',
    )
      .bind(`api:${shop.apiKeyId}`)
      .all<{ fingerprint: string }>()
    const parameters = [REQUIRED_FIELDS, { product_id: shop.productId, status: 'inactive' }]
    expect(results.map(({ fingerprint }) => fingerprint)).toEqual(
      await Promise.all(parameters.map((values) => sha256HexOfText(JSON.stringify(values)))),
    )
  })

  it('replays the first response for an Idempotency-Key without further changes', async () => {
    const shop = await openShop()
    const options = { headers: { 'Idempotency-Key': 'update' } }
    const fields = { api_key: shop.apiKey, product_id: String(shop.productId), name: 'One' }
    const first = await update(fields, options)
    await update({ ...fields, name: 'Two' })
    const replay = await expectNoChange(() => update(fields, options))
    expect(replay.text).toBe(first.text)
    expect((await expectNoChange(() => update({ ...fields, name: 'Two' }, options))).response.code).toBe(2422)
  })
})

describe('update-product with incorrect data', () => {
  it('returns 651 for a product that does not exist or was deleted', async () => {
    const shop = await openShop()
    await markDeleted(shop.productId)
    for (const product_id of [String(shop.productId), '2147483647']) {
      const fields = { api_key: shop.apiKey, product_id, status: 'active' }
      const answer = await expectNoChange(() => update(fields, withProductKey(shop)))
      expectCode(answer, 651, 'Incorrect data found', 'errors')
      expect(answer.response.errors).toEqual({ product_id: ['The selected product id is invalid.'] })
    }
  })

  it.each([
    ['product_id', ''],
    ['product_id', 'junk'],
    ['name', 'x'.repeat(256)],
    ['status', 'deleted'],
    ['source', 'Internal'],
  ])('returns 651 with an error when %s is "%s"', async (name, value) => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, product_id: String(shop.productId), [name]: value }
    const answer = await expectNoChange(() => update(fields))
    expectCode(answer, 651, 'Incorrect data found', 'errors')
    expect(answer.response.errors).toEqual({ [name]: [expect.stringMatching(name)] })
  })
})

describe('delete-product', () => {
  it('returns 550 to one of 50 racing requests and 551 to the others', async () => {
    const { apiKey } = await openShop()
    const fields = { api_key: apiKey, product_id: String(await addProduct()) }
    const answers = await Promise.all(Array.from({ length: 50 }, () => remove(fields)))
    const deleted = answers.filter(({ response }) => response.code === 550)
    expect(deleted).toHaveLength(1)
    for (const answer of deleted) expectCode(answer, 550, 'Product deleted')
    for (const answer of answers.filter((answer) => !deleted.includes(answer))) {
      expectCode(answer, 551, 'Product not found')
    }
  })

  it('stops issuing and keeps the license keys and the metadata', async () => {
    const shop = await openShop()
    const product_id = String(await addProduct())
    const licenseKey = await addKey({ productId: Number(product_id) })
    await addProductMetadata({ productId: Number(product_id) })
    await remove({ api_key: shop.apiKey, product_id })
    expect((await post(orderFields(shop, { product_id }))).response.code).toBe(805)
    expect(await storedKey(licenseKey)).toMatchObject({ product_id: Number(product_id) })
    const metadata = await env.DB.prepare('select 1 from product_metadata where product_id = ?')
      .bind(Number(product_id))
      .all()
    expect(metadata.results).toHaveLength(1)
    expect(await stored(Number(product_id))).toMatchObject({
      status: 'inactive',
      deleted_at: expect.any(Number),
    })
  })

  it('replays 550 for a repeated Idempotency-Key', async () => {
    const { apiKey } = await openShop()
    const options = { headers: { 'Idempotency-Key': 'deletion' } }
    const fields = { api_key: apiKey, product_id: String(await addProduct()) }
    const first = await remove(fields, options)
    const replay = await expectNoChange(() => remove(fields, options))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const other = { ...fields, product_id: String(await addProduct()) }
    expect((await expectNoChange(() => remove(other, options))).response.code).toBe(2422)
  })

  it.each(['', 'junk'])('returns 804 for the product_id "%s"', async (product_id) => {
    const { apiKey } = await openShop()
    const answer = await expectNoChange(() => remove({ api_key: apiKey, product_id }))
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual(['product_id'])
  })
})

describe('get-all-products', () => {
  it("lists products that are not deleted with the protocol's fields, order and types", async () => {
    const shop = await openShop()
    const [app, deleted] = [await addProduct('One "app"'), await addProduct()]
    await markDeleted(deleted)
    await addProductMetadata({ productId: app }, 'b', 'first')
    await addProductMetadata({ productId: app }, 'a', 'second')
    const answer = await expectNoChange(() => list(shop, withProductKey(shop)))
    expectCode(answer, 810, 'All products', 'products')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    const ids = answer.response.products.map(({ id }: { id: number }) => id)
    expect(ids).toEqual(ids.toSorted((a: number, b: number) => a - b))
    expect(ids).toEqual(expect.arrayContaining([shop.productId, app]))
    expect(ids).not.toContain(deleted)
    const product = answer.response.products.find(({ id }: { id: number }) => id === app)
    expect(Object.entries(product)).toEqual([
      ['id', app],
      ['external_reference', ''],
      ['source', 'internal'],
      ['name', 'One "app"'],
      ['post_url', ''],
      ['description', ''],
      ['status', 'active'],
      ['require_non_expired', 0],
      ['created_at', '1970-01-01T00:00:01.000000Z'],
      ['updated_at', '1970-01-01T00:00:02.000000Z'],
      [
        'meta_data',
        [
          { key: 'b', value: 'first' },
          { key: 'a', value: 'second' },
        ],
      ],
    ])
    expect(answer.response.products.at(-2).meta_data).toEqual([])
  })

  it('lists created and changed values', async () => {
    const shop = await openShop()
    const { response } = await create({ api_key: shop.apiKey, ...REQUIRED_FIELDS, source: 'envato' })
    const fields = { api_key: shop.apiKey, product_id: String(response.product_id), status: 'inactive' }
    await update(fields)
    const { products } = (await list(shop)).response
    expect(products.at(-1)).toMatchObject({
      id: response.product_id,
      source: 'envato',
      description: 'What it does.',
      status: 'inactive',
    })
  })
})
