import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { PROVIDER_SAMPLES } from '../../scripts/webhook-samples/index.ts'
import type { Endpoint } from '../../src/api/endpoint.ts'
import { ENDPOINTS } from '../../src/api/v1.ts'
import { createApp } from '../../src/app.ts'
import { hashApiKey } from '../../src/auth/api-keys.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { ISSUE_PATH, post, send } from '../support/client.ts'
import { addContract, askAsHolder, DESTROY, GENERATE, GET_INFO } from '../support/contracts.ts'
import { GOOD_REQUESTS } from '../support/good-requests.ts'
import { activatedKeyFields } from '../support/key-life.ts'
import { failing, observe } from '../support/observed-database.ts'
import { openShop, orderFields } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'

let info: MockInstance<typeof console.log>
let errors: MockInstance<typeof console.error>
beforeEach(() => {
  info = vi.spyOn(console, 'log').mockImplementation(() => {})
  errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(() =>
    Promise.resolve({} as QueueSendBatchResponse),
  )
})
afterEach(() => vi.restoreAllMocks())

const lines = (): Record<string, unknown>[] => info.mock.calls.map(([line]) => JSON.parse(String(line)))

/** Everything that was written to the log, by whatever way. */
const everything = (): string => [...info.mock.calls, ...errors.mock.calls].flat().join('\n')

describe('each request is one line of JSON', () => {
  it('that says what was asked, by whose key, what came of it and what it cost', async () => {
    const shop = await openShop()
    const opened = await post(orderFields(shop), { headers: { 'CF-Connecting-IP': '203.0.113.7' } })
    expect(lines()).toEqual([
      {
        level: 'info',
        requestId: opened.headers.get('X-Request-Id'),
        method: 'POST',
        endpoint: ISSUE_PATH,
        code: 803,
        status: 200,
        apiKey: (await hashApiKey(shop.apiKey)).slice(0, 12),
        product: shop.productId,
        quantity: 2,
        keys: 2,
        roundTrips: 1,
        rowsRead: expect.any(Number),
        rowsWritten: expect.any(Number),
        durationMs: expect.any(Number),
      },
    ])
    expect(lines()[0]?.rowsWritten).toBeGreaterThanOrEqual(4)
    expect(lines()[0]?.rowsRead).toBeGreaterThan(0)
  })

  it('that names the product of the license key', async () => {
    const shop = await openShop()
    await post({ api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }, { path: '/api/v1/verify' })
    expect(lines()).toEqual([
      expect.objectContaining({ code: 200, product: shop.productId, roundTrips: 1, rowsWritten: 0 }),
    ])
  })

  it('that holds the endpoint, never the path as it was sent', async () => {
    await send({ path: '/api/v1/verify/my-license-key?license_key=my-license-key' })
    await send({ path: '//v1//verify?license_key=my-license-key', method: 'PROPFIND' })
    expect(lines()).toEqual([
      expect.objectContaining({ endpoint: null, code: 2404, status: 404, method: 'GET' }),
      expect.objectContaining({ endpoint: '/api/v1/verify', code: 2405, status: 405, method: 'other' }),
    ])
    expect(everything()).not.toMatch(/my-?(?:license-)?key/i)
  })

  it('also where nothing is told, or something else than an envelope', async () => {
    const etag = String((await send({ path: '/.well-known/jwks.json' })).headers.get('ETag'))
    await send({ path: '/.well-known/jwks.json', headers: { 'If-None-Match': etag } })
    await send({ path: '/api/v1/verify', method: 'OPTIONS' })
    expect(lines().map(({ status, code, endpoint }) => [status, code, endpoint])).toEqual([
      [200, null, '/.well-known/jwks.json'],
      [304, null, '/.well-known/jwks.json'],
      [204, null, '/api/v1/verify'],
    ])
  })

  it('also where it fails, beside the line of the failure, which has the same request id', async () => {
    const shop = await openShop()
    const { db } = observe(env.DB, failing('D1_ERROR: Network connection lost.'))
    await post(orderFields(shop), { bindings: { DB: db } })
    const failure = JSON.parse(String(errors.mock.calls[0]))
    expect(failure).toMatchObject({ level: 'error', message: 'D1_ERROR: Network connection lost.' })
    expect(lines()).toEqual([
      expect.objectContaining({ requestId: failure.requestId, code: 2503, status: 503, apiKey: null }),
    ])
  })

  it('that holds nothing of an API key which is none: it may be a password', async () => {
    const shop = await openShop()
    await post(orderFields(shop, { api_key: 'correct horse' }))
    expect(lines()).toEqual([expect.objectContaining({ code: 100, apiKey: null })])
  })

  it('mixes nothing with the requests that are served at the same time', async () => {
    const shops = await Promise.all(Array.from({ length: 20 }, () => openShop()))
    await Promise.all(shops.map((shop, index) => post(orderFields(shop, { quantity: String(index + 1) }))))
    const told = lines().map(({ product, quantity, keys, roundTrips }) => ({
      product,
      quantity,
      keys,
      roundTrips,
    }))
    expect(told.sort((one, other) => Number(one.product) - Number(other.product))).toEqual(
      shops.map(({ productId: product }, index) => ({
        product,
        quantity: index + 1,
        keys: index + 1,
        roundTrips: 1,
      })),
    )
  })
})

/** A request to every endpoint, once as it should be, once by a stranger, once while the database is away. */
async function askEverything(): Promise<string[]> {
  const secrets: string[] = []
  const { db } = observe(env.DB, failing('D1_ERROR: D1 DB is overloaded.'))
  const shop = await openShop()
  const answers: string[] = []
  async function ask({ method, path }: Endpoint, fields: Record<string, string>, bindings: object) {
    secrets.push(...Object.entries(fields).flatMap(([name, value]) => (isSecret(name) ? [value] : [])))
    const query = `${path}?${new URLSearchParams(fields)}`
    const headers = { 'Idempotency-Key': crypto.randomUUID(), Authorization: `Bearer ${fields.api_key}` }
    secrets.push(headers['Idempotency-Key'])
    const request = method === 'POST' ? { path, method, body: new URLSearchParams(fields) } : { path: query }
    answers.push(await (await send({ ...request, headers, bindings })).text())
  }
  for (const endpoint of ENDPOINTS) {
    const good = GOOD_REQUESTS[endpoint.path]
    if (!good) continue
    await ask(endpoint, { api_key: shop.apiKey, ...(await good(shop)) }, {})
    await ask(endpoint, { api_key: 'api-key-of-a-stranger', ...(await good(shop)) }, {})
    await ask(endpoint, { api_key: shop.apiKey, ...(await good(shop)) }, { DB: db })
    await ask(endpoint, { api_key: shop.apiKey, license_key: 'hush\u0000', identifier: 'device-of-ada' }, {})
  }
  secrets.push(...answers.flatMap(secretsIn))
  return secrets
}

function isSecret(name: string): boolean {
  return (
    /key$|email|owner_name|identifier|contract_uuid|webhook_url|contract_name/.test(name) && name !== 'key'
  )
}

/** The license keys and the signature of an answer. */
function secretsIn(answer: string): string[] {
  const { response, signature } = JSON.parse(answer)
  const keys = (response.license_keys ?? []).map((key: { license_key: string }) => key.license_key)
  return [signature, ...keys, ...(response.licenseKeys ?? [])]
}

describe('the log holds no secret and no person', () => {
  it('whatever is asked of whichever endpoint', async () => {
    const secrets = new Set(await askEverything())
    expect(secrets.size).toBeGreaterThan(200)
    expect(lines().length).toBeGreaterThan(100)
    const log = everything()
    // Short texts would be found in anything.
    expect([...secrets].filter((secret) => secret.length > 5 && log.includes(secret))).toEqual([])
    expect(log).not.toMatch(/Ada|Lovelace|@example|hush|stranger/)
  })

  it('of contract holders', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    const { key } = await addContract(shop)
    const made = await askAsHolder(GENERATE, { contract_key: key, quantity: '2' })
    const licenseKeys = made.response.license_keys.map((one: { license_key: string }) => one.license_key)
    await askAsHolder(GET_INFO, { contract_key: key })
    await askAsHolder(GET_INFO, { contract_key: 'contract-key-of-a-stranger' })
    await askAsHolder(DESTROY, { contract_key: key, license_key: licenseKeys[0] })
    expect(lines().map(({ code }) => code)).toEqual([1300, 1204, 1200, 1400])
    const log = everything()
    expect([key, ...licenseKeys, 'stranger'].filter((secret) => log.includes(secret))).toEqual([])
  })

  it('of payment providers', async () => {
    for (const samples of PROVIDER_SAMPLES) {
      const setting = webhookSecretName(samples.provider)
      const names = {
        order: 'order-of-ada',
        externalId: 'price-of-ada',
        name: 'Ada',
        email: 'ada@example.com',
      }
      const { body, ...event } = samples.purchase(names)
      const headers = await samples.sign({ body, ...event }, samples.secret, Math.floor(Date.now() / 1000))
      const request = { path: `/webhooks/${samples.provider}`, method: 'POST', body }
      await send({ ...request, headers, bindings: { [setting]: samples.secret } })
      await send({ ...request, headers: {}, bindings: { [setting]: samples.secret } })
      const log = everything()
      const secrets = [samples.secret, ...Object.values(headers), 'of-ada', 'ada@', 'Ada']
      expect(secrets.filter((secret) => secret.length > 2 && log.includes(secret))).toEqual([])
    }
    expect(new Set(lines().map(({ code }) => code))).toEqual(new Set([2200, 2401]))
    expect(lines().some(({ roundTrips }) => Number(roundTrips) > 0)).toBe(true)
  })
})

describe('a data point is written for each request', () => {
  it('where METRICS is bound, with nothing but the endpoint, the code and numbers', async () => {
    const points: AnalyticsEngineDataPoint[] = []
    const METRICS = { writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) }
    await post(orderFields(await openShop()), { bindings: { METRICS } })
    expect(points).toEqual([
      {
        indexes: [ISSUE_PATH],
        blobs: [ISSUE_PATH, 'POST', '803'],
        doubles: [200, expect.any(Number), 2, 1, expect.any(Number), expect.any(Number)],
      },
    ])
  })

  it('and one that can not be written keeps nobody from an answer', async () => {
    const METRICS = {
      writeDataPoint() {
        throw new Error('The counter is out of order.')
      },
    }
    const request = new Request('https://keyseal.test/health')
    const response = await createApp().fetch(request, { ...env, METRICS } as never)
    expect(response.status).toBe(200)
  })
})
