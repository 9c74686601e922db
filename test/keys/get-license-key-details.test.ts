import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../support/client.ts'
import {
  activatedKeyFields,
  addKey,
  addMetadata,
  callApi,
  callApiWithJson,
  codesByPrecedence,
  executeSql,
  type KeyOptions,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const ENDPOINT = 'get-license-key-details'
const IDENTIFIER = 'example.com'
const ASSIGNED_AT = Date.UTC(2100, 1, 27, 3, 5, 31, 829)

describe('get-license-key-details', () => {
  it("returns the protocol's fields with their order and types", async () => {
    const shop = await openShop()
    await executeSql(
      `update products set description = 'Text & more', external_reference = '77', source = 'envato' where id = ?`,
      shop.productId,
    )
    const key = await addKey(shop, { activationLimit: 3, assignedAt: ASSIGNED_AT, identifiers: [IDENTIFIER] })
    await addMetadata(key, 'z', 'first')
    await addMetadata(key, 'a', '"second"')
    await executeSql(
      `insert into product_metadata (product_id, key, value) values (?, 'x', 'y')`,
      shop.productId,
    )
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER }
    for (const answer of [
      await callApi(shop, ENDPOINT, fields),
      await callApiWithJson(shop, ENDPOINT, fields),
    ]) {
      const { response } = answer
      expect(Object.keys(response)).toEqual(['code', 'message', 'licenseKey', 'product', 'timestamp'])
      expect(response).toMatchObject({ code: 500, message: 'Active license key found' })
      expect(Object.entries(response.licenseKey)).toEqual([
        ['id', key.id],
        ['license_key', key.licenseKey],
        ['owner_name', 'Ada Lovelace'],
        ['owner_email', 'ada@example.com'],
        ['activation_limit', 3],
        ['validity', 0],
        ['assigned_at', '2100-02-27 03:05:31'],
        [
          'meta_data',
          [
            { key: 'z', value: 'first' },
            { key: 'a', value: '"second"' },
          ],
        ],
        ['expires_at', false],
      ])
      expect(Object.keys(response.licenseKey.meta_data[0])).toEqual(['key', 'value'])
      expect(Object.entries(response.product)).toEqual([
        ['id', shop.productId],
        ['external_reference', '77'],
        ['source', 'envato'],
        ['name', 'App'],
        ['post_url', ''],
        ['description', 'Text & more'],
        ['meta_data', [{ key: 'x', value: 'y' }]],
      ])
      expect(answer.status).toBe(200)
      expect(answer.envelope.private_key_used).toBe('product')
      expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
    }
  })

  it('returns the expiry, null for a missing owner, and empty metadata', async () => {
    const shop = await openShop()
    const options = { ownerName: null, ownerEmail: null, validityDays: 366, assignedAt: ASSIGNED_AT }
    const { licenseKey } = await addKey(shop, { ...options, identifiers: [IDENTIFIER] })
    const { response } = await callApi(shop, ENDPOINT, { license_key: licenseKey, identifier: IDENTIFIER })
    expect(response.licenseKey).toMatchObject({
      owner_name: null,
      owner_email: null,
      validity: 366,
      meta_data: [],
      expires_at: '2101-02-28 03:05:31',
    })
    expect(response.product).toMatchObject({ external_reference: '', source: 'internal', meta_data: [] })
  })

  it.each<[number, 'product' | 'global', KeyOptions, Record<string, string>]>([
    [201, 'product', { status: 'available', identifiers: [IDENTIFIER] }, {}],
    [201, 'product', { status: 'reserved', identifiers: [IDENTIFIER] }, {}],
    [202, 'product', { identifiers: ['other.example'] }, {}],
    [204, 'product', { status: 'blocked', identifiers: [IDENTIFIER] }, {}],
    [205, 'product', { validityDays: 1, assignedAt: 0, identifiers: [IDENTIFIER] }, {}],
    [210, 'global', { identifiers: [IDENTIFIER] }, { license_key: 'nothing' }],
    [215, 'product', { identifiers: [IDENTIFIER] }, { identifier: '' }],
  ])('returns %i without details, signed by the %s key', async (code, scope, options, changes) => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, options)
    const answer = await callApi(shop, ENDPOINT, {
      license_key: licenseKey,
      identifier: IDENTIFIER,
      ...changes,
    })
    expect(answer.response.code).toBe(code)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.envelope.private_key_used).toBe(scope)
  })

  it('returns 203 if the product is inactive', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const answer = await callApi(shop, ENDPOINT, await activatedKeyFields(shop))
    expect(answer.response.code).toBe(203)
    expect(answer.envelope.private_key_used).toBe('product')
  })

  it('checks for errors in a fixed order', async () => {
    expect(await codesByPrecedence(await openShop(), ENDPOINT)).toEqual([
      210, 215, 201, 203, 204, 205, 202, 202, 500,
    ])
  })
})

it('get-license-key-details takes one round trip and writes nothing', async () => {
  const shop = await openShop()
  const { db, roundTrips } = observe(env.DB)
  const { response } = await callApi(shop, ENDPOINT, await activatedKeyFields(shop), { bindings: { DB: db } })
  expect(response.code).toBe(500)
  // The key, its metadata, and that of its product.
  expect(roundTrips).toEqual([{ statements: 3, rowsWritten: 0 }])
})
