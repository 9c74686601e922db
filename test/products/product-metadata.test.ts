import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  addProductMetadata,
  expectNoChange,
  markDeleted,
  postJson,
  withProductKey,
} from '../support/administration.ts'
import { isSignedBy, post } from '../support/client.ts'
import { openShop, type Shop } from '../support/shop.ts'

const path = (operation: string) => `/api/v1/${operation}-product-meta`

/** Calls an endpoint with the key `plan` and the value `pro` of the shop's product. */
function call(operation: string, shop: Shop, changes: Record<string, unknown> = {}, headers = {}) {
  return post(
    { api_key: shop.apiKey, product_id: String(shop.productId), key: 'plan', value: 'pro', ...changes },
    { path: path(operation), headers, ...withProductKey(shop) },
  )
}

async function metadataOf({ productId }: Shop): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare(
    'select key, value from product_metadata where product_id = ? order by id',
  )
    .bind(productId)
    .all()
  return results
}

describe.each([
  ['create', [273, 'Product meta created'], [{ key: 'plan', value: 'pro' }]],
  ['update', [373, 'Product meta updated'], [{ key: 'plan', value: 'pro' }]],
  ['delete', [482, 'Product meta deleted'], []],
] as const)('%s-product-meta', (operation, [code, message], after) => {
  async function openReadyShop(): Promise<Shop> {
    const shop = await openShop()
    if (operation !== 'create') await addProductMetadata(shop, 'plan', 'basic')
    return shop
  }

  it(`returns ${code} without an id, signed by the product key, and changes no other product`, async () => {
    const [shop, other] = [await openReadyShop(), await openShop()]
    await addProductMetadata(other, 'plan', 'other')
    const answer = await call(operation, shop)
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code, message })
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
    expect(await metadataOf(shop)).toEqual(after)
    expect(await metadataOf(other)).toEqual([{ key: 'plan', value: 'other' }])
  })

  it('accepts JSON and an inactive product', async () => {
    const shop = await openReadyShop()
    await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
    const fields = { api_key: shop.apiKey, product_id: shop.productId, key: ' plan ', value: ' pro ' }
    expect((await postJson(path(operation), fields)).response.code).toBe(code)
    expect(await metadataOf(shop)).toEqual(after)
  })

  it('replays the first response for an Idempotency-Key without further changes', async () => {
    const shop = await openReadyShop()
    const headers = { 'Idempotency-Key': 'metadata' }
    const first = await call(operation, shop, {}, headers)
    const replay = await expectNoChange(() => call(operation, shop, {}, headers))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const other = await expectNoChange(() => call(operation, shop, { key: 'other' }, headers))
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
  })

  it.each([
    ['product_id', ''],
    ['product_id', 'junk'],
    ['key', 'x'.repeat(256)],
    ['key', 'a\nb'],
    ...(operation === 'delete' ? [] : [['value', 'x'.repeat(10_001)]]),
  ] as [string, string][])('returns 804 for an invalid %s', async (name, value) => {
    const shop = await openReadyShop()
    const answer = await expectNoChange(() => call(operation, shop, { [name]: value }))
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual([name])
  })
})

/** The faults in the order in which they are checked. */
describe.each([
  ['create', 'no-product', 274, 'Product not found', 'global'],
  ['create', 'no-key', 270, 'Meta key is required', 'product'],
  ['create', 'no-value', 271, 'Meta value is required', 'product'],
  ['create', 'taken', 272, 'Meta key already exists', 'product'],
  ['update', 'no-product', 374, 'Product not found', 'global'],
  ['update', 'no-key', 370, 'Meta key is required', 'product'],
  ['update', 'no-value', 371, 'Meta value is required', 'product'],
  ['update', 'absent', 372, "Meta key doesn't exists", 'product'],
  ['delete', 'no-product', 483, 'Product not found', 'global'],
  ['delete', 'no-key', 480, 'Meta key is required', 'product'],
  ['delete', 'absent', 481, "Meta key doesn't exist", 'product'],
] as const)('%s-product-meta with %s', (operation, fault, code, message, scope) => {
  const changes = {
    'no-product': { key: '', value: '' },
    'no-key': { key: '', value: '' },
    'no-value': { key: 'taken', value: '' },
    taken: { key: 'taken' },
    absent: { key: 'absent' },
  }[fault]

  it(`returns ${code} even if later checks would fail too, and changes nothing`, async () => {
    const shop = await openShop()
    await addProductMetadata(shop, 'taken')
    if (fault === 'no-product') await markDeleted(shop.productId)
    const answer = await expectNoChange(() => call(operation, shop, changes))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code, message })
    expect(answer.envelope.private_key_used).toBe(scope)
  })
})

describe('create-product-meta', () => {
  it('creates a key once for 50 racing requests', async () => {
    const shop = await openShop()
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('create', shop)))
    const codes = answers.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 273)).toHaveLength(1)
    expect(codes.filter((code) => code === 272)).toHaveLength(49)
    expect(await metadataOf(shop)).toHaveLength(1)
  })

  it('returns 274 for an unknown product', async () => {
    const { response } = await call('create', await openShop(), { product_id: '2147483647' })
    expect(response.code).toBe(274)
  })

  it('accepts a value of 10,000 characters with line breaks', async () => {
    const shop = await openShop()
    const value = `${'😀'.repeat(9_997)}\r\nx`
    expect((await call('create', shop, { value })).response.code).toBe(273)
    expect(await metadataOf(shop)).toEqual([{ key: 'plan', value }])
  })
})
