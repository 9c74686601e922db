/** The statistics compared with a recount of all rows, after random histories with repeated and failing runs. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deleteOldOperations } from '../../src/callers/operation.ts'
import { countStatistics } from '../../src/statistics/count.ts'
import { countDevices } from '../../src/statistics/devices.ts'
import { seed, seeded } from '../faults/plan.ts'
import { failAfterCommit, observe, RESET_ERROR } from '../support/observed-database.ts'
import { databaseFailingAfter } from '../support/queued-order.ts'
import { day } from '../support/subscriptions.ts'
import { beginHistory, KINDS, type Step } from './history.ts'
import { add, type Counts, counted, DAY, devicesOf, recount, recountDevices } from './recount.ts'

const RUNS = 40

/** Attempts of deliveries begin before their results are stored. */
const ATTEMPT_MS_MAX = 10 * 60_000

async function countBoth(db: D1Database, now: number): Promise<void> {
  await countStatistics({ ...env, DB: db }, now)
  await countDevices({ ...env, DB: db }, now)
}

const RUN_KINDS = ['count', 'two counts', 'failing count', 'lost answer', 'trim'] as const

const COUNTING: Record<(typeof RUN_KINDS)[number], Step> = {
  count: (_, now) => countBoth(env.DB, now),
  'two counts': async (_, now) => {
    await Promise.all([countBoth(env.DB, now), countBoth(env.DB, now)])
  },
  'failing count': async (choice, now) => {
    await countBoth(databaseFailingAfter(choice % 3), now).catch(() => {})
  },
  'lost answer': async (_, now) => {
    await countBoth(observe(env.DB, failAfterCommit(RESET_ERROR)).db, now).catch(() => {})
  },
  trim: async (_, now) => {
    await deleteOldOperations(env.DB, 'use_operations', now + 2 * DAY)
  },
}

const step = fc.record({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...KINDS) },
    { weight: 2, arbitrary: fc.constant('event' as const) },
    { weight: 1, arbitrary: fc.constant('failed delivery' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...RUN_KINDS) },
  ),
  choice: fc.nat(1_000),
  wait: fc.oneof(fc.nat(ATTEMPT_MS_MAX), fc.nat(2 * DAY)),
  duration: fc.nat(ATTEMPT_MS_MAX),
})

const sorted = (counts: Counts) => [...counts].sort(([one], [other]) => one.localeCompare(other))

describe('the statistics', () => {
  it(`equal a recount after any history, with repeated, concurrent and failing runs ${seeded}`, async () => {
    const activations: Counts = new Map()
    let now = day(0)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (sequence) => {
        const history = await beginHistory()
        for (const { kind, choice, wait, duration } of sequence) {
          now += wait
          await { ...history.steps, ...COUNTING }[kind](choice, now - duration)
        }
        now += DAY
        await countBoth(env.DB, now)
        for (const [key, changes] of history.activations) {
          const [startedOn, productId] = key.split('/')
          add(activations, Number(startedOn) * DAY, productId, changes)
        }
        const expected = await recount()
        for (const [key, changes] of activations) expected.set(key, { ...expected.get(key), ...changes })
        expect(sorted(await counted())).toEqual(sorted(expected))
        expect(await devicesOf(now - (now % DAY))).toEqual(await recountDevices())
      }),
      { seed, numRuns: RUNS },
    )
  }, 240_000)
})
