import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  addKey,
  assignedKeyFields,
  callApi,
  callApiWithIdempotencyKey,
  callApiWithJson,
  codesByPrecedence,
  executeSql,
  expectCodeOnly,
  identifiersOf,
  type KeyOptions,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const OTHER_IDENTIFIERS = ['other.example']
const IDENTIFIER = 'example.com'

describe('activate', () => {
  it.each<[number, string, 'product' | 'global', KeyOptions, Record<string, string>]>([
    [300, 'License key activated', 'product', {}, {}],
    [301, 'License key already active', 'product', { identifiers: [IDENTIFIER] }, {}],
    [
      302,
      'License key reached activation limit',
      'product',
      { activationLimit: 1, identifiers: OTHER_IDENTIFIERS },
      {},
    ],
    [201, 'This license key is not assigned', 'product', { status: 'available' }, {}],
    [201, 'This license key is not assigned', 'product', { status: 'reserved' }, {}],
    [204, 'License key blocked', 'product', { status: 'blocked' }, {}],
    [205, 'License key expired', 'product', { validityDays: 1, assignedAt: 0 }, {}],
    [210, 'Invalid license key', 'global', {}, { license_key: 'nothing' }],
    [210, 'Invalid license key', 'global', {}, { license_key: '' }],
    [215, 'Identifier is required', 'product', {}, { identifier: '' }],
  ])('returns %i (%s), signed by the %s key', async (code, message, scope, options, changes) => {
    const shop = await openShop()
    for (const send of [callApi, callApiWithJson]) {
      const key = await addKey(shop, options)
      const before = await identifiersOf(key)
      const fields = { license_key: key.licenseKey, identifier: IDENTIFIER, ...changes }
      const answer = await send(shop, 'activate', fields)
      await expectCodeOnly(answer, code, message, scope)
      expect(await identifiersOf(key)).toEqual(code === 300 ? [...before, IDENTIFIER] : before)
    }
  })

  it('returns 203 for an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const answer = await callApi(shop, 'activate', await assignedKeyFields(shop))
    expect(answer.response.code).toBe(203)
    expect(answer.envelope.private_key_used).toBe('product')
  })

  it('checks for errors in a fixed order, 301 before 302', async () => {
    expect(await codesByPrecedence(await openShop(), 'activate')).toEqual([
      210, 215, 201, 203, 204, 205, 300, 302, 301,
    ])
  })

  it('treats an activation limit of 0 as unlimited, below ACTIVATIONS_MAX', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, { activationLimit: 0 })
    for (let device = 0; device < 12; device++) {
      const { response } = await callApi(shop, 'activate', {
        license_key: licenseKey,
        identifier: `device-${device}`,
      })
      expect(response.code).toBe(300)
    }
  })

  it('returns 804 for a post_url longer than 2048 characters', async () => {
    const shop = await openShop()
    const key = await addKey(shop)
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER, post_url: 'x'.repeat(2049) }
    const answer = await callApi(shop, 'activate', fields)
    expect(answer).toMatchObject({
      status: 422,
      response: { code: 804, errors: { post_url: [expect.any(String)] } },
    })
    expect(await identifiersOf(key)).toEqual([])
  })
})

describe('concurrent activations', () => {
  it('never exceed the limit of a key', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { activationLimit: 5 })
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, device) =>
        callApi(shop, 'activate', { license_key: key.licenseKey, identifier: `device-${device}` }),
      ),
    )
    const codes = responses.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 300)).toHaveLength(5)
    expect(codes.filter((code) => code === 302)).toHaveLength(195)
    const activated = codes.flatMap((code, device) => (code === 300 ? [`device-${device}`] : []))
    expect((await identifiersOf(key)).sort()).toEqual(activated.sort())
  })

  it('activate the same device once', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { activationLimit: 2 })
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER }
    const responses = await Promise.all(Array.from({ length: 50 }, () => callApi(shop, 'activate', fields)))
    const codes = responses.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 300)).toHaveLength(1)
    expect(codes.filter((code) => code === 301)).toHaveLength(49)
    expect(await identifiersOf(key)).toEqual([IDENTIFIER])
  })

  it('return identical bodies if they share an Idempotency-Key', async () => {
    const shop = await openShop()
    const key = await addKey(shop)
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER }
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => callApiWithIdempotencyKey(shop, 'activate', fields, 'race')),
    )
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1)
    expect(responses[0]?.response.code).toBe(300)
    expect(responses.filter(({ headers }) => headers.has('Idempotent-Replayed'))).toHaveLength(49)
    expect(await identifiersOf(key)).toEqual([IDENTIFIER])
  })
})

describe('an Idempotency-Key', () => {
  it('replays the same bytes even after the activation is deleted', async () => {
    const shop = await openShop()
    const key = await addKey(shop)
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER }
    const first = await callApiWithIdempotencyKey(shop, 'activate', fields, 'one')
    await executeSql('delete from activations where license_key_id = ?', key.id)
    const replay = await callApiWithIdempotencyKey(shop, 'activate', fields, 'one')
    expect(first.response.code).toBe(300)
    expect(replay.text).toBe(first.text)
    expect(first.headers.has('Idempotent-Replayed')).toBe(false)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await identifiersOf(key)).toEqual([])
  })

  it.each(['identifier', 'post_url'])('returns 2422 if it is reused with a different %s', async (name) => {
    const shop = await openShop()
    const fields = await assignedKeyFields(shop)
    const other = await addKey(shop)
    await callApiWithIdempotencyKey(shop, 'activate', fields, 'one')
    const changed = { ...fields, [name]: other.licenseKey }
    expect(await callApiWithIdempotencyKey(shop, 'activate', changed, 'one')).toMatchObject({
      status: 422,
      response: { code: 2422 },
    })
    expect(await identifiersOf(other)).toEqual([])
  })
})

describe('one round trip', () => {
  it('writes 4 rows for a new activation and none for an existing one', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const fields = await assignedKeyFields(shop)
    for (const code of [300, 301]) {
      const { response } = await callApi(shop, 'activate', fields, { bindings: { DB: db } })
      expect(response.code).toBe(code)
    }
    expect(roundTrips).toEqual([
      { statements: 3, rowsWritten: 4 },
      { statements: 3, rowsWritten: 0 },
    ])
  })

  it('writes nothing for a refused caller', async () => {
    const shop = await openShop({ capabilities: ['assign', 'stock'] })
    const { db, roundTrips } = observe(env.DB)
    const answer = await callApi(shop, 'activate', await assignedKeyFields(shop), { bindings: { DB: db } })
    expect(answer).toMatchObject({ status: 401, response: { code: 102 } })
    expect(roundTrips).toEqual([{ statements: 3, rowsWritten: 0 }])
  })
})
