import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ANYONE } from '../../src/callers/caller.ts'
import { createApp } from '../../src/http/app.ts'
import { endpoint } from '../../src/http/endpoint.ts'
import { post, readEnvelope, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'

/** The one line that was logged. */
function logLine(): Record<string, unknown> {
  const [line, ...others] = failureLines()
  expect(others).toEqual([])
  return line ?? {}
}

/** Posts an order to a Worker whose database answers every batch like this. */
async function orderWhile(failure: string) {
  const { db } = observe(env.DB, failWith(failure))
  return post(orderFields(await openShop()), { bindings: { DB: db } })
}

describe('a database that', () => {
  it.each([
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
    'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
    'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
    'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.',
    'something nobody has seen before',
  ])('fails with "%s" is 2503 and says when to come back', async (failure) => {
    const opened = await orderWhile(failure)
    expect(opened).toMatchObject({ status: 503, response: { code: 2503 } })
    expect(Number(opened.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(Object.keys(opened.response)).toEqual(['code', 'message', 'timestamp'])
    expect(logLine()).toMatchObject({ requestId: opened.headers.get('X-Request-Id'), message: failure })
  })

  it.each([
    'D1_ERROR: no such table: issuances: SQLITE_ERROR',
    'D1_ERROR: CHECK constraint failed: quantity: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)',
    'D1_ERROR: UNIQUE constraint failed: issuances.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)',
  ])('is used wrongly ("%s") is 2500', async (failure) => {
    const opened = await orderWhile(failure)
    expect(opened).toMatchObject({ status: 500, response: { code: 2500, message: 'Internal error' } })
    expect(opened.headers.has('Retry-After')).toBe(false)
    expect(logLine()).toMatchObject({ requestId: opened.headers.get('X-Request-Id') })
  })

  it('is not migrated is 2500, and the log says how to migrate it', async () => {
    await orderWhile('D1_ERROR: no such table: api_keys: SQLITE_ERROR')
    expect(logLine().message).toMatch(
      /no such table: api_keys.*npx wrangler d1 migrations apply DB --remote$/,
    )
  })
})

describe('a bug', () => {
  const thrower = endpoint({
    method: 'GET',
    path: '/bug',
    summary: 'Fail',
    caller: ANYONE,
    outcomes: {},
    handle: async () => {
      throw new TypeError('ada@example.com has the key 5a3c8e9e')
    },
  })

  it('is 2500, tells the caller nothing, and the log only where it happened', async () => {
    const request = new Request('https://keyseal.test/bug')
    const opened = await readEnvelope(await createApp([thrower], () => {}).fetch(request, env as never))
    expect(opened).toMatchObject({ status: 500, response: { code: 2500, message: 'Internal error' } })
    const line = logLine()
    expect(line).toMatchObject({ requestId: opened.headers.get('X-Request-Id'), error: 'TypeError' })
    expect(line.at).toEqual(expect.arrayContaining([expect.stringContaining('app.test.ts')]))
    expect(JSON.stringify(line) + opened.text).not.toMatch(/ada@|5a3c8e9e/)
  })
})

describe('a setting that is wrong fails closed, and the log names it and the command that mends it:', () => {
  it.each(['0', '-1', '1.5', '1e3', 'many', ''])('MAX_QUANTITY = "%s"', async (value) => {
    const shop = await openShop()
    const before = await countRows()
    const opened = await post(orderFields(shop), { bindings: { MAX_QUANTITY: value } })
    expect(opened).toMatchObject({ status: 500, response: { code: 2500 } })
    expect(await countRows()).toEqual(before)
    expect(logLine().message).toMatch(/^MAX_QUANTITY is not a whole number .* npx wrangler deploy$/)
  })

  it('no DB', async () => {
    const opened = await post(orderFields(await openShop()), { bindings: { DB: undefined } })
    expect(opened).toMatchObject({ status: 500, response: { code: 2500 } })
    expect(logLine().message).toMatch(/^DB is not bound.*npx wrangler d1 create keyseal/)
  })
})

describe('every answer', () => {
  it("has a request id of its own, never the caller's", async () => {
    const headers = { 'X-Request-Id': 'chosen-by-the-caller' }
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await send({ path: '/nothing', headers })).headers.get('X-Request-Id')),
    )
    expect(new Set(ids).size).toBe(3)
    expect(ids).not.toContain('chosen-by-the-caller')
  })

  it('to HEAD has no body, and one to an unknown host is the same as to a known one', async () => {
    const response = await send({ path: '/nothing', method: 'HEAD' })
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('')
  })

  it('under /v1 is the same as under /api/v1, with one slash or several, and with one at the end', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'alias' }
    const bases = ['/api/v1', '/v1', '//v1/', '//api//v1']
    const paths = bases.flatMap((base) => [
      `${base}/random-assign-license-keys`,
      `${base}/random-assign-license-keys//`,
    ])
    const answers: string[] = []
    for (const path of paths) answers.push((await post(orderFields(shop), { path, headers })).text)
    expect(new Set(answers).size).toBe(1)
    expect((await readEnvelope(await send({ path: '/api/v2/verify', method: 'POST' }))).response.code).toBe(
      2404,
    )
    expect((await readEnvelope(await send({ path: '//' }))).response.code).toBe(2404)
  })

  it('to a GET with an API key is kept by nobody, and HEAD asks the same', async () => {
    const { apiKey } = await openShop()
    const path = `/api/v1/get-all-products?api_key=${apiKey}`
    const response = await send({ path, headers: { 'If-None-Match': '*' } })
    expect(response.headers.has('ETag')).toBe(false)
    expect((await readEnvelope(response)).response.code).toBe(810)
    const head = await send({ path, method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await send({ path: '/api/v1/get-all-products', method: 'HEAD' })).status).toBe(401)
  })

  it.each(['send-telemetry-date', 'get-telemetry-data', 'access-downloadables', 'products/app/changelog'])(
    'to %s, which is left out of the protocol on purpose, is 2404',
    async (name) => {
      const opened = await post({ api_key: 'any' }, { path: `/api/v1/${name}` })
      expect(opened).toMatchObject({ status: 404, response: { code: 2404 } })
    },
  )
})
