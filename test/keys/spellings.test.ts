import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { otherSpellings } from '../../src/keys/spellings.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
import { addKey, callApi, identifiersOf } from '../support/key-life.ts'
import { openShop } from '../support/shop.ts'

const shop = await openShop()
const identifier = 'example.com'

async function codeOf(name: string, license_key: string): Promise<unknown> {
  return (await callApi(shop, name, { license_key, identifier })).response.code
}

const UUID = '550e8400-e29b-41d4-a716-446655440000'
const CHUNKS = 'APP-7KQ2M-XW9RT-4HJ8P-C3NVD-6YFGB'

/** Typed, and the stored key that is meant. */
const TYPED: readonly (readonly [what: string, typed: string, stored: string])[] = [
  ['in upper case', UUID.toUpperCase(), UUID],
  ['without hyphens', UUID.replaceAll('-', ''), UUID],
  ['in upper case and without hyphens', UUID.replaceAll('-', '').toUpperCase(), UUID],
  ['with en dashes', UUID.replaceAll('-', '–'), UUID],
  ['with zero-width characters', `\u200b${UUID.replaceAll('-', '\u2060-\ufeff')}\u200d`, UUID],
  ['in lower case', CHUNKS.toLowerCase(), CHUNKS],
  ['in lower case and without hyphens', CHUNKS.replaceAll('-', '').toLowerCase(), CHUNKS],
  ['with minus signs and spaces', CHUNKS.replaceAll('-', ' \u2212 '), CHUNKS],
  ['with one hyphen left out', CHUNKS.replace('2M-', '2M'), CHUNKS],
  ['with a prefix and without hyphens', `CUSTOM${UUID.replaceAll('-', '')}`, `CUSTOM-${UUID}`],
  ['with a prefix in upper case', `CUSTOM-${UUID.toUpperCase()}`, `CUSTOM-${UUID}`],
  ['with a long prefix and without hyphens', 'KEYSEAL7KQ2MXW9RT4HJ8PC', 'KEYSEAL-7KQ2-MXW9-RT4H-J8PC'],
  ['with hyphens that the key does not have', '7KQ2-MXW9-RT4H-J8PC', '7KQ2MXW9RT4HJ8PC'],
  ['in chunks of 8', '7kq2mxw9rt4hj8pc7kq2mxw9', '7KQ2MXW9-RT4HJ8PC-7KQ2MXW9'],
  ['in chunks of 6', '7kq2mxw9rt4hj8pc7k', '7KQ2MX-W9RT4H-J8PC7K'],
]

describe('a key typed', () => {
  it.each(TYPED)('%s has at most 16 spellings, with the stored one', (_, typed, stored) => {
    const spellings = otherSpellings(typed)
    expect(spellings).toContain(stored)
    expect(spellings).not.toContain(typed)
    expect(spellings.length).toBeLessThanOrEqual(15)
    expect(new Set(spellings).size).toBe(spellings.length)
  })

  it.each(TYPED)('%s is activated, verified, described and deactivated', async (_, typed, licenseKey) => {
    const key = await addKey(shop, { licenseKey, activationLimit: 1 })
    const fields = { license_key: typed, identifier }
    expect(await codeOf('verify', typed)).toBe(202)
    expect(await codeOf('activate', typed)).toBe(300)
    expect(await codeOf('activate', typed)).toBe(301)
    expect(await codeOf('verify', typed)).toBe(200)
    const details = await callApi(shop, 'get-license-key-details', fields)
    expect(details.response).toMatchObject({ code: 500, licenseKey: { id: key.id, license_key: licenseKey } })
    expect(await codeOf('deactivate', typed)).toBe('400')
    expect(await identifiersOf(key)).toEqual([])
    await env.DB.prepare('delete from license_keys where id = ?').bind(key.id).run()
  })

  it('in upper case is assigned and activated', async () => {
    const key = await addKey(shop, { status: 'available', ownerName: null, ownerEmail: null })
    const owner = { owner_name: 'Ada', owner_email: 'ada@example.com' }
    const fields = { license_key: key.licenseKey.toUpperCase(), identifier, ...owner }
    expect((await callApi(shop, 'assign-and-activate-license-key', fields)).response.code).toBe(300)
    expect(await identifiersOf(key)).toEqual([identifier])
    const stored = await env.DB.prepare('select status, owner_name from license_keys where id = ?')
      .bind(key.id)
      .first()
    expect(stored).toEqual({ status: 'assigned', owner_name: 'Ada' })
  })
})

describe('of several keys', () => {
  it('the one with exactly this text wins', async () => {
    const text = `key-${crypto.randomUUID()}`
    await addKey(shop, { licenseKey: text, status: 'blocked' })
    await addKey(shop, { licenseKey: text.toUpperCase() })
    expect(await codeOf('verify', text)).toBe(204)
    expect(await codeOf('verify', text.toUpperCase())).toBe(202)
  })

  it('none is chosen if two are meant', async () => {
    const text = `Key-${crypto.randomUUID()}`
    const keys = [text.toLowerCase(), text.toUpperCase()]
    const added = await Promise.all(keys.map((licenseKey) => addKey(shop, { licenseKey })))
    for (const name of ['verify', 'activate', 'deactivate', 'get-license-key-details']) {
      expect(await codeOf(name, text)).toBe(210)
    }
    expect(await Promise.all(added.map(identifiersOf))).toEqual([[], []])
  })
})

it.each([
  ['O', '0'],
  ['I', '1'],
  ['l', '1'],
  ['S', '5'],
  ['B', '8'],
  ['\u0131', 'I'],
  ['\u212a', 'K'],
  ['\u017f', 'S'],
  ['ß', 'SS'],
  ['\u0410', 'A'],
])('%s never equals %s', async (one, other) => {
  const rest = crypto.randomUUID()
  const [stored, typed] = [`${other}-${rest}`, `${one}-${rest}`]
  await addKey(shop, { licenseKey: stored })
  expect(await codeOf('verify', typed)).toBe(210)
  expect(otherSpellings(typed)).not.toContain(stored)
})

it.each(['\u200b', '-', '–', '😀', 'x'.repeat(255), '\ud83d', `${'-'.repeat(254)}a`])(
  'a strange key has few spellings: %j',
  (text) => {
    expect(otherSpellings(text).length).toBeLessThanOrEqual(15)
  },
)

it('endpoints for sellers and shops take the exact text', async () => {
  const licenseKey = await addKey(shop).then(({ licenseKey }) => licenseKey.toUpperCase())
  const requests: [string, Record<string, string>, number][] = [
    ['assign-license-key', {}, 801],
    ['update-license-key', { status: 'blocked' }, 952],
    ['create-license-key-meta', { key: 'plan', value: 'pro' }, 210],
    ['delete-license-key', {}, 851],
  ]
  for (const [name, fields, code] of requests) {
    const { response } = await callApi(shop, name, { license_key: licenseKey, ...fields })
    expect(response.code).toBe(code)
  }
})

describe('a request with another spelling', () => {
  async function trips(name: string, license_key: string) {
    const trips: { statements: number; rowsRead: number; rowsWritten: number }[] = []
    const DB = interceptRoundTrips(env.DB, async ({ statements }, run) => {
      const results = await run()
      const metas = (results as D1Result[]).map(({ meta }) => meta)
      const sum = (of: 'rows_read' | 'rows_written') => metas.reduce((sum, meta) => sum + meta[of], 0)
      trips.push({ statements, rowsRead: sum('rows_read'), rowsWritten: sum('rows_written') })
      return results
    })
    await callApi(shop, name, { license_key, identifier }, { bindings: { DB } })
    return trips
  }

  it('takes one round trip, writes no row more, and reads few rows of a large table', async () => {
    await env.DB.prepare(
      `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
       select ?, 'many-' || value, 'available', 0, 0, 0, 0 from json_each(?)`,
    )
      .bind(shop.productId, JSON.stringify([...new Array(5_000).keys()]))
      .run()
    const [exact, typed] = [await addKey(shop), await addKey(shop)]
    for (const [name, rowsWritten, statements] of [
      ['activate', 4, 3],
      ['verify', 0, 1],
      ['deactivate', 3, 4],
    ] as const) {
      expect(await trips(name, exact.licenseKey)).toMatchObject([{ rowsWritten }])
      const [trip, ...others] = await trips(name, typed.licenseKey.toUpperCase())
      expect(others).toEqual([])
      expect(trip).toMatchObject({ rowsWritten, statements })
      expect(trip?.rowsRead).toBeLessThan(100)
      expect((await trips(name, 'unknown'))[0]?.rowsRead).toBeLessThan(100)
    }
  })
})
