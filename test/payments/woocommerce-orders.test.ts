/** What becomes of an order in WooCommerce, whose events tell its whole state, and of the keys that its plugin ordered. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { woocommerceSamples } from '../../scripts/webhook-samples/woocommerce.ts'
import { post, readEnvelope, send } from '../support/client.ts'
import { addOffer, statusesOf } from '../support/sales.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'
import { changed } from './sample-parser.ts'

const START = Date.UTC(2026, 10, 24, 9, 30)
let orders = 3000
const newOrder = () => String(orders++)

/** A state of an order, `minute` minutes after the start. */
interface State {
  readonly order: string
  readonly externalId?: string
  readonly minute: number
  readonly changes: Record<string, unknown>
}

async function deliver({ order, externalId = 'none', minute, changes }: State): Promise<string> {
  const sample = woocommerceSamples.purchase({ order, externalId, now: START })
  const date_modified_gmt = new Date(START + minute * 60_000).toISOString().slice(0, 19)
  const body = JSON.stringify(changed(sample, { date_modified_gmt, ...changes }))
  const headers = await woocommerceSamples.sign({ ...sample, body }, woocommerceSamples.secret, 0)
  const request = { path: '/webhooks/woocommerce', method: 'POST', headers, body }
  const bindings = { WOOCOMMERCE_WEBHOOK_SECRET: woocommerceSamples.secret }
  const answer = await readEnvelope(await send({ ...request, bindings }))
  expect(answer.status).toBe(200)
  return answer.response.outcome
}

const statuses = (order: string) => statusesOf(order, 'woocommerce')

/** @returns every order of the items */
function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((others) => [item, ...others]),
  )
}

const refunds = (...totals: string[]) => totals.map((total, id) => ({ id, reason: '', total }))

describe('an order ends in its latest state, in whatever order its events arrive and repeat:', () => {
  const offer = addOffer({ provider: 'woocommerce' })

  it.each<[string, Record<string, unknown>[], string[]]>([
    ['paid and completed', [{}, { status: 'completed' }], ['assigned']],
    ['refunded', [{}, { status: 'completed' }, { status: 'refunded' }], ['blocked']],
    ['cancelled and completed again', [{}, { status: 'cancelled' }, { status: 'completed' }], ['assigned']],
    ['refunded in part', [{}, { status: 'completed', refunds: refunds('-10.00') }], ['assigned']],
    [
      'refunded in parts that make a whole',
      [{}, { refunds: refunds('-10.00') }, { refunds: refunds('-39.00', '-10.00') }],
      ['blocked'],
    ],
    [
      'refunded, and the refund was deleted',
      [{}, { status: 'refunded', refunds: refunds('-49.00') }, { status: 'completed' }],
      ['assigned'],
    ],
    [
      'abandoned, but paid later',
      [
        { status: 'pending', date_paid_gmt: null },
        { status: 'cancelled', date_paid_gmt: null },
        { status: 'processing' },
      ],
      ['assigned'],
    ],
    [
      'never paid',
      [
        { status: 'pending', date_paid_gmt: null },
        { status: 'failed', date_paid_gmt: null },
      ],
      [],
    ],
  ])('%s', async (_, states, expected) => {
    const { externalId } = await offer
    for (const arrivals of permutations([...states.keys()])) {
      const order = newOrder()
      for (const minute of [...arrivals, ...arrivals.slice(0, 1)]) {
        await deliver({ order, externalId, minute, changes: states[minute] ?? {} })
      }
      expect(await statuses(order), arrivals.join()).toEqual(expected)
    }
  })

  it('in the same second, a refund applies', async () => {
    const { externalId } = await offer
    for (const changes of permutations([{ status: 'completed' }, { status: 'refunded' }, {}])) {
      const order = newOrder()
      for (const change of changes) await deliver({ order, externalId, minute: 0, changes: change })
      expect(await statuses(order)).not.toContain('assigned')
    }
  })
})

describe('keys that the plugin ordered', () => {
  async function orderByPlugin(shop: Shop, order: string): Promise<void> {
    const fields = { quantity: '1', identifier: order, owner_email: 'ada@example.com' }
    expect((await post(orderFields(shop, fields))).response.code).toBe(803)
  }

  it('are blocked by a refund of their order, and restored with it', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderByPlugin(shop, order)
    expect(await deliver({ order, minute: 1, changes: { status: 'refunded' } })).toBe('revoked')
    expect(await statuses(order)).toEqual(['blocked'])
    await deliver({ order, minute: 2, changes: { status: 'completed' } })
    expect(await statuses(order)).toEqual(['assigned'])
  })

  it('are blocked if their order was cancelled before they were ordered', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await deliver({ order, minute: 1, changes: { status: 'cancelled' } })
    await orderByPlugin(shop, order)
    await deliver({ order, minute: 0, changes: {} })
    expect(await statuses(order)).toEqual(['blocked'])
  })

  it('are not issued again by an offer for the same product', async () => {
    const [offer, order] = [await addOffer({ provider: 'woocommerce' }), newOrder()]
    const { apiKey, apiKeyId } = await openShop()
    await orderByPlugin({ apiKey, apiKeyId, productId: offer.productId }, order)
    const { externalId } = offer
    expect(await deliver({ order, externalId, minute: 1, changes: {} })).toBe('duplicate')
    expect(await statuses(order)).toHaveLength(1)
  })

  it('need no offer', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderByPlugin(shop, order)
    expect(await deliver({ order, minute: 1, changes: {} })).toBe('duplicate')
    const note = await env.DB.prepare(
      `select note from webhook_events where provider = 'woocommerce' and order_id = ?`,
    )
      .bind(order)
      .first('note')
    expect(note).toBeNull()
  })

  it('do not stop other products of the order from being issued', async () => {
    const [shop, offer, order] = [await openShop(), await addOffer({ provider: 'woocommerce' }), newOrder()]
    await orderByPlugin(shop, order)
    const { externalId } = offer
    expect(await deliver({ order, externalId, minute: 1, changes: {} })).toBe('issued')
    expect(await statuses(order)).toHaveLength(2)
    await deliver({ order, externalId, minute: 2, changes: { status: 'refunded' } })
    expect(await statuses(order)).toEqual(['blocked', 'blocked'])
  })

  it('of another buyer with the same order id are left alone', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderByPlugin(shop, order)
    const billing = { first_name: 'Grace', email: 'grace@example.com' }
    await deliver({ order, minute: 1, changes: { status: 'refunded', billing } })
    expect(await statuses(order)).toEqual([])
  })

  it('of the same buyer in another shop, before this order existed, are left alone', async () => {
    const [shop, order] = [await openShop(), newOrder()]
    await orderByPlugin(shop, order)
    const date_created_gmt = new Date(Date.now() + 2 * 3_600_000).toISOString().slice(0, 19)
    await deliver({ order, minute: 1, changes: { status: 'refunded', date_created_gmt } })
    expect(await statuses(order)).toEqual([])
  })

  it.each([null, '', 'yesterday'])(
    'are found if the order has no usable time: %j',
    async (date_created_gmt) => {
      const [shop, order] = [await openShop(), newOrder()]
      await orderByPlugin(shop, order)
      await deliver({ order, minute: 1, changes: { status: 'refunded', date_created_gmt } })
      expect(await statuses(order)).toEqual(['blocked'])
    },
  )
})
