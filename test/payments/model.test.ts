/**
 * Any order of events, with any repetitions, ends in the same state as each of them once and in order: what was
 * sold, taken back, given back and renewed decides, not what arrived first.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { PaymentEvent } from '../../src/payments/payment-event.ts'
import { seed, seeded } from '../faults/plan.ts'
import { reissueAt, type StandingKey, standingKeysOf } from '../support/reissues.ts'
import { addOffer, deliveriesOf, keysOf, type Offer, purchaseOf, tell } from '../support/sales.ts'

const RUNS = 60
const channels = { hasWebhook: true, hasEmail: true }

/** All that may happen to one order; the names are made its own by the order's. */
function lifeOf(order: string, perUnit: Offer, seats: Offer): PaymentEvent[] {
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

/** Everything that must not depend on the order of events. Of two renewals of one period any may be the one. */
async function stateOf(order: string): Promise<unknown> {
  return { keys: (await keysOf(order)).sort(byText), deliveries: await deliveriesOf(order) }
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one).localeCompare(JSON.stringify(other))
}

async function tellAll(events: readonly PaymentEvent[]): Promise<void> {
  for (const event of events) await tell(event, { channels, now: 1 })
}

it(`any permutation with repetitions ends in the same state as each event once in order ${seeded}`, async () => {
  const perUnit = await addOffer({ keysPerUnit: 2, validityDays: 30 })
  const seats = await addOffer({ mode: 'seats', validityDays: 365 })
  let orders = 0
  const length = lifeOf('', perUnit, seats).length
  const subset = fc.subarray(
    Array.from({ length }, (_, index) => index),
    { minLength: 1 },
  )
  const plan = subset.chain((chosen) =>
    fc.record({
      chosen: fc.constant(chosen),
      told: fc
        .tuple(fc.array(fc.constantFrom(...chosen), { maxLength: 5 }))
        .chain(([again]) =>
          fc.shuffledSubarray([...chosen, ...again], { minLength: chosen.length + again.length }),
        ),
    }),
  )
  await fc.assert(
    fc.asyncProperty(plan, async ({ chosen, told }) => {
      const [expected, found] = [`model-${orders++}`, `model-${orders++}`]
      const pick = (order: string, indexes: readonly number[]) =>
        indexes.flatMap((index) => lifeOf(order, perUnit, seats)[index] ?? [])
      await tellAll(pick(expected, chosen))
      await tellAll(pick(found, told))
      expect(await stateOf(found)).toEqual(await stateOf(expected))
    }),
    { seed, numRuns: RUNS },
  )
}, 120_000)

/** Of each place of an order: what holds there, whichever key it is. Reissued keys stay blocked. */
async function placesOf(order: string): Promise<unknown[]> {
  const keysByPlace = Map.groupBy(await standingKeysOf(order), ({ place }) => place)
  return [...keysByPlace.values()].map(placeOf)
}

function placeOf(keys: StandingKey[]): unknown {
  const reissued = keys.slice(0, -1)
  expect(reissued.map(({ status }) => status)).toEqual(reissued.map(() => 'blocked'))
  const latest = keys.at(-1)
  expect(keys.map(({ validityDays }) => validityDays)).toEqual(keys.map(() => latest?.validityDays))
  return [latest?.line, latest?.status, latest?.validityDays]
}

it(`keys that are reissued at any time end as they would have ended without it ${seeded}`, async () => {
  const perUnit = await addOffer({ keysPerUnit: 2, validityDays: 30 })
  const seats = await addOffer({ mode: 'seats', validityDays: 365 })
  const happened = fc.nat(lifeOf('', perUnit, seats).length - 1).map((event) => ({ event }))
  // Six keys of the one line, and one of the other.
  const reissued = fc.nat(6).map((place) => ({ place }))
  const steps = fc.array(fc.oneof(happened, reissued), { maxLength: 25, size: 'max' })
  let orders = 0
  let reissues = 0
  await fc.assert(
    fc.asyncProperty(steps, async (life) => {
      const [expected, found] = [`reissued-${orders++}`, `reissued-${orders++}`]
      // Sold at first: there is nothing to reissue before.
      for (const step of [{ event: 0 }, ...life]) {
        if ('place' in step) {
          if (await reissueAt(found, step.place)) reissues += 1
        } else {
          const tellOf = (order: string) => lifeOf(order, perUnit, seats).slice(step.event, step.event + 1)
          await tellAll([...tellOf(expected), ...tellOf(found)])
        }
        expect(await placesOf(found)).toEqual(await placesOf(expected))
      }
      expect(await deliveriesOf(found)).toEqual(await deliveriesOf(expected))
    }),
    { seed, numRuns: RUNS },
  )
  expect(reissues).toBeGreaterThan(RUNS)
}, 120_000)
