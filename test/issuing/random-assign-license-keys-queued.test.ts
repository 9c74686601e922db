import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Message } from '../../src/queue/messages.ts'
import { type ApiResponse, isSignedBy, post } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { outboundUrl, stubResponses } from '../support/outbound.ts'
import {
  addGenerator,
  addStock,
  capturingQueue,
  QUEUED_PATH,
  queuedOrderFields,
  receivedCallbacks,
} from '../support/queued-order.ts'
import { openShop, type Shop } from '../support/shop.ts'

interface QueueResult extends ApiResponse {
  readonly messages: readonly Message[]
}

/** Sends an order and captures its queue messages. */
async function sendOrder(
  fields: Record<string, unknown>,
  { headers = {}, bindings = {}, ...options }: Parameters<typeof post>[1] = {},
): Promise<QueueResult> {
  const { queue, messages } = capturingQueue()
  const allBindings = { DELIVERIES: queue, ...bindings }
  const answer = await post(fields, { path: QUEUED_PATH, headers, bindings: allBindings, ...options })
  return { ...answer, messages }
}

async function ordersOf({ apiKeyId }: Shop): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare('select * from queued_orders where source = ? order by id')
    .bind(`api:${apiKeyId}`)
    .all()
  return results
}

/** Expects that a request writes and enqueues nothing. */
async function expectNoOrder(shop: Shop, request: () => Promise<QueueResult>): Promise<QueueResult> {
  const before = await ordersOf(shop)
  const result = await request()
  expect(await ordersOf(shop)).toEqual(before)
  expect(result.messages).toEqual([])
  return result
}

describe('a queued order', () => {
  it('returns 807 and is stored and enqueued', async () => {
    const shop = await openShop()
    const fields = queuedOrderFields(shop, { quantity: '100000' })
    const result = await sendOrder(fields)
    expect(result.status).toBe(200)
    expect(Object.entries(result.response)).toEqual([
      ['code', 807],
      ['message', 'Request Queued'],
      ['timestamp', expect.any(Number)],
    ])
    const [order, ...others] = await ordersOf(shop)
    expect(others).toEqual([])
    expect(order).toMatchObject({
      product_id: shop.productId,
      quantity: 100_000,
      owner_name: 'Ada Lovelace',
      owner_email: 'ada@example.com',
      origin: 'fresh',
      requested_validity_days: 365,
      requested_activation_limit: 3,
      identifier: '31',
      webhook_url: fields.webhook_url,
      status: 'issuing',
      chunks: 0,
    })
    expect(result.messages).toEqual([{ kind: 'queued-order', id: order?.id }])
  })

  it('is signed by the global key', async () => {
    const shop = await openShop()
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const result = await sendOrder(queuedOrderFields(shop), { bindings })
    expect(result.envelope.private_key_used).toBe('global')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, result)).toBe(true)
  })

  it('does not require an owner or an identifier', async () => {
    const shop = await openShop()
    const { owner_name: _, owner_email: __, identifier: ___, ...fields } = queuedOrderFields(shop)
    expect((await sendOrder(fields)).response.code).toBe(807)
    expect(await ordersOf(shop)).toMatchObject([
      { owner_name: 'Not set', owner_email: 'Not set', identifier: null },
    ])
  })

  it.each([
    ['1', 'generator'],
    ['0', 'stock'],
  ])('accepts optional terms for generate=%s', async (generate, origin) => {
    const shop = await openShop()
    await addGenerator(shop)
    await addStock(shop, 2)
    const { validity: _, activation_limit: __, ...fields } = queuedOrderFields(shop, { generate })
    expect((await sendOrder(fields)).response.code).toBe(807)
    expect((await sendOrder({ ...fields, validity: '0', activation_limit: '9' })).response.code).toBe(807)
    expect(await ordersOf(shop)).toMatchObject([
      { origin, requested_validity_days: null, requested_activation_limit: null },
      { origin, requested_validity_days: 0, requested_activation_limit: 9 },
    ])
  })

  it('accepts JSON numbers', async () => {
    const shop = await openShop()
    const fields = { ...queuedOrderFields(shop), product_id: shop.productId, quantity: 3, validity: 1 }
    const headers = { 'Content-Type': 'application/json' }
    expect((await sendOrder({}, { body: JSON.stringify(fields), headers })).response.code).toBe(807)
    expect(await ordersOf(shop)).toMatchObject([{ quantity: 3, requested_validity_days: 1 }])
  })

  it('takes one round trip for any quantity', async () => {
    const shop = await openShop()
    for (const quantity of ['1', '100000']) {
      const { db, roundTrips } = observe(env.DB)
      await sendOrder(queuedOrderFields(shop, { quantity }), { bindings: { DB: db } })
      expect(roundTrips).toEqual([{ statements: 3, rowsWritten: 5 }])
    }
  })

  it('is issued by the queue and delivered by a callback', async () => {
    const shop = await openShop()
    const fields = queuedOrderFields(shop, { quantity: '3' })
    await stubResponses(String(fields.webhook_url), {})
    const { response } = await post(fields, { path: QUEUED_PATH })
    expect(response.code).toBe(807)
    const order = { webhookUrl: String(fields.webhook_url) }
    const [request] = await vi.waitFor(
      async () => {
        const requests = await receivedCallbacks(order)
        expect(requests).toHaveLength(1)
        return requests
      },
      { timeout: 15_000, interval: 50 },
    )
    const { original } = JSON.parse(String(request?.body))
    expect(original.response).toMatchObject({ code: 803, identifier: '31' })
    expect(original.response.license_keys).toHaveLength(3)
  }, 20_000)
})

describe('an Idempotency-Key', () => {
  it('creates one order, and its replay enqueues it again', async () => {
    const shop = await openShop()
    const fields = queuedOrderFields(shop)
    const headers = { 'Idempotency-Key': 'order-1' }
    const first = await sendOrder(fields, { headers })
    await env.DB.prepare('update queued_orders set created_at = created_at - 86400000 where source = ?')
      .bind(`api:${shop.apiKeyId}`)
      .run()
    const replay = await sendOrder(fields, { headers })
    expect(first.headers.has('Idempotent-Replayed')).toBe(false)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(replay.response).toEqual({ ...first.response, timestamp: first.response.timestamp - 86_400 })
    expect(replay.messages).toEqual(first.messages)
    expect(await ordersOf(shop)).toHaveLength(1)
  })

  it('replays the order even if it could no longer be issued', async () => {
    const shop = await openShop()
    await addStock(shop, 2)
    const fields = queuedOrderFields(shop, { generate: '0' })
    const headers = { 'Idempotency-Key': 'order-1' }
    const first = await sendOrder(fields, { headers })
    await env.DB.prepare('delete from license_keys where product_id = ?').bind(shop.productId).run()
    await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
    expect((await sendOrder(fields, { headers })).text).toBe(first.text)
  })

  it.each([
    ['quantity', '3'],
    ['owner_name', 'Grace Hopper'],
    ['owner_email', 'grace@example.com'],
    ['validity', '0'],
    ['activation_limit', '0'],
    ['identifier', '32'],
    ['identifier', ''],
    ['webhook_url', 'https://receiver.test/other'],
    ['generate', '1'],
  ])('returns 2422 if it is reused with a different %s', async (name, value) => {
    const shop = await openShop()
    await addGenerator(shop)
    const fields = queuedOrderFields(shop)
    const headers = { 'Idempotency-Key': 'order-1' }
    await sendOrder(fields, { headers })
    const result = await expectNoOrder(shop, () => sendOrder({ ...fields, [name]: value }, { headers }))
    expect(result).toMatchObject({ status: 422, response: { code: 2422 } })
  })

  it('applies only to the API key that used it', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const headers = { 'Idempotency-Key': 'order-1' }
    await sendOrder(queuedOrderFields(shop), { headers })
    expect((await sendOrder(queuedOrderFields(other), { headers })).response.code).toBe(807)
    expect(await ordersOf(other)).toHaveLength(1)
  })

  it('creates one order for 200 concurrent requests', async () => {
    const shop = await openShop()
    const fields = queuedOrderFields(shop)
    const headers = { 'Idempotency-Key': 'order-1' }
    const result = await Promise.all(Array.from({ length: 200 }, () => sendOrder(fields, { headers })))
    expect(new Set(result.map(({ text }) => text)).size).toBe(1)
    expect(result.filter(({ headers: received }) => !received.has('Idempotent-Replayed'))).toHaveLength(1)
    expect(await ordersOf(shop)).toHaveLength(1)
  })

  it('creates one order if the database response is lost', async () => {
    const shop = await openShop()
    let trips = 0
    const { db } = observe(env.DB, {
      after() {
        if (++trips === 1) throw new Error('D1_ERROR: Network connection lost.')
      },
    })
    const result = await sendOrder(queuedOrderFields(shop), { bindings: { DB: db } })
    expect(result.response.code).toBe(807)
    expect(result.headers.has('Idempotent-Replayed')).toBe(false)
    expect(await ordersOf(shop)).toHaveLength(1)
  })
})

describe('an order that cannot be issued', () => {
  async function expectRefused(shop: Shop, changes: Record<string, string>, response: object) {
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const result = await expectNoOrder(shop, () => sendOrder(queuedOrderFields(shop, changes), { bindings }))
    expect(result.status).toBe(200)
    expect(Object.entries(result.response)).toEqual([
      ...Object.entries(response),
      ['timestamp', expect.any(Number)],
    ])
    expect(result.envelope.private_key_used).toBe('global')
  }

  it('returns 805 if the product is inactive or missing', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    const response = { code: 805, message: 'Product not found' }
    for (const generate of ['', '0', '1']) await expectRefused(shop, { generate }, response)
    await expectRefused(shop, { product_id: '2147483647' }, response)
  })

  it('returns 806 if the product has no active generator', async () => {
    const shop = await openShop()
    await addGenerator(await openShop())
    await addGenerator(shop)
    await env.DB.prepare('update generators set status = 0 where product_id = ?').bind(shop.productId).run()
    await expectRefused(shop, { generate: '1' }, { code: 806, message: 'Generator not found' })
  })

  it('returns 802 with the available quantity if the stock is insufficient', async () => {
    const shop = await openShop()
    await addStock(shop, 5)
    await addStock(await openShop(), 5)
    const message = 'Insufficient license keys'
    await expectRefused(shop, { generate: '0', quantity: '7' }, { code: 802, message, available_quantity: 5 })
    await env.DB.prepare(`update license_keys set status = 'reserved' where product_id = ?`)
      .bind(shop.productId)
      .run()
    await expectRefused(shop, { generate: '0', quantity: '1' }, { code: 802, message, available_quantity: 0 })
  })

  it('can be retried with the same Idempotency-Key', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order-1' }
    const fields = queuedOrderFields(shop, { generate: '0' })
    expect((await sendOrder(fields, { headers })).response.code).toBe(802)
    await addStock(shop, 2)
    expect((await sendOrder(fields, { headers })).response.code).toBe(807)
  })

  it.each([
    [100, {}, { api_key: 'unknown' }],
    [101, { apiKeyStatus: 'inactive' }, {}],
    [102, { capabilities: ['use'] }, {}],
    [103, { allowedIps: ['192.0.2.1/32'] }, {}],
  ] as const)('returns %i without stock details for a refused caller', async (code, options, changes) => {
    const shop = await openShop(options)
    await addStock(shop, 1)
    const result = await expectNoOrder(shop, () =>
      sendOrder(queuedOrderFields(shop, { generate: '0', ...changes })),
    )
    expect(result).toMatchObject({ status: 401, response: { code } })
    expect(Object.keys(result.response)).toEqual(['code', 'message', 'timestamp'])
  })
})

describe('code 804', () => {
  const URL_RULE =
    'The webhook_url field must be an https address of a public host, without a user name and password. ' +
    'The operator of this server can allow http and private hosts by name, with the setting WEBHOOK_HTTP_HOSTS.'

  it.each([
    ['quantity', '0', 'The quantity field must be a whole number from 1 to 100000.'],
    ['quantity', '100001', 'The quantity field must be a whole number from 1 to 100000.'],
    ['quantity', '', 'The quantity field is required.'],
    ['product_id', '', 'The product_id field is required.'],
    ['generate', '2', 'The generate field must be a whole number from 0 to 1.'],
    ['validity', '', 'The validity field is required.'],
    ['validity', '36501', 'The validity field must be a whole number from 0 to 36500.'],
    ['activation_limit', '', 'The activation_limit field is required.'],
    ['owner_email', 'unknown', 'The owner_email field must be an e-mail address.'],
    [
      'identifier',
      'x'.repeat(256),
      'The identifier field must be 1 to 255 characters without control characters.',
    ],
    ['webhook_url', '', 'The webhook_url field is required.'],
    ['webhook_url', 'http://receiver.test/', URL_RULE],
    ['webhook_url', 'https://192.168.0.1/', URL_RULE],
    ['webhook_url', 'https://localhost/', URL_RULE],
    ['webhook_url', 'https://user:pass@receiver.test/', URL_RULE],
    ['webhook_url', 'https://receiver.test/\npath', URL_RULE],
    ['webhook_url', 'nowhere', URL_RULE],
    [
      'webhook_url',
      `https://receiver.test/${'x'.repeat(2048)}`,
      'The webhook_url field must be 1 to 2048 characters without control characters.',
    ],
  ])('is returned for %s: %j', async (name, value, message) => {
    const shop = await openShop()
    const result = await expectNoOrder(shop, () => sendOrder(queuedOrderFields(shop, { [name]: value })))
    expect(result).toMatchObject({ status: 422, response: { code: 804, errors: { [name]: [message] } } })
    expect(Object.keys(result.response.errors)).toEqual([name])
  })

  it('contains the errors of all parameters', async () => {
    const shop = await openShop()
    const result = await expectNoOrder(shop, () => sendOrder({ api_key: shop.apiKey, quantity: 'many' }))
    expect(Object.keys(result.response.errors).sort()).toEqual([
      'activation_limit',
      'product_id',
      'quantity',
      'validity',
      'webhook_url',
    ])
  })

  it('is returned for a quantity whose callback would be too large', async () => {
    const shop = await openShop()
    const fields = queuedOrderFields(shop, { quantity: '100000', owner_name: 'x'.repeat(255) })
    const result = await expectNoOrder(shop, () => sendOrder(fields))
    const message = 'The quantity field is too large for an owner_name and owner_email of this length.'
    expect(result).toMatchObject({ status: 422, response: { code: 804, errors: { quantity: [message] } } })
    expect((await sendOrder({ ...fields, quantity: '50000' })).response.code).toBe(807)
  })

  it.each([
    ['http://shop.example/?keevault-webhook=secret', 807],
    ['http://shop.local:8080/', 807],
    ['https://shop.local:8080/', 807],
    ['http://shop.local/', 804],
    ['http://other.example/', 804],
    ['http://shop.example.other.example/', 804],
    ['http://user:pass@shop.example/', 804],
    ['ftp://shop.example/', 804],
  ])('with WEBHOOK_HTTP_HOSTS for other hosts only: %s gets %i', async (webhook_url, code) => {
    const bindings = { WEBHOOK_HTTP_HOSTS: 'shop.example, shop.local:8080' }
    const fields = queuedOrderFields(await openShop(), { webhook_url })
    expect((await sendOrder(fields, { bindings })).response.code).toBe(code)
  })

  it('is not returned for a local URL in local development', async () => {
    const shop = await openShop()
    const fields = queuedOrderFields(shop, { webhook_url: 'http://127.0.0.1:8080/?key=1' })
    expect((await sendOrder(fields, { bindings: { LOCAL_DEVELOPMENT: 'true' } })).response.code).toBe(807)
  })
})

describe('a server failure', () => {
  it.each([
    ['DELIVERIES', 'keyseal-deliveries'],
    ['CALLBACKS', 'keyseal-callbacks'],
  ])(
    'writes nothing, and names the command that creates the queue %s, if it is missing',
    async (name, queue) => {
      const shop = await openShop()
      const result = await expectNoOrder(shop, () =>
        sendOrder(queuedOrderFields(shop), { bindings: { [name]: undefined } }),
      )
      expect(result).toMatchObject({ status: 500, response: { code: 2500 } })
      const message = expect.stringMatching(`^${name} is not bound. .*npx wrangler queues create ${queue},`)
      expect(failureLines()).toMatchObject([{ message }])
    },
  )

  it('returns 2503 if the database fails', async () => {
    const shop = await openShop()
    const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded. Too many requests queued.'))
    const result = await sendOrder(queuedOrderFields(shop), { bindings: { DB: db } })
    expect(result).toMatchObject({ status: 503, response: { code: 2503 } })
    expect(result.messages).toEqual([])
  })

  it('keeps the order if the queue fails', async () => {
    const shop = await openShop()
    const queue = { sendBatch: () => Promise.reject(new Error('The queue is unavailable.')) }
    const url = outboundUrl()
    const result = await sendOrder(queuedOrderFields(shop, { webhook_url: url }), {
      bindings: { DELIVERIES: queue },
    })
    expect(result.response.code).toBe(807)
    expect(await ordersOf(shop)).toMatchObject([{ status: 'issuing', webhook_url: url }])
    expect(failureLines()).toMatchObject([{ requestId: 'enqueue' }])
  })
})
