import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { post } from '../support/client.ts'
import { callApi, callApiWithIdempotencyKey, callApiWithJson, expectCodeOnly } from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, orderFields } from '../support/shop.ts'
import { addLicenseKey, licenseKeyRow } from '../support/stock.ts'

const NAME = 'assign-license-key'
const OWNER = { owner_name: 'Ada Lovelace', email: 'ada@example.com' }

describe('a license key', () => {
  it.each(['available', 'reserved'])(
    'that is %s is assigned: 800, signed by the global key',
    async (status) => {
      const shop = await openShop()
      for (const send of [callApi, callApiWithJson]) {
        const licenseKey = await addLicenseKey(shop.productId, { status })
        const before = Date.now()
        const opened = await send(shop, NAME, { license_key: licenseKey, ...OWNER })
        await expectCodeOnly(opened, 800, 'License key assigned', 'global')
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

  it.each(['assigned', 'blocked'])('that is %s stays as it is: 801', async (status) => {
    const shop = await openShop()
    const owned = { status, assigned_at: 1, owner_name: 'Grace Hopper' }
    const licenseKey = await addLicenseKey(shop.productId, owned)
    const before = await licenseKeyRow(licenseKey)
    const opened = await callApi(shop, NAME, { license_key: licenseKey, ...OWNER })
    await expectCodeOnly(opened, 801, 'Invalid or already assigned license key', 'global')
    expect(await licenseKeyRow(licenseKey)).toEqual(before)
  })

  it.each([[{ license_key: 'nothing' }], [{ license_key: '' }], [{}]])(
    'that nobody has is 801: %j',
    async (fields) => {
      const opened = await callApi(await openShop(), NAME, { ...fields, ...OWNER })
      expect(opened).toMatchObject({ status: 200, response: { code: 801 } })
      expect(opened.envelope.private_key_used).toBe('global')
    },
  )

  it('of an inactive product may be assigned, but not of one that was deleted', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const [one, other] = [await addLicenseKey(shop.productId), await addLicenseKey(shop.productId)]
    expect((await callApi(shop, NAME, { license_key: one })).response.code).toBe(800)
    await env.DB.prepare('update products set deleted_at = 1 where id = ?').bind(shop.productId).run()
    expect((await callApi(shop, NAME, { license_key: other })).response.code).toBe(801)
  })

  it('keeps what it knows of its owner where nobody says otherwise', async () => {
    const shop = await openShop()
    const known = { status: 'reserved', owner_name: 'Grace Hopper', owner_email: 'grace@example.com' }
    const licenseKey = await addLicenseKey(shop.productId, known)
    await callApi(shop, NAME, { license_key: licenseKey, owner_name: '', email: 'Not set' })
    expect(await licenseKeyRow(licenseKey)).toMatchObject({
      owner_name: 'Grace Hopper',
      owner_email: 'Not set',
    })
  })

  it('may be assigned without an owner', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    expect((await callApi(shop, NAME, { license_key: licenseKey })).response.code).toBe(800)
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ owner_name: null, owner_email: null })
  })

  it('that had been issued leaves that issuance, whose replay still tells it', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order' }
    const first = await post(orderFields(shop), { headers })
    const licenseKey = first.response.license_keys[0].license_key
    await env.DB.prepare(`update license_keys set status = 'available' where license_key = ?`)
      .bind(licenseKey)
      .run()
    expect((await callApi(shop, NAME, { license_key: licenseKey, ...OWNER })).response.code).toBe(800)
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ issuance_id: null })
    expect((await post(orderFields(shop), { headers })).text).toBe(first.text)
  })
})

describe('a parameter', () => {
  it.each([
    [{ email: 'nobody' }, ['email']],
    [{ owner_name: '\u0000' }, ['owner_name']],
    [{ license_key: '\u0000' }, ['license_key']],
    [{ email: 'a@b', owner_name: '\u0000' }, ['owner_name', 'email']],
  ])('that is wrong is 804 and names it: %j', async (changes, names) => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    const before = await licenseKeyRow(licenseKey)
    const opened = await callApi(shop, NAME, { license_key: licenseKey, ...OWNER, ...changes })
    expect(opened).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(opened.response.errors).sort()).toEqual([...names].sort())
    expect(await licenseKeyRow(licenseKey)).toEqual(before)
  })
})

describe('an assignment', () => {
  it('is told again with the same bytes, and changes nothing more', async () => {
    const shop = await openShop()
    const fields = { license_key: await addLicenseKey(shop.productId), ...OWNER }
    const first = await callApiWithIdempotencyKey(shop, NAME, fields, 'assignment')
    const before = await licenseKeyRow(fields.license_key)
    const replay = await callApiWithIdempotencyKey(shop, NAME, fields, 'assignment')
    expect(first.response.code).toBe(800)
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await licenseKeyRow(fields.license_key)).toEqual(before)
    expect((await callApi(shop, NAME, fields)).response.code).toBe(801)
    const other = await callApiWithIdempotencyKey(
      shop,
      NAME,
      { ...fields, owner_name: 'Grace Hopper' },
      'assignment',
    )
    expect(other).toMatchObject({ status: 422, response: { code: 2422 } })
  })

  it('is one round trip, and writes the key and what came of it', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const fields = { license_key: await addLicenseKey(shop.productId), ...OWNER }
    await callApi(shop, NAME, fields, { bindings: { DB: db } })
    // The operation and its unique key, and the license key; what an index loses is not counted.
    expect(roundTrips).toMatchObject([{ rowsWritten: 3 }])
  })

  it('of one key 50 times at once happens once', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        callApi(shop, NAME, { license_key: licenseKey, owner_name: `Owner ${index}` }),
      ),
    )
    const winners = answers.flatMap(({ response }, index) => (response.code === 800 ? [index] : []))
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ response }) => response.code === 801)).toHaveLength(49)
    expect(await licenseKeyRow(licenseKey)).toMatchObject({ owner_name: `Owner ${winners[0]}` })
  })
})
