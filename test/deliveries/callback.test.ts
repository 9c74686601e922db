import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { retryFailed } from '../../scripts/keyseal/delivery-rows.ts'
import { deliver } from '../../src/deliveries/deliver.ts'
import { processQueuedOrder } from '../../src/issuing/queued-orders.ts'
import { CALLBACK_LEASE_MS } from '../../src/queue/messages.ts'
import { type ApiResponse, isSignedBy } from '../support/client.ts'
import { executeSql } from '../support/key-life.ts'
import { failureLines } from '../support/log.ts'
import {
  type OutboundReaction,
  type OutboundRequest,
  outboundUrl,
  requestsTo,
  stubResponses,
} from '../support/outbound.ts'
import {
  addQueuedOrder,
  addStock,
  callbackRows,
  envWithoutConsumer,
  type QueuedOrderOptions,
  receivedCallbacks,
  type TestOrder,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

const FIELDS = [
  'product_id',
  'license_key',
  'activation_limit',
  'validity',
  'status',
  'owner_name',
  'owner_email',
  'assigned_at',
  'contract_id',
  'updated_at',
  'created_at',
  'id',
  'meta_data',
]

interface Completed extends TestOrder {
  readonly deliveryId: number
  readonly completedAt: number
}

/** A finished order with chunks of four keys, whose callback was not sent yet. */
async function completeOrder(options: QueuedOrderOptions = {}, stock = 0): Promise<Completed> {
  const shop = await openShop()
  if (stock > 0) await addStock(shop, stock)
  const order = await addQueuedOrder(shop, { quantity: 10, ...options })
  await processQueuedOrder(envWithoutConsumer(), order.id, Date.now(), 4)
  const [callback] = await callbackRows(order)
  if (!callback) throw new Error('The order has no callback.')
  return { ...order, deliveryId: callback.id, completedAt: callback.created_at }
}

async function send(order: Completed, bindings: object = {}, now = Date.now()) {
  return deliver({ ...env, ...bindings }, order.deliveryId, now)
}

async function stateOf(order: Completed) {
  const [row] = await callbackRows(order)
  return row
}

/** Parses the received callback like the plugin. */
function received(request: OutboundRequest | undefined): ApiResponse {
  if (!request) throw new Error('No request was received.')
  const outer = JSON.parse(request.body)
  expect(Object.keys(outer)).toEqual(['headers', 'original', 'exception'])
  expect([outer.headers, outer.exception]).toEqual([{}, null])
  const envelope = outer.original
  expect(Object.keys(envelope)).toEqual(['response', 'response_base64', 'private_key_used', 'signature'])
  const signed = new TextDecoder().decode(Uint8Array.fromBase64(envelope.response_base64))
  expect(request.body.startsWith(`{"headers":{},"original":{"response":${signed},"response_base64":`)).toBe(
    true,
  )
  return { status: 200, headers: new Headers(), text: request.body, envelope, response: envelope.response }
}

async function storedKeys({ productId }: TestOrder) {
  const { results } = await env.DB.prepare(
    'select id, license_key from license_keys where product_id = ? and issuance_id is not null order by id',
  )
    .bind(productId)
    .all()
  return results
}

describe('the callback of an issued order', () => {
  it("has the protocol's format and all keys in order", async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, {})
    expect(await send(order)).toEqual({ kind: 'done' })

    const [request, ...others] = await receivedCallbacks(order)
    expect(others).toEqual([])
    const answer = received(request)
    expect(Object.keys(answer.response)).toEqual([
      'code',
      'message',
      'license_keys',
      'identifier',
      'timestamp',
    ])
    expect(answer.response).toMatchObject({
      code: 803,
      message: 'License keys assigned',
      identifier: '31',
      timestamp: Math.floor(order.completedAt / 1000),
    })
    const keys: Record<string, unknown>[] = answer.response.license_keys
    expect(keys.map(Object.keys)).toEqual(Array(10).fill(FIELDS))
    expect(keys.map(({ id, license_key }) => ({ id, license_key }))).toEqual(await storedKeys(order))
    for (const key of keys) {
      expect(key).toMatchObject({
        product_id: order.productId,
        activation_limit: 3,
        validity: 365,
        status: 'assigned',
        owner_name: 'Ada Lovelace',
        owner_email: 'ada@example.com',
        assigned_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}000Z$/),
        contract_id: null,
        updated_at: expect.stringMatching(/:\d{2}\.000000Z$/),
        meta_data: [],
      })
    }
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(answer.envelope.private_key_used).toBe('global')
    expect(await stateOf(order)).toMatchObject({ status: 'delivered', attempts: 1, last_result: 'HTTP 200' })
  })

  it('is posted as JSON to the exact URL with its length and name', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, {})
    await send(order)
    const [request] = await receivedCallbacks(order)
    expect(request).toMatchObject({ method: 'POST', url: order.webhookUrl })
    expect(order.webhookUrl).toContain('?keevault-webhook=secret')
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(new TextEncoder().encode(request?.body).byteLength),
      'webhook-id': `keyseal_delivery_${order.deliveryId}_${order.completedAt}`,
      'x-signing-key-id': expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  it("is signed with the product's own key if it has one", async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, {})
    await send(order, { [`SIGNING_PRIVATE_KEY_PRODUCT_${order.productId}`]: env.PRODUCT_SIGNING_KEY })
    const answer = received((await receivedCallbacks(order))[0])
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
  })

  it.each([1, 2, 3, 4, 5, 8, 9])('is correct for %i keys in any number of chunks', async (quantity) => {
    // A long name, so that pieces end at every position of a base64 group.
    const order = await completeOrder({ quantity, ownerName: `Zoë "${'é'.repeat(quantity)}" \\ Åström 🗝` })
    await stubResponses(order.webhookUrl, {})
    await send(order)
    const answer = received((await receivedCallbacks(order))[0])
    expect(answer.response.license_keys).toHaveLength(quantity)
    expect(answer.response.license_keys[0].owner_name).toBe(`Zoë "${'é'.repeat(quantity)}" \\ Åström 🗝`)
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
  })

  it('has identifier null if the caller sent none', async () => {
    const order = await completeOrder({ identifier: null })
    await stubResponses(order.webhookUrl, {})
    await send(order)
    expect(received((await receivedCallbacks(order))[0]).response.identifier).toBeNull()
  })

  it('contains stock keys with their own terms and dates', async () => {
    const order = await completeOrder({ quantity: 4, origin: 'stock' }, 4)
    await stubResponses(order.webhookUrl, {})
    await send(order)
    const keys: Record<string, unknown>[] = received((await receivedCallbacks(order))[0]).response
      .license_keys
    expect(keys.map((key) => [key.validity, key.activation_limit])).toEqual([
      [100, 10],
      [101, 11],
      [102, 12],
      [103, 13],
    ])
    expect(keys[0]?.created_at).toBe('1970-01-01T00:00:00.000000Z')
  })

  it('has the same text in each attempt, even if keys or product changed', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, { status: 500 }, {})
    await send(order)
    await env.DB.batch([
      env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(order.productId),
      env.DB.prepare(
        `update license_keys set status = 'blocked', owner_name = 'Other' where product_id = ?`,
      ).bind(order.productId),
    ])
    await send(order, {}, Date.now() + 60_000)
    const [first, second] = await receivedCallbacks(order)
    expect(second?.body).toBe(first?.body)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  })
})

describe('the callback of a refused order', () => {
  it('reports insufficient stock and the available quantity', async () => {
    const order = await completeOrder({ origin: 'stock' }, 3)
    await stubResponses(order.webhookUrl, {})
    await send(order, { [`SIGNING_PRIVATE_KEY_PRODUCT_${order.productId}`]: env.PRODUCT_SIGNING_KEY })
    const answer = received((await receivedCallbacks(order))[0])
    expect(Object.entries(answer.response)).toEqual([
      ['code', 802],
      ['message', 'Insufficient license keys'],
      ['available_quantity', 3],
      ['identifier', '31'],
      ['timestamp', Math.floor(order.completedAt / 1000)],
    ])
    expect(answer.envelope.private_key_used).toBe('global')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
  })

  it('reports a missing generator or product', async () => {
    const withoutGenerator = await completeOrder({ origin: 'generator' })
    await stubResponses(withoutGenerator.webhookUrl, {})
    await send(withoutGenerator)
    expect(Object.entries(received((await receivedCallbacks(withoutGenerator))[0]).response)).toEqual([
      ['code', 806],
      ['message', 'Generator not found'],
      ['identifier', '31'],
      ['timestamp', expect.any(Number)],
    ])

    const shop = await openShop({ productStatus: 'inactive' })
    const order = await addQueuedOrder(shop)
    await processQueuedOrder(envWithoutConsumer(), order.id, Date.now())
    const [callback] = await callbackRows(order)
    await stubResponses(order.webhookUrl, {})
    await deliver(env, callback?.id ?? 0, Date.now())
    expect(received((await receivedCallbacks(order))[0]).response).toMatchObject({
      code: 805,
      message: 'Product not found',
    })
  })
})

describe('a callback', () => {
  it('is retried only until the receiver accepts it', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, { status: 503 }, 'none', {})
    const now = Date.now()
    expect(await send(order, {}, now)).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await send(order, {}, now + 5_000)).toEqual({ kind: 'done' })
    expect(await send(order, {}, now + 10_000)).toEqual({ kind: 'retry', delaySeconds: 30 })
    expect(await send(order, {}, now + 40_000)).toEqual({ kind: 'done' })
    expect(await send(order, {}, now + 4_000_000)).toEqual({ kind: 'done' })
    const requests = await receivedCallbacks(order)
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(await stateOf(order)).toMatchObject({ status: 'delivered', attempts: 3 })
  })

  it('is sent once by concurrent consumers, and its lease exceeds the timeout', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, { delayMs: 50 })
    const now = Date.now()
    await Promise.all(Array.from({ length: 10 }, () => send(order, {}, now)))
    expect(await receivedCallbacks(order)).toHaveLength(1)

    const other = await completeOrder()
    await stubResponses(other.webhookUrl, { delayMs: 100 })
    const sending = send(other, {}, now + 1_000)
    while ((await receivedCallbacks(other)).length === 0) await scheduler.wait(5)
    await send(other, {}, now + 1_000 + CALLBACK_LEASE_MS - 1)
    await sending
    expect(await receivedCallbacks(other)).toHaveLength(1)
  })

  it.each<[string, OutboundReaction, string]>([
    ['redirects', { status: 302, headers: { Location: outboundUrl() } }, 'redirect'],
    ['returns 404', { status: 404 }, 'HTTP 404'],
    ['closes the connection', 'none', 'no response'],
  ])('is not delivered if the receiver %s', async (_, reaction, result) => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, reaction)
    expect(await send(order)).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await receivedCallbacks(order)).toHaveLength(1)
    expect(await stateOf(order)).toMatchObject({ status: 'pending', last_result: result })
  })

  it('is not delivered if the receiver times out', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, { delayMs: 500 })
    await deliver(env, order.deliveryId, Date.now(), 50)
    expect(await stateOf(order)).toMatchObject({ status: 'pending', last_result: 'timeout' })
  })

  it('is sent less often if its receiver hangs, and so are other callbacks to its host', async () => {
    const { origin } = new URL(outboundUrl())
    async function completeOrderTo(url: string): Promise<Completed> {
      const order = await completeOrder()
      await executeSql('update queued_orders set webhook_url = ? where id = ?', url, order.id)
      return order
    }
    const dueTimes = (orders: readonly Completed[]) =>
      Promise.all(orders.map(async (order) => (await stateOf(order))?.due_at))

    const hanging = await completeOrderTo(`${origin}/1`)
    const toSameHost = await Promise.all(
      [`${origin}/2`, origin, `${origin.toUpperCase()}?3`].map(completeOrderTo),
    )
    const toOthers = await Promise.all([`${origin}.other.test/`, `${origin}:8443/`].map(completeOrderTo))
    await stubResponses(`${origin}/1`, { delayMs: 500 }, {})
    const now = Date.now()
    const pauseEnd = now + 600_000
    expect(await deliver(env, hanging.deliveryId, now, 50)).toEqual({ kind: 'retry', delaySeconds: 600 })
    expect(await dueTimes([hanging, ...toSameHost])).toEqual(Array(4).fill(pauseEnd))
    expect(await dueTimes(toOthers)).toEqual(toOthers.map(({ completedAt }) => completedAt))

    for (const order of toSameHost) await send(order, {}, pauseEnd - 1)
    expect(await requestsTo(`${origin}/2`)).toEqual([])
    await send(hanging, {}, pauseEnd)
    expect(await stateOf(hanging)).toMatchObject({ status: 'delivered', attempts: 2 })
  })

  it('that is answered after the shop stored the keys is repeated only once, until an operator retries it', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, { delayMs: 500 }, { status: 503 }, { delayMs: 500 })
    const attempt = (now: number) => deliver(env, order.deliveryId, now, 50)
    const now = Date.now()
    expect(await attempt(now)).toEqual({ kind: 'retry', delaySeconds: 600 })
    // A receiver that refuses the keys did not store them.
    expect(await attempt(now + 600_000)).toEqual({ kind: 'retry', delaySeconds: 30 })
    expect(await attempt(now + 640_000)).toEqual({ kind: 'done' })
    expect(await attempt(now + 4_000_000)).toEqual({ kind: 'done' })
    const requests = await receivedCallbacks(order)
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(await stateOf(order)).toMatchObject({ status: 'failed', last_result: 'timeout' })

    await env.DB.prepare(retryFailed(`id = ${order.deliveryId}`)).run()
    await stubResponses(order.webhookUrl, {})
    expect(await send(order, {}, now + 8_000_000)).toEqual({ kind: 'done' })
    expect(await stateOf(order)).toMatchObject({ status: 'delivered' })
  })

  it.each(['http://receiver.test/', 'https://127.0.0.1/', 'https://user:pass@receiver.test/', 'nowhere'])(
    'with the URL %s fails without being sent or retried',
    async (url) => {
      const order = await completeOrder()
      await env.DB.prepare('update queued_orders set webhook_url = ? where id = ?').bind(url, order.id).run()
      expect(await send(order)).toEqual({ kind: 'done' })
      expect(await stateOf(order)).toMatchObject({ status: 'failed', last_result: 'target not allowed' })
      expect(failureLines()).toMatchObject([
        { requestId: `delivery ${order.deliveryId}`, error: 'DeliveryFailedError' },
      ])
    },
  )

  it('is sent over http only to a host in WEBHOOK_HTTP_HOSTS', async () => {
    const url = outboundUrl().replace('https:', 'http:')
    const bindings = { WEBHOOK_HTTP_HOSTS: new URL(url).host }
    const [allowed, refused] = [await completeOrder(), await completeOrder()]
    for (const order of [allowed, refused]) {
      await env.DB.prepare('update queued_orders set webhook_url = ? where id = ?').bind(url, order.id).run()
    }
    await stubResponses(url, {})
    await send(refused)
    expect(await stateOf(refused)).toMatchObject({ status: 'failed', last_result: 'target not allowed' })
    expect(failureLines()).toHaveLength(1)
    await send(allowed, bindings)
    expect(await stateOf(allowed)).toMatchObject({ status: 'delivered' })
    expect(await receivedCallbacks({ ...allowed, webhookUrl: url })).toHaveLength(1)
  })

  it('fails after 13 attempts', async () => {
    const order = await completeOrder()
    await stubResponses(order.webhookUrl, { status: 500 })
    let now = Date.now()
    for (let attempt = 1; attempt <= 13; attempt++) {
      await send(order, {}, now)
      now += 13 * 3_600_000
    }
    expect(await receivedCallbacks(order)).toHaveLength(13)
    expect(await stateOf(order)).toMatchObject({ status: 'failed', last_result: 'HTTP 500' })
  })
})
