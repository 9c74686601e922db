/** What e-mail services report about e-mails that they accepted. */
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, vi } from 'vitest'
import { emailReport, RESEND_SECRET } from '../../scripts/webhook-samples/resend.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { deliver } from '../../src/deliveries/deliver.ts'
import worker from '../../src/index.ts'
import { readEnvelope, send } from '../support/client.ts'
import { addDelivery, reportedOf, type TestDelivery } from '../support/delivery.ts'
import { failureLines, logText } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'

const SENT_AT = Date.UTC(2026, 10, 2, 9)
const AT = Date.UTC(2026, 10, 2, 9, 0, 41)
const LATER = Date.UTC(2026, 10, 3)

/** An e-mail that the local simulation of Cloudflare's Email Service accepted. */
async function sentByCloudflare(): Promise<TestDelivery & { readonly messageId: string }> {
  const delivery = await addDelivery({ channel: 'email' })
  await deliver({ ...env, EMAIL_FROM: 'keys@example.com' }, delivery.id, SENT_AT)
  return { ...delivery, messageId: await messageIdOf(delivery) }
}

/** An e-mail that Resend accepted. How its id is stored is tested in resend.test.ts, which alone uses its address. */
async function sentByResend(): Promise<TestDelivery & { readonly messageId: string }> {
  const delivery = await addDelivery({ channel: 'email', status: 'delivered' })
  const messageId = crypto.randomUUID()
  await env.DB.prepare('update deliveries set message_id = ? where id = ?').bind(messageId, delivery.id).run()
  return { ...delivery, messageId }
}

async function messageIdOf(delivery: TestDelivery): Promise<string> {
  const { status, message_id: messageId } = (await reportedOf(delivery)) ?? {}
  expect(status).toBe('delivered')
  expect(messageId).toEqual(expect.any(String))
  return String(messageId)
}

/** Signs with the library of Standard Webhooks, as Svix does. */
async function sendReport({ id, body }: SampleEvent, bindings: object = {}) {
  const now = new Date()
  const signature = new Webhook(RESEND_SECRET).sign(id, now, body)
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const headers = { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature }
  const settings = { RESEND_WEBHOOK_SECRET: RESEND_SECRET, ...bindings }
  return readEnvelope(
    await send({ path: '/webhooks/resend', method: 'POST', headers, body, bindings: settings }),
  )
}

describe('a report of Resend', () => {
  it.each([
    ['email.bounced', 'bounced'],
    ['email.suppressed', 'rejected'],
    ['email.failed', 'failed'],
    ['email.complained', 'complained'],
  ])('%s is stored with its delivery', async (type, bounce) => {
    const delivery = await sentByResend()
    const answer = await sendReport(emailReport(type, delivery.messageId, AT))
    expect(answer).toMatchObject({ status: 200, response: { code: 2200, outcome: 'recorded' } })
    expect(await reportedOf(delivery)).toMatchObject({
      status: 'delivered',
      arrived_at: null,
      bounce,
      bounced_at: AT,
    })
  })

  it('tells when the e-mail arrived, whatever came before or again', async () => {
    const delivery = await sentByResend()
    await sendReport(emailReport('email.complained', delivery.messageId, LATER))
    await sendReport(emailReport('email.delivered', delivery.messageId, AT))
    await sendReport(emailReport('email.delivered', delivery.messageId, LATER))
    await sendReport(emailReport('email.bounced', delivery.messageId, AT))
    expect(await reportedOf(delivery)).toMatchObject({
      arrived_at: AT,
      bounce: 'complained',
      bounced_at: LATER,
    })
  })

  it.each(['email.delivery_delayed', 'email.sent', 'contact.created'])('%s is ignored', async (type) => {
    const delivery = await sentByResend()
    const { response } = await sendReport(emailReport(type, delivery.messageId, AT))
    expect(response).toMatchObject({ code: 2200, outcome: 'ignored' })
    expect(await reportedOf(delivery)).toMatchObject({ arrived_at: null, bounce: null })
  })

  it.each([
    ['an e-mail of another sender', emailReport('email.bounced', crypto.randomUUID(), AT).body],
    ['a body without an e-mail', '{"type":"email.bounced","data":{}}'],
    ['a body that is not JSON', 'hello'],
  ])('about %s is ignored', async (_, body) => {
    const answer = await sendReport({ id: 'msg_1', body })
    expect(answer).toMatchObject({ status: 200, response: { outcome: 'ignored' } })
  })

  it('finds its delivery by name before the id of the e-mail is stored', async () => {
    const delivery = await addDelivery({ channel: 'email' })
    const { id, body } = emailReport('email.bounced', crypto.randomUUID(), AT)
    const event = JSON.parse(body)
    event.data.tags = { keyseal_delivery: delivery.name }
    await sendReport({ id, body: JSON.stringify(event) })
    expect(await reportedOf(delivery)).toMatchObject({ status: 'pending', bounce: 'bounced' })
    event.data.tags = { keyseal_delivery: `keyseal_delivery_${delivery.id}_1` }
    const { response } = await sendReport({ id, body: JSON.stringify(event) })
    expect(response.outcome).toBe('ignored')
  })

  it('is repeated by Resend if the database fails, and the log has no address', async () => {
    const delivery = await sentByResend()
    const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded.'))
    const report = emailReport('email.bounced', delivery.messageId, AT)
    expect(await sendReport(report, { DB: db })).toMatchObject({ status: 503, response: { code: 2503 } })
    expect(logText()).not.toMatch(/@|mailbox/)
  })

  it('is verified with either secret during a rotation', async () => {
    const delivery = await sentByResend()
    const other = `whsec_${btoa('another secret of the tests')}`
    const report = emailReport('email.bounced', delivery.messageId, AT)
    expect((await sendReport(report, { RESEND_WEBHOOK_SECRET: other })).response.code).toBe(2401)
    const both = { RESEND_WEBHOOK_SECRET: `${other}\n${RESEND_SECRET}` }
    expect((await sendReport(report, both)).response.outcome).toBe('recorded')
  })

  it('gets 503 while the secret is unusable, and the log names the setting', async () => {
    const report = emailReport('email.bounced', crypto.randomUUID(), AT)
    expect((await sendReport(report, { RESEND_WEBHOOK_SECRET: 'short' })).status).toBe(503)
    expect(failureLines()[0]?.message).toMatch(/^RESEND_WEBHOOK_SECRET .* wrangler secret put/)
  })
})

/** As in Cloudflare's documentation of event subscriptions. */
function cloudflareEvent(kind: string, messageId: string) {
  return {
    type: `cf.email.sending.message.${kind}`,
    source: { type: 'email.sending', zoneId: 'z', domain: 'example.com' },
    payload: {
      eventId: crypto.randomUUID(),
      messageId,
      sender: 'keys@example.com',
      recipient: 'ada@example.com',
      terminal: true,
      delivery: { status: kind },
    },
    metadata: { accountId: 'a', eventSchemaVersion: 1, eventTimestamp: new Date(AT).toISOString() },
  }
}

/** @returns the acknowledged messages, and the delays of the retried ones */
async function consumeEvents(bodies: readonly unknown[], attempts = 1, db: D1Database = env.DB) {
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts, body }))
  const batch = createMessageBatch('keyseal-email-events', messages)
  const retries = batch.messages.map((message) => vi.spyOn(message, 'retry'))
  await worker.queue(batch as never, { ...env, DB: db })
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext())
  return { acks: explicitAcks, delays: retries.flatMap(({ mock }) => mock.lastCall?.[0]?.delaySeconds ?? []) }
}

describe("an event of Cloudflare's Email Service", () => {
  it.each([
    ['bounced', 'bounced'],
    ['rejected', 'rejected'],
    ['failed', 'failed'],
    ['complained', 'complained'],
  ])('%s is stored with its delivery', async (kind, bounce) => {
    const delivery = await sentByCloudflare()
    expect(await consumeEvents([cloudflareEvent(kind, delivery.messageId)])).toEqual({
      acks: ['m0'],
      delays: [],
    })
    expect(await reportedOf(delivery)).toMatchObject({ status: 'delivered', bounce, bounced_at: AT })
  })

  it('tells when the e-mail arrived', async () => {
    const delivery = await sentByCloudflare()
    await consumeEvents([
      cloudflareEvent('deferred', delivery.messageId),
      cloudflareEvent('delivered', delivery.messageId),
    ])
    expect(await reportedOf(delivery)).toMatchObject({ arrived_at: AT, bounce: null })
  })

  it('about an unknown e-mail comes once more, since its id may not be stored yet', async () => {
    const unknown = cloudflareEvent('bounced', `<${crypto.randomUUID()}@example.com>`)
    expect(await consumeEvents([unknown, { type: 'else' }, null])).toEqual({
      acks: ['m1', 'm2'],
      delays: [60],
    })
    expect(await consumeEvents([unknown], 2)).toEqual({ acks: ['m0'], delays: [] })
  })

  it('comes again if the database fails', async () => {
    const delivery = await sentByCloudflare()
    const { db } = observe(env.DB, failWith('D1_ERROR: D1 DB is overloaded.'))
    const event = cloudflareEvent('bounced', delivery.messageId)
    expect(await consumeEvents([event], 1, db)).toEqual({ acks: [], delays: [10] })
    expect(logText()).not.toContain('@')
  })
})
