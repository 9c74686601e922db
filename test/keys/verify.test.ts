import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  activatedKeyFields,
  addKey,
  callApi,
  callApiWithJson,
  codesByPrecedence,
  DAY_MILLISECONDS,
  executeSql,
  expectCodeOnly,
  type KeyOptions,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const IDENTIFIERS = ['example.com']

describe('verify', () => {
  it.each<[number, string, 'product' | 'global', KeyOptions, Record<string, string>]>([
    [200, 'Valid license key', 'product', { identifiers: IDENTIFIERS }, {}],
    [
      201,
      'This license key is not assigned',
      'product',
      { status: 'available', identifiers: IDENTIFIERS },
      {},
    ],
    [
      201,
      'This license key is not assigned',
      'product',
      { status: 'reserved', identifiers: IDENTIFIERS },
      {},
    ],
    [202, 'No activation found for this license key/identifier combination', 'product', {}, {}],
    [204, 'License key blocked', 'product', { status: 'blocked', identifiers: IDENTIFIERS }, {}],
    [205, 'License key expired', 'product', { validityDays: 1, assignedAt: 0, identifiers: IDENTIFIERS }, {}],
    [210, 'Invalid license key', 'global', {}, { license_key: 'nothing' }],
    [210, 'Invalid license key', 'global', {}, { license_key: '' }],
    [215, 'Identifier is required', 'product', { identifiers: IDENTIFIERS }, { identifier: '' }],
  ])('returns %i (%s), signed by the %s key', async (code, message, scope, key, changes) => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, key)
    const fields = { license_key: licenseKey, identifier: 'example.com', ...changes }
    for (const answer of [
      await callApi(shop, 'verify', fields),
      await callApiWithJson(shop, 'verify', fields),
    ]) {
      await expectCodeOnly(answer, code, message, scope)
    }
  })

  it.each([
    ['inactive', null],
    ['deleted', 1],
  ])('returns 203 for a product that is %s', async (_, deletedAt) => {
    const shop = await openShop()
    const fields = await activatedKeyFields(shop)
    await executeSql(
      `update products set status = 'inactive', deleted_at = ? where id = ?`,
      deletedAt,
      shop.productId,
    )
    const answer = await callApi(shop, 'verify', fields)
    const message = "The product associated with this license key is not active or doesn't exist"
    expect(answer.response).toMatchObject({ code: 203, message })
    expect(answer.envelope.private_key_used).toBe('product')
  })

  it('checks for errors in a fixed order', async () => {
    expect(await codesByPrecedence(await openShop(), 'verify')).toEqual([
      210, 215, 201, 203, 204, 205, 202, 202, 200,
    ])
  })

  it('expires a key exactly at the end of its validity', async () => {
    const shop = await openShop()
    const fieldsOf = async (assignedAt: number) => {
      const { licenseKey } = await addKey(shop, { validityDays: 30, assignedAt, identifiers: IDENTIFIERS })
      return { license_key: licenseKey, identifier: 'example.com' }
    }
    const expiring = Date.now() - 30 * DAY_MILLISECONDS
    expect((await callApi(shop, 'verify', await fieldsOf(expiring + 60_000))).response.code).toBe(200)
    expect((await callApi(shop, 'verify', await fieldsOf(expiring))).response.code).toBe(205)
  })

  it('does not expire a key with a validity of 0', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, { validityDays: 0, assignedAt: 0, identifiers: IDENTIFIERS })
    const { response } = await callApi(shop, 'verify', { license_key: licenseKey, identifier: 'example.com' })
    expect(response.code).toBe(200)
  })

  it('matches the identifier exactly', async () => {
    const shop = await openShop()
    const { license_key } = await activatedKeyFields(shop)
    for (const identifier of ['Example.com', 'example.co', 'example.com.', '%', 'example_com']) {
      expect((await callApi(shop, 'verify', { license_key, identifier })).response.code).toBe(202)
    }
  })

  it('ignores the email parameter', async () => {
    const shop = await openShop()
    const fields = { ...(await activatedKeyFields(shop)), email: 'junk' }
    expect((await callApi(shop, 'verify', fields)).response.code).toBe(200)
  })
})

it('verify returns 804 and names the invalid parameters', async () => {
  const shop = await openShop()
  const fields = { license_key: 'x'.repeat(256), identifier: 'a\u0000b' }
  const answer = await callApi(shop, 'verify', fields)
  expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
  expect(Object.keys(answer.response.errors)).toEqual(['license_key', 'identifier'])
})

it('verify takes one round trip and writes nothing', async () => {
  const shop = await openShop()
  const { db, roundTrips } = observe(env.DB)
  const fields = await activatedKeyFields(shop)
  expect((await callApi(shop, 'verify', fields, { bindings: { DB: db } })).response.code).toBe(200)
  expect(roundTrips).toEqual([{ statements: 1, rowsWritten: 0 }])
})
