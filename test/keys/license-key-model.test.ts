/** Compares a license key with a model under random sequences of requests and changes. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { perform } from '../../src/callers/operation.ts'
import { runQuery } from '../../src/callers/query.ts'
import { activation } from '../../src/keys/activate.ts'
import { checkingOut } from '../../src/keys/check-out.ts'
import { deactivation } from '../../src/keys/deactivate.ts'
import { keyUseValues } from '../../src/keys/key-checks.ts'
import { verification } from '../../src/keys/verify.ts'
import { seed, seeded } from '../faults/plan.ts'
import { callerOf } from '../support/callers.ts'
import { addKey, DAY_MILLISECONDS, executeSql, identifiersOf, type TestKey } from '../support/key-life.ts'
import { openShop } from '../support/shop.ts'

const RUNS = 100
const STEPS = 30
const VALIDITY_DAYS = 10
const RELEASES_MAX = 1
const RELEASE_PERIOD_DAYS = 30

type Request = 'activate' | 'deactivate' | 'verify' | 'check-out' | 'activating-check-out'

type Step =
  | { readonly kind: Request; readonly identifier: string; readonly ttlDays: number }
  | { readonly kind: 'block' | 'unblock' | 'renew' }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'wait'; readonly days: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom<Request>('activate', 'deactivate', 'verify', 'check-out', 'activating-check-out'),
      identifier: fc.constantFrom('a', 'b', 'c', 'd'),
      ttlDays: fc.integer({ min: 1, max: 14 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('block', 'unblock', 'unblock', 'renew') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('limit'), limit: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait'), days: fc.nat({ max: 6 }) }) },
)

/** Days count from the assignment of the key. */
interface Release {
  readonly identifier: string
  readonly day: number
  /** The end of the file. 0: the seat was free immediately. */
  readonly takenUntil: number
}

class Model {
  /** The end of the latest file of each active device; 0: it had none. */
  readonly active = new Map<string, number>()
  releases: Release[] = []
  isBlocked = false
  limit = 2
  day = 0
  validityDays = VALIDITY_DAYS

  outcomeOf({ kind, identifier, ttlDays }: Extract<Step, { identifier: string }>): string {
    if (kind === 'deactivate') return this.deactivate(identifier)
    if (this.isBlocked) return 'blocked'
    if (this.day >= this.validityDays) return 'expired'
    const isActive = this.active.has(identifier)
    if (kind === 'verify') return isActive ? 'valid' : 'activation-not-found'
    if (kind === 'activate') return isActive ? 'already-active' : this.activate(identifier, 'activated')
    if (!isActive && kind === 'check-out') return 'activation-not-found'
    return this.checkOut(identifier, ttlDays)
  }

  private checkOut(identifier: string, ttlDays: number): string {
    const outcome = this.active.has(identifier) ? 'checked-out' : this.activate(identifier, 'checked-out')
    if (outcome === 'checked-out') this.rememberFile(identifier, ttlDays)
    return outcome
  }

  private activate(identifier: string, success: string): string {
    if (this.limit > 0 && this.seatsTaken(identifier) >= this.limit) return 'limit-reached'
    this.active.set(identifier, 0)
    return success
  }

  private seatsTaken(except: string): number {
    const held = this.releases.filter(({ takenUntil }) => takenUntil > this.day)
    const devices = new Set([...this.active.keys(), ...held.map(({ identifier }) => identifier)])
    devices.delete(except)
    return devices.size
  }

  private rememberFile(identifier: string, ttlDays: number): void {
    const endsAt = Math.min(this.day + ttlDays, this.validityDays)
    this.active.set(identifier, Math.max(this.active.get(identifier) ?? 0, endsAt))
  }

  private deactivate(identifier: string): string {
    const fileEndsAt = this.active.get(identifier)
    if (fileEndsAt === undefined) return 'already-inactive'
    this.active.delete(identifier)
    if (fileEndsAt <= this.day) return 'deactivated'
    const free = this.releases.filter(
      ({ day, takenUntil }) => takenUntil === 0 && day > this.day - RELEASE_PERIOD_DAYS,
    )
    const takenUntil = free.length < RELEASES_MAX ? 0 : fileEndsAt
    this.releases.push({ identifier, day: this.day, takenUntil })
    return 'deactivated'
  }
}

/** Changes the model and the key without a request. */
async function applyChange(change: Exclude<Step, { identifier: string }>, model: Model, { id }: TestKey) {
  switch (change.kind) {
    case 'wait':
      model.day += change.days
      return
    case 'limit':
      model.limit = change.limit
      return executeSql('update license_keys set activation_limit = ? where id = ?', model.limit, id)
    case 'renew':
      model.validityDays += VALIDITY_DAYS
      return executeSql('update license_keys set validity_days = ? where id = ?', model.validityDays, id)
    default:
      model.isBlocked = change.kind === 'block'
      return executeSql(
        'update license_keys set status = ? where id = ?',
        model.isBlocked ? 'blocked' : 'assigned',
        id,
      )
  }
}

it(`a license key behaves like the model ${seeded}`, async () => {
  const shop = await openShop()
  const caller = await callerOf(shop, 'use')

  async function request(
    { kind, identifier, ttlDays }: Extract<Step, { identifier: string }>,
    licenseKey: string,
    now: number,
  ): Promise<string> {
    const parameters = { license_key: licenseKey, identifier }
    const call = { db: env.DB, caller, idempotencyKey: undefined, parameters, now }
    const values = keyUseValues(parameters)
    const checkOut = (activate: 0 | 1) =>
      perform(call, checkingOut, {
        ...values,
        activate,
        ttlMilliseconds: ttlDays * DAY_MILLISECONDS,
        isTooWeak: 0,
        activationsMax: 1_000,
      })
    const operations = {
      activate: () => perform(call, activation, { ...values, activationsMax: 1_000 }),
      deactivate: () => perform(call, deactivation, { ...values, releasesMax: RELEASES_MAX }),
      verify: () => runQuery(call, verification, values),
      'check-out': () => checkOut(0),
      'activating-check-out': () => checkOut(1),
    }
    const result = await operations[kind]()
    return result.kind === 'refused' ? result.reason : result.outcome.kind
  }

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: STEPS }), async (steps) => {
      const assignedAt = Date.UTC(2026, 0, 1)
      const key = await addKey(shop, { activationLimit: 2, validityDays: VALIDITY_DAYS, assignedAt })
      const model = new Model()
      for (const next of steps) {
        if (!('identifier' in next)) {
          await applyChange(next, model, key)
          continue
        }
        const expected = model.outcomeOf(next)
        expect(await request(next, key.licenseKey, assignedAt + model.day * DAY_MILLISECONDS)).toBe(expected)
        expect((await identifiersOf(key)).sort()).toEqual([...model.active.keys()].sort())
      }
    }),
    { seed, numRuns: RUNS },
  )
}, 60_000)
