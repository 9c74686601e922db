import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { processQueuedOrder } from '../../../src/issuing/queued-orders.ts'
import { asOperator } from '../../support/admin.ts'
import { addDelivery, type TestDelivery } from '../../support/delivery.ts'
import { requestLines } from '../../support/log.ts'
import { addQueuedOrder, callbackRows, envWithoutConsumer } from '../../support/queued-order.ts'
import { openShop } from '../../support/shop.ts'

afterEach(() => vi.restoreAllMocks())

function queueMessages(): unknown[] {
  const bodies: unknown[] = []
  for (const queue of [env.DELIVERIES, env.CALLBACKS]) {
    vi.spyOn(queue, 'sendBatch').mockImplementation(async (messages) => {
      bodies.push(...[...messages].map(({ body }) => body))
      return {} as QueueSendBatchResponse
    })
  }
  return bodies
}

/** @param columns SQL */
async function change({ id }: { readonly id: number }, columns: string): Promise<void> {
  await env.DB.prepare(`update deliveries set ${columns} where id = ?`).bind(id).run()
}

async function idsOf(query: string): Promise<number[]> {
  const { status, body } = await (await asOperator('viewer')).get(`/deliveries?${query}`)
  expect(status).toBe(200)
  return body.items.map(({ id }: { id: number }) => id)
}

async function failedCallback(): Promise<number> {
  const order = await addQueuedOrder(await openShop())
  await processQueuedOrder(envWithoutConsumer(), order.id, Date.now())
  const [callback] = await callbackRows(order)
  const id = callback?.id ?? 0
  await change({ id }, `status = 'failed', updated_at = 5`)
  return id
}

describe('the list of deliveries', () => {
  it('shows the newest first, page by page, each once', async () => {
    const added = [await addDelivery(), await addDelivery({ channel: 'email' }), await addDelivery()]
    const viewer = await asOperator('viewer')
    const seen: number[] = []
    for (let cursor = ''; seen.length < 3; ) {
      const { body } = await viewer.get(`/deliveries?limit=1${cursor && `&cursor=${cursor}`}`)
      seen.push(body.items[0].id)
      cursor = body.next_cursor
    }
    expect(seen).toEqual(added.map(({ id }) => id).reverse())
  })

  it('filters by status, channel and bounce, those first that got it last', async () => {
    const early = await addDelivery({ status: 'failed' })
    const late = await addDelivery({ status: 'failed', channel: 'email' })
    await change(early, 'updated_at = 9e12')
    const bounced = await addDelivery({ status: 'delivered', channel: 'email' })
    await change(bounced, `bounce = 'bounced', bounced_at = 7`)
    expect((await idsOf('status=failed')).slice(0, 2)).toEqual([early.id, late.id])
    expect(await idsOf('status=failed&channel=email')).toEqual([late.id])
    expect(await idsOf('bounced=true')).toEqual([bounced.id])
    expect(await idsOf('bounced=false&status=delivered')).toEqual([])
  })

  it('shows those of a license: of its order, and its own', async () => {
    const order = await addDelivery({ channel: 'email', quantity: 2 })
    await addDelivery()
    const own = await env.DB.prepare(
      `insert into deliveries (issuance_id, license_key_id, channel, serial, status, due_at, created_at, updated_at)
       values (?, ?, 'email', 2, 'pending', 1, 1, 1) returning id`,
    )
      .bind(order.issuanceId, order.licenseId)
      .first<{ id: number }>()
    expect(await idsOf(`license_id=${order.licenseId}`)).toEqual([own?.id, order.id])
    expect(await idsOf(`license_id=${order.licenseId + 1}`)).toEqual([order.id])
  })

  it('reads a limited number of rows, however few pass the filter', async () => {
    const { issuanceId } = await addDelivery()
    await env.DB.prepare(
      `with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < 2000)
       insert into deliveries (issuance_id, channel, serial, status, due_at, created_at, updated_at)
       select ?, 'webhook', number + 1, 'delivered', 1, 1, 1 from numbers`,
    )
      .bind(issuanceId)
      .run()
    const viewer = await asOperator('viewer')
    const { body } = await viewer.get('/deliveries?channel=callback')
    expect(body.items).toEqual([])
    expect(body.next_cursor).toEqual(expect.any(String))
    const { roundTrips, rowsRead } = requestLines().at(-1) ?? {}
    expect(roundTrips).toBe(1)
    expect(rowsRead).toBeLessThan(10_000)
    const second = await viewer.get(`/deliveries?channel=callback&cursor=${body.next_cursor}`)
    expect(second.body).toEqual({ items: [], next_cursor: null })
  })
})

describe('a delivery', () => {
  it('is shown with its order, its recipient and the report, but without the recipient to viewers', async () => {
    const delivery = await addDelivery({ channel: 'email', status: 'delivered' })
    await change(delivery, `bounce = 'rejected', bounced_at = 1000, message_id = 'm'`)
    const shown = await (await asOperator('support')).get(`/deliveries/${delivery.id}`)
    expect(shown.body).toMatchObject({
      provider: 'stripe',
      order: delivery.orderId,
      product_id: delivery.productId,
      recipient: 'ada@example.com',
      message_id: 'm',
      bounce: 'rejected',
      bounced_at: '1970-01-01T00:00:01.000Z',
      due_at: null,
    })
    const viewed = await (await asOperator('viewer')).get(`/deliveries/${delivery.id}`)
    expect(viewed.body).toEqual({ ...shown.body, recipient: null })
  })

  it('that does not exist is not found', async () => {
    expect((await (await asOperator('viewer')).get('/deliveries/1099511627776')).status).toBe(404)
  })
})

describe('a retry', () => {
  it('makes a failed delivery due now, and wakes the consumer once', async () => {
    const messages = queueMessages()
    const delivery = await addDelivery({ status: 'failed', attempts: 13 })
    const support = await asOperator('support')
    const options = { headers: { 'Idempotency-Key': 'again' } }
    const answer = await support.post(`/deliveries/${delivery.id}/retry`, undefined, options)
    expect(answer).toMatchObject({ status: 202, body: { id: delivery.id, status: 'pending' } })
    expect(messages).toEqual([{ kind: 'delivery', id: delivery.id }])
    expect(await stateOf(delivery)).toEqual({ status: 'pending', attempts: 0 })
    await change(delivery, `status = 'failed', attempts = 13`)
    await support.post(`/deliveries/${delivery.id}/retry`, undefined, options)
    expect(await stateOf(delivery)).toEqual({ status: 'failed', attempts: 13 })
  })

  it.each(['pending', 'delivered', 'cancelled'] as const)('of a %s delivery is refused', async (status) => {
    const messages = queueMessages()
    const delivery = await addDelivery({ status })
    const answer = await (await asOperator('support')).post(`/deliveries/${delivery.id}/retry`)
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(messages).toEqual([])
  })

  it('of all takes every failed delivery, callbacks to their own queue', async () => {
    const messages = queueMessages()
    const callback = await failedCallback()
    const failed = await addDelivery({ status: 'failed' })
    const delivered = await addDelivery({ status: 'delivered' })
    messages.length = 0
    const support = await asOperator('support')
    const { status, body } = await support.post('/deliveries/retry', { status: 'failed' })
    expect(status).toBe(202)
    expect(body.retried).toBeGreaterThanOrEqual(2)
    expect(messages).toContainEqual({ kind: 'callback', id: callback })
    expect(messages).toContainEqual({ kind: 'delivery', id: failed.id })
    expect(await stateOf(delivered)).toMatchObject({ status: 'delivered' })
    expect((await support.post('/deliveries/retry', { status: 'failed' })).body).toEqual({ retried: 0 })
  })

  it('is in the audit with the state before and after', async () => {
    queueMessages()
    const delivery = await addDelivery({ status: 'failed', attempts: 13 })
    const support = await asOperator('support')
    await support.post(`/deliveries/${delivery.id}/retry`)
    const entry = await env.DB.prepare(
      'select action, subject, before, after from audit_entries where actor = ?',
    )
      .bind(`operator:${support.id}`)
      .first()
    expect(entry).toEqual({
      action: 'deliveries.retry',
      subject: `delivery:${delivery.id}`,
      before: '{"status":"failed","attempts":13,"last_result":null}',
      after: '{"status":"pending","attempts":0,"last_result":null}',
    })
  })
})

function stateOf({ id }: TestDelivery) {
  return env.DB.prepare('select status, attempts from deliveries where id = ?').bind(id).first()
}
