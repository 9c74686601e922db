import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { asOperator } from '../../support/admin.ts'
import { observe } from '../../support/observed-database.ts'
import { addFailedEvent, addOffer, applyEvent, purchaseOf } from '../../support/sales.ts'

/** A paid order of a subscription with two lines, which was refunded in part. */
async function addOrder() {
  const offer = await addOffer({ keysPerUnit: 2 })
  const order = `order-${crypto.randomUUID()}`
  const subscription = `sub-${order}`
  const now = Date.now()
  await applyEvent(
    purchaseOf(offer, order, {
      references: [`payment-${order}`],
      lines: ['1', '2'].map((id) => ({ id, externalIds: [offer.externalId], quantity: 1 })),
    }),
    { now },
  )
  await env.DB.batch([
    env.DB.prepare(
      `insert into order_references (provider, reference, order_id) values ('standard', ?, ?)`,
    ).bind(subscription, order),
    env.DB.prepare(
      `insert into paid_periods (provider, subscription, payment, name, paid_at, ends_at, nonce)
       values ('standard', ?1, ?2, 'p', 1000, 2000, 'n')`,
    ).bind(subscription, `renewal-${order}`),
    env.DB.prepare(
      `insert into order_references (provider, reference, order_id) values ('standard', ?1, ?1)`,
    ).bind(`renewal-${order}`),
    env.DB.prepare(
      `insert into reversals (provider, reversal_id, reference, lines, is_active, occurred_at, phase, nonce)
       values ('standard', ?, ?, '[{"id":"1"}]', 1, 3000, 0, 'n')`,
    ).bind(`refund-${order}`, `payment-${order}`),
  ])
  return { ...offer, order, subscription }
}

async function ordersOf(query: string): Promise<string[]> {
  const { status, body } = await (await asOperator('viewer')).get(`/orders?${query}`)
  expect(status).toBe(200)
  return body.items.map(({ order }: { order: string }) => order)
}

describe('the list of orders', () => {
  it('shows each order once, newest first', async () => {
    const first = await addOrder()
    const second = await addOrder()
    const viewer = await asOperator('viewer')
    const { body } = await viewer.get('/orders?limit=1')
    expect(body.items).toMatchObject([
      { provider: 'standard', order: second.order, lines: 2, quantity: 4, owner_email: 'ada@example.com' },
    ])
    const next = await viewer.get(`/orders?limit=1&cursor=${body.next_cursor}`)
    expect(next.body.items).toMatchObject([{ order: first.order }])
  })

  it('finds an order by the names of its payments and subscription', async () => {
    const { order, subscription } = await addOrder()
    for (const name of [order, `payment-${order}`, `renewal-${order}`]) {
      expect(await ordersOf(`order=${name}`)).toEqual([order])
    }
    expect(await ordersOf(`subscription=${subscription}`)).toEqual([order])
    expect(await ordersOf(`order=${order}&provider=stripe`)).toEqual([])
    expect(await ordersOf('order=unknown')).toEqual([])
  })

  it('takes one name only', async () => {
    const answer = await (await asOperator('viewer')).get('/orders?order=a&subscription=b')
    expect(answer).toMatchObject({ status: 400, body: { errors: { subscription: [expect.any(String)] } } })
  })
})

describe('an order', () => {
  it('is shown with what was reported about it and issued for it', async () => {
    const { order, externalId, productId, subscription } = await addOrder()
    const support = await asOperator('support')
    const { db, roundTrips } = observe(env.DB)
    const { body } = await support.get(`/orders/standard/${order}`, { bindings: { DB: db } })
    expect(roundTrips).toHaveLength(1)
    expect(body.lines).toMatchObject([
      { line: '1', product_id: productId, units: 1, quantity: 2, offer: { external_id: externalId } },
      { line: '2' },
    ])
    expect(body.licenses.map(({ line }: { line: string }) => line)).toEqual(['1', '1', '2', '2'])
    expect(body.reversals).toEqual([
      {
        id: `refund-${order}`,
        reference: `payment-${order}`,
        lines: [{ id: '1' }],
        amount: null,
        active: true,
        occurred_at: '1970-01-01T00:00:03.000Z',
      },
    ])
    expect(body.paid_periods).toMatchObject([{ subscription, ends_at: '1970-01-01T00:00:02.000Z' }])
    expect(body.events).toMatchObject([{ outcome: 'issued', order }])
    const viewed = await (await asOperator('viewer')).get(`/orders/standard/${order}`)
    expect(viewed.body.licenses[0].license_key).toMatch(/^.{4}…$/)
  })

  it('without license keys is shown with its events', async () => {
    const id = await addFailedEvent()
    const { body } = await (await asOperator('viewer')).get('/orders/stripe/order-1')
    expect(body.lines).toEqual([])
    expect(body.events).toContainEqual(expect.objectContaining({ id, outcome: 'failed' }))
  })

  it('of another provider is not found', async () => {
    const { order } = await addOrder()
    expect((await (await asOperator('viewer')).get(`/orders/paddle/${order}`)).status).toBe(404)
  })
})
