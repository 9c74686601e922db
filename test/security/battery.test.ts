/**
 * Security tests for every endpoint. They include new endpoints automatically, and fail if `VALID_REQUESTS`
 * has no request for one.
 */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import { emailReport, RESEND_SECRET, svixHeaders } from '../../scripts/webhook-samples/resend.ts'
import { app, ROUTES } from '../../src/app.ts'
import type { Caller } from '../../src/callers/caller.ts'
import { CAPABILITIES } from '../../src/callers/caller.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { PAGES } from '../../src/pages.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { CODES } from '../../src/protocol/codes.ts'
import {
  type ApiResponse,
  isSignedBy,
  post,
  type RequestOptions,
  readEnvelope,
  send,
  unsignedText,
} from '../support/client.ts'
import { assignedKeyFields } from '../support/key-life.ts'
import { failureLines, logText } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { openShop } from '../support/shop.ts'
import { allRows } from '../support/stored-rows.ts'
import { VALID_REQUESTS, validFields } from '../support/valid-requests.ts'

const INJECTIONS = [
  "' OR '1'='1",
  "'; DROP TABLE license_keys; --",
  '" OR 1=1 --',
  '%',
  '*',
  '\\',
  '\u202e',
  '{{7*7}}',
]

const guarded = ENDPOINTS.filter(({ caller: { access } }) =>
  CAPABILITIES.some((capability) => capability === access),
)
/** The protocol's codes for invalid parameters with HTTP status 200. */
const INCORRECT: readonly unknown[] = [651, 751, 825, 901, 951]
const PURCHASE = { order: '7', externalId: 'hush-price', name: 'Hush Name', email: 'hush@example.com' }
const webhooks = [
  ...PROVIDER_SAMPLES.map(({ provider, secret, sign, purchase }) => {
    const setting = webhookSecretName(provider)
    return [`/webhooks/${provider}`, { setting, secret, sign, event: purchase(PURCHASE) }] as const
  }),
  [
    '/webhooks/resend',
    {
      setting: 'RESEND_WEBHOOK_SECRET',
      secret: RESEND_SECRET,
      sign: svixHeaders,
      event: emailReport('email.bounced', 'hush-message', Date.now()),
    },
  ] as const,
]

beforeEach(() => {
  // Queued messages are dropped, so that only the requests themselves change stored data.
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(() =>
    Promise.resolve({} as QueueSendBatchResponse),
  )
})
afterEach(() => vi.restoreAllMocks())

/** Sends the fields in the body or the query, depending on the endpoint's method. */
async function request(
  { method, path }: Endpoint,
  fields: Record<string, unknown>,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  if (method === 'POST') return post(fields, { path, ...options })
  return readEnvelope(
    await send({ path: `${path}?${new URLSearchParams(fields as Record<string, string>)}`, ...options }),
  )
}

/** Expects that all requests are refused with this code, in a signed envelope, and change nothing. */
async function expectRefused(code: number, ...requests: (() => Promise<ApiResponse>)[]) {
  const before = await allRows()
  for (const request of requests) {
    const answer = await request()
    expect(answer.response.code).toBe(code)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(answer.response.license_keys).toBeUndefined()
    expect(await allRows()).toBe(before)
  }
}

it('these tests cover every route', () => {
  const routes = app.routes
    .map(({ path }) => path)
    // test/admin/battery.test.ts covers the admin API.
    .filter((path) => !['/', '/*'].includes(path) && !path.startsWith('/admin/v1/'))
  expect(new Set(routes)).toEqual(new Set(ROUTES.map(({ path }) => path)))
  expect(guarded.map(({ path }) => path).sort()).toEqual(Object.keys(VALID_REQUESTS).sort())
  const providers = ENDPOINTS.filter(({ caller: { access } }) => access === 'provider').map(
    ({ path }) => path,
  )
  expect(providers.sort()).toEqual(webhooks.map(([path]) => path).sort())
})

it('only public keys, health checks and pages need no credential', () => {
  const open = (access: Caller['access']) =>
    ROUTES.filter((endpoint) => endpoint.caller.access === access).map(({ path }) => path)
  expect(open('public').sort()).toEqual([
    '/.well-known/jwks.json',
    '/.well-known/license-file-keys.json',
    '/api/v1/public-key',
  ])
  expect(open('monitor').sort()).toEqual(['/health', '/health/ready'])
  const withoutCredential = ROUTES.filter(({ caller: { access, credential } }) => {
    return !credential && !['public', 'monitor', 'provider'].includes(access)
  })
  expect(withoutCredential).toEqual(PAGES)
})

describe.each(ROUTES.map((endpoint) => [endpoint.path, endpoint] as const))('%s', (path, endpoint) => {
  it('refuses other methods and lists its own in Allow', async () => {
    const own = ROUTES.filter((other) => other.path === path).map(({ method }) => `${method}`)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      if (own.includes(method) || (method === 'OPTIONS' && endpoint.cors)) continue
      const answer = await readEnvelope(await send({ path, method }))
      expect(answer.response.code).toBe(CODES.methodNotAllowed.code)
      expect(answer.headers.get('Allow')?.split(', ')).toContain(endpoint.method)
    }
  })

  it('fails without a signing key before it queries the database', async () => {
    const { db, roundTrips } = observe(env.DB)
    const bindings = { SIGNING_PRIVATE_KEY: undefined, DB: db }
    const response = await send({ path, method: endpoint.method, bindings })
    const status = ['provider', 'monitor'].includes(endpoint.caller.access) ? 503 : 500
    expect(response.status).toBe(status)
    expect(roundTrips).toEqual([])
    if (endpoint.page) return expect(response.headers.get('Content-Type')).toContain('text/html')
    expect(await readEnvelope(response)).toMatchObject({
      response: { code: 2000 + status },
      envelope: { signature: 'Private key not set' },
    })
  })
})

describe.each(guarded.map((endpoint) => [endpoint.path, endpoint] as const))('%s', (path, endpoint) => {
  const needs = VALID_REQUESTS[path]?.needs

  it(`accepts a valid request with only the capability ${needs}, in one round trip`, async () => {
    const { db, roundTrips } = observe(env.DB)
    const shop = await openShop({ capabilities: CAPABILITIES.filter((capability) => capability === needs) })
    const answer = await request(endpoint, await validFields(path, shop), { bindings: { DB: db } })
    expect(answer.status).toBe(200)
    expect(answer.response.code).toBe(VALID_REQUESTS[path]?.code)
    expect(roundTrips).toHaveLength(1)
  })

  it('refuses requests without a valid API key', async () => {
    const { api_key: _, ...fields } = await validFields(path, await openShop())
    await expectRefused(
      100,
      () => request(endpoint, fields),
      () => request(endpoint, {}),
      ...INJECTIONS.map((injection) => () => request(endpoint, { ...fields, api_key: injection })),
      () => request(endpoint, fields, { headers: { Authorization: "Bearer 'OR'1'='1" } }),
      // The hash from a stolen database is not accepted as a key.
      async () => {
        const row = await env.DB.prepare('select key_hash from api_keys').first<{ key_hash: string }>()
        return request(endpoint, { ...fields, api_key: String(row?.key_hash) })
      },
    )
  })

  it('refuses an inactive API key, a missing capability, and another address', async () => {
    const others = CAPABILITIES.filter((capability) => capability !== needs)
    const inactive = await openShop({ apiKeyStatus: 'inactive' })
    const similarNames = ['*', '', String(needs).toUpperCase(), `${needs}s`, `re${needs}`]
    const withoutCapability = await openShop({ capabilities: [...others, ...similarNames] })
    const otherNetwork = await openShop({ allowedIps: ['192.0.2.1/32'] })
    const forwarded = { 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', Forwarded: 'for=192.0.2.1' }
    const [inactiveFields, incapableFields, otherNetworkFields] = [
      await validFields(path, inactive),
      await validFields(path, withoutCapability),
      await validFields(path, otherNetwork),
    ]
    await expectRefused(101, () => request(endpoint, inactiveFields))
    await expectRefused(102, () => request(endpoint, incapableFields))
    await expectRefused(
      103,
      () => request(endpoint, otherNetworkFields, { headers: forwarded }),
      () =>
        request(endpoint, otherNetworkFields, { headers: { ...forwarded, 'CF-Connecting-IP': '192.0.2.2' } }),
    )
  })

  it('refuses a blocked address, even with a valid API key', async () => {
    const fields = await validFields(path, await openShop())
    await env.DB.prepare(
      `insert into blocklist (kind, value, created_at) values ('network', '198.51.100.0/24', 0)`,
    ).run()
    const headers = { 'CF-Connecting-IP': '198.51.100.7' }
    await expectRefused(
      150,
      () => request(endpoint, fields, { headers }),
      () => request(endpoint, { ...fields, api_key: 'unknown' }, { headers }),
    )
    await env.DB.prepare('delete from blocklist').run()
    expect((await request(endpoint, fields, { headers })).status).toBe(200)
  })

  it('stores SQL injections as text or refuses them', async () => {
    const shop = await openShop()
    for (const name of Object.keys(await validFields(path, shop))) {
      for (const injection of INJECTIONS) {
        const answer = await request(endpoint, { ...(await validFields(path, shop)), [name]: injection })
        expect(answer.status).toBeLessThan(500)
      }
    }
    expect(failureLines()).toEqual([])
    expect((await request(endpoint, await validFields(path, shop))).status).toBe(200)
  })

  it('reveals no secrets or personal data in errors or the log', async () => {
    const shop = await openShop()
    const valid = await validFields(path, shop)
    const secrets = {
      api_key: 'hush-api-key',
      ...('owner_name' in valid && { owner_name: 'Hush Name' }),
      ...('owner_email' in valid && { owner_email: 'hush@example.com' }),
      ...('license_key' in valid && { license_key: 'hush-license-key' }),
      ...('identifier' in valid && { identifier: 'hush-device' }),
    }
    const fields = { ...valid, ...secrets }
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const headers = { Authorization: 'Bearer hush-api-key', 'Idempotency-Key': 'hush-order' }
    const invalidFields = Object.fromEntries(Object.keys(valid).map((name) => [name, 'hush\u0000']))
    const answers = [
      await request(endpoint, fields, { headers }),
      await request(endpoint, { ...invalidFields, api_key: 'hush-api-key' }, { headers }),
      await request(endpoint, fields, { headers, path: `${path}/hush` }),
      await request(endpoint, fields, { headers, bindings: { DB: db } }),
      await request(endpoint, fields, { headers, bindings: { SIGNING_PRIVATE_KEY: 'hush' } }),
    ]
    if (endpoint.method === 'POST') {
      answers.push(await request(endpoint, fields, { headers: { ...headers, 'Content-Type': 'hush/type' } }))
    }
    expect(answers.map(({ response }) => response.code)).toEqual([
      100,
      expect.toSatisfy((code: unknown) => code === 100 || code === 804 || INCORRECT.includes(code)),
      2404,
      2503,
      2500,
      ...(endpoint.method === 'POST' ? [2415] : []),
    ])
    expect(unsignedText(answers) + logText()).not.toMatch(/hush/i)
  })
})

it('the same Idempotency-Key is independent at each endpoint', async () => {
  const shop = await openShop()
  const headers = { 'Idempotency-Key': 'shared' }
  const codes: [string, unknown][] = []
  for (const endpoint of guarded) {
    const answer = await request(endpoint, await validFields(endpoint.path, shop), { headers })
    codes.push([endpoint.path, answer.response.code])
    expect(answer.headers.has('Idempotent-Replayed')).toBe(false)
  }
  expect(codes).toEqual(guarded.map(({ path }) => [path, VALID_REQUESTS[path]?.code]))
})

it('the same Idempotency-Key and fields are independent at each endpoint', async () => {
  const shop = await openShop()
  const fields = { api_key: shop.apiKey, ...(await assignedKeyFields(shop)) }
  const headers = { 'Idempotency-Key': 'same-device' }
  const codes: unknown[] = []
  for (const name of ['activate', 'verify', 'get-license-key-details', 'deactivate', 'delete-license-key']) {
    codes.push((await post(fields, { path: `/api/v1/${name}`, headers })).response.code)
  }
  expect(codes).toEqual([300, 200, 500, '400', 850])
})

describe.each(webhooks)('%s', (path, { setting, secret, event, ...samples }) => {
  const bindings = { [setting]: secret }
  const sign = () => samples.sign(event, secret, Math.floor(Date.now() / 1000))

  it('refuses invalid signatures, and does not exist without a secret', async () => {
    const { body } = event
    const headers = await sign()
    const tampered = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace(/.(?=.{8}$)/, (c) => (c === 'a' ? 'b' : 'a')),
      ]),
    )
    const junk = INJECTIONS.filter((text) => /^[\x20-\x7e]+$/.test(text)).map((text) =>
      Object.fromEntries(Object.keys(headers).map((name) => [name, text])),
    )
    await expectRefused(
      2401,
      () => post({}, { path, bindings }),
      async () => readEnvelope(await send({ path, method: 'POST', body, bindings })),
      ...[tampered, ...junk].map(
        (forged) => async () =>
          readEnvelope(await send({ path, method: 'POST', headers: forged, body, bindings })),
      ),
      async () => readEnvelope(await send({ path, method: 'POST', headers, body: `${body}\n`, bindings })),
    )
    await expectRefused(2404, async () =>
      readEnvelope(await send({ path, method: 'POST', headers, body, bindings: { [setting]: '' } })),
    )
  })

  it('reveals no secrets or personal data in responses or the log', async () => {
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const headers = await sign()
    const request = { path, method: 'POST', headers, body: event.body }
    const answers = [
      await readEnvelope(await send({ ...request, bindings: { ...bindings, DB: db } })),
      await readEnvelope(await send({ ...request, bindings: { [setting]: 'hush-other-secret '.repeat(2) } })),
      await readEnvelope(await send({ ...request, bindings })),
      await readEnvelope(await send({ ...request, bindings: { ...bindings, SIGNING_PRIVATE_KEY: 'hush' } })),
    ]
    expect(unsignedText(answers) + logText()).not.toMatch(/hush/i)
  })
})
