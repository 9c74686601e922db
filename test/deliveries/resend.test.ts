/** E-mail through Resend. The test server replaces api.resend.com, which only this file uses. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { deliver } from '../../src/deliveries/deliver.ts'
import type { Bindings } from '../../src/platform/settings.ts'
import { addDelivery, deliveryRow, reportedOf, type TestDelivery } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { type OutboundReaction, requestsTo, stubResponses } from '../support/outbound.ts'

const ENDPOINT = 'https://api.resend.com/emails'
const API_KEY = 're_test_of_the_tests'
const ACCEPTED: OutboundReaction = { body: JSON.stringify({ id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' }) }

/** The binding must not be used while RESEND_API_KEY is set. */
const UNUSED: SendEmail = {
  send() {
    throw new Error('The binding was used.')
  },
}

function bindingsWith(settings: object = {}): Bindings {
  return { ...env, EMAIL: UNUSED, EMAIL_FROM: 'keys@example.com', RESEND_API_KEY: API_KEY, ...settings }
}

function add(options: Parameters<typeof addDelivery>[0] = {}): Promise<TestDelivery> {
  return addDelivery({ channel: 'email', ...options })
}

/** The requests for one delivery, in order. */
async function requestsFor({ name }: TestDelivery) {
  const requests = await requestsTo(ENDPOINT)
  return requests.filter(({ headers }) => headers['idempotency-key'] === name)
}

function errorOf(status: number, name: string, headers: Record<string, string> = {}): OutboundReaction {
  return {
    status,
    headers,
    body: JSON.stringify({ statusCode: status, name, message: 'ada@example.com re_test' }),
  }
}

/** Neither the row nor the log may contain an address, a name, a license key or the API key. */
async function expectNothingLeaked(delivery: TestDelivery): Promise<void> {
  const output = JSON.stringify([await deliveryRow(delivery), failureLines()])
  for (const secret of ['ada@', 'Ada', 're_test', ...delivery.licenseKeys])
    expect(output).not.toContain(secret)
}

describe('an e-mail through Resend', () => {
  it('is posted once with its API key and idempotency key', async () => {
    const delivery = await add({ quantity: 1 })
    await stubResponses(ENDPOINT, ACCEPTED)
    expect(await deliver(bindingsWith(), delivery.id, Date.now())).toEqual({ kind: 'done' })
    expect(await deliver(bindingsWith(), delivery.id, Date.now())).toEqual({ kind: 'done' })

    const [request, ...others] = await requestsFor(delivery)
    expect(others).toEqual([])
    expect(request).toMatchObject({ method: 'POST', url: ENDPOINT })
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': delivery.name,
      'user-agent': 'Keyseal',
    })
    expect(JSON.parse(request?.body ?? '')).toEqual({
      from: 'keys@example.com',
      to: ['ada@example.com'],
      subject: 'Your license key for App',
      text: expect.stringContaining(`    ${delivery.licenseKeys[0]}\n`),
      html: expect.stringContaining(String(delivery.licenseKeys[0])),
      headers: { 'X-Keyseal-Delivery': delivery.name },
      tags: [{ name: 'keyseal_delivery', value: delivery.name }],
    })
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'delivered',
      attempts: 1,
      last_result: 'HTTP 200',
    })
    expect(await reportedOf(delivery)).toMatchObject({ message_id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' })
    await expectNothingLeaked(delivery)
  })

  it('is sent by one of many concurrent consumers', async () => {
    const delivery = await add()
    await stubResponses(ENDPOINT, { ...(ACCEPTED as object), delayMs: 50 })
    const now = Date.now()
    await Promise.all(Array.from({ length: 5 }, () => deliver(bindingsWith(), delivery.id, now)))
    expect(await requestsFor(delivery)).toHaveLength(1)
  })

  it.each([
    ['Example Ltd', 'Example Ltd <keys@example.com>'],
    ['Example, "the" Ltd.', '"Example, \\"the\\" Ltd." <keys@example.com>'],
    ['Müller & Söhne', 'Müller & Söhne <keys@example.com>'],
  ])('has the sender name %j', async (name, from) => {
    const delivery = await add()
    await stubResponses(ENDPOINT, ACCEPTED)
    const settings = { SELLER_NAME: name, SELLER_SUPPORT: 'support@example.com' }
    await deliver(bindingsWith(settings), delivery.id, Date.now())
    const [request] = await requestsFor(delivery)
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ from, reply_to: 'support@example.com' })
  })
})

describe('an attempt is repeated with the same idempotency key and body', () => {
  it.each<[string, OutboundReaction, string]>([
    ['after a lost response', 'none', 'no response'],
    ['after a timeout', { delayMs: 1_000 }, 'timeout'],
    ['after a redirect', { status: 307, headers: { Location: 'https://elsewhere.test/' } }, 'HTTP 307'],
    ['after HTTP 500', errorOf(500, 'application_error'), 'HTTP 500 application_error'],
    ['after HTTP 503 without JSON', { status: 503, body: '<html>' }, 'HTTP 503'],
    ['if the API key is missing', errorOf(401, 'missing_api_key'), 'HTTP 401 missing_api_key'],
    ['if the API key is wrong', errorOf(403, 'invalid_api_key'), 'HTTP 403 invalid_api_key'],
    ['if the sender is wrong', errorOf(422, 'invalid_from_address'), 'HTTP 422 invalid_from_address'],
    [
      'if another attempt is in progress',
      errorOf(409, 'concurrent_idempotent_requests'),
      'HTTP 409 concurrent_idempotent_requests',
    ],
    ['if the error has an unexpected name', errorOf(400, 'ada@example.com'), 'HTTP 400'],
    ['if the error is very long', { status: 500, body: `{"name":"x","y":"${'z'.repeat(1e7)}"}` }, 'HTTP 500'],
  ])('%s', async (_, reaction, result) => {
    const delivery = await add()
    await stubResponses(ENDPOINT, reaction, ACCEPTED)
    const now = Date.now()
    const timeoutMs = result === 'timeout' ? 200 : 10_000
    const first = await deliver(bindingsWith(), delivery.id, now, timeoutMs)
    expect(first).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await deliveryRow(delivery)).toEqual({
      status: 'pending',
      attempts: 1,
      due_at: now + 10_000,
      last_result: result,
    })
    await expectNothingLeaked(delivery)

    expect(await deliver(bindingsWith(), delivery.id, now + 10_000)).toEqual({ kind: 'done' })
    const requests = await requestsFor(delivery)
    expect(requests).toHaveLength(2)
    expect(requests[1]?.body).toBe(requests[0]?.body)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', attempts: 2 })
  })

  it('after a crash before the result was stored', async () => {
    const delivery = await add()
    await stubResponses(ENDPOINT, ACCEPTED)
    await deliver(bindingsWith(), delivery.id, Date.now())
    await env.DB.prepare(`update deliveries set status = 'pending', due_at = 0 where id = ?`)
      .bind(delivery.id)
      .run()
    await deliver(bindingsWith(), delivery.id, Date.now())
    const [first, second] = await requestsFor(delivery)
    expect(second?.body).toBe(first?.body)
  })
})

describe('a rate limit', () => {
  it.each([
    ['waits for the time in Retry-After', '120', 120],
    ['waits at least for the backoff', '1', 10],
    ['waits at most 12 hours', '999999', 43_200],
    ['ignores a date', 'Wed, 21 Oct 2026 07:28:00 GMT', 10],
  ])('%s', async (_, retryAfter, delaySeconds) => {
    const delivery = await add()
    await stubResponses(ENDPOINT, errorOf(429, 'rate_limit_exceeded', { 'Retry-After': retryAfter }))
    const now = Date.now()
    expect(await deliver(bindingsWith(), delivery.id, now)).toEqual({ kind: 'retry', delaySeconds })
    expect(await deliveryRow(delivery)).toMatchObject({
      status: 'pending',
      due_at: now + delaySeconds * 1000,
      last_result: 'HTTP 429 rate_limit_exceeded',
    })
  })
})

it('a delivery fails after 13 attempts and is logged without personal data', async () => {
  const delivery = await add({ attempts: 12 })
  await stubResponses(ENDPOINT, errorOf(403, 'invalid_api_key', { 'Retry-After': '5' }))
  expect(await deliver(bindingsWith(), delivery.id, Date.now())).toEqual({ kind: 'done' })
  expect(await deliveryRow(delivery)).toMatchObject({
    status: 'failed',
    attempts: 13,
    last_result: 'HTTP 403 invalid_api_key',
  })
  expect(failureLines()).toMatchObject([
    { requestId: `delivery ${delivery.id}`, error: 'DeliveryFailedError' },
  ])
  await expectNothingLeaked(delivery)
})
