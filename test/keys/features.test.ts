/** The parameter `features` of endpoints about license keys. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sha256HexOfText } from '../../src/platform/hash.ts'
import { addKey, expectNoChange, get, newKeysFields, postJson, storedKey } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const CREATE = '/api/v1/create-license-keys'
const UPDATE = '/api/v1/update-license-key'

const LIST_ERROR = 'must be a list of names, each of 1 to 64 letters, digits or characters of ._:-'

/** Texts of a form, and what is stored. */
const ACCEPTED: [string, string][] = [
  ['pro', '["pro"]'],
  [' pro , cloud ', '["pro","cloud"]'],
  ['["pro","cloud"]', '["pro","cloud"]'],
  [' [] ', '[]'],
  ['v2:Export_to.PDF-A', '["v2:Export_to.PDF-A"]'],
  ['x'.repeat(64), JSON.stringify(['x'.repeat(64)])],
  [Array.from({ length: 50 }, (_, index) => index).join(), expect.stringContaining('"49"]')],
]

const REFUSED: [unknown, string][] = [
  ['pro,', LIST_ERROR],
  [',', LIST_ERROR],
  ['pro edition', LIST_ERROR],
  ['pro\u0000', LIST_ERROR],
  ['größe', LIST_ERROR],
  ['x'.repeat(65), LIST_ERROR],
  ['[', LIST_ERROR],
  ['["pro"', LIST_ERROR],
  ['{"pro":true}', LIST_ERROR],
  ['["pro",""]', LIST_ERROR],
  ['[["pro"]]', LIST_ERROR],
  ['[1]', LIST_ERROR],
  ['not set', LIST_ERROR],
  ['pro,cloud,pro', 'must contain each name only once'],
  ['["pro","pro"]', 'must contain each name only once'],
  [Array.from({ length: 51 }, (_, index) => index).join(), 'must contain at most 50 names'],
]

const REFUSED_IN_JSON: [unknown, string][] = [
  [7, LIST_ERROR],
  [true, LIST_ERROR],
  [{}, LIST_ERROR],
  [{ 0: 'pro' }, LIST_ERROR],
  [['pro', null], LIST_ERROR],
  [['pro', 'pro'], 'must contain each name only once'],
]

interface Created {
  readonly fields: Record<string, unknown>
  readonly licenseKey: string
}

function newKey(shop: Shop, changes: Record<string, unknown> = {}): Created {
  const licenseKey = crypto.randomUUID()
  const fields = { api_key: shop.apiKey, ...newKeysFields(shop), license_keys: JSON.stringify([licenseKey]) }
  return { fields: { ...fields, ...changes }, licenseKey }
}

async function featuresOf(licenseKey: string): Promise<unknown> {
  return (await storedKey(licenseKey))?.features
}

describe('create-license-keys', () => {
  it.each([...ACCEPTED, ['', null], ['Not set', null]])('stores "%s" as %s', async (features, stored) => {
    const { fields, licenseKey } = newKey(await openShop(), { features })
    expect((await post(fields, { path: CREATE })).response).toMatchObject({ code: 900, created: 1 })
    expect(await featuresOf(licenseKey)).toEqual(stored)
  })

  it('stores a JSON array', async () => {
    const { fields, licenseKey } = newKey(await openShop(), { features: ['pro', 'cloud'] })
    expect((await postJson(CREATE, fields)).response).toMatchObject({ code: 900, created: 1 })
    expect(await featuresOf(licenseKey)).toBe('["pro","cloud"]')
  })

  it.each(REFUSED)('returns 901 for %j', async (features, rule) => {
    const { fields } = newKey(await openShop(), { features })
    const { response } = await expectNoChange(() => post(fields, { path: CREATE }))
    expect(response).toMatchObject({ code: 901, errors: { features: [`The features field ${rule}.`] } })
  })
})

describe('update-license-key', () => {
  it.each(ACCEPTED)('sets "%s", and nothing else', async (features, stored) => {
    const shop = await openShop()
    const licenseKey = await addKey(shop, { status: 'assigned' })
    const before = await storedKey(licenseKey)
    const fields = { api_key: shop.apiKey, license_key: licenseKey, features }
    expect((await post(fields, { path: UPDATE })).response.code).toBe(950)
    expect(await storedKey(licenseKey)).toEqual({
      ...before,
      features: stored,
      updated_at: expect.any(Number),
    })
  })

  it('keeps the list if it is omitted, and removes it with "Not set"', async () => {
    const shop = await openShop()
    const licenseKey = await addKey(shop)
    const update = (changes: Record<string, unknown>) =>
      postJson(UPDATE, { api_key: shop.apiKey, license_key: licenseKey, ...changes })
    await update({ features: ['pro'] })
    for (const features of [undefined, null, '', ' ']) await update({ features, validity: 1 })
    expect(await featuresOf(licenseKey)).toBe('["pro"]')
    await update({ features: 'Not set' })
    expect(await featuresOf(licenseKey)).toBeNull()
    await update({ features: [] })
    expect(await featuresOf(licenseKey)).toBe('[]')
  })

  it.each([...REFUSED, ...REFUSED_IN_JSON])('returns 951 for %j', async (features, rule) => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, license_key: await addKey(shop), features }
    const { response } = await expectNoChange(() => postJson(UPDATE, fields))
    expect(response).toMatchObject({ code: 951, errors: { features: [`The features field ${rule}.`] } })
  })

  it('keeps the list of a key that returns to stock', async () => {
    const shop = await openShop()
    const licenseKey = await addKey(shop, { status: 'assigned' })
    const fields = { api_key: shop.apiKey, license_key: licenseKey }
    await post({ ...fields, features: 'pro' }, { path: UPDATE })
    await post({ ...fields, status: 'available' }, { path: UPDATE })
    expect(await storedKey(licenseKey)).toMatchObject({ status: 'available', features: '["pro"]' })
  })
})

describe('an Idempotency-Key', () => {
  const headers = { 'Idempotency-Key': 'features' }

  it('replays the same list in another format, and rejects another list', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, license_key: await addKey(shop) }
    const first = await post({ ...fields, features: 'pro, cloud' }, { path: UPDATE, headers })
    const replay = await expectNoChange(() =>
      postJson(UPDATE, { ...fields, features: ['pro', 'cloud'] }, headers),
    )
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(replay.text).toBe(first.text)
    for (const changes of [
      { features: '' },
      { features: 'pro' },
      { features: '[]' },
      { features: 'Not set' },
    ]) {
      const other = await expectNoChange(() => post({ ...fields, ...changes }, { path: UPDATE, headers }))
      expect(other.response.code).toBe(2422)
    }
  })

  it('of a request without features has the fingerprint of earlier versions', async () => {
    const shop = await openShop()
    const { fields, licenseKey } = newKey(shop)
    await post(fields, { path: CREATE, headers })
    await post({ ...fields, license_key: licenseKey, status: 'blocked' }, { path: UPDATE, headers })
    const { results } = await env.DB.prepare(
      'select fingerprint from operations where source = ? order by id',
    )
      .bind(`api:${shop.apiKeyId}`)
      .all<{ fingerprint: string }>()
    const terms = { activation_limit: 3, validity: 365 }
    const parameters = [
      { license_keys: [licenseKey], product_id: shop.productId, ...terms, status: 'available' },
      { license_key: licenseKey, product_id: shop.productId, ...terms, status: 'blocked' },
    ]
    expect(results.map(({ fingerprint }) => fingerprint)).toEqual(
      await Promise.all(parameters.map((values) => sha256HexOfText(JSON.stringify(values)))),
    )
  })
})

it('responses do not contain features', async () => {
  const shop = await openShop()
  const headers = { 'Idempotency-Key': 'order' }
  const order = orderFields(shop, { quantity: '1' })
  const licenseKey = (await post(order, { headers })).response.license_keys[0].license_key
  const device = { api_key: shop.apiKey, license_key: licenseKey, identifier: 'laptop' }
  await post(device, { path: '/api/v1/activate' })
  async function responses(): Promise<unknown[]> {
    const answers = [
      await post(order, { headers }),
      await post(device, { path: '/api/v1/verify' }),
      await post(device, { path: '/api/v1/get-license-key-details' }),
      await get('/api/v1/get-license-keys', {
        api_key: shop.apiKey,
        product_id: String(shop.productId),
        status: 'assigned',
      }),
      await get('/api/v1/get-all-products', { api_key: shop.apiKey }),
    ]
    return answers.map(({ response: { timestamp, ...fields } }) => JSON.stringify(fields))
  }
  const before = await responses()
  await env.DB.batch([
    env.DB.prepare(`update license_keys set features = '["pro"]' where license_key = ?`).bind(licenseKey),
    env.DB.prepare(`update products set features = '["basic"]' where id = ?`).bind(shop.productId),
  ])
  expect(await responses()).toEqual(before)
  expect(before.map((text) => JSON.parse(String(text)).code)).toEqual([803, 200, 500, 730, 810])
})
