/**
 * The state of an order depends only on its events, not on their order of arrival or repetition. It equals that of
 * a reference model without a database.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PaymentEvent, SubscribedItem } from '../../src/payments/payment-event.ts'
import { seed, seeded } from '../faults/plan.ts'
import { keysWithReissuesOf, type PlacedKey, reissueAt } from '../support/reissues.ts'
import { addOffer, applyEvent, deliveriesOf, keysOf } from '../support/sales.ts'
import { day, newSubscription } from '../support/subscriptions.ts'
import { keysAfter, type ModelOffer } from './reference-model.ts'

const RUNS = 80
const channels = { hasWebhook: true, hasEmail: true }

interface Offers {
  readonly perUnit: ModelOffer
  readonly seats: ModelOffer
  readonly once: ModelOffer
  readonly larger: ModelOffer
}

async function modelOffer(terms: Partial<ModelOffer>): Promise<ModelOffer> {
  const all = {
    mode: 'seats' as const,
    keysPerUnit: 1,
    validityDays: 30,
    graceDays: 0,
    activationLimit: 3,
    ...terms,
  }
  return { ...all, ...(await addOffer(all)) }
}

async function addOffers(): Promise<Offers> {
  return {
    perUnit: await modelOffer({ mode: 'key-per-unit', keysPerUnit: 2, graceDays: 3 }),
    seats: await modelOffer({ validityDays: 365 }),
    once: await modelOffer({ validityDays: 0 }),
    larger: await modelOffer({ activationLimit: 10, validityDays: 0 }),
  }
}

type Universe = (order: string, offers: Offers) => PaymentEvent[]

const itemOf = ({ externalId }: ModelOffer, quantity?: number): SubscribedItem => ({
  externalIds: [externalId],
  quantity,
})

/** What happens to a subscription, whatever it sells. Names start with the order's. */
function paymentsOf(order: string): PaymentEvent[] {
  const s = newSubscription(order)
  const may = { ...s.renewal(30, undefined, { name: 'May' }), references: [`${order}-may-payment`] }
  return [
    s.renewal(14, 45),
    may,
    s.renewal(31, undefined, { name: 'May' }),
    { ...s.renewal(61, 92), amount: { payment: `${order}/61`, amount: 1000 } },
    s.renewal(200),
    s.report(0, { paidUntil: day(14) }),
    s.report(30, { paidUntil: day(60) }),
    s.ended(20),
    s.ended(95),
    s.refund(14),
    s.refund(30, { order: `${order}-may-payment` }),
    s.reinstatement(30),
    s.refund(61, { amount: 400 }),
    s.refund(61, { id: `${order}-part`, amount: 600 }),
    s.refund(200),
    s.refund(0),
    s.reinstatement(0),
  ]
}

/** An order of several lines: keys for each unit, seats, and a line that is bought once. */
function severalLines(order: string, { perUnit, seats, once }: Offers): PaymentEvent[] {
  const s = newSubscription(order)
  const line = ({ externalId }: ModelOffer, quantity: number, isOneTime = false) => ({
    id: externalId,
    externalIds: [externalId],
    quantity,
    ...(isOneTime && { isOneTime }),
  })
  const lines = [line(perUnit, 3), line(seats, 2), line(once, 1, true)]
  const refund = (id: string, of: string, changes: object): PaymentEvent => ({
    ...s.refund(0, { id: `${order}-${id}`, order: of }),
    ...changes,
  })
  return [
    s.purchase(perUnit, 14, {
      lines,
      references: [s.name, `${order}-payment`],
      amount: { payment: `${order}-payment`, amount: 900 },
    }),
    s.purchase(perUnit, undefined, { lines, references: [s.name] }),
    { kind: 'ignored', note: 'the charge', order, references: [`${order}-charge`] },
    s.report(40, { items: [itemOf(seats, 5), itemOf(perUnit)] }),
    s.report(50, { items: [itemOf(perUnit)] }),
    refund('1', order, { lines: [{ id: perUnit.externalId, quantity: 1 }] }),
    refund('2', `${order}-charge`, { occurredAt: 20 }),
    { ...s.reinstatement(0), id: `${order}-2`, order: `${order}-charge` },
    refund('3', `${order}-payment`, { lines: [{ id: seats.externalId }], amount: 600 }),
    refund('4', `${order}-payment`, { lines: [{ id: perUnit.externalId, quantity: 2 }], amount: 300 }),
    { ...s.reinstatement(0), id: `${order}-3`, order: `${order}-payment` },
    ...paymentsOf(order),
  ]
}

/** An order of one line, whose plan may change to another offer. */
function oneLine(order: string, { seats, perUnit, larger }: Offers): PaymentEvent[] {
  const s = newSubscription(order)
  const lines = [{ id: '*', externalIds: [seats.externalId], quantity: 2 }]
  return [
    s.purchase(seats, 31, { lines, amount: { payment: order, amount: 500 } }),
    s.report(10, { items: [itemOf(larger, 4)] }),
    s.report(35, { items: [itemOf(larger)] }),
    s.report(70, { items: [itemOf(seats, 3)], paidUntil: day(100) }),
    s.report(80, { items: [itemOf(perUnit, 2)] }),
    {
      ...s.renewal(100, 131),
      report: { subscription: s.name, occurredAt: day(100), items: [itemOf(seats)] },
    },
    s.refund(0, { id: `${order}-a`, amount: 200 }),
    s.refund(0, { id: `${order}-b`, amount: 300 }),
    ...paymentsOf(order),
  ]
}

async function applyAll(events: readonly PaymentEvent[]): Promise<void> {
  for (const event of events) await applyEvent(event, { channels, now: 1 })
}

/** Some events in some order, some of them twice. */
function arrivals(length: number) {
  const indexes = Array.from({ length }, (_, index) => index)
  return fc.subarray(indexes, { minLength: 1 }).chain((chosen) =>
    fc
      .tuple(fc.boolean(), fc.array(fc.constantFrom(...chosen), { maxLength: 5 }))
      .chain(([isSold, again]) => {
        // Most sets should contain the sale, which is the first event.
        const all = [...chosen, ...again, ...(isSold && !chosen.includes(0) ? [0] : [])]
        return fc.shuffledSubarray(all, { minLength: all.length })
      }),
  )
}

function expectedDeliveries(keys: readonly { readonly line: string; readonly status: string }[]): object[] {
  const byLine = Map.groupBy(keys, ({ line }) => line)
  const statuses = [...byLine.values()].map((same) =>
    same.every(({ status }) => status === 'blocked') ? 'cancelled' : 'pending',
  )
  return ['email', 'webhook'].flatMap((channel) => statuses.map((status) => ({ channel, status })))
}

const inAnyOrder = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort()

it.each<[string, Universe]>([
  ['several lines', severalLines],
  ['one line', oneLine],
])(
  `shuffled and repeated events of %s end as the reference model says ${seeded}`,
  async (_, universe) => {
    const offers = await addOffers()
    let orders = 0
    await fc.assert(
      fc.asyncProperty(arrivals(universe('', offers).length), async (indexes) => {
        const order = `model-${universe.name}-${orders++}`
        const events = universe(order, offers)
        const arrived = indexes.flatMap((index) => events[index] ?? [])
        await applyAll(arrived)
        const expected = keysAfter(
          events.filter((event) => arrived.includes(event)),
          Object.values(offers),
        )
        const stored = (await keysOf(order)).map(
          ({ line, status, expiresAt, activationLimit, productId }) => ({
            line,
            status,
            expiresAt,
            activationLimit,
            productId,
          }),
        )
        expect(inAnyOrder(stored)).toEqual(inAnyOrder(expected))
        expect(inAnyOrder(await deliveriesOf(order))).toEqual(inAnyOrder(expectedDeliveries(expected)))
      }),
      { seed, numRuns: RUNS },
    )
  },
  120_000,
)

/** The line, status, expiry and limit at each place of an order. Reissued keys stay blocked. */
async function placesOf(order: string): Promise<unknown[]> {
  const keysByPlace = Map.groupBy(await keysWithReissuesOf(order), ({ place }) => place)
  return [...keysByPlace.values()].map(placeOf)
}

function placeOf(keys: PlacedKey[]): unknown {
  const reissued = keys.slice(0, -1)
  expect(reissued.map(({ status }) => status)).toEqual(reissued.map(() => 'blocked'))
  const termsOf = ({ expiresAt, activationLimit }: PlacedKey) => ({ expiresAt, activationLimit })
  const latest = keys.at(-1) as PlacedKey
  expect(keys.map(termsOf)).toEqual(keys.map(() => termsOf(latest)))
  return [latest.line, latest.status, termsOf(latest)]
}

it(`a reissue at any time does not change the outcome of later events ${seeded}`, async () => {
  const offers = await addOffers()
  const event = fc.nat(severalLines('', offers).length - 1).map((index) => ({ event: index }))
  // Six keys of one line, and one of each of the others.
  const place = fc.nat(7).map((index) => ({ place: index }))
  const steps = fc.array(fc.oneof(event, place), { maxLength: 25, size: 'max' })
  let orders = 0
  let reissues = 0
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const [expected, actual] = [`reissued-${orders++}`, `reissued-${orders++}`]
      // The sale comes first: before it there is nothing to reissue.
      for (const step of [{ event: 0 }, ...sequence]) {
        if ('place' in step) {
          if (await reissueAt(actual, step.place)) reissues += 1
        } else {
          const eventFor = (order: string) => severalLines(order, offers).slice(step.event, step.event + 1)
          await applyAll([...eventFor(expected), ...eventFor(actual)])
        }
        expect(await placesOf(actual)).toEqual(await placesOf(expected))
      }
      expect(await deliveriesOf(actual)).toEqual(await deliveriesOf(expected))
    }),
    { seed, numRuns: RUNS },
  )
  expect(reissues).toBeGreaterThan(RUNS)
}, 120_000)
