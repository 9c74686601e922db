import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { addKey, addProductMetadata, get } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
import { openShop, orderFields } from '../support/shop.ts'

/** Small compared with the 1,001 keys in the table. */
const ROWS_READ_MAX = 100

it('updates, deletions and counts read few rows of a large table', async () => {
  const shop = await openShop()
  const issued = await post(orderFields(shop, { quantity: '1000' }))
  const [first, second] = issued.response.license_keys.map(
    ({ license_key }: { license_key: string }) => license_key,
  )
  const rowsReadPerTrip: number[] = []
  const DB = interceptRoundTrips(env.DB, async (_, run) => {
    const results = await run()
    rowsReadPerTrip.push((results as D1Result[]).reduce((sum, { meta }) => sum + meta.rows_read, 0))
    return results
  })
  const key = { api_key: shop.apiKey, license_key: first }
  const metadata = { api_key: shop.apiKey, ...(await addProductMetadata(shop)), value: 'pro' }
  const product = { api_key: shop.apiKey, product_id: String(shop.productId) }
  await addKey(shop)
  const requests: [string, Record<string, unknown>, number][] = [
    ['update-license-key', { ...key, status: 'blocked' }, 950],
    ['update-license-key', { ...key, status: 'available' }, 950],
    ['update-license-key', { ...key, license_key: 'unknown', status: 'blocked' }, 952],
    ['delete-license-key', { ...key, license_key: second }, 850],
    ['delete-license-key', { ...key, license_key: second }, 851],
    ['update-product-meta', metadata, 373],
    ['delete-product-meta', metadata, 482],
    ['update-product', product, 650],
    ['delete-product', product, 550],
  ]
  for (const [name, fields, code] of requests) {
    const { response } = await post(fields, { path: `/api/v1/${name}`, bindings: { DB } })
    expect(response.code).toBe(code)
  }
  await get('/api/v1/get-available-license-keys-count', product, { bindings: { DB } })
  expect(rowsReadPerTrip).toHaveLength(requests.length + 1)
  expect(Math.max(...rowsReadPerTrip)).toBeLessThan(ROWS_READ_MAX)
})
