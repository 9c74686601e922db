import { describe, expect, it } from 'vitest'
import { asOperator, auditOf } from '../support/admin.ts'
import { addProduct } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { openShop, orderFields } from '../support/shop.ts'

const once = () => ({ headers: { 'Idempotency-Key': crypto.randomUUID() } })
const TERMS = { activation_limit: 2, validity_days: 30 }

describe('a generator', () => {
  it('is created once, and orders use it from then on', async () => {
    const owner = await asOperator('owner')
    const shop = await openShop()
    const options = once()
    const body = { product_id: shop.productId, method: 'chunk-system', prefix: 'APP-', chunks: 5, ...TERMS }
    const first = await owner.post('/generators', body, options)
    expect(first).toMatchObject({
      status: 201,
      body: { ...body, chunk_length: 4, random_bits: 99.1, status: 'active', is_in_use: true },
    })
    const second = await owner.post('/generators', body, options)
    expect(second.body).toEqual(first.body)
    expect((await owner.get(`/generators?product_id=${shop.productId}`)).body.items).toContainEqual(
      first.body,
    )
    const issued = await post(orderFields(shop, { generate: '1' }))
    expect(issued.response.license_keys[0].license_key).toMatch(/^APP-(\w{4}-){4}\w{4}$/)
    expect(await auditOf(`generator:${first.body.id}`)).toMatchObject([
      { action: 'generators.create', before: null, after: { ...body, status: 'active' } },
    ])
  })

  it('that is turned off is replaced by the newest active one', async () => {
    const owner = await asOperator('owner')
    const { body: product } = await owner.post('/products', { name: 'App' })
    const { body: newest } = await owner.post('/generators', {
      product_id: product.id,
      method: 'uuid',
      ...TERMS,
    })
    const changed = await owner.patch(`/generators/${newest.id}`, { status: 'inactive', validity_days: 0 })
    expect(changed.body).toMatchObject({
      status: 'inactive',
      is_in_use: false,
      activation_limit: 2,
      validity_days: 0,
    })
    const { body } = await owner.get(`/generators?product_id=${product.id}`)
    expect(body.items.map(({ is_in_use }: { is_in_use: boolean }) => is_in_use)).toEqual([true, false])
    expect((await auditOf(`generator:${newest.id}`))[1]).toMatchObject({
      action: 'generators.update',
      before: { status: 'active', validity_days: 30 },
      after: { status: 'inactive', validity_days: 0 },
    })
  })

  it('is not overwritten by someone who read an older version', async () => {
    const owner = await asOperator('owner')
    const body = { product_id: await addProduct(), method: 'uuid', ...TERMS }
    const { body: added, headers } = await owner.post('/generators', body)
    const path = `/generators/${added.id}`
    const read = { headers: { 'If-Match': headers.get('ETag') ?? '' } }
    expect((await owner.patch(path, { activation_limit: 3 }, read)).status).toBe(200)
    expect((await owner.patch(path, { activation_limit: 4 }, read)).body.code).toBe('version-mismatch')
    expect((await owner.get(path)).body.activation_limit).toBe(3)
    expect((await owner.get('/generators/999999')).status).toBe(404)
    expect((await owner.patch('/generators/999999', {})).status).toBe(404)
  })

  it('makes no license keys that could be guessed', async () => {
    const owner = await asOperator('owner')
    const body = { product_id: await addProduct(), method: 'chunk-system', ...TERMS }
    for (const [fields, name] of [
      [{ chunks: 3 }, 'chunk_length'],
      [{ chunks: 13 }, 'chunk_length'],
      [{ charset: 'AAB' }, 'charset'],
      [{ prefix: 'ä' }, 'prefix'],
      [{ suffix: ' ' }, 'suffix'],
      [{ method: 'uuid', charset: 'ABC' }, 'charset'],
      [{ product_id: 999_999 }, 'product_id'],
      [{ activation_limit: -1 }, 'activation_limit'],
    ] as const) {
      const answer = await owner.post('/generators', { ...body, ...fields })
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } })
      expect(Object.keys(answer.body.errors)).toEqual([name])
    }
    expect((await owner.get(`/generators?product_id=${body.product_id}`)).body.items).toEqual([])
  })
})
