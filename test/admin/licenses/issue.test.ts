import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AdminOptions, asOperator, type Operator } from '../../support/admin.ts'
import { auditOf } from '../../support/admin-licenses.ts'
import { addKey } from '../../support/administration.ts'
import { countRows, openShop, type Shop } from '../../support/shop.ts'

let owner: Operator
let shop: Shop

beforeAll(async () => {
  owner = await asOperator('owner')
  shop = await openShop()
})

const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }
const issue = (body: object = {}, options: AdminOptions = {}) =>
  owner.post('/licenses', { product_id: shop.productId, ...OWNER, ...body }, options)
const withKey = (key: string): AdminOptions => ({ headers: { 'Idempotency-Key': key } })

describe('an order of an operator', () => {
  it('issues licenses with the owner, terms, features, metadata and reference', async () => {
    const { status, body } = await issue({
      quantity: 2,
      validity_days: 30,
      activation_limit: 4,
      features: ['pro'],
      metadata: { campaign: 'spring' },
      reference: 'invoice-31',
    })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({
      deliveries: [],
      items: [
        { activation_limit: 4, validity_days: 30 },
        { activation_limit: 4, validity_days: 30 },
      ],
    })
    for (const { id, license_key } of body.items) {
      expect((await owner.get(`/licenses/${id}`)).body).toMatchObject({
        ...OWNER,
        license_key,
        status: 'assigned',
        features: { own: ['pro'] },
        metadata: { campaign: 'spring' },
        issuance: {
          id: body.issuance_id,
          source: `operator:${owner.id}`,
          reference: 'invoice-31',
          quantity: 2,
        },
      })
    }
    expect(await auditOf(`issuance:${body.issuance_id}`)).toMatchObject([
      {
        actor: `operator:${owner.id}`,
        action: 'licenses.issue',
        before: null,
        after: { quantity: 2, ...OWNER },
      },
    ])
  })

  it('is issued once under one key, even by requests that race, and a different one is refused', async () => {
    const before = await countRows()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => issue({ quantity: 3 }, withKey('once'))),
    )
    const [first] = answers
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    for (const { body } of answers) expect(body).toEqual(first?.body)
    for (const change of [{ quantity: 4 }, { quantity: 3, features: ['pro'] }]) {
      const other = await issue(change, withKey('once'))
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } })
    }
    const after = await countRows()
    expect(after.issuances).toBe(before.issuances + 1)
    expect(after.licenseKeys).toBe(before.licenseKeys + 3)
    expect(await auditOf(`issuance:${first?.body.issuance_id}`)).toHaveLength(1)
  })

  it('is not issued again after its operation was deleted', async () => {
    await issue({}, withKey('old'))
    await env.DB.prepare(`delete from operations where idempotency_key = 'old'`).run()
    const before = await countRows()
    expect(await issue({}, withKey('old'))).toMatchObject({ body: { code: 'idempotency-key-reused' } })
    expect(await countRows()).toEqual(before)
  })

  it('is answered as it was issued when it is repeated after a change', async () => {
    const { body } = await issue({ validity_days: 5 }, withKey('changed'))
    await owner.patch(`/licenses/${body.items[0].id}`, { validity_days: 9 })
    expect((await issue({ validity_days: 5 }, withKey('changed'))).body).toEqual(body)
  })

  it('takes keys from the stock, with their terms', async () => {
    const key = await addKey(shop)
    const { body } = await issue({ origin: 'stock' })
    expect(body.items).toMatchObject([{ license_key: key, activation_limit: 3, validity_days: 365 }])
    const refused = await issue({ origin: 'stock', quantity: 2 }, withKey('stock'))
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(refused.body.detail).toContain('0 license keys')
    await addKey(shop)
    await addKey(shop)
    expect((await issue({ origin: 'stock', quantity: 2 }, withKey('stock'))).status).toBe(201)
  })

  it('delivers like a sale, if it is asked to', async () => {
    const bindings = { DELIVERY_WEBHOOK_URL: 'https://receiver.example/' }
    const { body } = await issue({ deliver: true }, { bindings, ...withKey('deliver') })
    const { results } = await env.DB.prepare(
      'select id, channel, status from deliveries where issuance_id = ?',
    )
      .bind(body.issuance_id)
      .all()
    expect(results).toEqual([{ id: body.deliveries[0], channel: 'webhook', status: 'pending' }])
    expect((await issue({}, { bindings })).body.deliveries).toEqual([])
  })

  it('of 1,000 license keys has all of them in the answer', async () => {
    const { body } = await issue({ quantity: 1_000 })
    expect(new Set(body.items.map(({ license_key }: { license_key: string }) => license_key)).size).toBe(
      1_000,
    )
  })

  it.each([
    [{ product_id: 2_147_483_647 }, 'product_id'],
    [{ quantity: 1_001 }, 'quantity'],
    [{ quantity: 0 }, 'quantity'],
    [{ owner_email: 'junk' }, 'owner_email'],
    [{ owner_name: undefined }, 'owner_name'],
    [{ origin: 'thin air' }, 'origin'],
    [{ metadata: { a: null } }, 'metadata'],
    [{ features: 'a b' }, 'features'],
  ])('with %j issues nothing', async (change, field) => {
    const before = await countRows()
    const { status, body } = await issue(change)
    expect(status).toBe(400)
    expect(Object.keys(body.errors)).toEqual([field])
    expect(await countRows()).toEqual(before)
  })

  it('without a generator issues nothing', async () => {
    const before = await countRows()
    expect(await issue({ origin: 'generator' })).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(await countRows()).toEqual(before)
  })
})
