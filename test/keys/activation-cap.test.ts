/** What software may store with the API key that every copy of it contains. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { activationsMax } from '../../src/keys/devices/activation-limit.ts'
import { addKey, callApi, callApiWithIdempotencyKey, identifiersOf } from '../support/key-life.ts'
import { failureLines } from '../support/log.ts'
import { openShop, type Shop } from '../support/shop.ts'
import { activationsOf, addLicenseKey } from '../support/stock.ts'

const ACTIVATE = 'activate'
const ASSIGN_AND_ACTIVATE = 'assign-and-activate-license-key'
const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }

async function codesOfDevices(shop: Shop, licenseKey: string, count: number, bindings: object) {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, device) =>
      callApi(shop, ACTIVATE, { license_key: licenseKey, identifier: `device-${device}` }, { bindings }),
    ),
  )
  return answers.map(({ response }) => response.code)
}

describe('a license key with the activation limit 0', () => {
  it('has at most ACTIVATIONS_MAX activations, even if requests race, and then gets 302', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { activationLimit: 0 })
    const codes = await codesOfDevices(shop, key.licenseKey, 20, { ACTIVATIONS_MAX: '3' })
    expect(codes.filter((code) => code === 300)).toHaveLength(3)
    expect(codes.filter((code) => code === 302)).toHaveLength(17)
    expect(await identifiersOf(key)).toHaveLength(3)
  })

  it('frees a seat when it is deactivated, and stays active on its devices', async () => {
    const shop = await openShop()
    const key = await addKey(shop, { activationLimit: 0, identifiers: ['one', 'two'] })
    const bindings = { ACTIVATIONS_MAX: '2' }
    const request = async (name: string, identifier: string) =>
      (await callApi(shop, name, { license_key: key.licenseKey, identifier }, { bindings })).response.code
    expect(await request(ACTIVATE, 'one')).toBe(301)
    expect(await request(ACTIVATE, 'three')).toBe(302)
    expect(await request('deactivate', 'two')).toBe('400')
    expect(await request(ACTIVATE, 'three')).toBe(300)
  })

  it('has the same cap if it is assigned and activated in one request', async () => {
    const shop = await openShop()
    const licenseKey = await addLicenseKey(shop.productId, { activation_limit: 0 })
    await env.DB.prepare(
      `insert into activations (license_key_id, identifier, created_at)
       select id, 'earlier', 0 from license_keys where license_key = ?`,
    )
      .bind(licenseKey)
      .run()
    const fields = { license_key: licenseKey, identifier: 'other', ...OWNER }
    const answer = await callApi(shop, ASSIGN_AND_ACTIVATE, fields, { bindings: { ACTIVATIONS_MAX: '1' } })
    expect(answer.response.code).toBe(302)
  })

  it('has a cap of 1,000 by default', async () => {
    expect(activationsMax({})).toBe(1_000)
    const shop = await openShop()
    const identifiers = JSON.stringify(Array.from({ length: 999 }, (_, device) => `device-${device}`))
    const key = await addKey(shop)
    await env.DB.prepare(
      'insert into activations (license_key_id, identifier, created_at) select ?, value, 0 from json_each(?)',
    )
      .bind(key.id, identifiers)
      .run()
    const codes = []
    for (const identifier of ['the-1000th', 'the-1001st']) {
      const { response } = await callApi(shop, ACTIVATE, { license_key: key.licenseKey, identifier })
      codes.push(response.code)
    }
    expect(codes).toEqual([300, 302])
  })
})

it('a license key keeps the activation limit that was bought, above ACTIVATIONS_MAX too', async () => {
  const shop = await openShop()
  const key = await addKey(shop, { activationLimit: 5 })
  const codes = await codesOfDevices(shop, key.licenseKey, 8, { ACTIVATIONS_MAX: '2' })
  expect(codes.filter((code) => code === 300)).toHaveLength(5)
})

it.each(['0', '-1', '1.5', 'many', '1000001', ''])(
  'ACTIVATIONS_MAX = "%s" refuses every request, and the log names the fix',
  async (value) => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop)
    const fields = { license_key: licenseKey, identifier: 'device' }
    const answer = await callApi(shop, ACTIVATE, fields, { bindings: { ACTIVATIONS_MAX: value } })
    expect(answer.response.code).toBe(2500)
    expect(failureLines()[0]?.message).toMatch(
      /^ACTIVATIONS_MAX is not a whole number from 1 to 1000000\. .* npm run deploy$/,
    )
  },
)

describe('an activation', () => {
  it.each([ACTIVATE, ASSIGN_AND_ACTIVATE])(
    'with %s accepts post_url and stores nothing of it',
    async (name) => {
      const shop = await openShop()
      const status = name === ACTIVATE ? 'assigned' : 'available'
      const { licenseKey } = await addKey(shop, { status })
      const fields = { license_key: licenseKey, identifier: 'example.com', ...OWNER }
      const answer = await callApi(shop, name, { ...fields, post_url: 'https://example.com/ended?a=1' })
      expect(answer.response.code).toBe(300)
      expect(await activationsOf(licenseKey)).toEqual([
        {
          id: expect.any(Number),
          license_key_id: expect.any(Number),
          identifier: 'example.com',
          created_at: expect.any(Number),
          takes_seat: 1,
          file_ends_at: null,
          last_seen_at: expect.any(Number),
        },
      ])
    },
  )

  it('stores at most 2 kB, however long its fields are', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop)
    const size = async () => (await env.DB.prepare('select 1').run()).meta.size_after
    const before = await size()
    const count = 100
    for (let device = 0; device < count; device++) {
      const number = String(device).padStart(3, '0')
      const fields = {
        license_key: licenseKey,
        identifier: number + '\u{1f511}'.repeat(126),
        post_url: `https://example.com/${'\u20ac'.repeat(2_000)}`,
      }
      const answer = await callApiWithIdempotencyKey(shop, ACTIVATE, fields, number + 'k'.repeat(252))
      expect(answer.response.code).toBe(300)
    }
    expect(((await size()) - before) / count).toBeLessThan(2_000)
  })
})
