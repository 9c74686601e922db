import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { addKey, expectNoChange, get, markDeleted, withProductKey } from '../support/administration.ts'
import { isSignedBy } from '../support/client.ts'
import { openShop, type Shop } from '../support/shop.ts'

const count = (shop: Shop, changes: Record<string, unknown> = {}) =>
  get(
    '/api/v1/get-available-license-keys-count',
    { api_key: shop.apiKey, product_id: String(shop.productId), ...changes },
    withProductKey(shop),
  )

describe('code 741', () => {
  it('contains the number of available keys, signed by the global key', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    for (const status of ['available', 'available', 'assigned', 'reserved', 'blocked'] as const) {
      await addKey(shop, { status })
    }
    await addKey(other)
    const answer = await expectNoChange(() => count(shop))
    expect(answer.status).toBe(200)
    expect(Object.entries(answer.response)).toEqual([
      ['code', 741],
      ['message', 'Available license keys count'],
      ['count', 2],
      ['timestamp', expect.any(Number)],
    ])
    expect(answer.envelope.private_key_used).toBe('global')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
  })

  it('is returned for an inactive product without keys', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await count(shop)).response).toMatchObject({ code: 741, count: 0 })
  })
})

describe('code 740', () => {
  it('is returned for a missing or deleted product', async () => {
    const shop = await openShop()
    await addKey(shop)
    await markDeleted(shop.productId)
    for (const changes of [{}, { product_id: '2147483647' }]) {
      const answer = await expectNoChange(() => count(shop, changes))
      expect(answer.status).toBe(200)
      expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
      expect(answer.response).toMatchObject({ code: 740, message: "Product doesn't exist" })
      expect(answer.envelope.private_key_used).toBe('global')
    }
  })
})

describe('code 804', () => {
  it.each(['', 'junk', '0'])('is returned for the product "%s"', async (product_id) => {
    const answer = await count(await openShop(), { product_id })
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual(['product_id'])
  })
})
