import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { asOperator, type Operator } from '../../support/admin.ts'
import { licenseIdOf } from '../../support/admin-licenses.ts'
import { post } from '../../support/client.ts'
import { addKey } from '../../support/key-life.ts'
import { addOffer, applyEvent, purchaseOf } from '../../support/sales.ts'
import { openShop, orderFields, type Shop } from '../../support/shop.ts'

let owner: Operator
let support: Operator
let viewer: Operator
let shop: Shop

beforeAll(async () => {
  owner = await asOperator('owner')
  support = await asOperator('support', { name: 'Grace Hopper' })
  viewer = await asOperator('viewer')
  shop = await openShop()
})

interface Entry {
  readonly at: string
  readonly kind: string
  readonly summary: string
  readonly by: string | null
  readonly details: Record<string, unknown>
}

async function timelineOf(id: number, operator = owner): Promise<Entry[]> {
  const { status, body } = await operator.get(`/licenses/${id}/timeline?limit=200`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.items
}

const told = (entries: readonly Entry[]) => entries.map(({ kind, summary, by }) => [kind, summary, by])

/** A license that was sold by subscription, delivered, renewed, refunded, activated, blocked and reissued. */
async function eventfulLicense(): Promise<number> {
  const names = { references: ['sub-t'] }
  const period = { subscription: 'sub-t', payment: 'order-t', paidAt: 1_000, endsAt: 2_000 }
  const channels = { hasWebhook: false, hasEmail: true }
  const offer = await addOffer()
  const lines = [{ id: '1', externalIds: [offer.externalId], quantity: 1 }]
  const sale = purchaseOf(offer, 'order-t', { ...names, period, lines })
  await applyEvent(sale, { now: 1_000, channels })
  await applyEvent(
    { kind: 'renewal', period: { ...period, payment: 'payment-t', paidAt: 3_000 } },
    { now: 3_000 },
  )
  const { body } = await owner.get('/licenses?order=order-t')
  const { id } = body.items[0]
  await env.DB.batch([
    env.DB.prepare(
      `update deliveries set status = 'delivered', updated_at = 1500, bounce = 'bounced', bounced_at = 1600`,
    ),
    env.DB.prepare(
      `insert into activations (license_key_id, identifier, created_at) values (${id}, 'laptop', 2500)`,
    ),
  ])
  await applyEvent(
    { kind: 'refund', id: 'r', order: 'payment-t', occurredAt: 4_000, phase: 'beginning' },
    { now: 4_000 },
  )
  await support.post(`/licenses/${id}/block`, { reason: 'ada@example.com published it' })
  return id
}

it('a timeline has what happened to a license, in the order of time and in plain sentences', async () => {
  const id = await eventfulLicense()
  expect(told(await timelineOf(id))).toEqual([
    ['issued', 'The license was issued for order order-t at standard.', 'standard'],
    ['paid', 'A period of the subscription sub-t was paid.', null],
    ['delivery-delivered', 'The e-mail to ada@example.com was sent.', null],
    ['delivery-bounced', 'The e-mail to ada@example.com bounced.', null],
    ['activated', 'The license was activated on laptop.', null],
    ['paid', 'A period of the subscription sub-t was paid.', null],
    ['blocked', 'The license was blocked.', 'Grace Hopper'],
  ])
  const pages: Entry[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await owner.get(`/licenses/${id}/timeline?limit=2${cursor && `&cursor=${cursor}`}`)
    pages.push(...body.items)
    cursor = body.next_cursor
  }
  expect(pages).toEqual(await timelineOf(id))

  const masked = await timelineOf(id, viewer)
  expect(told(masked)).toContainEqual(['delivery-bounced', 'The e-mail bounced.', null])
  expect(JSON.stringify(masked)).not.toMatch(/ada@example|Lovelace|published/)
  expect(masked).toHaveLength(pages.length)
})

it('a refund of the order, and its end, are in the timeline', async () => {
  const offer = await addOffer()
  await applyEvent(purchaseOf(offer, 'order-r'), { now: 1 })
  await applyEvent({ kind: 'refund', id: 'rr', order: 'order-r', occurredAt: 5, phase: 'beginning' })
  const [{ id }] = (await owner.get('/licenses?order=order-r')).body.items
  expect((await timelineOf(id)).map(({ kind }) => kind)).toEqual(['issued', 'refunded'])
  await applyEvent({ kind: 'reinstatement', id: 'rr', order: 'order-r', occurredAt: 6, phase: 'end' })
  expect((await timelineOf(id)).map(({ kind }) => kind)).toEqual(['issued', 'refund-ended'])
})

it('a change by an operator or an API key has its name, and a reissue names both licenses', async () => {
  const { response } = await post(orderFields(shop, { quantity: '1' }))
  const licenseKey: string = response.license_keys[0].license_key
  const id = await licenseIdOf(licenseKey)
  const fields = { api_key: shop.apiKey, license_key: licenseKey, activation_limit: '9' }
  await post(fields, { path: '/api/v1/update-license-key' })
  const { body } = await support.post(`/licenses/${id}/reissue`, { reason: 'lost' })
  const entries = await timelineOf(id)
  expect(told(entries)).toEqual([
    ['issued', 'The license was issued by Shop.', 'Shop'],
    ['changed', 'The license was changed through the API.', 'Shop'],
    ['reissued', 'The license was replaced by a new one.', 'Grace Hopper'],
  ])
  expect(entries[1]?.details).toMatchObject({
    before: { activation_limit: 3 },
    after: { activation_limit: 9 },
  })
  expect(entries[2]?.details).toMatchObject({ reissued_as: body.id, reason: 'lost' })
  expect(JSON.stringify(entries)).not.toContain(licenseKey)
  const [issued] = await timelineOf(body.id)
  expect(issued?.summary).toBe(`The license was issued in place of license ${id}.`)
})

it('a timeline of a key in stock begins with its creation', async () => {
  const { id } = await addKey(shop, { status: 'available', ownerName: null, ownerEmail: null })
  expect(told(await timelineOf(id))).toEqual([['created', 'The license key was added to the stock.', null]])
})
