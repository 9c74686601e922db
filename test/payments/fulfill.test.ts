import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Purchase } from '../../src/payments/payment-event.ts'
import { observe } from '../support/observed-database.ts'
import {
  addOffer,
  applyEvent,
  deliveriesOf,
  eventOf,
  keysOf,
  NO_CHANNELS,
  purchaseOf,
  statusesOf,
} from '../support/sales.ts'

afterEach(() => vi.restoreAllMocks())

const newOrder = () => `order-${crypto.randomUUID()}`

async function countIssued(): Promise<unknown> {
  return env.DB.prepare(
    `select (select count(*) from issuances) as issuances, (select count(*) from license_keys) as keys,
       (select count(*) from order_lines) as lines, (select count(*) from deliveries) as deliveries`,
  ).first()
}

describe('a purchase', () => {
  it('issues the keys of its offer to its owner in one round trip', async () => {
    const offer = await addOffer({ keysPerUnit: 3, validityDays: 365, activationLimit: 5 })
    const order = newOrder()
    const { db, roundTrips } = observe(env.DB)
    const { outcome } = await applyEvent(purchaseOf(offer, order), { db })
    expect(outcome).toBe('issued')
    expect(roundTrips).toHaveLength(1)
    const key = {
      line: '1',
      status: 'assigned',
      validityDays: 365,
      expiresAt: null,
      productId: offer.productId,
      activationLimit: 5,
      ownerName: 'Ada Lovelace',
      ownerEmail: 'ada@example.com',
    }
    expect(await keysOf(order)).toEqual(new Array(6).fill(key))
  })

  it('of seats issues one key and multiplies its activation limit by the quantity', async () => {
    const offer = await addOffer({ mode: 'seats', keysPerUnit: 7, activationLimit: 5 })
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order))
    expect((await keysOf(order)).map(({ activationLimit }) => activationLimit)).toEqual([10])
  })

  it('that several events report is issued once', async () => {
    const offer = await addOffer()
    const order = newOrder()
    expect((await applyEvent(purchaseOf(offer, order))).outcome).toBe('issued')
    const before = await countIssued()
    expect((await applyEvent(purchaseOf(offer, order))).outcome).toBe('duplicate')
    expect(await countIssued()).toEqual(before)
  })

  it('that arrives again with the same event id writes nothing', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order), { eventId: order })
    const { db, roundTrips } = observe(env.DB)
    expect((await applyEvent(purchaseOf(offer, order), { eventId: order, db })).outcome).toBe('issued')
    expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([0])
  })

  it('that arrives in twenty concurrent deliveries is issued once', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        applyEvent(purchaseOf(offer, order), { eventId: `${order}-${index % 4}` }),
      ),
    )
    expect(results.filter(({ outcome }) => outcome === 'issued').length).toBeGreaterThan(0)
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
    const events = await env.DB.prepare(
      'select outcome, count(*) as count from webhook_events where order_id = ? group by outcome order by outcome',
    )
      .bind(order)
      .all()
    expect(events.results).toEqual([
      { outcome: 'duplicate', count: 3 },
      { outcome: 'issued', count: 1 },
    ])
  })

  it('survives a lost database response and a collision with an existing key', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const offer = await addOffer()
    const order = newOrder()
    let lostResponses = 1
    const { db } = observe(env.DB, {
      after() {
        if (lostResponses-- > 0) throw new Error('D1_ERROR: Network connection lost.')
      },
    })
    expect((await applyEvent(purchaseOf(offer, order), { db })).outcome).toBe('issued')
    expect(await statusesOf(order)).toHaveLength(2)

    let generated = 0
    const existing = await env.DB.prepare('select license_key from license_keys limit 1').first<string>(
      'license_key',
    )
    const second = newOrder()
    const newLicenseKey = () => (generated++ === 0 ? String(existing) : crypto.randomUUID())
    expect((await applyEvent(purchaseOf(offer, second), { newLicenseKey })).outcome).toBe('issued')
    expect(await statusesOf(second)).toHaveLength(2)
  })

  it('without an offer is unmapped, and issued once an offer exists', async () => {
    const order = newOrder()
    const externalId = crypto.randomUUID()
    const purchase = purchaseOf({ externalId }, order)
    const { id, outcome } = await applyEvent(purchase, { eventId: order })
    expect(outcome).toBe('unmapped')
    expect(await eventOf(id)).toMatchObject({ note: `no active offer for ${externalId}`, payload: '{}' })
    expect(await statusesOf(order)).toEqual([])
    await addOffer({ externalId })
    expect((await applyEvent(purchase, { eventId: order })).outcome).toBe('issued')
    expect(await eventOf(id)).toMatchObject({ outcome: 'issued', note: null })
    expect(await statusesOf(order)).toHaveLength(2)
  })

  it('of an inactive product is unmapped', async () => {
    const offer = await addOffer({ productStatus: 'inactive' })
    const order = newOrder()
    expect((await applyEvent(purchaseOf(offer, order))).outcome).toBe('unmapped')
    expect(await statusesOf(order)).toEqual([])
  })

  it('uses the offer of the most specific id', async () => {
    const product = await addOffer({ activationLimit: 1 })
    const price = await addOffer({ activationLimit: 9 })
    const order = newOrder()
    const externalIds = ['unknown', price.externalId, product.externalId]
    await applyEvent(purchaseOf(price, order, { lines: [{ id: '1', externalIds, quantity: 1 }] }))
    expect((await keysOf(order)).map(({ activationLimit }) => activationLimit)).toEqual([9])
  })

  it('does not match the offers of another provider', async () => {
    const offer = await addOffer({ provider: 'polar' })
    expect((await applyEvent(purchaseOf(offer, newOrder()))).outcome).toBe('unmapped')
  })

  it('issues the lines with offers, and the others once they have offers', async () => {
    const known = await addOffer()
    const externalId = crypto.randomUUID()
    const order = newOrder()
    const purchase = purchaseOf(known, order, {
      lines: [
        { id: 'a', externalIds: [known.externalId], quantity: 1 },
        { id: 'b', externalIds: [externalId], quantity: 1 },
      ],
    })
    const note = `no active offer for ${externalId}`
    for (const eventId of ['first', 'repeated']) {
      const { id, outcome } = await applyEvent(purchase, { eventId: `${order}-${eventId}` })
      expect([outcome, (await eventOf(id))?.note]).toEqual(['issued', note])
      expect((await keysOf(order)).map(({ line }) => line)).toEqual(['a'])
    }
    await addOffer({ externalId })
    const retried = await applyEvent(purchase, { eventId: `${order}-first` })
    expect([retried.outcome, (await eventOf(retried.id))?.note]).toEqual(['issued', null])
    expect((await keysOf(order)).map(({ line }) => line)).toEqual(['a', 'b'])
    expect((await applyEvent(purchase)).outcome).toBe('duplicate')
  })

  it.each([
    ['named lines after the whole', ['*', '1']],
    ['the whole after named lines', ['1', '*']],
  ])('is not issued twice if only one of its events has lines: %s', async (_, ids) => {
    const offer = await addOffer()
    const order = newOrder()
    const outcomes: string[] = []
    for (const id of ids) {
      const lines = [{ id, externalIds: [offer.externalId], quantity: 1 }]
      outcomes.push((await applyEvent(purchaseOf(offer, order, { lines }))).outcome)
    }
    expect(outcomes).toEqual(['issued', 'duplicate'])
    expect(await statusesOf(order)).toHaveLength(1)
  })

  it.each([
    [undefined, undefined, 'Not set', 'Not set'],
    [null, 'ada@example.com', 'ada@example.com', 'ada@example.com'],
    ['  ', ' ada@example.com ', 'ada@example.com', 'ada@example.com'],
    ['Ada', 'no address', 'Ada', 'Not set'],
    ['\u{1f511}'.repeat(400), 'ada@example.com', '\u{1f511}'.repeat(255), 'ada@example.com'],
    [7, 'x'.repeat(300), 'Not set', 'Not set'],
    ['A\u0000da', 'ada@example.com', 'ada@example.com', 'ada@example.com'],
  ])('from %j, %j is issued to %j, %j', async (name, email, ownerName, ownerEmail) => {
    const offer = await addOffer()
    const order = newOrder()
    expect((await applyEvent(purchaseOf(offer, order, { owner: { name, email } }))).outcome).toBe('issued')
    expect((await keysOf(order))[0]).toMatchObject({ ownerName, ownerEmail })
  })

  it('accepts a quantity as text', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(
      purchaseOf(offer, order, { lines: [{ id: '1', externalIds: [offer.externalId], quantity: '3' }] }),
    )
    expect(await statusesOf(order)).toHaveLength(3)
  })

  it.each([0, -1, 1.5, Number.NaN, 10_001, 1e300, '1e3', '', ' 2', null, {}, true, '99999999'])(
    'with the quantity %j in one line issues the other lines and names it',
    async (quantity) => {
      const offer = await addOffer()
      const order = newOrder()
      const validLine = { id: '0', externalIds: [offer.externalId], quantity: 1 }
      const invalidLine = { id: '1', externalIds: [offer.externalId], quantity }
      const { id, outcome } = await applyEvent(purchaseOf(offer, order, { lines: [validLine, invalidLine] }))
      const note = 'the quantity of line 1 is not a whole number from 1 to 10000'
      expect([outcome, (await eventOf(id))?.note]).toEqual(['issued', note])
      expect((await keysOf(order)).map(({ line }) => line)).toEqual(['0'])

      const other = newOrder()
      const failed = await applyEvent(purchaseOf(offer, other, { lines: [invalidLine] }))
      expect([failed.outcome, (await eventOf(failed.id))?.note]).toEqual(['failed', note])
      const named = await env.DB.prepare('select order_id from webhook_events where id = ?')
        .bind(failed.id)
        .first('order_id')
      expect(named).toBe(other)
      expect(await statusesOf(other)).toEqual([])
    },
  )

  it.each([
    ['keys', { keysPerUnit: 100 }, 101],
    ['activations', { mode: 'seats' as const, activationLimit: 1_000_000 }, 2],
  ])('with more %s than a line allows fails and issues nothing', async (_, terms, quantity) => {
    const offer = await addOffer(terms)
    const order = newOrder()
    const lines = [{ id: '1', externalIds: [offer.externalId], quantity }]
    const { id, outcome } = await applyEvent(purchaseOf(offer, order, { lines }))
    expect(outcome).toBe('failed')
    expect((await eventOf(id))?.note).toBe(
      'more than 10000 keys or 1000000 activations in a line, or 30000 keys in all',
    )
    expect(await statusesOf(order)).toEqual([])
  })

  it('with many lines is issued completely within the parameter limit of D1', async () => {
    const offer = await addOffer({ keysPerUnit: 3 })
    const order = newOrder()
    const lines = Array.from({ length: 50 }, (_, index) => ({
      id: String(index),
      externalIds: [offer.externalId],
      quantity: 100,
    }))
    let longest = 0
    const db = new Proxy(env.DB, {
      get: (target, name) =>
        name === 'prepare'
          ? (text: string) => watched(target.prepare(text))
          : Reflect.get(target, name).bind(target),
    })
    function watched(statement: D1PreparedStatement): D1PreparedStatement {
      const bind = statement.bind.bind(statement)
      return Object.assign(statement, {
        bind(...values: unknown[]) {
          longest = Math.max(longest, ...values.map((value) => String(value).length))
          return bind(...values)
        },
      })
    }
    expect((await applyEvent(purchaseOf(offer, order, { lines }), { db })).outcome).toBe('issued')
    expect(await statusesOf(order)).toHaveLength(15_000)
    expect(longest).toBeLessThan(1_500_000)
  })

  it.each([
    ['no lines', 0, 1],
    ['more units than can be issued', 4, 10_000],
  ])('with %s fails and issues nothing', async (_, count, quantity) => {
    const offer = await addOffer()
    const order = newOrder()
    const lines = Array.from({ length: count }, (_unused, index) => ({
      id: String(index),
      externalIds: [offer.externalId],
      quantity,
    }))
    expect((await applyEvent(purchaseOf(offer, order, { lines }))).outcome).toBe('failed')
    expect(await statusesOf(order)).toEqual([])
  })

  it('with thousands of lines without an offer has a short note', async () => {
    const lines = Array.from({ length: 2000 }, (_, index) => ({
      id: String(index),
      externalIds: [`unmapped-${index}`],
      quantity: 1,
    }))
    const { id } = await applyEvent(purchaseOf({ externalId: '-' }, newOrder(), { lines }))
    const stored = await eventOf(id)
    expect(stored?.note).toMatch(/^no active offer for unmapped-0, unmapped-1, /)
    expect(stored?.note).toHaveLength(1000)
  })

  it('of 10,000 keys is issued completely', async () => {
    const offer = await addOffer({ keysPerUnit: 100 })
    const order = newOrder()
    const lines = [{ id: '1', externalIds: [offer.externalId], quantity: 100 }]
    await applyEvent(purchaseOf(offer, order, { lines }))
    expect(await statusesOf(order)).toHaveLength(10_000)
  })

  it.each<[string, Partial<Purchase>]>([
    ['no name', { order: '' }],
    ['a name that is too long', { order: 'x'.repeat(256) }],
    [
      'two lines with the same name',
      { lines: [1, 2].map(() => ({ id: '1', externalIds: ['x'], quantity: 1 })) },
    ],
    ['a line without a name', { lines: [{ id: '', externalIds: ['x'], quantity: 1 }] }],
  ])('with %s is recorded as failed', async (_, changes) => {
    const { id, outcome } = await applyEvent(purchaseOf({ externalId: 'x' }, 'order', changes))
    expect(outcome).toBe('failed')
    expect((await eventOf(id))?.payload).toBe('{}')
  })

  it('ignores references that are too long', async () => {
    const offer = await addOffer()
    const order = newOrder()
    const references = ['x'.repeat(256), '', `${order}-payment`]
    expect((await applyEvent(purchaseOf(offer, order, { references }))).outcome).toBe('issued')
    const { results } = await env.DB.prepare(
      'select reference from order_references where order_id = ? order by reference',
    )
      .bind(order)
      .all()
    expect(results).toEqual([{ reference: order }, { reference: `${order}-payment` }])
  })

  it.each(['', ':', '/', ' ', ',', '","', '|', '#', '-', '.', '_', '\t'])(
    'keeps similar names of orders and lines apart: %j',
    async (separator) => {
      const offer = await addOffer()
      const base = newOrder()
      const line = (id: string) => ({ lines: [{ id, externalIds: [offer.externalId], quantity: 1 }] })
      expect((await applyEvent(purchaseOf(offer, `${base}${separator}1`, line('1')))).outcome).toBe('issued')
      expect((await applyEvent(purchaseOf(offer, base, line(`1${separator}1`)))).outcome).toBe('issued')
      expect(await statusesOf(base)).toHaveLength(1)
      expect(await statusesOf(`${base}${separator}1`)).toHaveLength(1)
    },
  )

  it('issues two lines whose long names differ only at the end', async () => {
    const offer = await addOffer()
    const order = newOrder().padEnd(255, 'x')
    const ids = ['a', 'b'].map((end) => 'line'.padEnd(254, '-') + end)
    const lines = ids.map((id) => ({ id, externalIds: [offer.externalId], quantity: 1 }))
    expect((await applyEvent(purchaseOf(offer, order, { lines }))).outcome).toBe('issued')
    expect((await keysOf(order)).map(({ line }) => line)).toEqual(ids)
  })
})

describe('the deliveries of a purchase', () => {
  it.each([
    [{ hasWebhook: false, hasEmail: false }, {}, []],
    [{ hasWebhook: true, hasEmail: true }, {}, ['email', 'webhook']],
    [NO_CHANNELS, { deliveryWebhookUrl: 'https://shop.example/keys' }, ['webhook']],
  ])('have one row for each available channel: %j %j', async (channels, terms, expected) => {
    const offer = await addOffer(terms)
    const order = newOrder()
    // Several names of the order must not repeat a delivery.
    const references = [`${order}-payment`, `${order}-invoice`]
    const { deliveries } = await applyEvent(purchaseOf(offer, order, { references }), { channels })
    expect(await deliveriesOf(order)).toEqual(expected.map((channel) => ({ channel, status: 'pending' })))
    expect(deliveries).toHaveLength(expected.length)
  })

  it('include no e-mail without an address', async () => {
    const offer = await addOffer()
    const order = newOrder()
    await applyEvent(purchaseOf(offer, order, { owner: {} }), {
      channels: { hasWebhook: true, hasEmail: true },
    })
    expect(await deliveriesOf(order)).toEqual([{ channel: 'webhook', status: 'pending' }])
  })
})

describe('an event with an unusable name', () => {
  it('of its refund is failed and does not throw', async () => {
    const order = newOrder()
    const reversal = {
      kind: 'refund',
      id: 'x'.repeat(256),
      order,
      occurredAt: 1,
      phase: 'beginning',
    } as const
    expect((await applyEvent(purchaseOf(await addOffer(), order, { reversal }))).outcome).toBe('failed')
    expect(await statusesOf(order)).toEqual([])
  })
})
