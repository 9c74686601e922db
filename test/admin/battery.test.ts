/**
 * Security tests for every endpoint of the admin API. They include new endpoints automatically, and fail if
 * `ADMIN_REQUESTS` has no request for one.
 */
import { env } from 'cloudflare:workers'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ADMIN_OPERATIONS } from '../../scripts/openapi/admin.ts'
import type { AdminEndpoint } from '../../src/admin/endpoint.ts'
import { ADMIN_ENDPOINTS } from '../../src/admin/endpoints.ts'
import { ROLES } from '../../src/callers/operators.ts'
import * as schema from '../../src/db/schema/index.ts'
import { ADMIN_TOKEN, type AdminOptions, asOperator, type Operator, sendAdmin } from '../support/admin.ts'
import { ADMIN_REQUESTS, type AdminRequest } from '../support/admin-requests.ts'
import { failureLines, logText } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'

beforeEach(() => {
  // Queued messages are dropped, so that only the requests themselves change stored data.
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(() =>
    Promise.resolve({} as QueueSendBatchResponse),
  )
})
afterEach(() => vi.restoreAllMocks())

const nameOf = ({ method, path }: AdminEndpoint) => `${method} ${path}`

async function requestOf(endpoint: AdminEndpoint): Promise<AdminRequest> {
  const request = ADMIN_REQUESTS[nameOf(endpoint)]
  if (!request) throw new Error(`Add ${nameOf(endpoint)} to test/support/admin-requests.ts.`)
  return request(await openShop())
}

function sendRequest(
  { method, path }: AdminEndpoint,
  request: AdminRequest,
  token: string | undefined,
  options?: AdminOptions,
) {
  const filled = path.replaceAll(/:(\w+)/g, (_, name) => encodeURIComponent(String(request.path?.[name])))
  const query = request.query ? `?${new URLSearchParams(request.query)}` : ''
  const body = method === 'GET' ? undefined : request.body
  const bindings = { ...request.bindings, ...options?.bindings }
  return sendAdmin(method, `${filled}${query}`, token, body, { ...options, bindings })
}

/** All stored rows as text. */
async function allRows(): Promise<string> {
  const tables = Object.values(schema).flatMap((table) =>
    is(table, SQLiteTable) ? [getTableName(table)] : [],
  )
  const results = await env.DB.batch(tables.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(results.map(({ results: rows }) => rows))
}

/** The tokens that must not be accepted, each with the expected status. */
async function refusedTokens(endpoint: AdminEndpoint): Promise<[string | undefined, number][]> {
  const lower = await Promise.all(
    ROLES.slice(0, ROLES.indexOf(endpoint.role)).map(
      async (role): Promise<[string, number]> => [(await asOperator(role)).token, 403],
    ),
  )
  const revoked = await asOperator('owner', { status: 'revoked' })
  const expired = await asOperator('owner', { expiresAt: 1 })
  const root: [string, number][] = endpoint.root ? [] : [[ADMIN_TOKEN, 403]]
  return [
    [undefined, 401],
    ['keyseal_unknown', 401],
    // The stored hash of root is not a token.
    ['root', 401],
    [revoked.token, 401],
    [expired.token, 401],
    ...root,
    ...lower,
  ]
}

/** The members of an answer that the documented one lacks, at any depth. A documented empty object may have any members. */
function undocumented(answer: unknown, documented: unknown, at = 'answer'): string[] {
  if (Array.isArray(answer)) {
    const [example] = Array.isArray(documented) ? documented : []
    return answer.flatMap((item) => undocumented(item, example, `${at}[]`))
  }
  if (typeof answer !== 'object' || answer === null) return []
  const known = (documented ?? {}) as Record<string, unknown>
  if (documented !== undefined && Object.keys(known).length === 0) return []
  // The state in an audit entry depends on its subject.
  const members = Object.entries(answer).filter(([name]) => name !== 'before' && name !== 'after')
  return members.flatMap(([name, value]) =>
    name in known ? undocumented(value, known[name], `${at}.${name}`) : [`${at}.${name}`],
  )
}

const WITH_ROOT: AdminOptions = { bindings: { ADMIN_TOKEN } }

it('every endpoint has a valid request here', () => {
  expect(Object.keys(ADMIN_REQUESTS).sort()).toEqual(ADMIN_ENDPOINTS.map(nameOf).sort())
})

it('only the management of operators is open to root', () => {
  const open = ADMIN_ENDPOINTS.filter(({ root }) => root).map(({ path }) => path)
  expect(open.every((path) => path === '/me' || path.startsWith('/operators'))).toBe(true)
})

describe.each(ADMIN_ENDPOINTS.map((endpoint) => [nameOf(endpoint), endpoint] as const))(
  '%s',
  (_, endpoint) => {
    it('accepts its own role and higher ones, in one round trip', async () => {
      for (const role of ROLES.slice(ROLES.indexOf(endpoint.role))) {
        const operator = await asOperator(role)
        const request = await requestOf(endpoint)
        const { db, roundTrips } = observe(env.DB)
        const answer = await sendRequest(endpoint, request, operator.token, { bindings: { DB: db } })
        expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
        expect(roundTrips).toHaveLength(1)
      }
    })

    it('answers what the documentation shows', async () => {
      const { token } = await asOperator('owner')
      const answer = await sendRequest(endpoint, await requestOf(endpoint), token)
      const { docs } = ADMIN_OPERATIONS.find((operation) => operation.endpoint === endpoint) ?? {}
      expect(undocumented(answer.body, docs?.answer)).toEqual([])
      expect(Object.keys(answer.body ?? {}).sort()).toEqual(Object.keys(docs?.answer ?? {}).sort())
    })

    it('refuses lower roles and invalid tokens, and changes nothing', async () => {
      const request = await requestOf(endpoint)
      const tokens = await refusedTokens(endpoint)
      const before = await allRows()
      for (const [token, status] of tokens) {
        const answer = await sendRequest(endpoint, request, token, WITH_ROOT)
        expect(answer.status).toBe(status)
        expect(Object.keys(answer.body).sort()).toEqual([
          'code',
          'detail',
          'request_id',
          'status',
          'title',
          'type',
        ])
      }
      expect(await allRows()).toBe(before)
    })

    it('refuses unknown fields, and changes nothing', async () => {
      const { token } = await asOperator('owner')
      const request = await requestOf(endpoint)
      const before = await allRows()
      const inQuery = { ...request, query: { ...request.query, surprise: '1' } }
      const inBody = { ...request, body: { ...request.body, surprise: 1 } }
      for (const wrong of endpoint.method === 'GET' ? [inQuery] : [inQuery, inBody]) {
        const answer = await sendRequest(endpoint, wrong, token)
        expect(answer).toMatchObject({ status: 400, body: { errors: { surprise: [expect.any(String)] } } })
      }
      expect(await allRows()).toBe(before)
    })

    it('answers 503 if the database fails, and 500 to a bug, without details', async () => {
      const { token } = await asOperator('owner')
      const request = await requestOf(endpoint)
      for (const [error, status] of [
        ['D1_ERROR: the table license_keys is overloaded', 503],
        ['D1_ERROR: no such column: x: SQLITE_ERROR', 500],
      ] as const) {
        const answer = await sendRequest(endpoint, request, token, {
          bindings: { DB: observe(env.DB, failWith(error)).db },
        })
        expect(answer.status).toBe(status)
        expect(JSON.stringify(answer.body)).not.toContain('license_keys')
      }
      expect(failureLines().length).toBeGreaterThan(0)
    })

    it('logs the operator and its role, and no token', async () => {
      const operator: Operator = await asOperator('owner')
      await sendRequest(endpoint, await requestOf(endpoint), operator.token)
      expect(logText()).toContain(`"operatorId":${operator.id}`)
      expect(logText()).not.toContain(operator.token)
    })

    it('refuses other methods and lists its own in Allow', async () => {
      const { token } = await asOperator('owner')
      const answer = await sendAdmin('PUT', endpoint.path.replaceAll(/:\w+/g, '1'), token, undefined)
      expect(answer.status).toBe(405)
      expect(answer.headers.get('Allow')?.split(', ')).toContain(endpoint.method)
    })
  },
)

describe('failed tries', () => {
  it('are limited by address, and valid tokens still work', async () => {
    const limiter = (limit: number) => {
      let count = 0
      return { limit: async () => ({ success: ++count <= limit }) }
    }
    const bindings = { RATE_LIMITS: 'on', LIMIT_FAILURES: limiter(2) }
    const headers = { 'CF-Connecting-IP': '203.0.113.9' }
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) {
      statuses.push((await sendAdmin('GET', '/me', 'keyseal_wrong', undefined, { bindings, headers })).status)
    }
    expect(statuses).toEqual([401, 401, 429])
    const operator = await asOperator('viewer')
    expect((await operator.get('/me', { bindings, headers })).status).toBe(200)
  })
})

it('an address that no endpoint serves is a problem too', async () => {
  const { token } = await asOperator('owner')
  expect(await sendAdmin('GET', '/nothing', token, undefined)).toMatchObject({
    status: 404,
    body: { code: 'not-found' },
  })
})
