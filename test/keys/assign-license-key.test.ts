import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { AUDIT_ROWS_WRITTEN } from '../support/admin.ts'
import { post } from '../support/client.ts'
import { callApi, callApiWithIdempotencyKey, callApiWithJson, expectCodeOnly } from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, orderFields } from '../support/shop.ts'
import { addLicenseKey, licenseKeyRow } from '../support/stock.ts'

const ENDPOINT = 'assign-license-key'
const OWNER = { owner_name: 'Ada Lovelace', email: 'ada@example.com' }

describe('assign-license-key', () => {
  it.each(['available', 'reserved'])(
    'returns 800 for a key that is %s, signed by the global key',
    async (status) => {
      const shop = await openShop()
      for (const send of [callApi, callApiWithJson]) {
        const licenseKey = await addLicenseKey(shop.productId, { status })
        const before = Date.now()
        const answer = await send(shop, ENDPOINT, { license_key: licenseKey, ...OWNER })
        await expectCodeOnly(answer, 800, 'License key assigned', 'global')
        const row = await licenseKeyRow(licenseKey)
        expect(row).toMatchObject({
          status: 'assigned',
          owner_name: 'Ada Lovelace',
          owner_email: 'ada@example.com',
          validity_days: 30,
          activation_limit: 2,
          created_at: Date.UTC(2024, 1, 27, 3, 5, 31, 829),
        })
        expect(row?.assigned_at).toBeGreaterThanOrEqual(before)
        expect(row?.updated_at).toBe(row?.assigned_at)
      }
    },
  )

  it.each(['assigned', 'blocked'])('returns 801 for a key that is %s', async (status) => {
    const shop = await openShop()
    const owned = { status, assigned_at: 1, owner_name: 'Grace Hopper' }
    const licenseKey = await addLicenseKey(shop.productId, owned)
    const before = await licenseKeyRow(licenseKey)
    const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...OWNER })
    await expectCodeOnly(answer, 801, 'Invalid or already assigned license key', 'global')
    expect(await licenseKeyRow(licenseKey)).toEqual(before)
  })

  it.each([[{ license_key: 'nothing' }], [{ license_key: '' }], [{}]])(
    'returns 801 for an unknown or missing key: %j',
    async (fields) => {
      const answer = await callApi(await openShop(), ENDPOINT, { ...fields, ...OWNER })
      expect(answer).toMatchObject({ status: 200, response: { code: 801 } })
      expect(answer.envelope.private_key_used).toBe('global')
    },
  )

  it('assigns keys of inactive products but not of deleted products', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const [one, other] = [await addLicenseKey(shop.productId), await addLicenseKey(shop.productId)]
    expect((await callApi(shop, ENDPOINT, { license_key: one })).response.code).toBe(800)
    await env.DB.prepare('update products set deleted_at = 1 where id = ?').bind(shop.productId).run()
    expect((await callApi(shop, ENDPOINT, { license_key: other })).response.code).toBe(801)
  })

  it('keeps owner fields that are omitted', async () => {
    const shop = await openShop()
    const owned = { status: 'reserved', owner_name: 'Grace Hopper', owner_email: 'grace@example.com' }
    const licenseKey = await addLicenseKey(shop.productId, owned)
    await callApi(shop, ENDPOINT, { license_key: licenseKey, owner_name: '', email: 'Not set' })
    expect(await licenseKeyRow(licenseKey)).toMatchObject({
      owner_name: 'Grace Hopper',
      owner_email: 'Not set',
    })
  })

  it('assigns a key without an owner', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    expect((await callApi(shop, ENDPOINT, { license_key: licenseKey })).response.code).toBe(800)
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ owner_name: null, owner_email: null })
  })

  it('detaches the key from its issuance without changing the replay', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order' }
    const first = await post(orderFields(shop), { headers })
    const licenseKey = first.response.license_keys[0].license_key
    await env.DB.prepare(`update license_keys set status = 'available' where license_key = ?`)
      .bind(licenseKey)
      .run()
    expect((await callApi(shop, ENDPOINT, { license_key: licenseKey, ...OWNER })).response.code).toBe(800)
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ issuance_id: null })
    expect((await post(orderFields(shop), { headers })).text).toBe(first.text)
  })
})

describe('assign-license-key with invalid parameters', () => {
  it.each([
    [{ email: 'unknown' }, ['email']],
    [{ owner_name: '\u0000' }, ['owner_name']],
    [{ license_key: '\u0000' }, ['license_key']],
    [{ email: 'a@b', owner_name: '\u0000' }, ['owner_name', 'email']],
  ])('returns 804 and names the parameters: %j', async (changes, names) => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    const before = await licenseKeyRow(licenseKey)
    const answer = await callApi(shop, ENDPOINT, { license_key: licenseKey, ...OWNER, ...changes })
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors).sort()).toEqual([...names].sort())
    expect(await licenseKeyRow(licenseKey)).toEqual(before)
  })
})

describe('an assignment', () => {
  it('is replayed with the same bytes and no further changes', async () => {
    const shop = await openShop()
    const fields = { license_key: await addLicenseKey(shop.productId), ...OWNER }
    const first = await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'assignment')
    const before = await licenseKeyRow(fields.license_key)
    const replay = await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'assignment')
    expect(first.response.code).toBe(800)
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await licenseKeyRow(fields.license_key)).toEqual(before)
    expect((await callApi(shop, ENDPOINT, fields)).response.code).toBe(801)
    const other = await callApiWithIdempotencyKey(
      shop,
      ENDPOINT,
      { ...fields, owner_name: 'Grace Hopper' },
      'assignment',
    )
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
  })

  it('writes 5 rows and its audit entry in one round trip', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const fields = { license_key: await addLicenseKey(shop.productId), ...OWNER }
    await callApi(shop, ENDPOINT, fields, { bindings: { DB: db } })
    // The operation: row and unique index. The license key: row. D1 does not count deleted index entries.
    expect(roundTrips).toMatchObject([{ rowsWritten: 5 + AUDIT_ROWS_WRITTEN }])
  })

  it('succeeds once when requests race', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        callApi(shop, ENDPOINT, { license_key: licenseKey, owner_name: `Owner ${index}` }),
      ),
    )
    const winners = responses.flatMap(({ response }, index) => (response.code === 800 ? [index] : []))
    expect(winners).toHaveLength(1)
    expect(responses.filter(({ response }) => response.code === 801)).toHaveLength(49)
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ owner_name: `Owner ${winners[0]}` })
  })
})
