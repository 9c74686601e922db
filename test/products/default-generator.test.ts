/** The generator that a product gets when it is created, so that a shop plugin's `generate=1` finds one. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { get } from '../support/administration.ts'
import { post, type RequestOptions } from '../support/client.ts'
import { failAfterCommit, observe, RESET_ERROR } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function createProduct(
  apiKey: string,
  options: RequestOptions = {},
  status = 'active',
): Promise<number> {
  const fields = { api_key: apiKey, name: 'App', description: 'Edits photos.', status }
  const { response } = await post(fields, { path: '/api/v1/create-product', ...options })
  expect(response.code).toBe(750)
  return response.product_id
}

/** Sends an order as the WooCommerce plugin does: `generate=1`, no terms and no `Idempotency-Key`. */
async function order(apiKey: string, productId: number) {
  const { response } = await post({
    api_key: apiKey,
    product_id: productId,
    owner_name: 'Ada Lovelace',
    owner_email: 'ada@example.com',
    quantity: 1,
    generate: 1,
    identifier: 31,
    webhook_url: 'https://shop.example/?keevault-webhook=abc',
  })
  return response
}

async function storedGenerators(productId: number) {
  const { results } = await env.DB.prepare('select * from generators where product_id = ?')
    .bind(productId)
    .all()
  return results
}

describe('a product created by the API', () => {
  it('gives the WooCommerce plugin a UUID for one activation without expiration', async () => {
    const { apiKey } = await openShop()
    const response = await order(apiKey, await createProduct(apiKey))
    expect(response).toMatchObject({ code: 803, message: 'License keys assigned' })
    expect(response.license_keys).toMatchObject([
      { license_key: expect.stringMatching(UUID), activation_limit: 1, validity: 0, status: 'assigned' },
    ])
  })

  it('has one active generator, which get-all-generators lists', async () => {
    const { apiKey } = await openShop()
    const productId = await createProduct(apiKey)
    const { response } = await get('/api/v1/get-all-generators', { api_key: apiKey })
    const listed = response.products.filter(
      (generator: { product_id: number }) => generator.product_id === productId,
    )
    const now = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/)
    expect(listed).toEqual([
      {
        id: expect.any(Number),
        product_id: productId,
        method: 'uuid',
        prefix: '',
        suffix: '',
        function_name: '',
        number_of_chunks: 4,
        chunk_length: 4,
        activation_limit: 1,
        validity: 0,
        status: 1,
        charset: '0123456789ABCDEF',
        created_at: now,
        updated_at: now,
      },
    ])
  })

  it('has a generator even if it is created inactive', async () => {
    const { apiKey } = await openShop()
    expect(await storedGenerators(await createProduct(apiKey, {}, 'inactive'))).toHaveLength(1)
  })

  it('uses a newer generator in place of the default until it is disabled', async () => {
    const { apiKey } = await openShop()
    const productId = await createProduct(apiKey)
    const newerId = await addGenerator(productId, { prefix: 'APP-' })
    expect((await order(apiKey, productId)).license_keys[0].license_key).toMatch(/^APP-/)
    await env.DB.prepare('update generators set status = 0 where id = ?').bind(newerId).run()
    expect((await order(apiKey, productId)).license_keys[0].license_key).toMatch(UUID)
  })

  it('returns 806 once all of its generators are disabled', async () => {
    const { apiKey } = await openShop()
    const productId = await createProduct(apiKey)
    await env.DB.prepare('update generators set status = 0 where product_id = ?').bind(productId).run()
    expect(await order(apiKey, productId)).toMatchObject({ code: 806, message: 'Generator not found' })
  })

  it('has one generator after 50 racing requests with one Idempotency-Key', async () => {
    const { apiKey } = await openShop()
    const options = { headers: { 'Idempotency-Key': 'product' } }
    const ids = await Promise.all(Array.from({ length: 50 }, () => createProduct(apiKey, options)))
    expect(new Set(ids).size).toBe(1)
    expect(await storedGenerators(Number(ids[0]))).toHaveLength(1)
  })

  it('has one generator after a retried batch whose response was lost', async () => {
    const { apiKey } = await openShop()
    const { db, roundTrips } = observe(env.DB, failAfterCommit(RESET_ERROR, RESET_ERROR))
    const productId = await createProduct(apiKey, { bindings: { DB: db } })
    expect(roundTrips).toHaveLength(3)
    expect(await storedGenerators(productId)).toHaveLength(1)
  })

  it('is not stored if its generator cannot be stored', async () => {
    const { apiKey } = await openShop()
    const name = crypto.randomUUID()
    const countNamed = () =>
      env.DB.prepare('select count(*) as count from products where name = ?').bind(name).first()
    await env.DB.exec(
      `create trigger no_generators before insert on generators begin select raise(abort, 'full'); end`,
    )
    const fields = { api_key: apiKey, name, description: 'Edits photos.' }
    const options = { path: '/api/v1/create-product', headers: { 'Idempotency-Key': 'product' } }
    expect((await post(fields, options)).response.code).toBe(2500)
    expect(await countNamed()).toEqual({ count: 0 })
    await env.DB.exec('drop trigger no_generators')
    expect((await post(fields, options)).response.code).toBe(750)
    expect(await countNamed()).toEqual({ count: 1 })
  })
})
