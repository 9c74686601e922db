import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AUDIT_ROWS_WRITTEN } from '../support/admin.ts'
import { isSignedBy, readEnvelope, send } from '../support/client.ts'
import { callApi, callApiWithIdempotencyKey, callApiWithJson, executeSql } from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'
import { addGenerator, licenseKeyRow } from '../support/stock.ts'

afterEach(() => vi.restoreAllMocks())

async function getAll({ apiKey }: Shop, bindings?: object) {
  const path = `/api/v1/get-all-generators?api_key=${apiKey}`
  return readEnvelope(await send({ path, ...(bindings && { bindings }) }))
}

async function countKeys({ productId }: Shop): Promise<number> {
  const row = await env.DB.prepare('select count(*) as count from license_keys where product_id = ?')
    .bind(productId)
    .first<{ count: number }>()
  return row?.count ?? Number.NaN
}

describe('get-all-generators', () => {
  it('returns 820 with all generators under the name products, signed by the global key', async () => {
    const shop = await openShop()
    const id = await addGenerator(shop.productId)
    const uuid = { method: 'uuid', prefix: 'A-', suffix: '-Z', charset: 'AB', number_of_chunks: 6 }
    const inactive = await addGenerator(shop.productId, { ...uuid, chunk_length: 8, status: 0 })
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const answer = await getAll(shop, bindings)
    expect(answer.status).toBe(200)
    expect(answer.envelope.private_key_used).toBe('global')
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'products', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 820, message: 'All generators' })
    const [first, second] = answer.response.products
    expect(Object.entries(first)).toEqual([
      ['id', id],
      ['product_id', shop.productId],
      ['method', 'chunk-system'],
      ['prefix', ''],
      ['suffix', ''],
      ['function_name', ''],
      ['number_of_chunks', 4],
      ['chunk_length', 4],
      ['activation_limit', 1],
      ['validity', 365],
      ['status', 1],
      ['charset', '0123456789ABCDEF'],
      ['created_at', '2024-02-27T03:05:31.000000Z'],
      ['updated_at', '2024-02-28T00:00:00.000000Z'],
    ])
    expect(second).toMatchObject({ id: inactive, status: 0, ...uuid, chunk_length: 8, function_name: '' })
  })

  it('lists generators of inactive products but not of deleted products', async () => {
    const [inactive, deleted] = [
      await openShop({ productStatus: 'inactive' }),
      await openShop({ productStatus: 'inactive' }),
    ]
    const [listed, unlisted] = [await addGenerator(inactive.productId), await addGenerator(deleted.productId)]
    await executeSql('update products set deleted_at = 1 where id = ?', deleted.productId)
    const ids = (await getAll(inactive)).response.products.map(({ id }: { id: number }) => id)
    expect(ids).toContain(listed)
    expect(ids).not.toContain(unlisted)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
  })

  it('returns an empty list in one round trip if there are none', async () => {
    await executeSql('delete from generators')
    const { db, roundTrips } = observe(env.DB)
    const answer = await getAll(await openShop(), { DB: db })
    expect(answer.response.products).toEqual([])
    expect(roundTrips).toEqual([{ statements: 2, rowsWritten: 0 }])
  })
})

describe('generate', () => {
  it("returns 815, signed by the product key, and adds keys with the generator's terms", async () => {
    const shop = await openShop()
    const id = await addGenerator(shop.productId, { prefix: 'APP-' })
    for (const send of [callApi, callApiWithJson]) {
      const before = Date.now()
      const answer = await send(shop, 'generate', { generator_id: id, quantity: 20 })
      expect(answer.status).toBe(200)
      expect(Object.keys(answer.response)).toEqual(['code', 'message', 'licenseKeys', 'timestamp'])
      expect(answer.response).toMatchObject({ code: 815, message: 'Generated license keys' })
      expect(answer.envelope.private_key_used).toBe('product')
      expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
      const licenseKeys: string[] = answer.response.licenseKeys
      expect(new Set(licenseKeys).size).toBe(20)
      for (const licenseKey of licenseKeys) {
        expect(licenseKey).toMatch(/^APP-[0-9A-F]{4}(-[0-9A-F]{4}){3}$/)
        const row = await licenseKeyRow(licenseKey)
        expect(row).toMatchObject({
          product_id: shop.productId,
          status: 'available',
          validity_days: 365,
          activation_limit: 1,
          owner_name: null,
          owner_email: null,
          assigned_at: null,
          contract_id: null,
          issuance_id: null,
        })
        expect(row?.created_at).toBeGreaterThanOrEqual(before)
      }
    }
    expect(await countKeys(shop)).toBe(40)
  })

  it('works for an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const fields = { generator_id: await addGenerator(shop.productId, { method: 'uuid' }), quantity: 1 }
    const { response } = await callApi(shop, 'generate', fields)
    expect(response.code).toBe(815)
    expect(response.licenseKeys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
  })

  it('returns 806 for an unknown or inactive generator or a deleted product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const inactive = await addGenerator(shop.productId, { status: 0 })
    const ofDeleted = await addGenerator(shop.productId)
    await executeSql('update products set deleted_at = 1 where id = ?', shop.productId)
    for (const id of [2_147_483_647, inactive, ofDeleted]) {
      const answer = await callApi(shop, 'generate', { generator_id: id, quantity: 3 })
      expect(answer.status).toBe(200)
      expect(Object.entries(answer.response)).toEqual([
        ['code', 806],
        ['message', 'Generator not found'],
        ['timestamp', expect.any(Number)],
      ])
      expect(answer.envelope.private_key_used).toBe('global')
    }
    expect(await countKeys(shop)).toBe(0)
  })

  it.each([
    [{ generator_id: 'x' }, ['generator_id']],
    [{ quantity: '0' }, ['quantity']],
    [{ quantity: '1001', generator_id: '' }, ['generator_id', 'quantity']],
  ])('returns 804 for invalid parameters: %j', async (changes, names) => {
    const shop = await openShop()
    const fields = { generator_id: await addGenerator(shop.productId), quantity: 1, ...changes }
    const answer = await callApi(shop, 'generate', fields)
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual(names)
  })

  it('replays the same bytes after keys were sold and deleted', async () => {
    const shop = await openShop()
    const fields = { generator_id: await addGenerator(shop.productId), quantity: 5 }
    const first = await callApiWithIdempotencyKey(shop, 'generate', fields, 'stock')
    const [sold, deleted] = first.response.licenseKeys
    await executeSql(
      `update license_keys set status = 'assigned', assigned_at = 1 where license_key = ?`,
      sold,
    )
    await executeSql('delete from license_keys where license_key = ?', deleted)
    await executeSql('update generators set status = 0')
    const replay = await callApiWithIdempotencyKey(shop, 'generate', fields, 'stock')
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await countKeys(shop)).toBe(4)
    const other = await callApiWithIdempotencyKey(shop, 'generate', { ...fields, quantity: 6 }, 'stock')
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
  })

  it('adds keys once for 20 racing requests with one idempotency key', async () => {
    const shop = await openShop()
    const fields = { generator_id: await addGenerator(shop.productId), quantity: 5 }
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => callApiWithIdempotencyKey(shop, 'generate', fields, 'stock')),
    )
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await countKeys(shop)).toBe(5)
  })

  it('replaces a generated key that already exists', async () => {
    const shop = await openShop()
    const fields = { generator_id: await addGenerator(shop.productId, { method: 'uuid' }), quantity: 1 }
    const existing = (await callApi(shop, 'generate', fields)).response.licenseKeys[0]
    vi.spyOn(crypto, 'randomUUID')
      .mockReturnValueOnce(existing) // The id of the request, its idempotency key or its nonce.
      .mockReturnValueOnce(existing)
      .mockReturnValueOnce(existing)
      .mockReturnValueOnce(existing)
    const { response } = await callApi(shop, 'generate', fields)
    expect(response.code).toBe(815)
    expect(response.licenseKeys[0]).not.toBe(existing)
    expect(await countKeys(shop)).toBe(2)
  })

  it.each([
    ['uuid', 10_000],
    ['chunk-system', 1000],
  ])(
    'with method %s generates %i keys in one round trip, and none for a replay',
    async (method, quantity) => {
      const shop = await openShop()
      const long = {
        charset: '0123456789ABCDEF',
        number_of_chunks: 6,
        chunk_length: 8,
        prefix: 'P'.repeat(32),
      }
      const fields = {
        generator_id: await addGenerator(shop.productId, { method, ...long, suffix: 'S'.repeat(32) }),
        quantity,
      }
      const { db, roundTrips } = observe(env.DB)
      const bindings = { DB: db, MAX_QUANTITY: '10000' }
      const headers = { 'Idempotency-Key': 'stock' }
      const first = await callApi(shop, 'generate', fields, { bindings, headers })
      expect(new Set(first.response.licenseKeys).size).toBe(quantity)
      // Each key: its row and two index entries. The operation: its row, written twice, and its unique key.
      expect(roundTrips).toEqual([{ statements: 6, rowsWritten: 3 * quantity + 3 + AUDIT_ROWS_WRITTEN }])
      expect((await callApi(shop, 'generate', fields, { bindings, headers })).text).toBe(first.text)
      expect(roundTrips[1]).toMatchObject({ rowsWritten: 0 })
    },
  )
})
