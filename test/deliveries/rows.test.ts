import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { retryFailed, selectByIds, selectLatest } from '../../scripts/keyseal/delivery-rows.ts'
import { deliver } from '../../src/deliveries/deliver.ts'
import { processQueuedOrder } from '../../src/issuing/queued-orders.ts'
import { addDelivery } from '../support/delivery.ts'
import { stubResponses } from '../support/outbound.ts'
import {
  addQueuedOrder,
  callbackRows,
  envWithoutConsumer,
  receivedCallbacks,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  return (await env.DB.prepare(sql).all()).results
}

/** A failed callback. */
async function failCallback() {
  const order = await addQueuedOrder(await openShop())
  await processQueuedOrder(envWithoutConsumer(), order.id, Date.now())
  const [callback] = await callbackRows(order)
  const id = callback?.id ?? 0
  await env.DB.prepare(`update deliveries set attempts = 12 where id = ?`).bind(id).run()
  await stubResponses(order.webhookUrl, { status: 500 }, {})
  await deliver(env, id, Date.now())
  return { ...order, id }
}

describe('the statements of keyseal deliveries', () => {
  it('list callbacks and deliveries of paid orders, latest first', async () => {
    const paid = await addDelivery({ channel: 'email' })
    const callback = await failCallback()
    expect(await rows(selectLatest(undefined))).toMatchObject([
      {
        id: callback.id,
        channel: 'callback',
        provider: 'api:1',
        order: '31',
        status: 'failed',
        attempts: 13,
        lastResult: 'HTTP 500',
      },
      { id: paid.id, channel: 'email', provider: 'stripe', order: paid.orderId, status: 'pending' },
    ])
    expect(await rows(selectLatest(`'failed'`))).toMatchObject([{ id: callback.id }])
    expect(Object.keys((await rows(selectByIds(String(callback.id))))[0] ?? {})).toEqual([
      'id',
      'createdAt',
      'channel',
      'provider',
      'order',
      'status',
      'attempts',
      'lastResult',
    ])
  })

  it('retry a failed callback and nothing else', async () => {
    await addDelivery()
    const callback = await failCallback()
    expect(await rows(retryFailed(`id = ${callback.id}`))).toEqual([{ id: callback.id }])
    expect(await rows(retryFailed(`id = ${callback.id}`))).toEqual([])
    await deliver(env, callback.id, Date.now())
    expect(await receivedCallbacks(callback)).toHaveLength(2)
    expect(await rows(selectByIds(String(callback.id)))).toMatchObject([{ status: 'delivered', attempts: 1 }])
  })
})
