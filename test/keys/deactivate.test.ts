import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  activatedKeyFields,
  addKey,
  callApi,
  callApiWithIdempotencyKey,
  callApiWithJson,
  executeSql,
  expectCodeOnly,
  identifiersOf,
  type KeyOptions,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const IDENTIFIER = 'example.com'

describe('deactivate', () => {
  it.each<[string | number, string, 'product' | 'global', KeyOptions, Record<string, string>]>([
    ['400', 'License key deactivated', 'global', { identifiers: [IDENTIFIER] }, {}],
    ['400', 'License key deactivated', 'global', { status: 'blocked', identifiers: [IDENTIFIER] }, {}],
    [
      '400',
      'License key deactivated',
      'global',
      { validityDays: 1, assignedAt: 0, identifiers: [IDENTIFIER] },
      {},
    ],
    ['400', 'License key deactivated', 'global', { status: 'available', identifiers: [IDENTIFIER] }, {}],
    [401, 'License key already inactive', 'product', {}, {}],
    [401, 'License key already inactive', 'product', { status: 'blocked' }, {}],
    [210, 'Invalid license key', 'global', { identifiers: [IDENTIFIER] }, { license_key: 'nothing' }],
    [210, 'Invalid license key', 'global', {}, { license_key: '', identifier: '' }],
    [215, 'Identifier is required', 'product', { identifiers: [IDENTIFIER] }, { identifier: '' }],
  ])('returns %j (%s), signed by the %s key', async (code, message, scope, options, changes) => {
    const shop = await openShop()
    for (const send of [callApi, callApiWithJson]) {
      const key = await addKey(shop, options)
      const before = await identifiersOf(key)
      const fields = { license_key: key.licenseKey, identifier: IDENTIFIER, ...changes }
      const answer = await send(shop, 'deactivate', fields)
      await expectCodeOnly(answer, code, message, scope)
      expect(await identifiersOf(key)).toEqual(code === '400' ? [] : before)
    }
  })

  it('accepts an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await callApi(shop, 'deactivate', await activatedKeyFields(shop))).response.code).toBe('400')
  })

  it('frees exactly one activation of a key at its limit', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { activationLimit: 2, identifiers: [IDENTIFIER, 'other.example'] })
    const codeOf = async (name: string, identifier: string) =>
      (await callApi(shop, name, { license_key: key.licenseKey, identifier })).response.code
    expect(await codeOf('activate', 'new.example')).toBe(302)
    expect(await codeOf('deactivate', IDENTIFIER)).toBe('400')
    expect(await codeOf('activate', 'new.example')).toBe(300)
    expect(await codeOf('activate', IDENTIFIER)).toBe(302)
    expect(await identifiersOf(key)).toEqual(['other.example', 'new.example'])
  })

  it('does not change other activations', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { identifiers: [IDENTIFIER, 'other.example'] })
    const other = await addKey(shop, { identifiers: [IDENTIFIER] })
    await callApi(shop, 'deactivate', { license_key: key.licenseKey, identifier: IDENTIFIER })
    expect(await identifiersOf(key)).toEqual(['other.example'])
    expect(await identifiersOf(other)).toEqual([IDENTIFIER])
  })
})

it('an activation is deactivated once when requests race', async () => {
  const shop = await openShop()
  const fields = await activatedKeyFields(shop)
  const responses = await Promise.all(Array.from({ length: 50 }, () => callApi(shop, 'deactivate', fields)))
  const codes = responses.map(({ response }) => response.code)
  expect(codes.filter((code) => code === '400')).toHaveLength(1)
  expect(codes.filter((code) => code === 401)).toHaveLength(49)
})

describe('an Idempotency-Key for deactivate', () => {
  it('replays the same bytes without deleting a later activation', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { identifiers: [IDENTIFIER] })
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER }
    const first = await callApiWithIdempotencyKey(shop, 'deactivate', fields, 'one')
    await executeSql(
      'insert into activations (license_key_id, identifier, created_at) values (?, ?, 0)',
      key.id,
      IDENTIFIER,
    )
    const replay = await callApiWithIdempotencyKey(shop, 'deactivate', fields, 'one')
    expect(first.response.code).toBe('400')
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await identifiersOf(key)).toEqual([IDENTIFIER])
  })

  it('returns 2422 if it is reused with a different identifier', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { identifiers: [IDENTIFIER, 'other.example'] })
    const fields = { license_key: key.licenseKey, identifier: IDENTIFIER }
    await callApiWithIdempotencyKey(shop, 'deactivate', fields, 'one')
    const answer = await callApiWithIdempotencyKey(
      shop,
      'deactivate',
      { ...fields, identifier: 'other.example' },
      'one',
    )
    expect(answer).toMatchObject({ status: 422, response: { code: 2422 } })
    expect(await identifiersOf(key)).toEqual(['other.example'])
  })
})

it('deactivate takes one round trip and writes nothing without an activation', async () => {
  const shop = await openShop()
  const { db, roundTrips } = observe(env.DB)
  const fields = await activatedKeyFields(shop)
  for (const code of ['400', 401]) {
    const { response } = await callApi(shop, 'deactivate', fields, { bindings: { DB: db } })
    expect(response.code).toBe(code)
  }
  expect(roundTrips.map(({ statements }) => statements)).toEqual([4, 4])
  expect(roundTrips[1]?.rowsWritten).toBe(0)
})
