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

const HERE = 'example.com'

describe('deactivate', () => {
  it.each<[string | number, string, 'product' | 'global', KeyOptions, Record<string, string>]>([
    ['400', 'License key deactivated', 'global', { identifiers: [HERE] }, {}],
    ['400', 'License key deactivated', 'global', { status: 'blocked', identifiers: [HERE] }, {}],
    ['400', 'License key deactivated', 'global', { validityDays: 1, assignedAt: 0, identifiers: [HERE] }, {}],
    ['400', 'License key deactivated', 'global', { status: 'available', identifiers: [HERE] }, {}],
    [401, 'License key already inactive', 'product', {}, {}],
    [401, 'License key already inactive', 'product', { status: 'blocked' }, {}],
    [210, 'Invalid license key', 'global', { identifiers: [HERE] }, { license_key: 'nothing' }],
    [210, 'Invalid license key', 'global', {}, { license_key: '', identifier: '' }],
    [215, 'Identifier is required', 'product', { identifiers: [HERE] }, { identifier: '' }],
  ])('returns %j (%s), signed by the %s key', async (code, message, scope, options, changes) => {
    const shop = await openShop()
    for (const send of [callApi, callApiWithJson]) {
      const key = await addKey(shop, options)
      const before = await identifiersOf(key)
      const fields = { license_key: key.licenseKey, identifier: HERE, ...changes }
      const opened = await send(shop, 'deactivate', fields)
      await expectCodeOnly(opened, code, message, scope)
      expect(await identifiersOf(key)).toEqual(code === '400' ? [] : before)
    }
  })

  it('works for an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await callApi(shop, 'deactivate', await activatedKeyFields(shop))).response.code).toBe('400')
  })

  it('frees exactly one seat of a key at its limit', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { activationLimit: 2, identifiers: [HERE, 'other.example'] })
    const codeOf = async (name: string, identifier: string) =>
      (await callApi(shop, name, { license_key: key.licenseKey, identifier })).response.code
    expect(await codeOf('activate', 'new.example')).toBe(302)
    expect(await codeOf('deactivate', HERE)).toBe('400')
    expect(await codeOf('activate', 'new.example')).toBe(300)
    expect(await codeOf('activate', HERE)).toBe(302)
    expect(await identifiersOf(key)).toEqual(['other.example', 'new.example'])
  })

  it('does not change other activations', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { identifiers: [HERE, 'other.example'] })
    const other = await addKey(shop, { identifiers: [HERE] })
    await callApi(shop, 'deactivate', { license_key: key.licenseKey, identifier: HERE })
    expect(await identifiersOf(key)).toEqual(['other.example'])
    expect(await identifiersOf(other)).toEqual([HERE])
  })
})

it('deactivates once when requests race', async () => {
  const shop = await openShop()
  const fields = await activatedKeyFields(shop)
  const answers = await Promise.all(Array.from({ length: 50 }, () => callApi(shop, 'deactivate', fields)))
  const codes = answers.map(({ response }) => response.code)
  expect(codes.filter((code) => code === '400')).toHaveLength(1)
  expect(codes.filter((code) => code === 401)).toHaveLength(49)
})

describe('an Idempotency-Key', () => {
  it('replays the same bytes without ending a later activation', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { identifiers: [HERE] })
    const fields = { license_key: key.licenseKey, identifier: HERE }
    const first = await callApiWithIdempotencyKey(shop, 'deactivate', fields, 'one')
    await executeSql(
      'insert into activations (license_key_id, identifier, created_at) values (?, ?, 0)',
      key.id,
      HERE,
    )
    const replay = await callApiWithIdempotencyKey(shop, 'deactivate', fields, 'one')
    expect(first.response.code).toBe('400')
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await identifiersOf(key)).toEqual([HERE])
  })

  it('returns 2422 if it is reused with another identifier', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { identifiers: [HERE, 'other.example'] })
    const fields = { license_key: key.licenseKey, identifier: HERE }
    await callApiWithIdempotencyKey(shop, 'deactivate', fields, 'one')
    const opened = await callApiWithIdempotencyKey(
      shop,
      'deactivate',
      { ...fields, identifier: 'other.example' },
      'one',
    )
    expect(opened).toMatchObject({ status: 422, response: { code: 2422 } })
    expect(await identifiersOf(key)).toEqual(['other.example'])
  })
})

it('takes one round trip and writes nothing for an inactive key', async () => {
  const shop = await openShop()
  const { db, roundTrips } = observe(env.DB)
  const fields = await activatedKeyFields(shop)
  for (const code of ['400', 401]) {
    const { response } = await callApi(shop, 'deactivate', fields, { bindings: { DB: db } })
    expect(response.code).toBe(code)
  }
  expect(roundTrips.map(({ statements }) => statements)).toEqual([3, 3])
  expect(roundTrips[1]?.rowsWritten).toBe(0)
})
