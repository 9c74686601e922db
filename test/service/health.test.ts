import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NEWEST_MIGRATION } from '../../src/service/health.ts'
import { isSignedBy, open, type RequestOptions, saidIn, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { failing, observe } from '../support/observed-database.ts'

afterEach(() => vi.restoreAllMocks())

async function ask(path: string, bindings: RequestOptions['bindings'] = {}) {
  return open(await send({ path, bindings }))
}

it('the newest migration that the code is written for is the newest there is', () => {
  expect(
    env.TEST_MIGRATIONS.map(({ name }) => name)
      .sort()
      .at(-1),
  ).toBe(NEWEST_MIGRATION)
})

describe('GET /health', () => {
  it('is 2201, signed, and does not ask the database', async () => {
    const { db, roundTrips } = observe(env.DB, failing('D1_ERROR: Network connection lost.'))
    const opened = await ask('/health', { DB: db })
    expect(opened).toMatchObject({ status: 200, response: { code: 2201, message: 'Healthy' } })
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, opened)).toBe(true)
    expect(roundTrips).toEqual([])
  })
})

describe('GET /health/ready', () => {
  const ready = (bindings?: object) => ask('/health/ready', bindings)

  it('is 2201 where everything works, and asks the database once', async () => {
    const { db, roundTrips } = observe(env.DB)
    const opened = await ready({ DB: db })
    expect(opened).toMatchObject({ status: 200, response: { code: 2201 } })
    expect(roundTrips).toHaveLength(1)
    expect(failureLines()).toEqual([])
  })

  it('is 2503 where the database can not be reached, and only the log says why', async () => {
    const { db } = observe(env.DB, failing('D1_ERROR: D1 DB is overloaded.'))
    const opened = await ready({ DB: db })
    expect(opened).toMatchObject({ status: 503, response: { code: 2503, not_ready: ['database'] } })
    expect(opened.headers.get('Retry-After')).toBe('2')
    expect(saidIn([opened])).not.toContain('D1')
    const requestId = opened.headers.get('X-Request-Id')
    expect(failureLines()).toEqual([
      expect.objectContaining({ requestId, message: 'D1_ERROR: D1 DB is overloaded.' }),
    ])
  })

  it('is 2503 where a migration is missing, or all of them; one that is ahead will do', async () => {
    const last = 'update d1_migrations set name = ? where id = (select max(id) from d1_migrations)'
    const change = (sql: string, ...values: string[]) =>
      env.DB.prepare(sql)
        .bind(...values)
        .run()
    await change(last, '0000_older.sql')
    expect((await ready()).response).toMatchObject({ code: 2503, not_ready: ['migrations'] })
    await change(last, '9999_of_the_next_version.sql')
    expect((await ready()).status).toBe(200)
    await change(last, NEWEST_MIGRATION)
    expect((await ready()).status).toBe(200)
    const { db } = observe(env.DB, failing('D1_ERROR: no such table: d1_migrations: SQLITE_ERROR'))
    expect((await ready({ DB: db })).response).toMatchObject({ code: 2503, not_ready: ['migrations'] })
  })

  it('is 2503 where a signing key is missing or unusable, also that of one product', async () => {
    const withoutKey = await ready({ SIGNING_PRIVATE_KEY: undefined })
    expect(withoutKey).toMatchObject({ status: 503, response: { code: 2503, not_ready: ['signing key'] } })
    expect(withoutKey.envelope.signature).toBe('Private key not set')
    const withBadKey = await ready({ SIGNING_PRIVATE_KEY_PRODUCT_7: 'no key' })
    expect(withBadKey).toMatchObject({ status: 503, response: { code: 2503, not_ready: ['signing key'] } })
    expect(withBadKey.text).not.toMatch(/PRODUCT_7|no key/)
  })

  it('names everything that is missing', async () => {
    const { db } = observe(env.DB, failing('D1_ERROR: Network connection lost.'))
    const opened = await ready({ DB: db, SIGNING_PRIVATE_KEY_PRODUCT_7: 'no key' })
    expect(opened.response.not_ready).toEqual(['signing key', 'database'])
  })
})
