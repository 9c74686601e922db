import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { parse } from 'smol-toml'
import { describe, expect, it, vi } from 'vitest'
import { abandonDelivery, deliver } from '../../src/deliveries/deliver.ts'
import { consume, type MessageHandler, type MessageHandlers } from '../../src/queue/consume.ts'
import type { Message } from '../../src/queue/messages.ts'
import wranglerToml from '../../wrangler.toml?raw'
import { addDelivery, deliveryRow } from '../support/delivery.ts'
import { failureLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { requestsTo, stubResponses } from '../support/outbound.ts'

const QUEUE = 'keyseal-deliveries'
/** From the configuration, to check the code against it. */
const { consumers } = (parse(wranglerToml) as { queues: { consumers: Readonly<Record<string, unknown>>[] } })
  .queues
const DEAD_LETTER_QUEUES = consumers.flatMap(({ dead_letter_queue: name }) => (name ? [String(name)] : []))
const [DEAD_LETTER_QUEUE = ''] = DEAD_LETTER_QUEUES

const unexpected: MessageHandler = {
  process: () => Promise.reject(new Error('There are no such messages.')),
  abandon: () => Promise.reject(new Error('There are no such messages.')),
}

const HANDLERS: MessageHandlers = {
  delivery: { process: deliver, abandon: abandonDelivery },
  callback: unexpected,
  event: unexpected,
  'queued-order': unexpected,
}

interface Options {
  readonly queue?: string
  readonly handlers?: Partial<MessageHandlers>
  readonly db?: D1Database
  readonly attempts?: number
}

/** @returns the acknowledged messages, and the retried messages with their delays in seconds */
async function consumeMessages(bodies: readonly Message[], options: Options = {}) {
  const { queue = QUEUE, handlers = {}, db = env.DB, attempts = 1 } = options
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts, body }))
  const batch = createMessageBatch<Message>(queue, messages)
  // The result contains the retried messages, but not their delays.
  const retries = new Map(batch.messages.map((message) => [message.id, vi.spyOn(message, 'retry')]))
  await consume(batch, { ...env, DB: db }, { ...HANDLERS, ...handlers })
  const { explicitAcks, retryMessages } = await getQueueResult(batch, createExecutionContext())
  return {
    acks: explicitAcks,
    retries: retryMessages.map(({ msgId }) => [msgId, retries.get(msgId)?.mock.lastCall?.[0]?.delaySeconds]),
  }
}

function deliveryMessage({ id }: { readonly id: number }): Message {
  return { kind: 'delivery', id }
}

describe('several messages', () => {
  it('are acknowledged or retried separately', async () => {
    const deliveries = [await addDelivery(), await addDelivery(), await addDelivery()]
    const [accepting, rejecting, unreachable] = deliveries
    await stubResponses(accepting?.url ?? '', {})
    await stubResponses(rejecting?.url ?? '', { status: 500 })
    await stubResponses(unreachable?.url ?? '', 'none')
    expect(await consumeMessages(deliveries.map(deliveryMessage))).toEqual({
      acks: ['m0'],
      retries: [
        ['m1', 10],
        ['m2', 10],
      ],
    })
  })

  it('for the same delivery send it once', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, { delayMs: 50 })
    const messages = Array.from({ length: 5 }, () => deliveryMessage(delivery))
    expect((await consumeMessages(messages)).acks).toHaveLength(5)
    expect(await requestsTo(delivery.url)).toHaveLength(1)
  })
})

describe('while the database is unavailable', () => {
  it.each([
    [1, 10],
    [4, 270],
    [100, 43_200],
  ])('a message is retried after attempt %i with a delay of %i seconds', async (attempts, delaySeconds) => {
    const delivery = await addDelivery()
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    expect(await consumeMessages([deliveryMessage(delivery)], { db, attempts })).toEqual({
      acks: [],
      retries: [['m0', delaySeconds]],
    })
    expect(failureLines()).toMatchObject([{ requestId: 'message m0', error: 'DatabaseUnavailableError' }])
    expect(await requestsTo(delivery.url)).toEqual([])
  })

  it('an unrecorded delivery is sent again under the same webhook-id', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    let trips = 0
    const { db } = observe(env.DB, {
      before() {
        if (++trips > 1) throw new Error('D1_ERROR: D1 DB is overloaded. Too many requests queued.')
      },
    })
    expect((await consumeMessages([deliveryMessage(delivery)], { db })).retries).toHaveLength(1)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending', attempts: 1 })
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] })
    try {
      expect((await consumeMessages([deliveryMessage(delivery)])).acks).toEqual(['m0'])
    } finally {
      vi.useRealTimers()
    }
    const names = (await requestsTo(delivery.url)).map(({ headers }) => headers['webhook-id'])
    expect(names).toEqual(Array(2).fill(delivery.name))
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', attempts: 2 })
  })
})

describe.each(['event', 'queued-order', 'callback'] as const)('a message of kind "%s"', (kind) => {
  it.each([
    [{ kind: 'done' }, { acks: ['m0'], retries: [] }],
    [
      { kind: 'retry', delaySeconds: 30 },
      { acks: [], retries: [['m0', 30]] },
    ],
  ] as const)('is acknowledged or retried as its handler decides: %j', async (processing, expected) => {
    const process = vi.fn<MessageHandler['process']>(async () => processing)
    const handlers = { [kind]: { ...unexpected, process } }
    expect(await consumeMessages([{ kind, id: 7 }], { handlers })).toEqual(expected)
    expect(process).toHaveBeenCalledExactlyOnceWith(expect.anything(), 7, expect.any(Number))
  })
})

describe('a dead-lettered message', () => {
  it.each(DEAD_LETTER_QUEUES)(
    'in %s fails the delivery, logs one line and is acknowledged',
    async (queue) => {
      const delivery = await addDelivery()
      expect(await consumeMessages([deliveryMessage(delivery)], { queue })).toEqual({
        acks: ['m0'],
        retries: [],
      })
      expect(await deliveryRow(delivery)).toMatchObject({ status: 'failed', last_result: 'gave up' })
      expect(await requestsTo(delivery.url)).toEqual([])
      expect(failureLines()).toMatchObject([
        { requestId: `delivery ${delivery.id}`, error: 'MessageDiedError' },
      ])
    },
  )

  it('does not change a finished delivery', async () => {
    const delivery = await addDelivery({ status: 'delivered' })
    await consumeMessages([deliveryMessage(delivery)], { queue: DEAD_LETTER_QUEUE })
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered', last_result: null })
  })

  it('about an event is passed to its handler', async () => {
    const abandon = vi.fn<MessageHandler['abandon']>(async () => {})
    const handlers = { event: { ...unexpected, abandon } }
    expect(
      (await consumeMessages([{ kind: 'event', id: 7 }], { queue: DEAD_LETTER_QUEUE, handlers })).acks,
    ).toEqual(['m0'])
    expect(abandon).toHaveBeenCalledExactlyOnceWith(expect.anything(), 7, expect.any(Number))
    expect(failureLines()).toMatchObject([{ requestId: 'event 7', error: 'MessageDiedError' }])
  })

  it('is retried while the database is unavailable', async () => {
    const delivery = await addDelivery()
    const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
    const { acks, retries } = await consumeMessages([deliveryMessage(delivery)], {
      queue: DEAD_LETTER_QUEUE,
      db,
    })
    expect([acks.length, retries.length]).toEqual([0, 1])
    expect(await deliveryRow(delivery)).toMatchObject({ status: 'pending' })
  })
})

describe('the local queue', () => {
  /** Waits until the delivery is finished. */
  async function finished(delivery: Awaited<ReturnType<typeof addDelivery>>) {
    return vi.waitFor(
      async () => {
        const row = await deliveryRow(delivery)
        expect(row.status).not.toBe('pending')
        return row
      },
      { timeout: 10_000, interval: 50 },
    )
  }

  it('delivers the keys to the receiver once', async () => {
    const delivery = await addDelivery()
    await stubResponses(delivery.url, {})
    await env.DELIVERIES.sendBatch([{ body: deliveryMessage(delivery) }, { body: deliveryMessage(delivery) }])
    expect(await finished(delivery)).toMatchObject({ status: 'delivered', attempts: 1 })
    const requests = await requestsTo(delivery.url)
    expect(requests).toHaveLength(1)
    expect(requests[0]?.body).toContain(delivery.licenseKeys[0])
  }, 15_000)
})

it('callbacks have a queue of their own, which delivers one at a time', () => {
  const ofCallbacks = consumers.find(({ queue }) => queue === 'keyseal-callbacks')
  expect(ofCallbacks).toMatchObject({ max_batch_size: 1, max_batch_timeout: 0 })
  expect(DEAD_LETTER_QUEUES).toEqual(['keyseal-deliveries-dead', 'keyseal-callbacks-dead'])
})

it('the log never contains license keys, addresses or names', async () => {
  const deliveries = [await addDelivery(), await addDelivery(), await addDelivery({ attempts: 12 })]
  await stubResponses(deliveries[0]?.url ?? '', { status: 500, body: 'ada@example.com' })
  await stubResponses(deliveries[2]?.url ?? '', 'none')
  const { db } = observe(env.DB, {
    after: () => {
      throw new Error('D1_ERROR: Network connection lost.')
    },
  })
  await consumeMessages(deliveries.map(deliveryMessage))
  await consumeMessages(deliveries.map(deliveryMessage), { db })
  await consumeMessages(deliveries.map(deliveryMessage), { queue: DEAD_LETTER_QUEUE })
  const log = JSON.stringify(failureLines())
  expect(failureLines().length).toBeGreaterThan(3)
  for (const { licenseKeys, url } of deliveries) {
    for (const secret of [...licenseKeys, url, 'Ada', 'ada@']) expect(log).not.toContain(secret)
  }
})
