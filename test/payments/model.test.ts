/** The state of an order depends only on its events, not on their order of arrival or repetition. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import { seed, seeded } from '../faults/plan.ts'
import { keysWithReissuesOf, type PlacedKey, reissueAt } from '../support/reissues.ts'
import { addOffer, applyEvent, deliveriesOf, keysOf, type Offer, purchaseOf } from '../support/sales.ts'

const RUNS = 60
const channels = { hasWebhook: true, hasEmail: true }

/** All kinds of events of one order. Their names start with the order's. */
function eventsOf(order: string, perUnit: Offer, seats: Offer): PaymentEvent[] {
  const subscription = `${order}-subscription`
  const at = (occurredAt: number, phase: 'beginning' | 'end' = 'beginning') => ({ occurredAt, phase })
  return [
    purchaseOf(perUnit, order, {
      references: [`${order}-payment`, subscription],
      firstPeriod: { subscription, period: '0' },
      lines: [
        { id: 'a', externalIds: [perUnit.externalId], quantity: 3 },
        { id: 'b', externalIds: [seats.externalId], quantity: 2 },
      ],
    }),
    purchaseOf(perUnit, order, {
      references: [subscription],
      lines: [{ id: 'a', externalIds: [perUnit.externalId], quantity: 3 }],
    }),
    { kind: 'ignored', note: 'the charge', order, references: [`${order}-charge`] },
    { kind: 'renewal', order: `${order}-first`, subscription, period: '0' },
    {
      kind: 'renewal',
      order: `${order}-may`,
      subscription,
      period: '1',
      references: [`${order}-may-payment`],
    },
    { kind: 'renewal', order: `${order}-may-again`, subscription, period: '1' },
    { kind: 'renewal', order: `${order}-june`, subscription, period: '2' },
    { kind: 'refund', id: `${order}-1`, order, lines: [{ id: 'a', quantity: 1 }], ...at(10) },
    { kind: 'refund', id: `${order}-2`, order: `${order}-charge`, ...at(20) },
    { kind: 'reinstatement', id: `${order}-2`, order: `${order}-charge`, ...at(20, 'end') },
    { kind: 'refund', id: `${order}-3`, order: `${order}-payment`, lines: [{ id: 'b' }], ...at(30) },
    { kind: 'reinstatement', id: `${order}-3`, order: `${order}-payment`, ...at(31, 'end') },
    { kind: 'refund', id: `${order}-4`, order: `${order}-june`, ...at(40) },
    { kind: 'refund', id: `${order}-5`, order: `${order}-may-payment`, ...at(50) },
    { kind: 'reinstatement', id: `${order}-5`, order: `${order}-may-payment`, ...at(51, 'end') },
    { kind: 'refund', id: `${order}-6`, order, ...at(60) },
  ]
}

/** Everything that must not depend on the order of events. */
async function stateOf(order: string): Promise<unknown> {
  return { keys: (await keysOf(order)).sort(compareAsJson), deliveries: await deliveriesOf(order) }
}

function compareAsJson(one: unknown, other: unknown): number {
  return JSON.stringify(one).localeCompare(JSON.stringify(other))
}

async function applyAll(events: readonly PaymentEvent[]): Promise<void> {
  for (const event of events) await applyEvent(event, { channels, now: 1 })
}

it(`shuffled and repeated events end in the same state as ordered ones ${seeded}`, async () => {
  const perUnit = await addOffer({ keysPerUnit: 2, validityDays: 30 })
  const seats = await addOffer({ mode: 'seats', validityDays: 365 })
  let orders = 0
  const length = eventsOf('', perUnit, seats).length
  const subset = fc.subarray(
    Array.from({ length }, (_, index) => index),
    { minLength: 1 },
  )
  const plan = subset.chain((chosen) =>
    fc.record({
      chosen: fc.constant(chosen),
      arrivals: fc
        .tuple(fc.array(fc.constantFrom(...chosen), { maxLength: 5 }))
        .chain(([again]) =>
          fc.shuffledSubarray([...chosen, ...again], { minLength: chosen.length + again.length }),
        ),
    }),
  )
  await fc.assert(
    fc.asyncProperty(plan, async ({ chosen, arrivals }) => {
      const [expected, actual] = [`model-${orders++}`, `model-${orders++}`]
      const pick = (order: string, indexes: readonly number[]) =>
        indexes.flatMap((index) => eventsOf(order, perUnit, seats)[index] ?? [])
      await applyAll(pick(expected, chosen))
      await applyAll(pick(actual, arrivals))
      expect(await stateOf(actual)).toEqual(await stateOf(expected))
    }),
    { seed, numRuns: RUNS },
  )
}, 120_000)

/** The line, status and validity at each place of an order. Reissued keys stay blocked. */
async function placesOf(order: string): Promise<unknown[]> {
  const keysByPlace = Map.groupBy(await keysWithReissuesOf(order), ({ place }) => place)
  return [...keysByPlace.values()].map(placeOf)
}

function placeOf(keys: PlacedKey[]): unknown {
  const reissued = keys.slice(0, -1)
  expect(reissued.map(({ status }) => status)).toEqual(reissued.map(() => 'blocked'))
  const latest = keys.at(-1)
  expect(keys.map(({ validityDays }) => validityDays)).toEqual(keys.map(() => latest?.validityDays))
  return [latest?.line, latest?.status, latest?.validityDays]
}

it(`a reissue at any time does not change the outcome of later events ${seeded}`, async () => {
  const perUnit = await addOffer({ keysPerUnit: 2, validityDays: 30 })
  const seats = await addOffer({ mode: 'seats', validityDays: 365 })
  const event = fc.nat(eventsOf('', perUnit, seats).length - 1).map((index) => ({ event: index }))
  // Six keys of one line, and one of the other.
  const place = fc.nat(6).map((index) => ({ place: index }))
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
          const eventFor = (order: string) =>
            eventsOf(order, perUnit, seats).slice(step.event, step.event + 1)
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
