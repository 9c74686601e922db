import { createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { sweepDeliveries } from '../../src/deliveries/deliver.ts'
import worker from '../../src/index.ts'
import { enqueue } from '../../src/queue/enqueue.ts'
import type { Message } from '../../src/queue/messages.ts'
import wranglerToml from '../../wrangler.toml?raw'
import { addDelivery, deliveryRow, ISSUED_AT } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { stubResponses } from '../support/outbound.ts'

/** A queue that records batches and enforces the batch size of the real one. */
function recordingQueue() {
  const batches: Message[][] = []
  const queue = {
    async sendBatch(messages: Iterable<MessageSendRequest<Message>>) {
      const bodies = [...messages].map(({ body }) => body)
      if (bodies.length === 0 || bodies.length > 100) throw new Error('Queues accepts 1 to 100 messages.')
      batches.push(bodies)
    },
  }
  return { queue: queue as unknown as Queue<Message>, batches }
}

describe('the sweep', () => {
  it('enqueues only deliveries that have been due for a minute, oldest first', async () => {
    const now = ISSUED_AT + 3_600_000
    const overdue = await addDelivery({ dueAt: now - 60_000 })
    const older = await addDelivery({ dueAt: now - 600_000 })
    await addDelivery({ dueAt: now - 59_999 })
    await addDelivery({ dueAt: now + 1 })
    for (const status of ['delivered', 'failed', 'cancelled'] as const)
      await addDelivery({ status, dueAt: 0 })
    const { queue, batches } = recordingQueue()
    await sweepDeliveries({ ...env, DELIVERIES: queue }, now)
    expect(batches).toEqual([[older, overdue].map(({ id }) => ({ kind: 'delivery', id }))])
  })

  it('sends no empty batch', async () => {
    const { queue, batches } = recordingQueue()
    await sweepDeliveries({ ...env, DELIVERIES: queue }, 0)
    expect(batches).toEqual([])
  })

  it('uses the index deliveries_due', async () => {
    const { results } = await env.DB.prepare(
      `explain query plan select id from deliveries where status = 'pending' and due_at <= ? order by due_at limit 100`,
    )
      .bind(0)
      .all<{ detail: string }>()
    expect(results.map(({ detail }) => detail).join()).toMatch(
      /^SEARCH deliveries USING (COVERING )?INDEX deliveries_due/,
    )
  })

  it('runs every minute and delivers after a lost message', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    await worker.scheduled(createScheduledController({ cron: '* * * * *' }), { ...env })
    const delivered = async () => expect((await deliveryRow(delivery)).status).toBe('delivered')
    await vi.waitFor(delivered, { timeout: 10_000, interval: 50 })
  }, 15_000)
})

describe('enqueue', () => {
  const messages = Array.from({ length: 250 }, (_, id): Message => ({ kind: 'delivery', id }))

  it('sends any number of messages, in batches that Queues accepts', async () => {
    const { queue, batches } = recordingQueue()
    await enqueue({ ...env, DELIVERIES: queue }, messages)
    expect(batches.map(({ length }) => length)).toEqual([100, 100, 50])
    expect(batches.flat()).toEqual(messages)
  })

  it('never throws, and logs failures', async () => {
    const queue = {
      sendBatch: () => Promise.reject(new Error('ada@example.com')),
    } as unknown as Queue<Message>
    await enqueue({ ...env, DELIVERIES: queue }, messages)
    expect(failureLines()).toMatchObject([{ requestId: 'enqueue', error: 'Error' }])
    expect(JSON.stringify(failureLines())).not.toContain('ada@')
  })

  it('sends callbacks to their own queue', async () => {
    const deliveries = recordingQueue()
    const callbacks = recordingQueue()
    const mixed = [...messages.slice(0, 2), { kind: 'callback', id: 7 } as const]
    await enqueue({ ...env, DELIVERIES: deliveries.queue, CALLBACKS: callbacks.queue }, mixed)
    expect(deliveries.batches).toEqual([messages.slice(0, 2)])
    expect(callbacks.batches).toEqual([[{ kind: 'callback', id: 7 }]])
  })

  it('logs the missing setting if no queue is bound', async () => {
    await enqueue({ ...env, DELIVERIES: undefined }, messages)
    expect(failureLines()).toMatchObject([{ message: expect.stringMatching(/^DELIVERIES is not bound/) }])
  })
})

describe('the scheduled handler', () => {
  const [, lines = ''] = /^crons = (\[.*\])$/m.exec(wranglerToml) ?? []

  it.each(JSON.parse(lines) as string[])('runs the jobs of "%s" in wrangler.toml', async (cron) => {
    await worker.scheduled(createScheduledController({ cron }), { ...env })
    expect(failureLines()).toEqual([])
  })

  it('rejects an unknown cron expression', async () => {
    const controller = createScheduledController({ cron: '0 0 1 1 *' })
    await expect(worker.scheduled(controller, { ...env })).rejects.toThrow('0 0 1 1 *')
  })
})
