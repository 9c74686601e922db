/** Messages processed by the Worker's own handlers, mostly about queued orders. */
import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { sweepCallbacks, sweepDeliveries } from '../../src/deliveries/deliver.ts'
import worker from '../../src/index.ts'
import { sweepQueuedOrders } from '../../src/issuing/queued-orders.ts'
import type { Message } from '../../src/queue/messages.ts'
import { addDelivery, deliveryRow } from '../support/delivery.ts'
import { executeSql } from '../support/key-life.ts'
import { failureLines } from '../support/log.ts'
import { requestsTo, stubResponses } from '../support/outbound.ts'
import {
  addQueuedOrder,
  addStock,
  callbackRows,
  capturingQueue,
  chunksOf,
  databaseFailingAfter,
  keysOf,
  orderRow,
  processOrder,
  receivedCallbacks,
} from '../support/queued-order.ts'
import { eventOf } from '../support/sales.ts'
import { openShop } from '../support/shop.ts'

const DEAD_LETTER_QUEUE = 'keyseal-deliveries-dead'

/** Passes messages to the Worker and collects the messages that it sends. */
async function handle(bodies: readonly Message[], queueName = 'keyseal-deliveries') {
  const messages = bodies.map((body, index) => ({
    id: `m${index}`,
    timestamp: new Date(),
    attempts: 1,
    body,
  }))
  const batch = createMessageBatch<Message>(queueName, messages)
  const { queue, messages: sent } = capturingQueue()
  await worker.queue(batch, { ...env, DELIVERIES: queue, CALLBACKS: queue })
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext())
  return { acks: explicitAcks, sent }
}

it('an order is issued and its callback sent once, even if messages repeat', async () => {
  const order = await addQueuedOrder(await openShop(), { quantity: 12_000 })
  await stubResponses(order.webhookUrl, {})
  const orderMessage: Message = { kind: 'queued-order', id: order.id }
  const { acks, sent } = await handle([orderMessage, orderMessage, orderMessage])
  expect(acks).toHaveLength(3)
  expect((await chunksOf(order)).map(({ keys }) => keys)).toEqual([5_000, 5_000, 2_000])
  expect(sent).toMatchObject([{ kind: 'callback' }])
  expect((await handle([...sent, ...sent, ...sent])).acks).toHaveLength(3)
  const [request, ...others] = await receivedCallbacks(order)
  expect(others).toEqual([])
  expect(JSON.parse(String(request?.body)).original.response.license_keys).toHaveLength(12_000)
  expect((await handle([orderMessage])).sent).toEqual([])
}, 20_000)

it('a dead-lettered message leaves its order unchanged, and the sweep resumes it', async () => {
  const order = await addQueuedOrder(await openShop())
  const { acks } = await handle([{ kind: 'queued-order', id: order.id }], DEAD_LETTER_QUEUE)
  expect(acks).toEqual(['m0'])
  expect(failureLines()).toMatchObject([{ requestId: `queued-order ${order.id}`, error: 'MessageDiedError' }])
  expect(await orderRow(order)).toMatchObject({ status: 'issuing', due_at: 0 })
  const { queue, messages } = capturingQueue()
  await sweepQueuedOrders({ ...env, DELIVERIES: queue, CALLBACKS: queue }, Date.now())
  expect(messages).toEqual([{ kind: 'queued-order', id: order.id }])
  await processOrder(order)
  expect(await orderRow(order)).toMatchObject({ status: 'issued' })
})

it('the callback sweep enqueues a callback that has been due for a minute', async () => {
  await env.DB.prepare(`update deliveries set status = 'delivered'`).run()
  const order = await addQueuedOrder(await openShop())
  const now = Date.now()
  await processOrder(order, { now })
  const [callback] = await callbackRows(order)
  const { queue, messages } = capturingQueue()
  await sweepCallbacks({ ...env, DELIVERIES: queue, CALLBACKS: queue }, now + 30_000)
  await sweepDeliveries({ ...env, DELIVERIES: queue, CALLBACKS: queue }, now + 120_000)
  expect(messages).toEqual([])
  await sweepCallbacks({ ...env, DELIVERIES: queue, CALLBACKS: queue }, now + 120_000)
  expect(messages).toEqual([{ kind: 'callback', id: callback?.id }])
})

it('a callback fails after its message was dead-lettered', async () => {
  const order = await addQueuedOrder(await openShop())
  await processOrder(order)
  const [callback] = await callbackRows(order)
  await handle([{ kind: 'callback', id: callback?.id ?? 0 }], DEAD_LETTER_QUEUE)
  expect(await callbackRows(order)).toMatchObject([{ status: 'failed', last_result: 'gave up' }])
})

it('a waiting event fails after its message was dead-lettered', async () => {
  const event = await env.DB.prepare(
    `insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload, due_at)
     values ('standard', 'dead', 'order.paid', 'live', 0, 'waiting', '{}', 0) returning id`,
  ).first<{ id: number }>()
  const id = event?.id ?? 0
  expect((await handle([{ kind: 'event', id }], DEAD_LETTER_QUEUE)).acks).toEqual(['m0'])
  expect(await eventOf(id)).toMatchObject({ outcome: 'failed', note: 'gave up' })
  expect(failureLines()).toMatchObject([{ requestId: `event ${id}`, error: 'MessageDiedError' }])
})

it('a delivery fails unsent after its message was dead-lettered', async () => {
  const delivery = await addDelivery()
  expect((await handle([{ kind: 'delivery', id: delivery.id }], DEAD_LETTER_QUEUE)).acks).toEqual(['m0'])
  expect(await deliveryRow(delivery)).toMatchObject({ status: 'failed', last_result: 'gave up' })
  expect(await requestsTo(delivery.url)).toEqual([])
})

it('the sweep enqueues an order that is being released, which is then refused', async () => {
  const shop = await openShop()
  await addStock(shop, 8)
  const order = await addQueuedOrder(shop, { quantity: 8, origin: 'stock' })
  await processOrder(order, { db: databaseFailingAfter(2) }).catch(() => {})
  await executeSql(`update products set status = 'inactive' where id = ?`, shop.productId)
  await processOrder(order, { db: databaseFailingAfter(2), now: Date.now() + 3_600_000 }).catch(() => {})
  expect(await orderRow(order)).toMatchObject({ status: 'releasing', chunks: 1 })
  await executeSql('update queued_orders set due_at = 0 where id = ?', order.id)
  const { queue, messages } = capturingQueue()
  await worker.scheduled(createScheduledController({ cron: '* * * * *' }), {
    ...env,
    DELIVERIES: queue,
    CALLBACKS: queue,
  })
  expect(messages).toContainEqual({ kind: 'queued-order', id: order.id })
  await handle(messages)
  expect(await orderRow(order)).toMatchObject({ status: 'refused', chunks: 0 })
  expect((await keysOf(order)).map(({ status }) => status)).toEqual(Array(8).fill('available'))
})

it('the sweep recovers an order without messages, which gets its keys and callback', async () => {
  const order = await addQueuedOrder(await openShop())
  await stubResponses(order.webhookUrl, {})
  await worker.scheduled(createScheduledController({ cron: '* * * * *' }), { ...env })
  const isReported = async () => expect(await callbackRows(order)).toMatchObject([{ status: 'delivered' }])
  await vi.waitFor(isReported, { timeout: 15_000, interval: 50 })
  expect(await receivedCallbacks(order)).toHaveLength(1)
}, 20_000)

it('the log never contains license keys, addresses or names', async () => {
  const order = await addQueuedOrder(await openShop())
  await stubResponses(order.webhookUrl, { status: 500, body: 'ada@example.com' })
  const orderMessage: Message = { kind: 'queued-order', id: order.id }
  await env.DB.prepare('alter table issuances rename to gone').run()
  await handle([orderMessage])
  await env.DB.prepare('alter table gone rename to issuances').run()
  await processOrder(order, { now: Date.now() + 3_600_000 })
  const [callback] = await callbackRows(order)
  await env.DB.prepare('update deliveries set attempts = 12, due_at = 0 where id = ?')
    .bind(callback?.id)
    .run()
  await handle([{ kind: 'callback', id: callback?.id ?? 0 }])
  expect(await callbackRows(order)).toMatchObject([{ status: 'failed' }])
  const log = JSON.stringify(failureLines())
  expect(failureLines().length).toBeGreaterThan(1)
  for (const secret of [order.webhookUrl, 'keevault', 'Ada', 'ada@']) expect(log).not.toContain(secret)
})
