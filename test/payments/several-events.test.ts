/** A delivery with several events, sent to the whole Worker. */
import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { fastspringSamples } from '../../scripts/webhook-samples/fastspring.ts'
import type { SampleEvent } from '../../scripts/webhook-samples/index.ts'
import { type ApiResponse, readEnvelope, send } from '../support/client.ts'
import { observe } from '../support/observed-database.ts'
import { addOffer, keysOf } from '../support/sales.ts'

const EXTERNAL_ID = 'product-path'
const { secret, sign, purchase, refund, unknown, orderName } = fastspringSamples

beforeAll(() => addOffer({ provider: 'fastspring', externalId: EXTERNAL_ID }))

function newOrder(): { order: string; externalId: string } {
  return { order: crypto.randomUUID(), externalId: EXTERNAL_ID }
}

function deliveryOf(...events: SampleEvent[]): SampleEvent {
  const all = events.flatMap(({ body }) => JSON.parse(body).events)
  return { id: '', body: JSON.stringify({ events: all }) }
}

async function deliver(
  delivery: SampleEvent,
  bindings: object = {},
  signed = delivery,
): Promise<ApiResponse> {
  return readEnvelope(
    await send({
      path: '/webhooks/fastspring',
      method: 'POST',
      headers: await sign(signed, secret, 0),
      body: delivery.body,
      bindings: { FASTSPRING_WEBHOOK_SECRET: secret, ...bindings },
    }),
  )
}

interface StoredEvent {
  readonly event_id: string
  readonly type: string
  readonly outcome: string
  readonly payload: string
}

async function storedEvents(...events: SampleEvent[]): Promise<StoredEvent[]> {
  const { results } = await env.DB.prepare(
    `select event_id, type, outcome, payload from webhook_events
     where provider = 'fastspring' and event_id in (select value from json_each(?)) order by id`,
  )
    .bind(JSON.stringify(events.map(({ id }) => id)))
    .all<StoredEvent>()
  return results
}

async function statusesOf(o: ReturnType<typeof newOrder>): Promise<string[]> {
  return (await keysOf(orderName(o), 'fastspring')).map(({ status }) => status)
}

it('is applied event by event, and answered with their different outcomes', async () => {
  const [one, two] = [newOrder(), newOrder()]
  const events = [purchase(one), purchase(two), unknown(), refund(one)]
  const { status, response } = await deliver(deliveryOf(...events))
  expect({ status, ...response }).toMatchObject({ status: 200, outcome: 'issued, ignored, revoked' })
  expect([await statusesOf(one), await statusesOf(two)]).toEqual([['blocked'], ['assigned']])
})

it('is stored as one row for each event, with its own JSON', async () => {
  const events = [purchase(newOrder()), unknown()]
  await deliver(deliveryOf(...events))
  const [sale, other] = events.map(({ body }) => JSON.stringify(JSON.parse(body).events[0]))
  expect(await storedEvents(...events)).toEqual([
    { event_id: events[0]?.id, type: 'order.completed', outcome: 'issued', payload: sale },
    { event_id: events[1]?.id, type: 'sample.unheardOf', outcome: 'ignored', payload: other },
  ])
})

it('issues each order once, however often and in whatever company its event arrives', async () => {
  const orders = [newOrder(), newOrder(), newOrder()] as const
  const [one, two, three] = orders.map(purchase) as [SampleEvent, SampleEvent, SampleEvent]
  const deliveries = [deliveryOf(one, two, three), deliveryOf(three, one), deliveryOf(two, two), one]
  await Promise.all([...deliveries, ...deliveries].map((delivery) => deliver(delivery)))
  for (const order of orders) expect(await statusesOf(order)).toEqual(['assigned'])
  expect((await storedEvents(one, two, three)).map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 3 }, () => 'issued'),
  )
})

it('returns 503 if the database fails between events, and the repetition applies the rest once', async () => {
  const orders = [newOrder(), newOrder()] as const
  const delivery = deliveryOf(...orders.map(purchase))
  let roundTrips = 0
  const { db } = observe(env.DB, {
    before() {
      roundTrips++
      if (roundTrips > 1) throw new Error('D1_ERROR: D1 DB is overloaded. Too many requests queued.')
    },
  })
  expect(await deliver(delivery, { DB: db })).toMatchObject({ status: 503 })
  expect([await statusesOf(orders[0]), await statusesOf(orders[1])]).toEqual([['assigned'], []])
  const { status, response } = await deliver(delivery)
  expect({ status, ...response }).toMatchObject({ status: 200, outcome: 'issued' })
  for (const order of orders) expect(await statusesOf(order)).toEqual(['assigned'])
})

it('does not lose the others to an event that cannot be read', async () => {
  const o = newOrder()
  const { body } = deliveryOf({ id: '', body: '{"events":[7,null,{"type":"order.completed"}]}' }, purchase(o))
  const { status, response } = await deliver({ id: '', body })
  expect({ status, ...response }).toMatchObject({ status: 200, outcome: 'failed, issued' })
  expect(await statusesOf(o)).toEqual(['assigned'])
})

it('ignores test events beside live ones', async () => {
  const [live, test] = [newOrder(), { ...newOrder(), isTest: true }]
  const { response } = await deliver(deliveryOf(purchase(test), purchase(live)))
  expect(response.outcome).toBe('ignored, issued')
  expect([await statusesOf(live), await statusesOf(test)]).toEqual([['assigned'], []])
})

it('returns 401 and stores nothing if an event was added after it was signed', async () => {
  const signed = purchase(newOrder())
  const added = purchase(newOrder())
  expect(await deliver(deliveryOf(signed, added), {}, signed)).toMatchObject({ status: 401 })
  expect(await storedEvents(signed, added)).toEqual([])
})
