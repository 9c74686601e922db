/** The queues of the runtime, while receivers of callbacks do not answer. */
import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { enqueue } from '../../src/queue/enqueue.ts'
import { post } from '../support/client.ts'
import { addDelivery, deliveryRow } from '../support/delivery.ts'
import { outboundUrl, requestsTo, stubResponses } from '../support/outbound.ts'
import { QUEUED_PATH, queuedOrderFields } from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

const HANGING_ORDERS = 60
/** For each callback. */
const HANGING_MS = 8_000

afterEach(async () => {
  await env.DB.prepare(`update deliveries set status = 'cancelled' where status = 'pending'`).run()
})

it('a paid order is delivered within seconds while 60 callbacks hang', async () => {
  const shop = await openShop()
  const urls = Array.from({ length: HANGING_ORDERS }, outboundUrl)
  for (const url of urls) {
    await stubResponses(url, { delayMs: HANGING_MS })
    const { response } = await post(queuedOrderFields(shop, { webhook_url: url }), { path: QUEUED_PATH })
    expect(response.code).toBe(807)
  }
  const callbacks = async (status: string) => {
    const sql = `select count(*) as n from deliveries where channel = 'callback' and status like ?`
    return (await env.DB.prepare(sql).bind(status).first<{ n: number }>())?.n
  }
  const areCallbacksSent = async () => {
    expect(await callbacks('%')).toBe(HANGING_ORDERS)
    expect((await Promise.all(urls.map(requestsTo))).flat()).not.toEqual([])
  }
  await vi.waitFor(areCallbacksSent, { timeout: 40_000, interval: 250 })

  const delivery = await addDelivery()
  await stubResponses(delivery.url, {})
  await enqueue(env, [{ kind: 'delivery', id: delivery.id }])
  const isDelivered = async () => expect(await deliveryRow(delivery)).toMatchObject({ status: 'delivered' })
  await vi.waitFor(isDelivered, { timeout: 10_000, interval: 50 })
  expect(await callbacks('pending')).toBeGreaterThan(HANGING_ORDERS / 2)
})
