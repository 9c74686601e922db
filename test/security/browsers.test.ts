import { describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { open, send } from '../support/client.ts'

const PAGE = { Origin: 'https://shop.example' }
const CORS_HEADERS = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Expose-Headers',
]

const FOR_BROWSERS: ReadonlySet<string> = new Set(
  ENDPOINTS.filter(({ browsers }) => browsers).map(({ path }) => path),
)

/** Every kind of answer: found or not, good or bad, with a body or without. */
const ANSWERS = [
  ...ENDPOINTS.map(({ method, path }) => ({ method, path })),
  { method: 'GET', path: '/nothing' },
  { method: 'DELETE', path: '/api/v1/verify' },
  { method: 'OPTIONS', path: '/api/v1/verify' },
  { method: 'OPTIONS', path: '/api/v1/delete-license-key' },
  { method: 'HEAD', path: '/.well-known/jwks.json' },
]

it('only what software does with its own license key, and public keys, are for browsers', () => {
  expect([...FOR_BROWSERS].sort()).toEqual([
    '/.well-known/jwks.json',
    '/api/v1/activate',
    '/api/v1/deactivate',
    '/api/v1/get-license-key-details',
    '/api/v1/public-key',
    '/api/v1/verify',
  ])
})

describe('every answer tells browsers to make nothing of it:', () => {
  it.each(ANSWERS)('$method $path', async ({ method, path }) => {
    const { headers } = await send({ method, path, headers: PAGE })
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Strict-Transport-Security')).toMatch(/^max-age=\d{8}$/)
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe(
      FOR_BROWSERS.has(path) ? 'cross-origin' : 'same-origin',
    )
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.has('Access-Control-Allow-Credentials')).toBe(false)
    expect(headers.has('Set-Cookie')).toBe(false)
  })

  it('also one that says that nothing changed', async () => {
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

describe.each(ENDPOINTS.map((endpoint) => [endpoint.path, endpoint] as const))(
  '%s',
  (path, { method, browsers }) => {
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

    if (browsers) {
      it('may be called from any page, which reads the answer whatever it is', async () => {
        const response = await preflight()
        expect([response.status, await response.text()]).toEqual([204, ''])
        expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
        expect(response.headers.get('Access-Control-Allow-Methods')?.split(', ')).toContain(method)
        expect(response.headers.get('Access-Control-Allow-Headers')?.toLowerCase().split(', ')).toEqual(
          expect.arrayContaining(['authorization', 'content-type', 'idempotency-key']),
        )
        for (const asked of [method, 'DELETE']) {
          const { headers } = await send({ path, method: asked, headers: PAGE })
          expect(headers.get('Access-Control-Allow-Origin')).toBe('*')
          expect(headers.get('Access-Control-Expose-Headers')).toContain('X-Request-Id')
        }
      })
    } else {
      it('may not be called from a page', async () => {
        const refused = await open(await preflight())
        expect(refused).toMatchObject({ status: 405, response: { code: 2405 } })
        for (const { headers } of [refused, await send({ path, method, headers: PAGE })]) {
          expect(CORS_HEADERS.filter((name) => headers.has(name))).toEqual([])
        }
      })
    }
  },
)
