import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { post } from '../support/client.ts'
import { openShop, orderFields } from '../support/shop.ts'

const REQUESTS = 200
const IDEMPOTENCY_KEYS = 20

it('200 concurrent requests with 20 idempotency keys and two API keys create 20 issuances each', async () => {
  const shops = [await openShop(), await openShop()]
  const requests = Array.from({ length: REQUESTS }, (_, index) => ({
    shop: shops[index % shops.length] ?? shops[0],
    name: `order-${Math.floor(index / shops.length) % IDEMPOTENCY_KEYS}`,
  }))
  const responses = await Promise.all(
    requests.map(({ shop, name }) =>
      shop
        ? post(orderFields(shop), { headers: { 'Idempotency-Key': name } })
        : Promise.reject(new Error('No shop.')),
    ),
  )
  expect(new Set(responses.map(({ response }) => response.code))).toEqual(new Set([803]))

  for (const shop of shops) {
    const row = await env.DB.prepare(
      `select count(*) as issuances, count(distinct idempotency_key) as names, sum(quantity) as quantity,
         (select count(*) from license_keys where product_id = ?1) as licenseKeys
       from issuances where source = ?2`,
    )
      .bind(shop.productId, `api:${shop.apiKeyId}`)
      .first()
    expect(row).toEqual({ issuances: 20, names: 20, quantity: 40, licenseKeys: 40 })
  }

  // One body for each order, and one response that is not a replay.
  const bodies = new Map<string, Set<string>>()
  for (const [index, { text }] of responses.entries()) {
    const { shop, name } = requests[index] ?? {}
    const order = `${shop?.apiKeyId} ${name}`
    bodies.set(order, (bodies.get(order) ?? new Set()).add(text))
  }
  expect([...bodies.values()].map((texts) => texts.size)).toEqual(new Array(40).fill(1))
  expect(responses.filter(({ headers }) => !headers.has('Idempotent-Replayed'))).toHaveLength(40)
})
