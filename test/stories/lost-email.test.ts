/** A buyer writes: "I never got my key." The e-mails go through the platform's own local simulation of its Email Service. */
import { createMessageBatch } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import worker from '../../src/index.ts'
import type { Message } from '../../src/queue/messages.ts'
import { asOperator } from '../support/admin.ts'
import { addOffer, applyEvent, purchaseOf } from '../support/sales.ts'

afterEach(() => vi.restoreAllMocks())

const EMAIL_FROM = 'Example Ltd. <keys@example.com>'

/** Everything that the local service accepted, with the ids that it gave. */
const accepted: { readonly to: unknown; readonly text: string; readonly messageId: string }[] = []
const EMAIL: SendEmail = {
  async send(message: EmailMessage | EmailMessageBuilder) {
    const answer = await env.EMAIL.send(message as EmailMessageBuilder)
    const { to, text = '' } = message as EmailMessageBuilder
    accepted.push({ to, text, messageId: answer.messageId })
    return answer
  },
}

/** Hands messages of a queue to the Worker. */
async function consume(queue: string, ...bodies: unknown[]): Promise<void> {
  const messages = bodies.map((body, index) => ({
    id: `m${index}`,
    timestamp: new Date(),
    attempts: 1,
    body,
  }))
  const batch = createMessageBatch<unknown>(queue, messages)
  await worker.queue(batch as never, { ...env, EMAIL, EMAIL_FROM })
}

it('a mistyped address is found, corrected, and gets the key', async () => {
  const queued: Message[] = []
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(async (messages) => {
    queued.push(...[...messages].map(({ body }) => body as Message))
    return {} as QueueSendBatchResponse
  })
  const support = await asOperator('support', { name: 'Grace Hopper' })

  // Ada mistypes her address when she buys.
  const offer = await addOffer()
  const order = `order-${crypto.randomUUID()}`
  const owner = { name: 'Ada Lovelace', email: `ada.${order}@exmaple.com` }
  const channels = { hasWebhook: false, hasEmail: true }
  const sold = await applyEvent(purchaseOf(offer, order, { owner }), { channels })
  await consume('keyseal-deliveries', ...sold.deliveries.map((id) => ({ kind: 'delivery', id })))
  expect(accepted).toMatchObject([{ to: owner.email }])

  // The mail server of the wrong address refuses it, and Cloudflare reports that.
  await consume('keyseal-email-events', {
    type: 'cf.email.sending.message.bounced',
    payload: { messageId: accepted[0]?.messageId, recipient: owner.email, bounce: { type: 'hard' } },
    metadata: { eventTimestamp: '2026-11-28T18:00:41.000Z' },
  })

  // "I never got my key": support finds her license by the beginning of the address, and sees why.
  const found = await support.get(`/licenses?email=ada.${order.slice(0, 20)}`)
  const [license] = found.body.items
  expect(license).toMatchObject({ status: 'assigned', owner_email: owner.email })
  const before = await support.get(`/deliveries?license_id=${license.id}`)
  expect(before.body.items).toMatchObject([
    {
      status: 'delivered',
      recipient: owner.email,
      bounce: 'bounced',
      bounced_at: '2026-11-28T18:00:41.000Z',
    },
  ])

  // Support sends the key to the right address.
  const address = `ada.${order}@example.com`
  const resent = await support.post(
    `/licenses/${license.id}/resend`,
    { email: address },
    { bindings: { EMAIL_FROM } },
  )
  expect(resent).toMatchObject({ status: 202, body: { serial: 2, recipient: address } })
  await consume('keyseal-deliveries', ...queued.splice(0))
  expect(accepted).toHaveLength(2)
  expect(accepted[1]?.to).toBe(address)
  expect(accepted[1]?.text).toContain(license.license_key)

  // It arrives, and the audit says who sent it.
  await consume('keyseal-email-events', {
    type: 'cf.email.sending.message.delivered',
    payload: { messageId: accepted[1]?.messageId },
    metadata: { eventTimestamp: '2026-11-28T19:00:02.000Z' },
  })
  const after = await support.get(`/deliveries/${resent.body.id}`)
  expect(after.body).toMatchObject({
    status: 'delivered',
    arrived_at: '2026-11-28T19:00:02.000Z',
    bounce: null,
  })
  const audit = await support.get(`/audit?subject=license:${license.id}`)
  expect(audit.body.items).toMatchObject([
    { actor: `operator:${support.id}`, action: 'licenses.resend', after: { recipient: address } },
  ])
})
