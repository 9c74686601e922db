import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { useRecorder } from '../../src/callers/last-use.ts'
import { get } from '../support/administration.ts'
import { executeSql } from '../support/key-life.ts'
import { logText } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const HOUR = 3_600_000

async function lastUse({ apiKeyId }: Shop): Promise<number | null | undefined> {
  return env.DB.prepare('select last_used_at from api_keys where id = ?').bind(apiKeyId).first('last_used_at')
}

const count = ({ apiKey, productId }: Shop) =>
  get('/api/v1/get-available-license-keys-count', { api_key: apiKey, product_id: String(productId) })

it('records when an API key was used, once an hour', async () => {
  // The isolate remembers the ids of earlier test files, so this one needs an id that none of them had.
  await openShop()
  await executeSql(`update sqlite_sequence set seq = ? where name = 'api_keys'`, Date.now())
  const shop = await openShop()
  const before = Date.now()
  expect((await count(shop)).response.code).toBe(741)
  await vi.waitFor(async () => expect(await lastUse(shop)).toBeGreaterThanOrEqual(before))
  await executeSql('update api_keys set last_used_at = null where id = ?', shop.apiKeyId)
  await count(shop)
  await scheduler.wait(100)
  expect(await lastUse(shop)).toBeNull()
})

it('records no use of a refused API key', async () => {
  const shop = await openShop({ capabilities: ['use'] })
  expect((await count(shop)).response.code).toBe(102)
  await scheduler.wait(100)
  expect(await lastUse(shop)).toBeNull()
})

it('writes nothing if another isolate recorded a use within the hour', async () => {
  const shop = await openShop()
  const { db, roundTrips } = observe(env.DB)
  for (const [now, expected] of [
    [10 * HOUR, 10 * HOUR],
    [11 * HOUR, 10 * HOUR],
    [11 * HOUR + 1, 11 * HOUR + 1],
  ] as const) {
    await useRecorder('api_keys')(db, shop.apiKeyId, now)
    expect(await lastUse(shop)).toBe(expected)
  }
  expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([1, 0, 1])
})

it('a use that cannot be recorded is logged and tried again after an hour', async () => {
  const shop = await openShop()
  const recordUse = useRecorder('api_keys')
  const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
  await recordUse(db, shop.apiKeyId, 10 * HOUR)
  expect(logText()).toContain('last use of api_keys')
  expect(recordUse(env.DB, shop.apiKeyId, 11 * HOUR - 1)).toBeUndefined()
  await recordUse(env.DB, shop.apiKeyId, 11 * HOUR)
  expect(await lastUse(shop)).toBe(11 * HOUR)
})
