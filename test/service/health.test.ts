import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NEWEST_MIGRATION } from '../../src/service/migrations.ts'
import { isSignedBy, type RequestOptions, readEnvelope, send, unsignedText } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'

afterEach(() => vi.restoreAllMocks())

async function get(path: string, bindings: RequestOptions['bindings'] = {}) {
  return readEnvelope(await send({ path, bindings }))
}

it('NEWEST_MIGRATION is the newest migration', () => {
  expect(
    env.TEST_MIGRATIONS.map(({ name }) => name)
      .sort()
      .at(-1),
  ).toBe(NEWEST_MIGRATION)
})

describe('GET /health', () => {
  it('returns a signed 2201 without a database query', async () => {
    const { db, roundTrips } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const answer = await get('/health', { DB: db })
    expect(answer).toMatchObject({ status: 200, response: { code: 2201, message: 'Healthy' } })
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(roundTrips).toEqual([])
  })
})

describe('GET /health/ready', () => {
  const ready = (bindings?: object) => get('/health/ready', bindings)

  it('returns 2201 if everything works, with one round trip', async () => {
    const { db, roundTrips } = observe(env.DB)
    const answer = await ready({ DB: db })
    expect(answer).toMatchObject({ status: 200, response: { code: 2201 } })
    expect(roundTrips).toHaveLength(1)
    expect(failureLines()).toEqual([])
  })

  it('returns 2503 if the database is unavailable, with the reason only in the log', async () => {
    const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded.'))
    const answer = await ready({ DB: db })
    expect(answer).toMatchObject({ status: 503, response: { code: 2503, not_ready: ['database'] } })
    expect(answer.headers.get('Retry-After')).toBe('2')
    expect(unsignedText([answer])).not.toContain('D1')
    const requestId = answer.headers.get('X-Request-Id')
    expect(failureLines()).toEqual([
      expect.objectContaining({ requestId, message: 'D1_ERROR: D1 DB is overloaded.' }),
    ])
  })

  it('returns 2503 if a migration is missing, and 2201 for newer migrations', async () => {
    const last = 'update d1_migrations set name = ? where id = (select max(id) from d1_migrations)'
    const change = (sql: string, ...values: string[]) =>
      env.DB.prepare(sql)
        .bind(...values)
        .run()
    await change(last, '0000_older.sql')
    expect((await ready()).response).toMatchObject({ code: 2503, not_ready: ['migrations'] })
    await change(last, '9999_next_version.sql')
    expect((await ready()).status).toBe(200)
    await change(last, NEWEST_MIGRATION)
    expect((await ready()).status).toBe(200)
    const { db } = observe(env.DB, failWith('D1_ERROR: no such table: d1_migrations: SQLITE_ERROR'))
    expect((await ready({ DB: db })).response).toMatchObject({ code: 2503, not_ready: ['migrations'] })
  })

  it('returns 2503 if a global or product signing key is unusable', async () => {
    const withoutKey = await ready({ SIGNING_PRIVATE_KEY: undefined })
    expect(withoutKey).toMatchObject({ status: 503, response: { code: 2503, not_ready: ['signing key'] } })
    expect(withoutKey.envelope.signature).toBe('Private key not set')
    const withInvalidKey = await ready({ SIGNING_PRIVATE_KEY_PRODUCT_7: 'no key' })
    expect(withInvalidKey).toMatchObject({
      status: 503,
      response: { code: 2503, not_ready: ['signing key'] },
    })
    expect(withInvalidKey.text).not.toMatch(/PRODUCT_7|no key/)
  })

  it('lists all failed parts', async () => {
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const answer = await ready({ DB: db, SIGNING_PRIVATE_KEY_PRODUCT_7: 'no key' })
    expect(answer.response.not_ready).toEqual(['signing key', 'database'])
  })
})
