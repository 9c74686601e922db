import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deleteOldRefusals } from '../../src/pages/offline-refusals.ts'
import { addKey, executeSql, identifiersOf } from '../support/key-life.ts'
import { failAfterCommit, observe, RESET_ERROR } from '../support/observed-database.ts'
import { bring, openOfflineShop, requestText } from '../support/offline-page.ts'
import type { Shop } from '../support/shop.ts'

const HOUR_MS = 3_600_000
const from = '203.0.113.80'
const UNKNOWN = 'This license key is not known here'
const TOO_MANY = 'Too many requests'

let shop: Shop
beforeAll(async () => {
  shop = await openOfflineShop()
})
beforeEach(() => executeSql('delete from offline_refusals'))

const wrongKey = () => requestText({ license_key: crypto.randomUUID(), identifier: 'lab' })

async function rightKey() {
  const key = await addKey(shop)
  return { key, text: requestText({ license_key: key.licenseKey, identifier: 'lab' }) }
}

async function rowCount(): Promise<number> {
  const row = await env.DB.prepare('select count(*) as count from offline_refusals').first<{
    count: number
  }>()
  return row?.count ?? 0
}

async function titles(count: number, text = wrongKey, address = from): Promise<string[]> {
  const shown: string[] = []
  for (let time = 0; time < count; time++) shown.push((await bring(text(), { from: address })).title)
  return shown
}

describe('after ten refusals in an hour, an address', () => {
  it('gets no answer, not even to a right license key, and learns when to try again', async () => {
    expect(await titles(11)).toEqual([...Array(10).fill(UNKNOWN), TOO_MANY])
    const { key, text } = await rightKey()
    const page = await bring(text, { from })
    expect(page).toMatchObject({ status: 429, title: TOO_MANY, file: undefined })
    expect(await identifiersOf(key)).toEqual([])
    const seconds = Number(page.headers.get('Retry-After'))
    expect(seconds).toBeGreaterThan(3_500)
    expect(seconds).toBeLessThanOrEqual(3_600)
    expect(page.html).toContain('Try again in 60 minutes.')
    expect(page.html).not.toContain('<form')
    expect(await rowCount()).toBe(10)
  })

  it('gets answers again once the first of them is an hour old', async () => {
    await titles(10)
    const { text } = await rightKey()
    const age = async (milliseconds: number) => {
      await executeSql(
        'update offline_refusals set refused_at = ? where id = (select min(id) from offline_refusals)',
        Date.now() - milliseconds,
      )
      return (await bring(text, { from })).title
    }
    expect(await age(HOUR_MS - 60_000)).toBe(TOO_MANY)
    expect(await age(HOUR_MS)).toBe('Your license file is ready')
    expect(await titles(2)).toEqual([UNKNOWN, TOO_MANY])
  })

  it('does not lock out other addresses', async () => {
    await titles(10)
    expect(await titles(1, wrongKey, '203.0.113.81')).toEqual([UNKNOWN])
  })

  it('includes the other addresses of its IPv6 /64', async () => {
    await titles(10, wrongKey, '2001:db8:1:2::7')
    expect(await titles(1, wrongKey, '2001:db8:1:2:ffff::1')).toEqual([TOO_MANY])
    expect(await titles(1, wrongKey, '2001:db8:1:3::7')).toEqual([UNKNOWN])
  })
})

it('racing requests get exactly ten refusals', async () => {
  const pages = await Promise.all(Array.from({ length: 25 }, () => bring(wrongKey(), { from })))
  expect(pages.filter(({ title }) => title === UNKNOWN)).toHaveLength(10)
  expect(pages.filter(({ status }) => status === 429)).toHaveLength(15)
  expect(await rowCount()).toBe(10)
})

it.each<[string, () => Promise<string>]>([
  ['an unknown license key', async () => wrongKey()],
  ['an unreadable request', async () => 'nothing'],
  ['a blocked license', async () => requestOf(await addKey(shop, { status: 'blocked' }))],
  [
    'a reached limit',
    async () => requestOf(await addKey(shop, { activationLimit: 1, identifiers: ['other'] })),
  ],
])('%s counts', async (_, text) => {
  await bring(await text(), { from })
  expect(await rowCount()).toBe(1)
})

function requestOf({ licenseKey }: { readonly licenseKey: string }): string {
  return requestText({ license_key: licenseKey, identifier: 'lab' })
}

it('a blocked network counts', async () => {
  await executeSql(`insert into blocklist (kind, value, created_at) values ('network', '203.0.113.0/24', 0)`)
  await bring((await rightKey()).text, { from })
  await executeSql('delete from blocklist')
  expect(await rowCount()).toBe(1)
})

it('an algorithm without a key counts', async () => {
  const { licenseKey } = await addKey(shop)
  const text = requestText({ license_key: licenseKey, identifier: 'lab', algorithm: 'rsa-sha256' })
  await bring(text, { from, bindings: { SIGNING_PRIVATE_KEY_FILES_RSA: undefined } })
  expect(await rowCount()).toBe(1)
})

it('a file does not count, the first one and any other', async () => {
  const { text } = await rightKey()
  for (let time = 0; time < 12; time++) {
    expect((await bring(text, { from })).title).toBe('Your license file is ready')
  }
  expect(await rowCount()).toBe(0)
})

it('a refusal counts once if its batch is repeated, also the tenth', async () => {
  await titles(9)
  const { db } = observe(env.DB, failAfterCommit(RESET_ERROR, RESET_ERROR))
  const page = await bring(wrongKey(), { from, bindings: { DB: db } })
  expect(page.title).toBe(UNKNOWN)
  expect(await rowCount()).toBe(10)
})

it('RATE_LIMITS = "off" and an unknown address count nothing', async () => {
  await bring(wrongKey(), { from, bindings: { RATE_LIMITS: 'off' } })
  expect(await rowCount()).toBe(0)
})

it('the database has no address', async () => {
  await bring(wrongKey(), { from })
  const { results } = await env.DB.prepare('select * from offline_refusals').all()
  expect(JSON.stringify(results)).not.toContain(from)
})

it('the hourly job deletes refusals that no longer count', async () => {
  await titles(3)
  const now = Date.now()
  await executeSql(
    'update offline_refusals set refused_at = ? where id = (select min(id) from offline_refusals)',
    now - HOUR_MS,
  )
  await deleteOldRefusals(env.DB, now)
  expect(await rowCount()).toBe(2)
})
