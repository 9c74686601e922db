import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { app } from '../../src/app.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { newKeysFields } from '../support/administration.ts'
import { ISSUE_PATH, post, send } from '../support/client.ts'
import { addContract, callAsContractHolder, DESTROY_ALL, GENERATE, GET_INFO } from '../support/contracts.ts'
import { activatedKeyFields } from '../support/key-life.ts'
import { failureLines, logText, requestLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { openShop, orderFields } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'
import { VALID_REQUESTS, validFields } from '../support/valid-requests.ts'

beforeEach(() => {
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(() =>
    Promise.resolve({} as QueueSendBatchResponse),
  )
})
afterEach(() => vi.restoreAllMocks())

describe('the log line of a request', () => {
  it('has the request, its caller, its result and its cost', async () => {
    const shop = await openShop()
    const answer = await post(orderFields(shop), { headers: { 'CF-Connecting-IP': '203.0.113.7' } })
    expect(requestLines()).toEqual([
      {
        level: 'info',
        requestId: answer.headers.get('X-Request-Id'),
        method: 'POST',
        endpoint: ISSUE_PATH,
        code: 803,
        status: 200,
        apiKeyId: shop.apiKeyId,
        contractId: null,
        operatorId: null,
        product: shop.productId,
        quantity: 2,
        keys: 2,
        outcome: null,
        roundTrips: 1,
        rowsRead: expect.any(Number),
        rowsWritten: expect.any(Number),
        durationMs: expect.any(Number),
      },
    ])
    expect(requestLines()[0]?.rowsWritten).toBeGreaterThanOrEqual(4)
    expect(requestLines()[0]?.rowsRead).toBeGreaterThan(0)
  })

  it.each(ENDPOINTS.filter(({ path }) => path in VALID_REQUESTS))(
    'has the id of the API key: $path',
    async (endpoint) => {
      const shop = await openShop()
      const restricted = await openShop({ capabilities: [] })
      const fields = await validFields(endpoint.path, shop)
      for (const apiKey of [shop.apiKey, restricted.apiKey, 'none'])
        await callWithApiKey(apiKey, endpoint, fields)
      expect(requestLines().map(({ apiKeyId }) => apiKeyId)).toEqual([
        shop.apiKeyId,
        restricted.apiKeyId,
        null,
      ])
      expect(requestLines()[1]?.code).toBe(102)
    },
  )

  it('has the number of license keys to create', async () => {
    const shop = await openShop()
    await post({ api_key: shop.apiKey, ...newKeysFields(shop) }, { path: '/api/v1/create-license-keys' })
    expect(requestLines()).toEqual([expect.objectContaining({ code: 900, quantity: 2 })])
  })

  it('has the id of the contract', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    const { id, key } = await addContract(shop)
    for (const [path, fields] of [
      [GET_INFO, {}],
      [GENERATE, { quantity: '1' }],
      [DESTROY_ALL, {}],
    ] as const) {
      await callAsContractHolder(path, { contract_key: key, ...fields })
    }
    await callAsContractHolder(GET_INFO, { contract_key: 'none' })
    expect(requestLines().map(({ contractId, apiKeyId }) => [contractId, apiKeyId])).toEqual([
      [id, null],
      [id, null],
      [id, null],
      [null, null],
    ])
  })

  it('has the product of the license key', async () => {
    const shop = await openShop()
    await post({ api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }, { path: '/api/v1/verify' })
    expect(requestLines()).toEqual([
      expect.objectContaining({ code: 200, product: shop.productId, roundTrips: 1, rowsWritten: 0 }),
    ])
  })

  it('has the product even if the global key signs', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) }
    await post(fields, { path: '/api/v1/deactivate' })
    expect(requestLines()).toEqual([expect.objectContaining({ code: '400', product: shop.productId })])
  })

  it('has the endpoint, not the path as sent', async () => {
    await send({ path: '/api/v1/verify/my-license-key?license_key=my-license-key' })
    await send({ path: '//v1//verify?license_key=my-license-key', method: 'PROPFIND' })
    expect(requestLines()).toEqual([
      expect.objectContaining({ endpoint: null, code: 2404, status: 404, method: 'GET' }),
      expect.objectContaining({ endpoint: '/api/v1/verify', code: 2405, status: 405, method: 'other' }),
    ])
    expect(logText()).not.toMatch(/my-?(?:license-)?key/i)
  })

  it('has no code if the response is not an envelope', async () => {
    const etag = String((await send({ path: '/.well-known/jwks.json' })).headers.get('ETag'))
    await send({ path: '/.well-known/jwks.json', headers: { 'If-None-Match': etag } })
    await send({ path: '/api/v1/verify', method: 'OPTIONS' })
    expect(requestLines().map(({ status, code, endpoint }) => [status, code, endpoint])).toEqual([
      [200, null, '/.well-known/jwks.json'],
      [304, null, '/.well-known/jwks.json'],
      [204, null, '/api/v1/verify'],
    ])
  })

  it('has the request id of the failure', async () => {
    const shop = await openShop()
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    await post(orderFields(shop), { bindings: { DB: db } })
    const [failure] = failureLines()
    expect(failure).toMatchObject({ level: 'error', message: 'D1_ERROR: Network connection lost.' })
    expect(requestLines()).toEqual([
      expect.objectContaining({ requestId: failure?.requestId, code: 2503, status: 503, apiKeyId: null }),
    ])
  })

  it('has no part of an unknown API key, which may be a password', async () => {
    const shop = await openShop()
    await post(orderFields(shop, { api_key: 'correct horse' }))
    expect(requestLines()).toEqual([expect.objectContaining({ code: 100, apiKeyId: null })])
  })

  it('is not affected by concurrent requests', async () => {
    const shops = await Promise.all(Array.from({ length: 20 }, () => openShop()))
    await Promise.all(shops.map((shop, index) => post(orderFields(shop, { quantity: String(index + 1) }))))
    const lines = requestLines().map(({ product, quantity, keys, roundTrips }) => ({
      product,
      quantity,
      keys,
      roundTrips,
    }))
    expect(lines.sort((a, b) => Number(a.product) - Number(b.product))).toEqual(
      shops.map(({ productId: product }, index) => ({
        product,
        quantity: index + 1,
        keys: index + 1,
        roundTrips: 1,
      })),
    )
  })
})

describe('the data point of a request', () => {
  it('has only the endpoint, the method, the code and numbers', async () => {
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

  it('does not affect the response if it fails', async () => {
    const METRICS = {
      writeDataPoint() {
        throw new Error('METRICS failed')
      },
    }
    const request = new Request('https://keyseal.test/health')
    const response = await app.fetch(request, { ...env, METRICS } as never)
    expect(response.status).toBe(200)
  })
})

function callWithApiKey(
  apiKey: string,
  { method, path }: Endpoint,
  fields: Record<string, string>,
): Promise<Response> {
  const form = new URLSearchParams({ ...fields, api_key: apiKey })
  return send(method === 'POST' ? { path, method, body: form } : { path: `${path}?${form}` })
}
