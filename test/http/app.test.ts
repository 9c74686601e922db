import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { ANYONE } from '../../src/callers/caller.ts'
import { createApp } from '../../src/http/app.ts'
import { endpoint } from '../../src/http/endpoint.ts'
import { post, readEnvelope, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'

/** The only failure in the log. */
function failureLine(): Record<string, unknown> {
  const [line, ...others] = failureLines()
  expect(others).toEqual([])
  return line ?? {}
}

/** Posts an order to a Worker whose database fails with this message. */
async function orderWithFailure(message: string) {
  const { db } = observe(env.DB, failWith(message))
  return post(orderFields(await openShop()), { bindings: { DB: db } })
}

describe('a database error', () => {
  it.each([
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
    'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
    'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
    'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.',
    'an unknown error',
  ])('returns 2503 with Retry-After if a retry may help: %s', async (failure) => {
    const answer = await orderWithFailure(failure)
    expect(answer).toMatchObject({ status: 503, response: { code: 2503 } })
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(failureLine()).toMatchObject({ requestId: answer.headers.get('X-Request-Id'), message: failure })
  })

  it.each([
    'D1_ERROR: no such table: issuances: SQLITE_ERROR',
    'D1_ERROR: CHECK constraint failed: quantity: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)',
    'D1_ERROR: UNIQUE constraint failed: issuances.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)',
  ])('returns 2500 if a retry cannot help: %s', async (failure) => {
    const answer = await orderWithFailure(failure)
    expect(answer).toMatchObject({ status: 500, response: { code: 2500, message: 'Internal error' } })
    expect(answer.headers.has('Retry-After')).toBe(false)
    expect(failureLine()).toMatchObject({ requestId: answer.headers.get('X-Request-Id') })
  })

  it('logs how to migrate if a table is missing', async () => {
    await orderWithFailure('D1_ERROR: no such table: api_keys: SQLITE_ERROR')
    expect(failureLine().message).toMatch(
      /no such table: api_keys.*npx wrangler d1 migrations apply DB --remote$/,
    )
  })
})

describe('a bug', () => {
  const failingEndpoint = endpoint({
    method: 'GET',
    path: '/bug',
    summary: 'Fail',
    caller: ANYONE,
    outcomes: {},
    handle: async () => {
      throw new TypeError('ada@example.com has the key 5a3c8e9e')
    },
  })

  it('returns 2500, and the log shows only where it occurred', async () => {
    const request = new Request('https://keyseal.test/bug')
    const answer = await readEnvelope(
      await createApp([failingEndpoint], () => {}).fetch(request, env as never),
    )
    expect(answer).toMatchObject({ status: 500, response: { code: 2500, message: 'Internal error' } })
    const line = failureLine()
    expect(line).toMatchObject({ requestId: answer.headers.get('X-Request-Id'), error: 'TypeError' })
    expect(line.at).toEqual(expect.arrayContaining([expect.stringContaining('app.test.ts')]))
    expect(JSON.stringify(line) + answer.text).not.toMatch(/ada@|5a3c8e9e/)
  })
})

describe('a wrong setting returns 2500, and the log names it and its fix:', () => {
  it.each(['0', '-1', '1.5', '1e3', 'many', ''])('MAX_QUANTITY = "%s"', async (value) => {
    const shop = await openShop()
    const before = await countRows()
    const answer = await post(orderFields(shop), { bindings: { MAX_QUANTITY: value } })
    expect(answer).toMatchObject({ status: 500, response: { code: 2500 } })
    expect(await countRows()).toEqual(before)
    expect(failureLine().message).toMatch(/^MAX_QUANTITY is not a whole number .* npm run deploy$/)
  })

  it('no DB binding', async () => {
    const answer = await post(orderFields(await openShop()), { bindings: { DB: undefined } })
    expect(answer).toMatchObject({ status: 500, response: { code: 2500 } })
    expect(failureLine().message).toMatch(/^DB is not bound.*npx wrangler d1 create keyseal/)
  })
})

describe('a request', () => {
  it('gets a unique request id, never that of the caller', async () => {
    const headers = { 'X-Request-Id': 'chosen-by-the-caller' }
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await send({ path: '/nothing', headers })).headers.get('X-Request-Id')),
    )
    expect(new Set(ids).size).toBe(3)
    expect(ids).not.toContain('chosen-by-the-caller')
  })

  it('with HEAD gets no body', async () => {
    const response = await send({ path: '/nothing', method: 'HEAD' })
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('')
  })

  it('may omit /api, repeat slashes and end with a slash', async () => {
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

  it('with an API key gets no ETag, and HEAD also checks the API key', async () => {
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
    'to %s, which Keyseal does not implement, gets 2404',
    async (name) => {
      const answer = await post({ api_key: 'any' }, { path: `/api/v1/${name}` })
      expect(answer).toMatchObject({ status: 404, response: { code: 2404 } })
    },
  )
})
