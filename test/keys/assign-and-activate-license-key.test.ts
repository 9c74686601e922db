import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { AUDIT_ROWS_WRITTEN } from '../support/admin.ts'
import {
  callApi,
  callApiWithIdempotencyKey,
  callApiWithJson,
  executeSql,
  expectCodeOnly,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'
import { activationsOf, addLicenseKey, licenseKeyRow } from '../support/stock.ts'

const ENDPOINT = 'assign-and-activate-license-key'
const IDENTIFIER = 'example.com'
const FIELDS = { identifier: IDENTIFIER, owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }

/** Inserts an activation without the checks of the API. */
function insertActivation(licenseKey: string, identifier: string) {
  return executeSql(
    `insert into activations (license_key_id, identifier, created_at)
     select id, ?2, 0 from license_keys where license_key = ?1`,
    licenseKey,
    identifier,
  )
}

/** @returns the rows that a request could change */
async function stateOf(licenseKey: string) {
  return [await licenseKeyRow(licenseKey), await activationsOf(licenseKey)]
}

describe('assign-and-activate-license-key', () => {
  it.each(['available', 'reserved'])(
    'returns 300 for a key that is %s, signed by the product key',
    async (status) => {
      const shop = await openShop()
      for (const send of [callApi, callApiWithJson]) {
        const licenseKey = await addLicenseKey(shop.productId, { status })
        const fields = { license_key: licenseKey, ...FIELDS, post_url: 'https://example.com/off' }
        const answer = await send(shop, ENDPOINT, fields)
        await expectCodeOnly(answer, 300, 'License key activated', 'product')
        expect(await licenseKeyRow(licenseKey)).toMatchObject({
          status: 'assigned',
          owner_name: 'Ada Lovelace',
          owner_email: 'ada@example.com',
          assigned_at: expect.any(Number),
        })
        expect(await activationsOf(licenseKey)).toMatchObject([{ identifier: IDENTIFIER }])
      }
    },
  )

  it('returns 301 and assigns a key that is already active on the device', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId, { activation_limit: 1 })
    await insertActivation(licenseKey, IDENTIFIER)
    const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...FIELDS })
    expect(answer.response).toMatchObject({ code: 301, message: 'License key already active' })
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ status: 'assigned', owner_name: 'Ada Lovelace' })
    expect(await activationsOf(licenseKey)).toHaveLength(1)
  })

  it.each([
    [302, 'License key reached activation limit', 'product', {}],
    [215, 'Identifier is required', 'product', { identifier: '' }],
    [801, 'Invalid or already assigned license key', 'global', { license_key: 'nothing' }],
    [801, 'Invalid or already assigned license key', 'global', { license_key: '', identifier: '' }],
  ] as const)(
    'returns %i (%s), signed by the %s key, and changes nothing',
    async (code, message, scope, changes) => {
      const shop = await openShop()
      const licenseKey = await addLicenseKey(shop.productId, { activation_limit: 1 })
      await insertActivation(licenseKey, 'other.example')
      const before = await stateOf(licenseKey)
      const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...FIELDS, ...changes })
      await expectCodeOnly(answer, code, message, scope)
      expect(await stateOf(licenseKey)).toEqual(before)
    },
  )

  it.each(['assigned', 'blocked'])('returns 801 for a key that is %s', async (status) => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId, { status, assigned_at: 1 })
    const before = await stateOf(licenseKey)
    const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...FIELDS })
    expect(answer.response.code).toBe(801)
    expect(answer.envelope.private_key_used).toBe('global')
    expect(await stateOf(licenseKey)).toEqual(before)
  })

  it('returns 203 if the product is inactive or deleted', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const licenseKey = await addLicenseKey(shop.productId)
    const before = await stateOf(licenseKey)
    for (const deletedAt of [null, 1]) {
      await executeSql('update products set deleted_at = ? where id = ?', deletedAt, shop.productId)
      const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...FIELDS })
      expect(answer.response.code).toBe(203)
      expect(answer.envelope.private_key_used).toBe('product')
    }
    expect(await stateOf(licenseKey)).toEqual(before)
  })

  it('checks for errors in a fixed order', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const license_key = await addLicenseKey(shop.productId, {
      status: 'blocked',
      activation_limit: 1,
    })
    await insertActivation(license_key, 'other.example')
    const codes: unknown[] = []
    const addCode = async (changes = {}) => {
      codes.push((await callApi(shop, ENDPOINT, { license_key, ...FIELDS, ...changes })).response.code)
    }
    await addCode({ identifier: '' })
    await executeSql(`update license_keys set status = 'available' where license_key = ?`, license_key)
    await addCode({ identifier: '' })
    await addCode()
    await executeSql(`update products set status = 'active' where id = ?`, shop.productId)
    await addCode()
    await insertActivation(license_key, IDENTIFIER)
    await addCode()
    expect(codes).toEqual([801, 215, 203, 302, 301])
  })
})

describe('assign-and-activate-license-key requests', () => {
  it('return 804 without an owner', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, identifier: IDENTIFIER })
    expect(answer).toMatchObject({
      status: 422,
      response: {
        code: 804,
        errors: {
          owner_name: ['The owner_name field is required.'],
          owner_email: ['The owner_email field is required.'],
        },
      },
    })
  })

  it('return 150 for a blocked device', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    await executeSql(`insert into blocklist (kind, value, created_at) values ('identifier', 'stolen', 0)`)
    const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...FIELDS, identifier: 'stolen' })
    expect(answer).toMatchObject({ status: 403, response: { code: 150 } })
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ status: 'available' })
  })

  it('are replayed with the same bytes, and return 2422 with different fields', async () => {
    const shop = await openShop()
    const fields = { license_key: await addLicenseKey(shop.productId), ...FIELDS }
    const first = await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')
    const before = await stateOf(fields.license_key)
    const replay = await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')
    expect(replay.text).toBe(first.text)
    expect(first.response.code).toBe(300)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const other = await callApiWithIdempotencyKey(
      shop,
      ENDPOINT,
      { ...fields, identifier: 'other.example' },
      'order',
    )
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
    expect(await stateOf(fields.license_key)).toEqual(before)
  })

  it('take one round trip', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const fields = { license_key: await addLicenseKey(shop.productId), ...FIELDS }
    await callApi(shop, ENDPOINT, fields, { bindings: { DB: db } })
    // The operation: row and unique index. The license key: row. The activation: row and unique index.
    expect(roundTrips).toMatchObject([{ rowsWritten: 7 + AUDIT_ROWS_WRITTEN }])
  })

  it('assign a key once when they race', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId, { activation_limit: 0 })
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        callApi(shop, ENDPOINT, { license_key: licenseKey, ...FIELDS, identifier: `device-${index}` }),
      ),
    )
    const codes = responses.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 300)).toHaveLength(1)
    expect(codes.filter((code) => code === 801)).toHaveLength(49)
    expect(await activationsOf(licenseKey)).toMatchObject([{ identifier: `device-${codes.indexOf(300)}` }])
  })
})
