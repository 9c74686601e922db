import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { asOperator, type Operator } from '../../support/admin.ts'
import { addKey } from '../../support/administration.ts'
import { post } from '../../support/client.ts'
import { reissue } from '../../support/reissues.ts'
import { addOffer, applyEvent, purchaseOf } from '../../support/sales.ts'
import { openShop, orderFields, type Shop } from '../../support/shop.ts'

let owner: Operator
let viewer: Operator
let shop: Shop

beforeAll(async () => {
  owner = await asOperator('owner')
  viewer = await asOperator('viewer')
  shop = await openShop()
})

interface Found {
  readonly id: number
  readonly license_key: string
}

async function find(query: Record<string, string>, operator: Operator = owner): Promise<Found[]> {
  const { status, body } = await operator.get(`/licenses?${new URLSearchParams(query)}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.items
}

const keysOf = async (query: Record<string, string>, operator?: Operator) =>
  (await find(query, operator)).map(({ license_key }) => license_key)

/** All pages of a search. */
async function allPages(query: Record<string, string>): Promise<string[]> {
  const keys: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const parameters = new URLSearchParams({ ...query, ...(cursor && { cursor }) })
    const { body } = await owner.get(`/licenses?${parameters}`)
    keys.push(...body.items.map(({ license_key }: Found) => license_key))
    cursor = body.next_cursor
  }
  return keys
}

async function issue(fields: Record<string, string> = {}): Promise<string[]> {
  const { response } = await post(orderFields(shop, { quantity: '1', ...fields }))
  return response.license_keys.map(({ license_key }: Found) => license_key)
}

describe('an owner', () => {
  const owner = { owner_name: 'Mary Somerville', owner_email: 'Mary.Somerville@Example.com' }

  it('is found by the beginning of its name or address, without regard to case', async () => {
    const keys = await issue({ ...owner, quantity: '3' })
    for (const query of [
      { email: 'mary.somerville@example.com' },
      { email: 'MARY.som' },
      { name: 'mary somerville' },
      { name: 'MARY S' },
      { q: 'mary.somerville@' },
      { q: 'mary s' },
    ] as Record<string, string>[]) {
      expect(await keysOf(query), JSON.stringify(query)).toEqual(keys)
    }
    for (const query of [{ email: 'somerville' }, { name: 'mary.' }, { key: 'mary' }, { order: 'mary' }]) {
      expect(await keysOf(query as Record<string, string>)).toEqual([])
    }
  })

  it('is found whether a key was issued, imported, assigned or given to another owner', async () => {
    const owner = { ownerName: 'Emmy Noether', ownerEmail: 'emmy@example.com' }
    const [issued = ''] = await issue({ owner_name: 'Other', owner_email: 'other@example.com' })
    const imported = await addKey(shop, { status: 'assigned', ...owner })
    const fields = { api_key: shop.apiKey, license_key: issued, owner_email: 'EMMY@example.com' }
    await post(fields, { path: '/api/v1/update-license-key' })
    expect((await keysOf({ email: 'emmy' })).sort()).toEqual([issued, imported].sort())
    expect(await keysOf({ email: 'other' })).toEqual([])
    expect(await keysOf({ name: 'other' })).toEqual([issued])
  })

  it.each(['50%', '50_', "50'", '50[', '50@', '50Z', '50\u{1F511}'])(
    'is found by text with the characters of %s only',
    async (text) => {
      const [key = ''] = await issue({ owner_name: `${text} Corp` })
      await issue({ owner_name: '50x Corp' })
      expect(await keysOf({ name: text })).toEqual([key])
      expect(await keysOf({ name: `${text} C` })).toEqual([key])
    },
  )
})

describe('an order', () => {
  it("is found by the provider's id, payments and subscriptions, with its reissued keys", async () => {
    const offer = await addOffer()
    const references = ['invoice-77', 'subscription-77']
    await applyEvent(purchaseOf(offer, 'order-77', { references }))
    const period = { subscription: 'subscription-77', payment: 'payment-78', paidAt: 5 }
    await applyEvent({ kind: 'renewal', period })
    const [first = ''] = await keysOf({ order: 'order-77' })
    const replacement = (await reissue(first)) ?? ''
    for (const order of ['order-77', 'invoice-77', 'subscription-77', 'payment-78']) {
      expect(await keysOf({ order }), order).toHaveLength(3)
      expect(await keysOf({ q: order }), order).toContain(replacement)
    }
    expect(await keysOf({ order: 'order-7' })).toEqual([])
  })

  it("is found by the shop's own id, with its reissued keys", async () => {
    const keys = await issue({ identifier: 'shop-500', quantity: '2' })
    expect(await keysOf({ order: 'shop-500' })).toEqual(keys)
    const replacement = await reissue(keys[0] ?? '')
    expect(await keysOf({ q: 'shop-500' })).toEqual([...keys, replacement])
  })
})

describe('a license key', () => {
  it('is found by its beginning, except by viewers', async () => {
    const licenseKey = await addKey(shop, { licenseKey: `FIND-${crypto.randomUUID()}` })
    expect(await keysOf({ key: 'FIND-' })).toEqual([licenseKey])
    expect(await keysOf({ q: 'FIND-' })).toEqual([licenseKey])
    expect(await keysOf({ key: licenseKey })).toEqual([licenseKey])
    for (const query of [{ key: 'FIND-' }, { q: 'FIND-' }, { key: licenseKey.slice(0, -1) }] as const) {
      expect(await find(query as Record<string, string>, viewer)).toEqual([])
    }
    expect(await keysOf({ key: licenseKey }, viewer)).toEqual(['FIND…'])
    expect(await keysOf({ q: licenseKey }, viewer)).toEqual(['FIND…'])
  })
})

describe('a list', () => {
  it('has the newest licenses first, each once on all its pages', async () => {
    await issue({ quantity: '7' })
    const { results } = await env.DB.prepare(
      'select license_key from license_keys order by id desc',
    ).all<Found>()
    expect(await allPages({ limit: '3' })).toEqual(results.map(({ license_key }) => license_key))
  })

  it('has each license once, even if several of its values match', async () => {
    const same = { owner_name: 'twice', owner_email: 'twice@example.com', identifier: 'twice' }
    const keys = [...(await issue({ ...same, quantity: '5' })), ...(await issue({ ...same, quantity: '4' }))]
    keys.push(
      await addKey(shop, { licenseKey: 'twice', ownerName: 'twice', ownerEmail: 'TWICE@example.com' }),
    )
    keys.push(...(await issue({ owner_name: 'Twice as much', owner_email: 'twicE@example.com' })))
    for (const limit of ['1', '2', '200']) {
      const found = await allPages({ q: 'twice', limit })
      expect(found.toSorted(), limit).toEqual(keys.toSorted())
    }
  })

  it('is filtered by status, product and when a license was issued', async () => {
    const other = await openShop()
    const at = Date.UTC(2020, 0, 2)
    const assigned = await addKey(other, { status: 'assigned', assignedAt: at, ownerName: 'Filter' })
    const blocked = await addKey(other, { status: 'blocked', assignedAt: at + 1, ownerName: 'Filter' })
    const product_id = String(other.productId)
    expect(await keysOf({ product_id })).toEqual([blocked, assigned])
    expect(await keysOf({ product_id, status: 'blocked' })).toEqual([blocked])
    expect(await keysOf({ name: 'filter', status: 'assigned' })).toEqual([assigned])
    const issued_before = '2020-01-02T00:00:00.001Z'
    expect(await keysOf({ product_id, issued_from: '2020-01-02', issued_before })).toEqual([assigned])
    expect(await keysOf({ product_id, issued_before: '2020-01-02' })).toEqual([])
  })

  it.each([
    [{ q: 'a', email: 'b' }, 'q'],
    [{ status: 'expired' }, 'status'],
    [{ product_id: '0' }, 'product_id'],
    [{ issued_from: 'yesterday' }, 'issued_from'],
    [{ limit: '201' }, 'limit'],
    [{ cursor: 'junk' }, 'cursor'],
    [{ name: 'a\u0000' }, 'name'],
  ] as [Record<string, string>, string][])('names the wrong field of %j', async (query, field) => {
    const { status, body } = await owner.get(`/licenses?${new URLSearchParams(query)}`)
    expect(status).toBe(400)
    expect(Object.keys(body.errors)).toEqual([field])
  })
})
