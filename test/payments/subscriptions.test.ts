/** Until when the keys of a subscription are valid. Days count from January 1, 2026; offers have no grace. */
import { describe, expect, it } from 'vitest'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import {
  type ApplyOptions,
  addOffer,
  applyEvent,
  eventOf,
  keysOf,
  type Offer,
  type OfferOptions,
  purchaseOf,
  statusesOf,
} from '../support/sales.ts'
import { day, expiryDaysOf, newSubscription, type Subscription } from '../support/subscriptions.ts'

/** An offer of one key, valid for 30 days where the provider tells no end. */
async function start(terms: OfferOptions = {}): Promise<[Subscription, Offer]> {
  return [newSubscription(), await addOffer({ mode: 'seats', ...terms })]
}

async function applyAll(events: readonly PaymentEvent[], options: ApplyOptions = {}): Promise<string[]> {
  const outcomes: string[] = []
  for (const event of events) outcomes.push((await applyEvent(event, { now: day(0), ...options })).outcome)
  return outcomes
}

/** Applies the events in this and in reverse order, and expects the same days. */
async function expectExpiry(
  terms: OfferOptions,
  events: (subscription: Subscription, offer: Offer) => readonly PaymentEvent[],
  expected: number | null,
): Promise<void> {
  const [subscription, offer] = await start(terms)
  await applyAll(events(subscription, offer))
  expect(await expiryDaysOf(subscription.order)).toEqual([expected])
  const reversed = newSubscription()
  await applyAll(events(reversed, offer).toReversed())
  expect(await expiryDaysOf(reversed.order)).toEqual([expected])
}

describe('a key of a subscription is valid until', () => {
  it('the end of the period that the purchase pays for, plus the grace days', async () => {
    await expectExpiry({}, (s, offer) => [s.purchase(offer, 31)], 31)
    await expectExpiry({ graceDays: 3 }, (s, offer) => [s.purchase(offer, 31)], 34)
  })

  it('the end of the trial, however long the offer is', async () => {
    await expectExpiry({ validityDays: 365 }, (s, offer) => [s.purchase(offer, 14)], 14)
  })

  it('the latest end of its paid periods', async () => {
    await expectExpiry({}, (s, offer) => [s.purchase(offer, 31), s.renewal(31, 59)], 59)
  })

  it('day 396 after thirteen monthly payments', async () => {
    const ends = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365, 396]
    await expectExpiry(
      {},
      (s, offer) =>
        ends.map((end, index) =>
          index === 0 ? s.purchase(offer, end) : s.renewal(ends[index - 1] as number, end),
        ),
      396,
    )
  })

  it('the end of a new payment after a lapse of 90 days', async () => {
    await expectExpiry({}, (s, offer) => [s.purchase(offer, 31), s.renewal(121, 151)], 151)
    await expectExpiry({ validityDays: 30 }, (s, offer) => [s.purchase(offer), s.renewal(120)], 150)
  })

  it('the validity of the offer after the later of payment and end, if no end is known', async () => {
    await expectExpiry({ validityDays: 30 }, (s, offer) => [s.purchase(offer)], 30)
    await expectExpiry({ validityDays: 30 }, (s, offer) => [s.purchase(offer), s.renewal(25)], 60)
    await expectExpiry({ validityDays: 30 }, (s, offer) => [s.purchase(offer), s.renewal(35)], 65)
    await expectExpiry({ validityDays: 30 }, (s, offer) => [s.purchase(offer, 14), s.renewal(10)], 44)
  })

  it('an end that is reported later than its payment', async () => {
    const [subscription, offer] = await start({ validityDays: 30 })
    await applyAll([subscription.purchase(offer)])
    expect(await expiryDaysOf(subscription.order)).toEqual([30])
    await applyAll([subscription.purchase(offer, 31)])
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
    await applyAll([subscription.purchase(offer)])
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
  })

  it('an end that a report tells', async () => {
    await expectExpiry(
      { validityDays: 10 },
      (s, offer) => [
        s.purchase(offer),
        s.report(0, { paidUntil: day(31) }),
        s.renewal(31),
        s.report(31, { paidUntil: day(59) }),
      ],
      59,
    )
  })

  it('an end that a report tells, although the order names no period', async () => {
    const [subscription, offer] = await start({ validityDays: 365 })
    const purchase = purchaseOf(offer, subscription.order, { references: [subscription.name] })
    await applyAll([purchase])
    expect(await expiryDaysOf(subscription.order)).toEqual([null])
    await applyAll([subscription.report(0, { paidUntil: day(14) })])
    expect(await expiryDaysOf(subscription.order)).toEqual([14])
  })

  it('the end of the subscription, without grace', async () => {
    await expectExpiry({ graceDays: 3 }, (s, offer) => [s.purchase(offer, 31), s.ended(31)], 31)
    await expectExpiry({ graceDays: 3 }, (s, offer) => [s.purchase(offer, 31), s.ended(10)], 10)
    await expectExpiry({ graceDays: 3 }, (s, offer) => [s.purchase(offer, 31), s.ended(60)], 34)
  })

  it('the end of what was paid after the subscription ended', async () => {
    await expectExpiry({}, (s, offer) => [s.purchase(offer, 31), s.ended(10), s.renewal(100, 131)], 131)
    await expectExpiry(
      { validityDays: 30 },
      (s, offer) => [s.purchase(offer, 60), s.ended(10), s.renewal(20)],
      50,
    )
  })

  it('the year 9999 at the latest, so that clients can parse its date', async () => {
    for (const endsAt of [Date.UTC(9999, 11, 31), 8.64e15]) {
      const [{ order, name }, offer] = await start({ graceDays: 3 })
      const period = { subscription: name, payment: order, paidAt: day(0), endsAt }
      await applyAll([purchaseOf(offer, order, { references: [name], period })])
      expect((await keysOf(order))[0]?.expiresAt).toBe(Date.UTC(9999, 11, 31, 23, 59, 59))
    }
  })

  it('ever, if the offer never expires and no end is known', async () => {
    await expectExpiry({ validityDays: 0 }, (s, offer) => [s.purchase(offer)], null)
    await expectExpiry({ validityDays: 0 }, (s, offer) => [s.purchase(offer, 31)], 31)
  })
})

describe('an offer with a validity of its own', () => {
  it('does not follow the subscription', async () => {
    for (const validityDays of [0, 365]) {
      const [subscription, offer] = await start({ validityDays, followsSubscription: false })
      await applyAll([subscription.purchase(offer, 31), subscription.renewal(31, 59), subscription.ended(40)])
      expect(await expiryDaysOf(subscription.order)).toEqual([null])
      expect(await keysOf(subscription.order)).toMatchObject([{ validityDays, status: 'assigned' }])
    }
  })

  it('is also that of a line that is bought once in an order of a subscription', async () => {
    const [subscription, offer] = await start()
    const once = await addOffer({ mode: 'seats', validityDays: 365 })
    const lines = [
      { id: 'plan', externalIds: [offer.externalId], quantity: 1 },
      { id: 'setup', externalIds: [once.externalId], quantity: 1, isOneTime: true },
    ]
    await applyAll([subscription.purchase(offer, 31, { lines }), subscription.renewal(31, 59)])
    expect(await expiryDaysOf(subscription.order)).toEqual([59, null])
  })
})

describe('an order of two subscriptions', () => {
  it('does not end with one of them', async () => {
    const [subscription, offer] = await start()
    const other = `other-${subscription.name}`
    const period = (from: number, to: number) => ({
      subscription: other,
      payment: `${other}-${from}`,
      paidAt: day(from),
      endsAt: day(to),
    })
    await applyAll([
      subscription.purchase(offer, 31, { references: [subscription.name, other] }),
      { kind: 'renewal', period: period(31, 59) },
      { kind: 'renewal', period: period(59, 90) },
      subscription.ended(65),
    ])
    expect(await expiryDaysOf(subscription.order)).toEqual([90])
  })

  /** A monthly and a yearly subscription. Their lines name them. */
  async function twoLines() {
    const [monthly, yearly] = [await addOffer({ mode: 'seats' }), await addOffer({ mode: 'seats' })]
    const subscription = newSubscription()
    const { order, name } = subscription
    const other = `other-${name}`
    const lines = [
      { id: 'monthly', externalIds: [monthly.externalId], quantity: 1, subscription: name },
      { id: 'yearly', externalIds: [yearly.externalId], quantity: 1, subscription: other },
    ]
    const otherPeriods = [{ subscription: other, payment: order, paidAt: day(0), endsAt: day(365) }]
    const purchase = subscription.purchase(monthly, 31, { lines, references: [name, other], otherPeriods })
    await applyAll([purchase])
    return { subscription, order, other, monthly, yearly }
  }

  it('gives each line the end of its own subscription', async () => {
    const { subscription, order } = await twoLines()
    expect(await expiryDaysOf(order)).toEqual([31, 365])
    await applyAll([subscription.renewal(31, 59), subscription.ended(40)])
    expect(await expiryDaysOf(order)).toEqual([40, 365])
  })

  it('changes the plan of the line of its subscription', async () => {
    const { subscription, order, yearly } = await twoLines()
    const items = [{ externalIds: [yearly.externalId], quantity: 4 }]
    await applyAll([subscription.report(10, { items })])
    expect(await keysOf(order)).toMatchObject([
      { activationLimit: 12, productId: yearly.productId },
      { activationLimit: 3, productId: yearly.productId },
    ])
  })

  it('loses all keys if it is refunded as a whole, and those of one subscription with its payments', async () => {
    const { subscription, order } = await twoLines()
    await applyAll([subscription.renewal(31, 59), subscription.refund(0)])
    expect(await statusesOf(order)).toEqual(['assigned', 'blocked'])
    expect((await expiryDaysOf(order))[0]).toBe(59)
    await applyAll([subscription.refund(31)])
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })
})

describe('the validity in days', () => {
  it('is first told by the sale, even if its subscription was reported first', async () => {
    const [subscription, offer] = await start({ validityDays: 365 })
    const { order, name } = subscription
    const period = { subscription: name, payment: order, paidAt: day(0) }
    const report = subscription.report(0, { paidUntil: day(14) })
    await applyAll([{ ...report, order, references: [name], period }, purchaseOf(offer, order)])
    expect(await keysOf(order)).toMatchObject([{ validityDays: 14, expiresAt: day(14) }])
  })

  it('of a key and its issuance stays as it was first told', async () => {
    const [subscription, offer] = await start({ validityDays: 365, graceDays: 3 })
    await applyAll([subscription.purchase(offer, 14), subscription.renewal(14, 379)])
    expect(await keysOf(subscription.order)).toMatchObject([{ validityDays: 17, expiresAt: day(382) }])
  })

  it('is rounded up, so that no client ends early', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31)], { now: day(0) + 1 })
    expect(await keysOf(subscription.order)).toMatchObject([{ validityDays: 31 }])
    const late = newSubscription()
    await applyAll([late.purchase(offer, 31)], { now: day(31) + 1 })
    expect(await keysOf(late.order)).toMatchObject([{ validityDays: 1 }])
  })
})

describe('a refund of a period', () => {
  it('takes back that period only', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31), subscription.renewal(31, 59)])
    expect(await applyAll([subscription.refund(31)])).toEqual(['revoked'])
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
    expect(await statusesOf(subscription.order)).toEqual(['assigned'])
    expect(await applyAll([subscription.reinstatement(31)])).toEqual(['reinstated'])
    expect(await expiryDaysOf(subscription.order)).toEqual([59])
  })

  it('of the first one leaves the later ones', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31), subscription.renewal(31, 59)])
    expect(await applyAll([subscription.refund(0)])).toEqual(['revoked'])
    expect(await expiryDaysOf(subscription.order)).toEqual([59])
    expect(await statusesOf(subscription.order)).toEqual(['assigned'])
  })

  it('blocks the keys if no other period is paid', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31), subscription.renewal(31, 59), subscription.refund(31)])
    await applyAll([subscription.refund(0)])
    expect(await statusesOf(subscription.order)).toEqual(['blocked'])
    await applyAll([subscription.reinstatement(0)])
    expect(await statusesOf(subscription.order)).toEqual(['assigned'])
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
  })

  it('takes back the end that a report told for it', async () => {
    await expectExpiry(
      {},
      (s, offer) => [
        s.purchase(offer, 31),
        s.renewal(31),
        s.report(31, { paidUntil: day(59) }),
        s.refund(31),
      ],
      31,
    )
  })

  it('of an upgrade takes back the end that was reported after it', async () => {
    await expectExpiry(
      {},
      (s, offer) => [
        s.purchase(offer),
        s.report(0, { paidUntil: day(31) }),
        s.renewal(10),
        s.report(10, { paidUntil: day(375) }),
        s.refund(10),
      ],
      31,
    )
  })

  it('counts once for a period that two payments paid', async () => {
    const [subscription, offer] = await start()
    const name = { name: 'May' }
    await applyAll([subscription.purchase(offer, 31), subscription.renewal(31, 59, name)])
    expect(await applyAll([subscription.renewal(32, 59, name), subscription.refund(32)])).toEqual([
      'duplicate',
      'revoked',
    ])
    expect(await expiryDaysOf(subscription.order)).toEqual([59])
  })

  it('of a part is flagged and takes back nothing, until the parts are a whole', async () => {
    const [subscription, offer] = await start()
    const { payment } = subscription.renewal(31, 59).period
    const renewal = { ...subscription.renewal(31, 59), amount: { payment, amount: 1000 } }
    await applyAll([subscription.purchase(offer, 31), renewal])
    const [flagged] = await applyAll([subscription.refund(31, { amount: 400 })])
    expect(flagged).toBe('flagged')
    expect(await expiryDaysOf(subscription.order)).toEqual([59])
    expect(await applyAll([subscription.refund(31, { id: `${payment}-2`, amount: 600 })])).toEqual([
      'revoked',
    ])
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
  })

  it('of all of its lines takes it back once their amounts are the whole, and leaves the other periods', async () => {
    const [subscription, offer] = await start()
    const amount = (payment: string) => ({ amount: { payment, amount: 1000 } })
    const { payment } = subscription.renewal(31, 59).period
    await applyAll([
      subscription.purchase(offer, 31, amount(subscription.order)),
      { ...subscription.renewal(31, 59), ...amount(payment) },
    ])
    const lines = [{ id: '1' }]
    expect(await applyAll([subscription.refund(0, { lines, amount: 1000 })])).toEqual(['revoked'])
    expect(await statusesOf(subscription.order)).toEqual(['assigned'])
    const other = { lines: [{ id: 'of the renewal' }] }
    const part = await applyEvent(subscription.refund(31, { ...other, id: `${payment}-a`, amount: 400 }))
    expect([part.outcome, (await eventOf(part.id))?.note]).toEqual([
      'flagged',
      'the payment was partly refunded',
    ])
    expect(await applyAll([subscription.refund(31, { ...other, amount: 600 })])).toEqual(['revoked'])
    expect(await statusesOf(subscription.order)).toEqual(['blocked'])
  })

  it('of lines that are not those of the sale is flagged and explained', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31), subscription.renewal(31, 59)])
    const { outcome, id } = await applyEvent(subscription.refund(31, { lines: [{ id: '1' }] }))
    expect([outcome, (await eventOf(id))?.note]).toEqual([
      'flagged',
      'the refund takes back no license key and no period',
    ])
  })

  it('of the payment that may be the first one leaves the other periods', async () => {
    const [subscription, offer] = await start()
    const order = subscription.name
    const renewal = (paidDay: number, endDay: number) => ({
      ...subscription.renewal(paidDay, endDay),
      sale: order,
    })
    const sale = purchaseOf(offer, order, { references: [order] })
    await applyAll([sale, renewal(1, 31), renewal(31, 59), subscription.refund(31)])
    expect(await expiryDaysOf(order)).toEqual([31])
    expect(await statusesOf(order)).toEqual(['assigned'])
    await applyAll([subscription.refund(1)])
    expect(await statusesOf(order)).toEqual(['blocked'])
  })
})

describe('two partial refunds', () => {
  it('that make a whole block the keys of an order', async () => {
    const offer = await addOffer()
    const order = `order-${crypto.randomUUID()}`
    await applyEvent(purchaseOf(offer, order, { amount: { payment: order, amount: 4900 } }))
    const part = (id: string, amount: number) =>
      applyEvent({ kind: 'refund', id: `${order}-${id}`, order, amount, occurredAt: 1, phase: 'beginning' })
    const first = await part('a', 4000)
    expect(first.outcome).toBe('flagged')
    expect((await eventOf(first.id))?.note).toBe('the payment was partly refunded')
    expect(await statusesOf(order)).toEqual(['assigned', 'assigned'])
    expect((await part('b', 900)).outcome).toBe('revoked')
    expect(await statusesOf(order)).toEqual(['blocked', 'blocked'])
  })
})

describe('a renewal', () => {
  it('is recorded once for each payment and period', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31)])
    const renewal = subscription.renewal(31, 59)
    expect(await applyAll([renewal, renewal])).toEqual(['renewed', 'duplicate'])
    expect(await statusesOf(subscription.order)).toHaveLength(1)
  })

  it('does not affect a subscription with the same name at another provider', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31)])
    const { outcome, id } = await applyEvent(subscription.renewal(31, 59), { provider: 'polar' })
    expect(outcome).toBe('renewed')
    expect((await eventOf(id))?.note).toBe('unknown subscription')
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
  })

  it('that is refunded in part or as a whole later is no duplicate', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 31)])
    const refunded = subscription.refund(31, { occurredAt: day(40) })
    const states = [subscription.reinstatement(31), { ...refunded, amount: 5, occurredAt: day(39) }, refunded]
    const renewals = states.map((reversal) => ({ ...subscription.renewal(31, 59), reversal }))
    expect(await applyAll(renewals)).toEqual(['renewed', 'flagged', 'revoked'])
    expect(await expiryDaysOf(subscription.order)).toEqual([31])
  })

  it('tells at most 36,500 days', async () => {
    const [subscription, offer] = await start()
    await applyAll([subscription.purchase(offer, 60_000)])
    expect(await keysOf(subscription.order)).toMatchObject([{ validityDays: 36_500 }])
  })
})
