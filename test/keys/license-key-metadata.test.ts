import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { isSignedBy } from '../support/client.ts'
import {
  addKey,
  addMetadata,
  callApi,
  callApiWithIdempotencyKey,
  callApiWithJson,
  executeSql,
  type KeyOptions,
  metadataFields,
  metadataOf,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

const CREATE = 'create-license-key-meta'
const UPDATE = 'update-license-key-meta'
const DELETE = 'delete-license-key-meta'

type Case = [
  name: string,
  code: number,
  message: string,
  scope: 'product' | 'global',
  options: KeyOptions,
  changes: Record<string, string>,
  /** The metadata of the key after the request, without ids. */
  stored: readonly (readonly [key: string, value: string])[],
]

const PLAN = [['plan', 'basic']] as const
const INVALID_KEY = 'Invalid license key'
const NOT_ASSIGNED = 'This license key is not assigned'
const KEY_REQUIRED = 'Meta key is required'
const VALUE_REQUIRED = 'Meta value is required'
const available = { status: 'available' } as const
const reserved = { status: 'reserved' } as const

describe('metadata of a license key with the plan "basic"', () => {
  it.each<Case>([
    [CREATE, 453, 'Metadata created', 'product', {}, { key: 'seats', value: '5' }, [...PLAN, ['seats', '5']]],
    [CREATE, 452, 'Meta key already exists', 'product', {}, {}, PLAN],
    [CREATE, 451, VALUE_REQUIRED, 'product', {}, { key: 'seats', value: '' }, PLAN],
    [CREATE, 450, KEY_REQUIRED, 'product', {}, { key: '', value: '' }, PLAN],
    [CREATE, 201, NOT_ASSIGNED, 'product', available, { key: '' }, PLAN],
    [CREATE, 201, NOT_ASSIGNED, 'product', reserved, { key: 'seats' }, PLAN],
    [CREATE, 210, INVALID_KEY, 'global', available, { license_key: 'nothing', key: '' }, PLAN],
    [UPDATE, 353, 'Metadata updated', 'product', {}, { value: 'pro' }, [['plan', 'pro']]],
    [UPDATE, 352, "Meta key doesn't exist", 'product', {}, { key: 'seats' }, PLAN],
    [UPDATE, 352, "Meta key doesn't exist", 'product', {}, { key: 'Plan' }, PLAN],
    [UPDATE, 351, VALUE_REQUIRED, 'product', {}, { value: '' }, PLAN],
    [UPDATE, 350, KEY_REQUIRED, 'product', {}, { key: '', value: '' }, PLAN],
    [UPDATE, 201, NOT_ASSIGNED, 'product', available, { key: '' }, PLAN],
    [UPDATE, 210, INVALID_KEY, 'global', {}, { license_key: '', key: '' }, PLAN],
    [DELETE, 252, 'Metadata deleted', 'product', {}, {}, []],
    [DELETE, 251, "Meta key doesn't exist", 'product', {}, { key: 'seats' }, PLAN],
    [DELETE, 250, KEY_REQUIRED, 'product', {}, { key: '' }, PLAN],
    [DELETE, 201, NOT_ASSIGNED, 'product', reserved, { key: '' }, PLAN],
    [DELETE, 210, INVALID_KEY, 'global', {}, { license_key: 'nothing' }, PLAN],
  ])(
    '%s returns %i (%s), signed by the %s key',
    async (name, code, message, scope, options, changes, stored) => {
      const shop = await openShop()
      for (const send of [callApi, callApiWithJson]) {
        const key = await addKey(shop, options)
        await addMetadata(key, 'plan', 'basic')
        const fields = { license_key: key.licenseKey, identifier: 'example.com', key: 'plan', value: 'new' }
        const answer = await send(shop, name, { ...fields, ...changes })
        const after = await metadataOf(key)
        expect(answer.status).toBe(200)
        expect(Object.entries(answer.response)).toEqual([
          ['code', code],
          ['message', message],
          ...(code === 453 || code === 353 ? [['meta_id', after.at(-1)?.id]] : []),
          ['timestamp', expect.any(Number)],
        ])
        expect(answer.envelope.private_key_used).toBe(scope)
        const pem = scope === 'product' ? env.PRODUCT_SIGNING_KEY : env.SIGNING_PRIVATE_KEY
        expect(await isSignedBy(pem, answer)).toBe(true)
        expect(after.map(({ key, value }) => [key, value])).toEqual(stored)
      }
    },
  )
})

it.each([CREATE, UPDATE, DELETE])(
  '%s does not require an identifier, an activation or an active product',
  async (name) => {
    const shop = await openShop({ productStatus: 'inactive' })
    for (const options of [{}, { status: 'blocked' }, { validityDays: 1, assignedAt: 0 }] as const) {
      const key = await addKey(shop, options)
      if (name !== CREATE) await addMetadata(key, 'plan', 'basic')
      const { response } = await callApi(shop, name, {
        license_key: key.licenseKey,
        key: 'plan',
        value: 'pro',
      })
      expect([453, 353, 252]).toContain(response.code)
    }
  },
)

it.each([CREATE, UPDATE])('%s accepts keys up to 255 and values up to 10,000 characters', async (name) => {
  const shop = await openShop()
  const license = await addKey(shop)
  const [key, value] = ['\u{1f511}'.repeat(255), '\u{1f511}'.repeat(10_000)]
  if (name === UPDATE) await addMetadata(license, key, 'before')
  const fields = { license_key: license.licenseKey, key, value }
  expect([453, 353]).toContain((await callApi(shop, name, fields)).response.code)
  expect((await metadataOf(license)).map((row) => [row.key, row.value])).toEqual([[key, value]])
  const answer = await callApi(shop, name, { ...fields, key: 'x'.repeat(256), value: `${value}x` })
  expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
  expect(Object.keys(answer.response.errors)).toEqual(['key', 'value'])
})

describe('an Idempotency-Key', () => {
  it.each([
    [CREATE, 'seats', 453],
    [UPDATE, 'plan', 353],
    [DELETE, 'plan', 252],
  ])('of %s replays the same bytes without further changes', async (name, key, code) => {
    const shop = await openShop()
    const fields = { ...(await metadataFields(shop)), key, value: 'new' }
    const first = await callApiWithIdempotencyKey(shop, name, fields, 'one')
    await executeSql('delete from license_key_metadata where key = ?', key)
    const replay = await callApiWithIdempotencyKey(shop, name, fields, 'one')
    expect(first.response.code).toBe(code)
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const conflict = await callApiWithIdempotencyKey(shop, name, { ...fields, key: 'other' }, 'one')
    expect(conflict).toMatchObject({ status: 422, response: { code: 2422 } })
    const { results } = await env.DB.prepare('select 1 from license_key_metadata where key in (?, ?)')
      .bind(key, 'other')
      .all()
    expect(results).toEqual([])
  })

  it('of a deletion does not delete metadata created later', async () => {
    const shop = await openShop()
    const key = await addKey(shop)
    await addMetadata(key, 'plan', 'basic')
    const fields = { license_key: key.licenseKey, key: 'plan' }
    const first = await callApiWithIdempotencyKey(shop, DELETE, fields, 'one')
    await addMetadata(key, 'plan', 'pro')
    expect((await callApiWithIdempotencyKey(shop, DELETE, fields, 'one')).text).toBe(first.text)
    expect(await metadataOf(key)).toMatchObject([{ key: 'plan', value: 'pro' }])
  })
})

describe('concurrent requests', () => {
  it('create one value per key', async () => {
    const shop = await openShop()
    const license = await addKey(shop)
    const responses = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        callApi(shop, CREATE, { license_key: license.licenseKey, key: 'plan', value: `plan-${index}` }),
      ),
    )
    const codes = responses.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 453)).toHaveLength(1)
    expect(codes.filter((code) => code === 452)).toHaveLength(29)
    const [stored, ...others] = await metadataOf(license)
    expect(others).toEqual([])
    expect(stored?.value).toBe(`plan-${codes.indexOf(453)}`)
  })

  it('delete metadata once', async () => {
    const shop = await openShop()
    const fields = await metadataFields(shop)
    const responses = await Promise.all(Array.from({ length: 30 }, () => callApi(shop, DELETE, fields)))
    const codes = responses.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 252)).toHaveLength(1)
    expect(codes.filter((code) => code === 251)).toHaveLength(29)
  })
})

it('new metadata never reuses the id of deleted metadata', async () => {
  const shop = await openShop()
  const { licenseKey } = await addKey(shop)
  const fields = { license_key: licenseKey, key: 'plan', value: 'basic' }
  const first = await callApi(shop, CREATE, fields)
  await callApi(shop, DELETE, fields)
  const second = await callApi(shop, CREATE, fields)
  expect(second.response.meta_id).toBeGreaterThan(first.response.meta_id)
})

it('metadata of different license keys is separate', async () => {
  const shop = await openShop()
  const [one, other] = [await addKey(shop), await addKey(shop)]
  for (const key of [one, other]) {
    const fields = { license_key: key.licenseKey, key: 'plan', value: 'basic' }
    expect((await callApi(shop, CREATE, fields)).response.code).toBe(453)
  }
  await callApi(shop, UPDATE, { license_key: one.licenseKey, key: 'plan', value: 'pro' })
  await callApi(shop, DELETE, { license_key: one.licenseKey, key: 'plan' })
  expect(await metadataOf(other)).toMatchObject([{ key: 'plan', value: 'basic' }])
})

it('a refused request takes one round trip and writes nothing', async () => {
  const shop = await openShop()
  const { db, roundTrips } = observe(env.DB)
  const fields = { ...(await metadataFields(shop)), key: 'seats' }
  for (const name of [CREATE, UPDATE, DELETE]) await callApi(shop, name, fields, { bindings: { DB: db } })
  expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([0, 0, 0])
})
