/** Keys that a plugin of a shop ordered through the API, and what becomes of its order. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { bind, compileText, runBatch } from '../../src/db/batch.ts'
import { processQueuedOrder } from '../../src/issuing/queued-orders.ts'
import { ADOPT, adoptionValues, HAS_ADOPTED_KEYS, isOrderedByApi } from '../../src/payments/adopt.ts'
import { post } from '../support/client.ts'
import { addQueuedOrder, QUEUED_PATH, queuedOrderFields } from '../support/queued-order.ts'
import { applyEvent, statusesOf } from '../support/sales.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const EMAIL = 'ada@example.com'
const provider = 'woocommerce'
let orders = 1000
const newOrder = () => String(orders++)

/** Orders two keys as the plugin does. */
async function orderKeys(shop: Shop, identifier: string, changes: object = {}): Promise<void> {
  const { response } = await post(orderFields(shop, { identifier, ...changes }))
  expect(response.code).toBe(803)
}

async function adopt(order: string, ownerEmail: unknown = EMAIL): Promise<void> {
  const found = adoptionValues({ identifier: order, ownerEmail })
  if (!found) return
  const values = { provider, order, ...found }
  await runBatch(
    env.DB,
    ADOPT.map((statement) => bind(statement, values)),
  )
}

const statuses = (order: string) => statusesOf(order, provider)

async function settle(kind: 'refund' | 'reinstatement', order: string, occurredAt: number): Promise<void> {
  await applyEvent({ kind, id: `order:${order}`, order, occurredAt, phase: 'end' }, { provider })
}

describe('keys that were ordered with the id of an order', () => {
  it('belong to the order, and a refund blocks and restores them', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderKeys(shop, order)
    await orderKeys(shop, order, { quantity: '1' })
    await adopt(order)
    expect(await statuses(order)).toEqual(['assigned', 'assigned', 'assigned'])
    await settle('refund', order, 1)
    expect(await statuses(order)).toEqual(['blocked', 'blocked', 'blocked'])
    await settle('reinstatement', order, 2)
    expect(await statuses(order)).toEqual(['assigned', 'assigned', 'assigned'])
  })

  it('are adopted once, in one order', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderKeys(shop, order)
    await Promise.all([adopt(order), adopt(order), adopt(order)])
    await orderKeys(shop, order)
    await adopt(order)
    const { results } = await env.DB.prepare(
      'select line, units, issuance_id from order_lines where provider = ? and order_id = ? order by issuance_id',
    )
      .bind(provider, order)
      .all<{ line: string; units: number; issuance_id: number }>()
    expect(results.map(({ line }) => line)).toEqual(results.map(({ issuance_id }) => `api:${issuance_id}`))
    expect(results.map(({ units }) => units)).toEqual([2, 2])
  })

  it('are found if they were queued, once the queued order is complete', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    const { response } = await post(queuedOrderFields(shop, { identifier: order, quantity: '3' }), {
      path: QUEUED_PATH,
    })
    expect(response.code).toBe(807)
    const id = await env.DB.prepare('select id from queued_orders where identifier = ?')
      .bind(order)
      .first<number>('id')
    const setStatus = (status: string) =>
      env.DB.prepare('update queued_orders set status = ? where id = ?').bind(status, id).run()
    await processQueuedOrder(env, Number(id), Date.now())
    await setStatus('issuing')
    await adopt(order)
    expect(await statuses(order)).toEqual([])
    await setStatus('issued')
    await adopt(order)
    expect(await statuses(order)).toEqual(['assigned', 'assigned', 'assigned'])
  })

  it('are found in each chunk of a queued order', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    const { id } = await addQueuedOrder(shop, { identifier: order, quantity: 5 })
    await processQueuedOrder(env, id, Date.now(), 2)
    await adopt(order)
    expect(await statuses(order)).toHaveLength(5)
  })

  it('are found whatever the case of the e-mail address', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderKeys(shop, order, { owner_email: 'Ada@Example.com' })
    await adopt(order, ' ADA@example.com ')
    expect(await statuses(order)).toHaveLength(2)
  })
})

describe('keys are left alone', () => {
  it('if the id or the e-mail address differs, or the order has no address', async () => {
    const [shop, order, other] = [await openShop(), newOrder(), newOrder()]
    await orderKeys(shop, order)
    await adopt(other)
    await adopt(order, 'grace@example.com')
    for (const ownerEmail of ['', 'Not set', null, undefined, 7]) {
      expect(adoptionValues({ identifier: order, ownerEmail })).toBeUndefined()
    }
    expect([...(await statuses(order)), ...(await statuses(other))]).toEqual([])
  })

  it('if several API keys ordered for the same id and address', async () => {
    const order = newOrder()
    for (const shop of [await openShop(), await openShop()]) await orderKeys(shop, order)
    await adopt(order)
    expect(await statuses(order)).toEqual([])
  })

  it('if a direct and a queued order are of different API keys', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderKeys(shop, order)
    const { id } = await addQueuedOrder(shop, { identifier: order, quantity: 1 })
    await env.DB.prepare('update queued_orders set source = ? where id = ?').bind('api:0', id).run()
    await processQueuedOrder(env, id, Date.now())
    await adopt(order)
    expect(await statuses(order)).toEqual([])
    await env.DB.prepare('update queued_orders set source = ? where id = ?')
      .bind(`api:${shop.apiKeyId}`, id)
      .run()
    await adopt(order)
    expect(await statuses(order)).toHaveLength(3)
  })

  it('if they were ordered without an id', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await post(orderFields(shop))
    await adopt(order)
    expect(await statuses(order)).toEqual([])
  })
})

it('an order knows of which products the plugin ordered keys', async () => {
  const [shop, other, order] = [await openShop(), await openShop(), newOrder()]
  const conditions = compileText<{ has: number; same: number; other: number }>(
    `select ${HAS_ADOPTED_KEYS} as has, ${isOrderedByApi(':product')} as same, ${isOrderedByApi(':other')} as other`,
  )
  const values = { provider, order, product: shop.productId, other: other.productId }
  const read = async () => (await runBatch(env.DB, [bind(conditions, values)]))[0]
  expect(await read()).toEqual([{ has: 0, same: 0, other: 0 }])
  await orderKeys(shop, order)
  await adopt(order)
  expect(await read()).toEqual([{ has: 1, same: 1, other: 0 }])
})

it('the search for keys uses the index of references', async () => {
  const [{ sql, placeholders }] = ADOPT
  const { results } = await env.DB.prepare(`explain query plan ${sql}`)
    .bind(...placeholders.map(() => null))
    .all<{ detail: string }>()
  const details = results.map(({ detail }) => detail)
  expect(details.join('\n')).toContain('USING INDEX issuances_by_reference')
  expect(details.filter((detail) => /^SCAN (issuances|queued_orders)/.test(detail))).toEqual([])
})
