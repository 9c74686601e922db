import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { asOperator } from '../../support/admin.ts'
import { post } from '../../support/client.ts'
import { addKey, addMetadata } from '../../support/key-life.ts'
import { openShop, orderFields, type Shop } from '../../support/shop.ts'

/** The license keys of the shop's product in all states that they can have. */
async function makeLicenses(shop: Shop): Promise<void> {
  const order = orderFields(shop, { identifier: 'order-17', quantity: '3', validity: '365' })
  const { response } = await post(order)
  const [activated, blocked] = response.license_keys.map(
    ({ license_key }: { license_key: string }) => license_key,
  )
  const call = (name: string, fields: object) =>
    post({ api_key: shop.apiKey, ...fields }, { path: `/api/v1/${name}` })
  await call('activate', { license_key: activated, identifier: 'laptop' })
  await call('activate', { license_key: activated, identifier: 'phone' })
  await call('create-license-key-meta', {
    license_key: activated,
    identifier: 'laptop',
    key: 'plan',
    value: 'pro\nplus',
  })
  await call('update-license-key', { license_key: activated, features: 'export,team' })
  await call('update-license-key', {
    license_key: blocked,
    status: 'blocked',
    validity: 30,
    owner_name: '=Ada "A", B.',
  })
  const subscribed = await addKey(shop, { validityDays: 31 })
  await env.DB.prepare('update license_keys set expires_at = assigned_at + 2000000001 where id = ?')
    .bind(subscribed.id)
    .run()
  await addKey(shop, { status: 'available', validityDays: 30, ownerName: null, ownerEmail: null })
  await addKey(shop, { status: 'reserved', ownerName: 'Grace Hopper' })
  await addKey(shop, { status: 'blocked', ownerName: null, ownerEmail: null })
  await addMetadata(await addKey(shop, { ownerName: null }), 'source', 'shop')
}

async function exported({ productId }: Shop): Promise<Record<string, unknown>[]> {
  const { body } = await (await asOperator('owner')).get(
    `/exports/licenses?product_id=${productId}&limit=1000`,
  )
  return body.items
}

/** An imported license has another id. */
const withoutIds = (items: Record<string, unknown>[]) => items.map(({ id: _, ...item }) => item)

it('our own export, imported elsewhere, exports the same licenses', async () => {
  const shop = await openShop()
  await makeLicenses(shop)
  const before = await exported(shop)
  expect(before).toHaveLength(8)
  expect(new Set(before.map(({ status }) => status)).size).toBe(4)
  // Another database would have none of these.
  await env.DB.prepare('delete from license_keys where product_id = ?').bind(shop.productId).run()

  const chunk = { import_id: crypto.randomUUID(), chunk: 0, format: 'keyseal' }
  const { body } = await (await asOperator('owner')).post('/imports', { ...chunk, rows: before })
  expect(body.counts).toEqual({ rows: 8, created: 8, duplicate: 0, skipped: 0, refused: 0 })
  expect(withoutIds(await exported(shop))).toEqual(withoutIds(before))
})
