import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { asOperator, type Operator } from '../../support/admin.ts'
import { addKey, addMetadata } from '../../support/key-life.ts'
import { addOffer, applyEvent, purchaseOf } from '../../support/sales.ts'
import { openShop } from '../../support/shop.ts'

let owner: Operator

beforeAll(async () => {
  owner = await asOperator('owner')
})

interface Exported {
  readonly id: number
  readonly metadata: Record<string, string>
}

async function exportAll(query: Record<string, string>): Promise<Exported[]> {
  const items: Exported[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await owner.get(
      `/exports/licenses?${new URLSearchParams({ ...query, ...(cursor && { cursor }) })}`,
    )
    expect(status).toBe(200)
    items.push(...body.items)
    cursor = body.next_cursor
  }
  return items
}

it('an exported license has exactly what an import takes', async () => {
  const shop = await openShop()
  const assignedAt = Date.UTC(2026, 0, 1)
  const key = await addKey(shop, {
    assignedAt,
    validityDays: 1,
    activationLimit: 2,
    identifiers: ['laptop', 'phone'],
  })
  await addMetadata(key, 'plan', 'basic')
  expect(await exportAll({ product_id: String(shop.productId) })).toEqual([
    {
      id: key.id,
      product_id: shop.productId,
      license_key: key.licenseKey,
      status: 'assigned',
      owner_name: 'Ada Lovelace',
      owner_email: 'ada@example.com',
      activation_limit: 2,
      validity_days: 1,
      expires_at: '2026-01-02T00:00:00.000Z',
      assigned_at: '2026-01-01T00:00:00.000Z',
      created_at: '1970-01-01T00:00:00.000Z',
      features: null,
      reference: null,
      metadata: { plan: 'basic' },
      activations: [
        { identifier: 'laptop', created_at: '1970-01-01T00:00:00.000Z' },
        { identifier: 'phone', created_at: '1970-01-01T00:00:00.000Z' },
      ],
    },
  ])
})

it('an exported license has the features of its offer and the id of its order', async () => {
  const offer = await addOffer({ features: ['pro'] })
  await applyEvent(purchaseOf(offer, 'exported'))
  const exported = await exportAll({ product_id: String(offer.productId) })
  expect(exported).toMatchObject([
    { features: ['pro'], reference: 'exported' },
    { features: ['pro'], reference: 'exported' },
  ])
})

it('an export has each license once, also among many of another product', async () => {
  const [shop, other] = [await openShop(), await openShop()]
  const first = await addKey(shop)
  await env.DB.prepare(
    `with recursive n (i) as (select 1 union all select i + 1 from n where i < 7000)
     insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
     select ?, 'many-' || i, 'available', 0, 0, 0, 0 from n`,
  )
    .bind(other.productId)
    .run()
  const last = await addKey(shop)
  const ids = async (query: Record<string, string>) => (await exportAll(query)).map(({ id }) => id)
  expect(await ids({ product_id: String(shop.productId), limit: '1' })).toEqual([first.id, last.id])
  const { results } = await env.DB.prepare('select id from license_keys order by id').all<{ id: number }>()
  expect(await ids({ limit: '1000' })).toEqual(results.map(({ id }) => id))
})

it('a page of an export ends early if its licenses have much metadata', async () => {
  const shop = await openShop()
  for (let license = 0; license < 6; license++) {
    const key = await addKey(shop)
    await env.DB.prepare(
      `with recursive n (i) as (select 1 union all select i + 1 from n where i < 100)
       insert into license_key_metadata (license_key_id, key, value)
       select ?, 'key-' || i, substr(hex(zeroblob(5000)), 1, 9999) from n`,
    )
      .bind(key.id)
      .run()
  }
  const query = { product_id: String(shop.productId), limit: '1000' }
  const { body } = await owner.get(`/exports/licenses?${new URLSearchParams(query)}`)
  expect(body.items.length).toBeLessThan(6)
  const exported = await exportAll(query)
  expect(exported.map(({ metadata }) => Object.keys(metadata).length)).toEqual(new Array(6).fill(100))
})
