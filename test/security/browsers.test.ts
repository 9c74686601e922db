import { describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/app.ts'
import { readEnvelope, send } from '../support/client.ts'

const PAGE = { Origin: 'https://shop.example' }
const CORS_HEADERS = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Expose-Headers',
]

const CORS_PATHS: ReadonlySet<string> = new Set(ROUTES.filter(({ cors }) => cors).map(({ path }) => path))

/** Requests that get every kind of response: found or not, refused or not, with or without a body. */
const REQUESTS = [
  ...ROUTES.map(({ method, path }) => ({ method, path })),
  { method: 'GET', path: '/nothing' },
  { method: 'DELETE', path: '/api/v1/verify' },
  { method: 'OPTIONS', path: '/api/v1/verify' },
  { method: 'OPTIONS', path: '/api/v1/delete-license-key' },
  { method: 'HEAD', path: '/.well-known/jwks.json' },
]

it('only endpoints for sold software and public keys allow CORS', () => {
  expect([...CORS_PATHS].sort()).toEqual([
    '/.well-known/jwks.json',
    '/.well-known/license-file-keys.json',
    '/api/v1/activate',
    '/api/v1/check-out',
    '/api/v1/deactivate',
    '/api/v1/get-license-key-details',
    '/api/v1/public-key',
    '/api/v1/start-trial',
    '/api/v1/verify',
  ])
})

describe('every response has restrictive security headers:', () => {
  it.each(REQUESTS)('$method $path', async ({ method, path }) => {
    const { headers } = await send({ method, path, headers: PAGE })
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Strict-Transport-Security')).toMatch(/^max-age=\d{8}$/)
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe(
      CORS_PATHS.has(path) ? 'cross-origin' : 'same-origin',
    )
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.has('Access-Control-Allow-Credentials')).toBe(false)
    expect(headers.has('Set-Cookie')).toBe(false)
  })

  it('a 304 response', async () => {
    const path = '/.well-known/jwks.json'
    const whole = await send({ path })
    const unchanged = await send({ path, headers: { 'If-None-Match': String(whole.headers.get('ETag')) } })
    expect(unchanged.status).toBe(304)
    for (const [name, value] of whole.headers) {
      if (/^(?:x-content|strict|referrer|content-security|cross-origin|access)/.test(name)) {
        expect(unchanged.headers.get(name)).toBe(value)
      }
    }
  })
})

describe.each(ROUTES.map((endpoint) => [endpoint.path, endpoint] as const))(
  '%s',
  (path, { method, cors }) => {
    const preflight = () =>
      send({
        path,
        method: 'OPTIONS',
        headers: {
          ...PAGE,
          'Access-Control-Request-Method': method,
          'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key',
        },
      })

    if (cors) {
      it('allows any origin to send requests and read every response', async () => {
        const response = await preflight()
        expect([response.status, await response.text()]).toEqual([204, ''])
        expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
        expect(response.headers.get('Access-Control-Allow-Methods')?.split(', ')).toContain(method)
        expect(response.headers.get('Access-Control-Allow-Headers')?.toLowerCase().split(', ')).toEqual(
          expect.arrayContaining(['authorization', 'content-type', 'idempotency-key', 'x-api-key']),
        )
        for (const requested of [method, 'DELETE']) {
          const { headers } = await send({ path, method: requested, headers: PAGE })
          expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
          expect(headers.get('Access-Control-Expose-Headers')).toContain('X-Request-Id')
        }
      })
    } else {
      it('sends no CORS headers', async () => {
        const refused = await readEnvelope(await preflight())
        expect(refused).toMatchObject({ status: 405, response: { code: 2405 } })
        for (const { headers } of [refused, await send({ path, method, headers: PAGE })]) {
          expect(CORS_HEADERS.filter((name) => headers.has(name))).toEqual([])
        }
      })
    }
  },
)
