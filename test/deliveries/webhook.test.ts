import { env } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { deliver } from '../../src/deliveries/deliver.ts'
import { type ApiResponse, isSignedBy } from '../support/client.ts'
import { addDelivery, deliveryRow, ISSUED_AT } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import {
  type OutboundReaction,
  type OutboundRequest,
  outboundUrl,
  requestsTo,
  stubResponses,
} from '../support/outbound.ts'

/** The protocol's fields of a license key, in order. */
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

/** The received envelope. Its request must be signed with the delivery secret. */
function received(request: OutboundRequest | undefined): ApiResponse {
  if (!request) throw new Error('No request was received.')
  new Webhook(env.DELIVERY_WEBHOOK_SECRET).verify(request.body, request.headers)
  const envelope = JSON.parse(request.body)
  return { status: 200, headers: new Headers(), text: request.body, envelope, response: envelope.response }
}

describe('the webhook to the seller', () => {
  it('contains keys and order in an envelope signed like an API response', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    expect(await deliver(env, delivery.id, Date.now())).toEqual({ kind: 'done' })

    const [request, ...others] = await requestsTo(delivery.url)
    expect(others).toEqual([])
    const answer = received(request)
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(Object.keys(answer.envelope)).toEqual([
      'response',
      'response_base64',
      'private_key_used',
      'signature',
    ])
    expect(answer.envelope.private_key_used).toBe('global')
    const signed = new TextDecoder().decode(Uint8Array.fromBase64(String(answer.envelope.response_base64)))
    expect(answer.text.startsWith(`{"response":${signed},`)).toBe(true)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'license_keys', 'order', 'timestamp'])
    expect(answer.response).toMatchObject({
      code: 803,
      message: 'License keys assigned',
      order: { provider: 'stripe', id: delivery.orderId, line: 'li_1' },
      timestamp: Math.floor(ISSUED_AT / 1000),
    })
    expect(answer.response.license_keys.map(Object.keys)).toEqual([FIELDS, FIELDS])
    expect(answer.response.license_keys).toMatchObject(
      delivery.licenseKeys.map((license_key) => ({
        product_id: delivery.productId,
        license_key,
        activation_limit: 3,
        validity: 365,
        status: 'assigned',
        owner_name: 'Ada Lovelace',
        owner_email: 'ada@example.com',
        assigned_at: '2026-11-01T12:00:00.829000Z',
        contract_id: null,
        updated_at: '2026-11-01T12:00:00.000000Z',
        created_at: '2026-11-01T12:00:00.000000Z',
        meta_data: [],
      })),
    )
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'delivered',
      attempts: 1,
      last_result: 'HTTP 200',
    })
  })

  it('is posted as JSON with its name', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    const before = Math.floor(Date.now() / 1000)
    await deliver(env, delivery.id, Date.now())
    const [request] = await requestsTo(delivery.url)
    expect(request).toMatchObject({ method: 'POST', url: delivery.url })
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': delivery.name,
      'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
      'x-signing-key-id': expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(Number(request?.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before)
  })

  it('has a new name even if a restored database reuses its id', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {}, {})
    await deliver(env, delivery.id, Date.now())
    await env.DB.prepare(
      `update deliveries set status = 'pending', due_at = 0, created_at = created_at + 1 where id = ?`,
    )
      .bind(delivery.id)
      .run()
    await deliver(env, delivery.id, Date.now())
    const names = (await requestsTo(delivery.url)).map(({ headers }) => headers['webhook-id'])
    expect(names).toEqual([delivery.name, `keyseal_delivery_${delivery.id}_${ISSUED_AT + 1}`])
  })

  it("is signed with the product's own key if it has one", async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    const name = `SIGNING_PRIVATE_KEY_PRODUCT_${delivery.productId}`
    await deliver({ ...env, [name]: env.PRODUCT_SIGNING_KEY }, delivery.id, Date.now())
    const answer = received((await requestsTo(delivery.url))[0])
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
  })

  it('contains the current state of the keys', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    await env.DB.prepare(
      `update license_keys set status = 'blocked', validity_days = 730, activation_limit = 5, updated_at = ?
       where license_key = ?`,
    )
      .bind(ISSUED_AT + 86_400_000, delivery.licenseKeys[0])
      .run()
    await deliver(env, delivery.id, Date.now())
    const answer = received((await requestsTo(delivery.url))[0])
    expect(answer.response.license_keys).toMatchObject([
      { status: 'blocked', validity: 730, activation_limit: 5, updated_at: '2026-11-02T12:00:00.000000Z' },
      { status: 'assigned', validity: 365, activation_limit: 3, updated_at: '2026-11-01T12:00:00.000000Z' },
    ])
    expect(answer.response.license_keys.map(Object.keys)).toEqual([FIELDS, FIELDS])
  })

  it('contains no order if there is none', async () => {
    const delivery = await addDelivery({ hasOrder: false })
    await stubResponses(delivery.url, {})
    await deliver(env, delivery.id, Date.now())
    expect(received((await requestsTo(delivery.url))[0]).response.order).toBeNull()
  })

  it('contains a thousand keys by ascending id', async () => {
    const delivery = await addDelivery({ quantity: 1000 })
    await stubResponses(delivery.url, {})
    await deliver(env, delivery.id, Date.now())
    const { license_keys } = received((await requestsTo(delivery.url))[0]).response
    const names = license_keys.map(({ license_key }: { license_key: string }) => license_key)
    expect(names).toEqual(delivery.licenseKeys)
  })

  it("is sent to the product's URL, or to DELIVERY_WEBHOOK_URL by default", async () => {
    const webhookUrl = outboundUrl()
    await stubResponses(webhookUrl, {})
    const [own, other] = [await addDelivery(), await addDelivery({ productWebhookUrl: null })]
    await stubResponses(own.url, {})
    for (const { id } of [own, other])
      await deliver({ ...env, DELIVERY_WEBHOOK_URL: webhookUrl }, id, Date.now())
    expect(await requestsTo(own.url)).toHaveLength(1)
    const requests = await requestsTo(webhookUrl)
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual([other.name])
  })
})

it('local development allows webhooks to this machine without TLS', async () => {
  const url = `http://${crypto.randomUUID()}.localhost:3000/hook`
  const delivery = await addDelivery({ productWebhookUrl: url })
  await stubResponses(url, {})
  await deliver({ ...env, LOCAL_DEVELOPMENT: 'true' }, delivery.id, Date.now())
  expect(received((await requestsTo(url))[0]).response.code).toBe(803)
})

describe('an attempt', () => {
  it.each<[string, OutboundReaction, string]>([
    ['HTTP 500', { status: 500, body: 'a secret' }, 'HTTP 500'],
    ['HTTP 404', { status: 404 }, 'HTTP 404'],
    ['HTTP 410', { status: 410 }, 'HTTP 410'],
    ['no response', 'none', 'no response'],
    ['a timeout', { delayMs: 1_000 }, 'timeout'],
    ['a redirect with 302', { status: 302, headers: { Location: 'https://elsewhere.test/' } }, 'redirect'],
    ['a redirect with 308', { status: 308, headers: { Location: 'https://elsewhere.test/' } }, 'redirect'],
  ])('that gets %s is retried with the same webhook-id', async (_, reaction, result) => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, reaction, reaction, { status: 204 })
    const now = Date.now()
    // Other responses may be slow on a busy machine.
    const timeoutMs = result === 'timeout' ? 200 : 10_000

    const first = await deliver(env, delivery.id, now, timeoutMs)
    expect(first).toEqual({ kind: 'retry', delaySeconds: 10 })
    const afterFirst = { status: 'pending', attempts: 1, due_at: now + 10_000, last_result: result }
    expect(await deliveryRow(delivery)).toEqual(afterFirst)

    const second = await deliver(env, delivery.id, now + 10_000, timeoutMs)
    expect(second).toEqual({ kind: 'retry', delaySeconds: 30 })
    expect(await deliver(env, delivery.id, now + 40_000)).toEqual({ kind: 'done' })
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'delivered',
      attempts: 3,
      last_result: 'HTTP 204',
    })

    const requests = await requestsTo(delivery.url)
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(delivery.name))
    expect(requests.map(({ headers }) => Number(headers['webhook-timestamp']))).toEqual(
      [0, 10, 40].map((seconds) => Math.floor(now / 1000) + seconds),
    )
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1)
    for (const request of requests) received(request)
    expect(failureLines()).toEqual([])
  })

  it('does not follow a redirect', async () => {
    const [delivery, otherUrl] = [await addDelivery(), outboundUrl()]
    await stubResponses(otherUrl, {})
    await stubResponses(delivery.url, { status: 307, headers: { Location: otherUrl } })
    await deliver(env, delivery.id, Date.now())
    expect(await requestsTo(otherUrl)).toEqual([])
  })

  it('does not read a huge response completely', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, { body: 'x'.repeat(10_000_000) })
    expect(await deliver(env, delivery.id, Date.now())).toEqual({ kind: 'done' })
  })

  it('fails the delivery if it is the last one, and logs no key', async () => {
    const delivery = await addDelivery({ attempts: 12 })
    await stubResponses(delivery.url, { status: 503 })
    expect(await deliver(env, delivery.id, Date.now())).toEqual({ kind: 'done' })
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'failed',
      attempts: 13,
      last_result: 'HTTP 503',
    })
    expect(failureLines()).toMatchObject([
      { requestId: `delivery ${delivery.id}`, error: 'DeliveryFailedError' },
    ])

    expect(await deliver(env, delivery.id, Date.now() + 1e9)).toEqual({ kind: 'done' })
    expect(await requestsTo(delivery.url)).toHaveLength(1)
  })
})

describe('nothing is sent, and the error names the fix,', () => {
  it.each([
    ['http://shop.example/'],
    ['https://localhost/'],
    ['https://127.0.0.1:8787/'],
    ['https://169.254.169.254/latest/'],
    ['https://[fd00::1]/'],
    ['https://user:secret@shop.example/'],
    ['junk'],
  ])("if the product's own URL is %s", async (productWebhookUrl) => {
    const delivery = await addDelivery({ productWebhookUrl })
    expect(await deliver(env, delivery.id, Date.now())).toMatchObject({ kind: 'retry' })
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'pending',
      last_result: 'target not allowed',
    })
  })

  it.each([
    [undefined, 'is not set'],
    ['', 'is not set'],
    ['whsec', 'must be whsec_ and the base64 of 24 to 64 bytes'],
    ['whsec_', 'must be whsec_ and the base64 of 24 to 64 bytes'],
    [btoa('x'.repeat(32)), 'must be whsec_ and the base64 of 24 to 64 bytes'],
    [`whsec_${btoa('x'.repeat(23))}`, 'must be whsec_ and the base64 of 24 to 64 bytes'],
    [`whsec_${btoa('x'.repeat(65))}`, 'must be whsec_ and the base64 of 24 to 64 bytes'],
    ['whsec_no-base64!', 'must be whsec_ and the base64 of 24 to 64 bytes'],
  ])('if DELIVERY_WEBHOOK_SECRET is %j', async (webhookSecret, fault) => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    expect(
      await deliver({ ...env, DELIVERY_WEBHOOK_SECRET: webhookSecret }, delivery.id, Date.now()),
    ).toMatchObject({
      kind: 'retry',
    })
    expect(await requestsTo(delivery.url)).toEqual([])
    const message = expect.stringMatching(
      new RegExp(`^DELIVERY_WEBHOOK_SECRET ${fault}\\. To fix it: .*secret put DELIVERY_WEBHOOK_SECRET$`),
    )
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', last_result: message })
    expect(failureLines()).toMatchObject([
      { requestId: `delivery ${delivery.id}`, error: 'SettingError', message },
    ])
  })

  it('if neither the product nor DELIVERY_WEBHOOK_URL has a URL', async () => {
    const delivery = await addDelivery({ productWebhookUrl: null })
    await deliver(env, delivery.id, Date.now())
    expect((await deliveryRow(delivery)).last_result).toMatch(/^DELIVERY_WEBHOOK_URL is not set/)
  })

  it('if the envelope cannot be signed', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    const name = `SIGNING_PRIVATE_KEY_PRODUCT_${delivery.productId}`
    await deliver({ ...env, [name]: 'junk' }, delivery.id, Date.now())
    expect(await requestsTo(delivery.url)).toEqual([])
    expect((await deliveryRow(delivery)).last_result).toMatch(
      new RegExp(`^${name} is not an RSA private key`),
    )
  })
})

it.each([24, 32, 64])('a secret of %i bytes is accepted', async (bytes) => {
  const delivery = await addDelivery()
  await stubResponses(delivery.url, {})
  const webhookSecret = `whsec_${btoa('s'.repeat(bytes))}`
  await deliver({ ...env, DELIVERY_WEBHOOK_SECRET: webhookSecret }, delivery.id, Date.now())
  const [request] = await requestsTo(delivery.url)
  expect(() => new Webhook(webhookSecret).verify(request?.body ?? '', request?.headers ?? {})).not.toThrow()
})
