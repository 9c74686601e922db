import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NO_OFFER } from '../../../src/payments/subscriptions.ts'
import { processEvent, sweepEvents } from '../../../src/payments/waiting-events.ts'
import { asOperator } from '../../support/admin.ts'
import { addFailedEvent, addOffer, eventOf, statusesOf } from '../../support/sales.ts'

afterEach(() => vi.restoreAllMocks())

function queueMessages(): unknown[] {
  const bodies: unknown[] = []
  vi.spyOn(env.DELIVERIES, 'sendBatch').mockImplementation(async (messages) => {
    bodies.push(...[...messages].map(({ body }) => body))
    return {} as QueueSendBatchResponse
  })
  return bodies
}

async function idsOf(query: string): Promise<number[]> {
  const { body } = await (await asOperator('viewer')).get(`/events?${query}`)
  return body.items.map(({ id }: { id: number }) => id)
}

const UNMAPPED = { outcome: 'unmapped', note: `${NO_OFFER} price_1` }

describe('the list of events', () => {
  it('filters by outcome, provider and order', async () => {
    const failed = await addFailedEvent()
    const unmapped = await addFailedEvent(UNMAPPED)
    const issued = await addFailedEvent({ outcome: 'issued' })
    expect((await idsOf('')).slice(0, 3)).toEqual([issued, unmapped, failed])
    expect(await idsOf('outcome=failed')).toContain(failed)
    expect(await idsOf('outcome=unmapped')).not.toContain(issued)
    expect(await idsOf('outcome=unmapped')).toContain(unmapped)
    expect(await idsOf('order=order-1&outcome=issued')).toContain(issued)
    expect(await idsOf('order=order-2')).toEqual([])
    expect(await idsOf('provider=paddle')).toEqual([])
  })
})

describe('the payload of an event', () => {
  it('is shown whole, and not to viewers', async () => {
    const payload = JSON.stringify({ text: '"\u0001ö😀'.repeat(30_000) })
    const id = await addFailedEvent({ payload })
    expect((await (await asOperator('support')).get(`/events/${id}`)).body.payload).toBe(payload)
    expect((await (await asOperator('viewer')).get(`/events/${id}`)).body.payload).toBeNull()
  })

  it('is null after it was deleted', async () => {
    const id = await addFailedEvent({ payload: null })
    expect((await (await asOperator('owner')).get(`/events/${id}`)).body.payload).toBeNull()
  })
})

/** A sale of Standard Webhooks whose offer is missing. */
async function addUnmappedSale(externalId: string): Promise<{ readonly id: number; readonly order: string }> {
  const order = crypto.randomUUID()
  const payload = {
    type: 'order.paid',
    timestamp: new Date().toISOString(),
    data: {
      order,
      test: false,
      customer: { name: 'Ada Lovelace', email: 'ada@example.com' },
      lines: [{ id: '1', product: externalId, quantity: 2 }],
    },
  }
  const row = await env.DB.prepare(
    `insert into webhook_events (provider, event_id, type, order_id, mode, received_at, outcome, note, payload)
     values ('standard', ?, 'order.paid', ?, 'live', 1, 'unmapped', 'no offer for: x', ?) returning id`,
  )
    .bind(crypto.randomUUID(), order, JSON.stringify(payload))
    .first<{ id: number }>()
  return { id: row?.id ?? 0, order }
}

describe('a retry', () => {
  it('issues the keys of an unmapped event once its offer exists', async () => {
    const messages = queueMessages()
    const { externalId } = await addOffer()
    const { id, order } = await addUnmappedSale(externalId)
    const support = await asOperator('support')
    const answer = await support.post(`/events/${id}/retry`)
    expect(answer).toMatchObject({ status: 202, body: { id, outcome: 'waiting' } })
    expect(messages).toEqual([{ kind: 'event', id }])
    await processEvent(env, id, Date.now())
    await processEvent(env, id, Date.now())
    expect(await eventOf(id)).toMatchObject({ outcome: 'issued' })
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
  })

  it('whose message was lost is found by the sweep', async () => {
    vi.spyOn(env.DELIVERIES, 'sendBatch').mockRejectedValueOnce(new Error('Queues is not available.'))
    const id = await addFailedEvent()
    expect((await (await asOperator('support')).post(`/events/${id}/retry`)).status).toBe(202)
    const messages = queueMessages()
    await sweepEvents(env, Date.now() + 120_000)
    expect(messages).toContainEqual({ kind: 'event', id })
  })

  it.each([
    ['a processed event', { outcome: 'duplicate' }],
    ['an event whose payload was deleted', { payload: null }],
  ])('of %s is refused', async (_, columns) => {
    const messages = queueMessages()
    const id = await addFailedEvent(columns)
    const answer = await (await asOperator('support')).post(`/events/${id}/retry`)
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(messages).toEqual([])
  })

  it('of all takes those with the outcome, and nothing twice', async () => {
    const messages = queueMessages()
    const failed = await addFailedEvent()
    const unmapped = await addFailedEvent(UNMAPPED)
    const incomplete = await addFailedEvent({ ...UNMAPPED, outcome: 'issued' })
    const support = await asOperator('support')
    await support.post('/events/retry', { outcome: 'unmapped' })
    expect(messages).toContainEqual({ kind: 'event', id: unmapped })
    expect(messages).toContainEqual({ kind: 'event', id: incomplete })
    expect(messages).not.toContainEqual({ kind: 'event', id: failed })
    expect((await support.post('/events/retry', { outcome: 'unmapped' })).body).toEqual({ retried: 0 })
    await support.post('/events/retry', { outcome: 'failed' })
    expect(messages).toContainEqual({ kind: 'event', id: failed })
  })
})
