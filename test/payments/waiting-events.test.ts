/** Events that the consumer of the queue processes: look-ups at the provider and retries. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  PROVIDER_SAMPLES,
  type ProviderSamples,
  type SampleOrder,
} from '../../scripts/webhook-samples/index.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { abandonEvent, emptyPayloads, processEvent, sweepEvents } from '../../src/payments/waiting-events.ts'
import { ATTEMPTS_MAX, LEASE_MS } from '../../src/queue/messages.ts'
import { readEnvelope, send } from '../support/client.ts'
import { failureLines } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { type OutboundReaction, requestsTo, stubResponses } from '../support/outbound.ts'
import { addOffer, eventOf, keysOf, statusesOf } from '../support/sales.ts'

const DAY_MS = 86_400_000
let orders = 5_000_000

/** A queue without a consumer, so that the test can be the consumer. */
const idleQueue = { sendBatch: async () => {}, send: async () => {} }
const quietEnv = { ...env, DELIVERIES: idleQueue }

function samplesOf(provider: string): ProviderSamples {
  const samples = PROVIDER_SAMPLES.find((candidate) => candidate.provider === provider)
  if (!samples) throw new Error(`No samples for ${provider}`)
  return samples
}

/** The URL of the look-up, for each provider with look-ups. */
const LOOK_UPS = [
  ['stripe', (o: SampleOrder) => `https://api.stripe.com/v1/checkout/sessions/cs_live_${o.order}/line_items`],
  ['paddle', (o: SampleOrder) => customerUrl(samplesOf('paddle').purchaseToLookUp?.(o).body)],
] as const

function customerUrl(body = '{}'): string {
  return `https://api.paddle.com/customers/${JSON.parse(body).data?.customer_id}`
}

async function deliver(samples: ProviderSamples, o: SampleOrder, bindings: object = {}): Promise<string> {
  const event = samples.purchaseToLookUp?.(o)
  if (!event) throw new Error(`${samples.provider} needs no look-up`)
  const headers = await samples.sign(event, samples.secret, Math.floor(Date.now() / 1000))
  const secrets = { [webhookSecretName(samples.provider)]: samples.secret }
  const request = { path: `/webhooks/${samples.provider}`, method: 'POST', headers, body: event.body }
  const answer = await readEnvelope(
    await send({ ...request, bindings: { DELIVERIES: idleQueue, ...secrets, ...bindings } }),
  )
  expect(answer.status).toBe(200)
  return answer.response.outcome
}

async function latestEventId(): Promise<number> {
  return (await env.DB.prepare('select max(id) as id from webhook_events').first<number>('id')) ?? 0
}

describe.each(LOOK_UPS)('%s: a purchase that needs a look-up', (provider, urlOf) => {
  const samples = samplesOf(provider)

  async function newOrder(...reactions: OutboundReaction[]): Promise<SampleOrder> {
    const externalId = crypto.randomUUID()
    await addOffer({ provider, externalId })
    const o = { order: String(orders++), externalId, quantity: 2 }
    const body = JSON.stringify(samples.lookUpResponse?.(o))
    await stubResponses(urlOf(o), ...reactions, { body })
    return o
  }
  const orderName = (o: SampleOrder) => samples.orderName(o)

  it('is stored as waiting in one round trip, without calling the provider', async () => {
    const o = await newOrder()
    const { db, roundTrips } = observe(env.DB)
    expect(await deliver(samples, o, { DB: db })).toBe('waiting')
    expect(roundTrips).toHaveLength(1)
    expect(await requestsTo(urlOf(o))).toEqual([])
    expect(await keysOf(orderName(o), provider)).toEqual([])
  })

  it('is looked up with the API key and issued through the queue', async () => {
    const o = await newOrder()
    expect(await deliver(samples, o, { DELIVERIES: env.DELIVERIES })).toBe('waiting')
    await expect.poll(() => statusesOf(orderName(o), provider), { timeout: 15_000 }).toHaveLength(2)
    const requests = await requestsTo(urlOf(o))
    expect(requests).toHaveLength(1)
    const apiKey = provider === 'stripe' ? env.STRIPE_API_KEY : env.PADDLE_API_KEY
    expect(requests[0]).toMatchObject({ method: 'GET', headers: { authorization: `Bearer ${apiKey}` } })
    expect(await keysOf(orderName(o), provider)).toMatchObject(
      new Array(2).fill({ ownerName: 'Ada Lovelace', ownerEmail: 'ada@example.com' }),
    )
  }, 30_000)

  it.each<[string, OutboundReaction, string]>([
    ['HTTP 500', { status: 500 }, 'the look-up returned HTTP 500'],
    [
      'a redirect',
      { status: 302, headers: { Location: 'https://api.stripe.com/' } },
      'the look-up returned HTTP 302',
    ],
    ['no response', 'none', 'the look-up got no response'],
  ])('keeps waiting after %s, and is issued later', async (_, reaction, note) => {
    const o = await newOrder(reaction)
    await deliver(samples, o)
    const id = await latestEventId()
    const now = Date.now()
    expect(await processEvent(quietEnv, id, now)).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await eventOf(id)).toMatchObject({ outcome: 'waiting', note })
    // Calls before the due time do nothing.
    expect(await processEvent(quietEnv, id, now + 9_000)).toEqual({ kind: 'done' })
    expect(await processEvent(quietEnv, id, now + 10_000)).toEqual({ kind: 'done' })
    expect(await eventOf(id)).toMatchObject({ outcome: 'issued', note: null })
    expect(await statusesOf(orderName(o), provider)).toHaveLength(2)
  })

  it.each<[string, OutboundReaction, string]>([
    ['HTTP 401', { status: 401 }, 'the look-up returned HTTP 401'],
    ['HTTP 403', { status: 403 }, 'the look-up returned HTTP 403'],
    ['HTTP 404', { status: 404 }, 'the look-up returned HTTP 404'],
    ['an HTML page', { body: '<!doctype html>' }, 'the look-up returned no JSON'],
  ])('fails after %s, names the setting, and is issued by a retry', async (_, reaction, reason) => {
    const o = await newOrder(reaction)
    await deliver(samples, o)
    const id = await latestEventId()
    const now = Date.now()
    expect(await processEvent(quietEnv, id, now)).toEqual({ kind: 'done' })
    const setting = provider === 'stripe' ? 'STRIPE_API_KEY' : 'PADDLE_API_KEY'
    const note = `${reason}: ${setting} is wrong, expired or lacks a permission`
    expect(await eventOf(id)).toMatchObject({ outcome: 'failed', note })
    const message = `${note}. To fix it: npx wrangler secret put ${setting}, then npm run keyseal -- events retry ${id} --remote`
    expect(failureLines()).toMatchObject([
      { requestId: `event ${id}`, error: 'LookUpRejectedError', message },
    ])
    await env.DB.prepare(`update webhook_events set outcome = 'waiting', due_at = ? where id = ?`)
      .bind(now, id)
      .run()
    await processEvent(quietEnv, id, now)
    expect(await eventOf(id)).toMatchObject({ outcome: 'issued', note: null })
  })

  it('fails after an answer of more than 1 MB without reading it to its end, and is issued by a retry', async () => {
    const megabyte = ' '.repeat(1_000_001)
    const o = await newOrder({ body: megabyte })
    await deliver(samples, o)
    const id = await latestEventId()
    const now = Date.now()
    expect(await processEvent(quietEnv, id, now)).toEqual({ kind: 'done' })
    const note = 'the look-up returned more than 1000000 bytes'
    expect(await eventOf(id)).toMatchObject({ outcome: 'failed', note })
    expect(failureLines()).toMatchObject([{ requestId: `event ${id}`, error: 'LookUpTooLongError' }])
    expect(failureLines()[0]?.message).toContain(`npm run keyseal -- events retry ${id} --remote`)
    await env.DB.prepare(`update webhook_events set outcome = 'waiting', due_at = ? where id = ?`)
      .bind(now, id)
      .run()
    await processEvent(quietEnv, id, now)
    expect(await eventOf(id)).toMatchObject({ outcome: 'issued', note: null })
  })

  it('fails after the last attempt, and keeps its payload for a retry', async () => {
    const o = await newOrder(...new Array(ATTEMPTS_MAX).fill({ status: 503 }))
    await deliver(samples, o)
    const id = await latestEventId()
    let now = Date.now()
    for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
      const processed = await processEvent(quietEnv, id, now)
      if (processed.kind !== 'retry') throw new Error(`Attempt ${attempt} was the last`)
      now += processed.delaySeconds * 1000
    }
    expect(await processEvent(quietEnv, id, now)).toEqual({ kind: 'done' })
    expect(await eventOf(id)).toMatchObject({ outcome: 'failed', payload: expect.stringContaining(o.order) })
  })

  it('keeps its outcome when it is redelivered, without another look-up', async () => {
    const o = { ...(await newOrder()), eventId: `evt_${crypto.randomUUID()}` }
    expect(await deliver(samples, o)).toBe('waiting')
    const id = await latestEventId()
    await processEvent(quietEnv, id, Date.now())
    const settled = await eventOf(id)
    expect(settled).toMatchObject({ outcome: 'issued' })
    expect(await deliver(samples, o)).toBe('issued')
    expect(await eventOf(id)).toEqual(settled)
    expect(await processEvent(quietEnv, id, Date.now())).toEqual({ kind: 'done' })
    expect(await requestsTo(urlOf(o))).toHaveLength(1)
    expect(await statusesOf(orderName(o), provider)).toHaveLength(2)
  })

  it('keeps its backoff when it is redelivered while waiting', async () => {
    const o = { ...(await newOrder({ status: 500 })), eventId: `evt_${crypto.randomUUID()}` }
    await deliver(samples, o)
    const id = await latestEventId()
    const now = Date.now()
    expect(await processEvent(quietEnv, id, now)).toEqual({ kind: 'retry', delaySeconds: 10 })
    expect(await deliver(samples, o)).toBe('waiting')
    expect(await latestEventId()).toBe(id)
    expect(await processEvent(quietEnv, id, now + 9_000)).toEqual({ kind: 'done' })
    expect(await requestsTo(urlOf(o))).toHaveLength(1)
  })

  it('keeps the result of a later consumer if an earlier one exceeds its lease', async () => {
    const o = await newOrder({ status: 500, delayMs: 300 }, { status: 500 })
    await deliver(samples, o)
    const id = await latestEventId()
    const now = Date.now()
    const earlier = processEvent(quietEnv, id, now)
    while ((await requestsTo(urlOf(o))).length === 0) await scheduler.wait(5)
    const later = now + LEASE_MS
    expect(await processEvent(quietEnv, id, later)).toEqual({ kind: 'retry', delaySeconds: 30 })
    await earlier
    const row = env.DB.prepare('select attempts, due_at from webhook_events where id = ?').bind(id)
    expect(await row.first()).toEqual({ attempts: 2, due_at: later + 30_000 })
  })

  it('is issued once by two concurrent consumers', async () => {
    const o = await newOrder()
    await deliver(samples, o)
    const id = await latestEventId()
    const now = Date.now()
    await Promise.all([processEvent(quietEnv, id, now), processEvent(quietEnv, id, now)])
    expect(await statusesOf(orderName(o), provider)).toHaveLength(2)
    expect(await requestsTo(urlOf(o))).toHaveLength(1)
  })
})

it('a quantity that Stripe returns may be text, and an invalid one issues nothing', async () => {
  const samples = samplesOf('stripe')
  for (const [quantity, outcome, count] of [
    ['3', 'issued', 3],
    ['many', 'failed', 0],
    [0, 'failed', 0],
    [1e15, 'failed', 0],
  ] as const) {
    const externalId = crypto.randomUUID()
    await addOffer({ provider: 'stripe', externalId })
    const o = { order: String(orders++), externalId, quantity }
    const address = `https://api.stripe.com/v1/checkout/sessions/cs_live_${o.order}/line_items`
    await stubResponses(address, { body: JSON.stringify(samples.lookUpResponse?.(o)) })
    await deliver(samples, o)
    const id = await latestEventId()
    await processEvent(quietEnv, id, Date.now())
    expect(await eventOf(id)).toMatchObject({ outcome })
    expect(await statusesOf(samples.orderName(o), 'stripe')).toHaveLength(count)
  }
})

describe('without an API key', () => {
  it('Stripe purchases issue one unit by payment link or metadata', async () => {
    const samples = samplesOf('stripe')
    await addOffer({ provider: 'stripe', externalId: 'plink_keyseal_demo' })
    const o = { order: String(orders++), externalId: 'unknown', quantity: 5 }
    expect(await deliver(samples, o, { STRIPE_API_KEY: undefined })).toBe('issued')
    expect(await statusesOf(samples.orderName(o), 'stripe')).toEqual(['assigned'])
  })

  it('Paddle purchases have no e-mail address', async () => {
    const samples = samplesOf('paddle')
    const externalId = crypto.randomUUID()
    await addOffer({ provider: 'paddle', externalId })
    const o = { order: String(orders++), externalId }
    expect(await deliver(samples, o, { PADDLE_API_KEY: undefined })).toBe('issued')
    expect(await keysOf(samples.orderName(o), 'paddle')).toMatchObject([{ ownerEmail: 'Not set' }])
  })
})

/** Stores an event as if it had been received. */
async function storeEvent(
  changes: {
    receivedAt?: number
    outcome?: string
    dueAt?: number
    order?: string
    externalId?: string
  } = {},
): Promise<number> {
  const {
    receivedAt = Date.now(),
    outcome = 'waiting',
    dueAt = 0,
    order = crypto.randomUUID(),
    externalId = '-',
  } = changes
  const { body } = samplesOf('standard').purchase({ order, externalId })
  const row = await env.DB.prepare(
    `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload, due_at)
     values ('standard', ?, 'order.paid', 'live', ?, ?, ?, ?) returning id`,
  )
    .bind(crypto.randomUUID(), receivedAt, outcome, body, outcome === 'waiting' ? dueAt : null)
    .first<{ id: number }>()
  if (!row) throw new Error('The event was not stored')
  return row.id
}

describe('the schedule', () => {
  it('enqueues events whose message was lost or whose retry is due', async () => {
    const { externalId } = await addOffer({ provider: 'standard' })
    const order = crypto.randomUUID()
    const id = await storeEvent({ order, externalId })
    await sweepEvents(env, Date.now())
    await expect.poll(async () => (await eventOf(id))?.outcome, { timeout: 15_000 }).toBe('issued')
    expect(await statusesOf(order)).toHaveLength(1)
  }, 30_000)

  it('skips events that are not overdue', async () => {
    const sent: unknown[] = []
    const queue = { ...idleQueue, sendBatch: async (messages: unknown[]) => void sent.push(...messages) }
    const now = Date.now()
    const due = await storeEvent({ dueAt: now - 61_000 })
    await storeEvent({ dueAt: now - 59_000 })
    await storeEvent({ outcome: 'unmapped' })
    await sweepEvents({ ...env, DELIVERIES: queue }, now)
    expect(sent).toContainEqual({ body: { kind: 'event', id: due } })
    expect(
      sent.filter(
        (message) =>
          JSON.stringify(message).includes(`${due + 1}`) || JSON.stringify(message).includes(`${due + 2}`),
      ),
    ).toEqual([])
  })

  it('deletes payloads after 30 days and keeps outcomes', async () => {
    const now = Date.now()
    const old = await storeEvent({ receivedAt: now - 30 * DAY_MS - 1, outcome: 'issued' })
    // More than one batch of the cleanup.
    await env.DB.prepare(
      `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload)
       select 'standard', 'old-' || value, 'order.paid', 'live', 0, 'ignored', '{}' from json_each(?)`,
    )
      .bind(JSON.stringify(Array.from({ length: 2500 }, (_, index) => index)))
      .run()
    const recent = await storeEvent({ receivedAt: now - 30 * DAY_MS, outcome: 'issued' })
    await emptyPayloads(quietEnv, now)
    expect(
      await env.DB.prepare(
        'select 1 from webhook_events where payload is not null and received_at = 0',
      ).first(),
    ).toBeNull()
    expect(await eventOf(old)).toEqual({ outcome: 'issued', note: null, payload: null })
    expect((await eventOf(recent))?.payload).toContain('order.paid')
  })
})

describe('an event', () => {
  it('is marked as failed after all of its messages failed', async () => {
    const id = await storeEvent()
    await abandonEvent(quietEnv, id, Date.now())
    expect(await eventOf(id)).toMatchObject({ outcome: 'failed', note: 'gave up' })
  })

  it.each(['issued', 'duplicate', 'revoked', 'flagged', 'ignored', 'unmapped', 'failed'])(
    'that is %s keeps its outcome after its message failed',
    async (outcome) => {
      const id = await storeEvent({ outcome })
      const before = await eventOf(id)
      await abandonEvent(quietEnv, id, Date.now())
      expect(await eventOf(id)).toEqual(before)
    },
  )

  it('of the wrong mode is ignored without a look-up', async () => {
    const samples = samplesOf('stripe')
    const externalId = crypto.randomUUID()
    await addOffer({ provider: 'stripe', externalId })
    const o = { order: String(orders++), externalId, isTest: true }
    const address = `https://api.stripe.com/v1/checkout/sessions/cs_test_${o.order}/line_items`
    await stubResponses(address, { body: JSON.stringify(samples.lookUpResponse?.(o)) })
    expect(await deliver(samples, o)).toBe('ignored')
    const id = await latestEventId()
    expect(await eventOf(id)).toMatchObject({ note: 'a test event, signed with the live secret' })
    // An event that was stored before its mode was checked is ignored, too.
    await env.DB.prepare(`update webhook_events set outcome = 'waiting', due_at = 0 where id = ?`)
      .bind(id)
      .run()
    expect(await processEvent(quietEnv, id, Date.now())).toEqual({ kind: 'done' })
    expect(await eventOf(id)).toMatchObject({ outcome: 'ignored' })
    expect(await requestsTo(address)).toEqual([])
  })

  it('cannot be retried after its payload was deleted', async () => {
    const id = await storeEvent()
    await env.DB.prepare('update webhook_events set payload = null where id = ?').bind(id).run()
    expect(await processEvent(quietEnv, id, Date.now())).toEqual({ kind: 'done' })
    expect(await eventOf(id)).toMatchObject({
      outcome: 'failed',
      note: 'the payload was deleted after 30 days',
    })
  })

  it.each(['', 'no JSON', '{}'])(
    'with the invalid payload %j fails again when it is retried',
    async (payload) => {
      const id = await storeEvent()
      await env.DB.prepare('update webhook_events set payload = ? where id = ?').bind(payload, id).run()
      expect(await processEvent(quietEnv, id, Date.now())).toEqual({ kind: 'done' })
      expect(await eventOf(id)).toMatchObject({
        outcome: 'failed',
        note: expect.stringContaining('unexpected format'),
      })
    },
  )

  it('in test mode issues nothing with the live secret when it is retried', async () => {
    const { externalId } = await addOffer({ provider: 'standard' })
    const order = crypto.randomUUID()
    const id = await storeEvent()
    const { body } = samplesOf('standard').purchase({ order, externalId, isTest: true })
    await env.DB.prepare('update webhook_events set payload = ? where id = ?').bind(body, id).run()
    await processEvent(quietEnv, id, Date.now())
    expect(await eventOf(id)).toMatchObject({ outcome: 'ignored' })
    expect(await statusesOf(order)).toEqual([])
  })

  it('that is finished is not changed by a late message', async () => {
    const id = await storeEvent({ outcome: 'ignored' })
    expect(await processEvent(quietEnv, id, Date.now())).toEqual({ kind: 'done' })
    expect(await eventOf(id)).toMatchObject({ outcome: 'ignored' })
  })
})
