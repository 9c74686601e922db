/** Compares a license key with a model under random sequences of requests and changes. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { perform } from '../../src/callers/operation.ts'
import { runQuery } from '../../src/callers/query.ts'
import { activation } from '../../src/keys/activate.ts'
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

type Step =
  | { readonly kind: 'activate' | 'deactivate' | 'verify'; readonly identifier: string }
  | { readonly kind: 'block' | 'unblock' | 'renew' }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'wait'; readonly days: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('activate', 'deactivate', 'verify'),
      identifier: fc.constantFrom('a', 'b', 'c'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('block', 'unblock', 'unblock', 'renew') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('limit'), limit: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait'), days: fc.nat({ max: 6 }) }) },
)

class Model {
  readonly active = new Set<string>()
  isBlocked = false
  limit = 2
  day = 0
  validityDays = VALIDITY_DAYS

  outcomeOf(kind: 'activate' | 'deactivate' | 'verify', identifier: string): string {
    const isActive = this.active.has(identifier)
    if (kind === 'deactivate') return this.active.delete(identifier) ? 'deactivated' : 'already-inactive'
    if (this.isBlocked) return 'blocked'
    if (this.day >= this.validityDays) return 'expired'
    if (kind === 'verify') return isActive ? 'valid' : 'activation-not-found'
    if (isActive) return 'already-active'
    if (this.limit > 0 && this.active.size >= this.limit) return 'limit-reached'
    this.active.add(identifier)
    return 'activated'
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
    kind: 'activate' | 'deactivate' | 'verify',
    parameters: { readonly license_key: string; readonly identifier: string },
    now: number,
  ): Promise<string> {
    const call = { db: env.DB, caller, idempotencyKey: undefined, parameters, now }
    const values = keyUseValues(parameters)
    const operations = {
      activate: () => perform(call, activation, { ...values, activationsMax: 1_000 }),
      deactivate: () => perform(call, deactivation, { ...values, releasesMax: 3 }),
      verify: () => runQuery(call, verification, values),
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
        const fields = { license_key: key.licenseKey, identifier: next.identifier }
        const expected = model.outcomeOf(next.kind, next.identifier)
        expect(await request(next.kind, fields, assignedAt + model.day * DAY_MILLISECONDS)).toBe(expected)
        expect((await identifiersOf(key)).sort()).toEqual([...model.active].sort())
      }
    }),
    { seed, numRuns: RUNS },
  )
}, 60_000)
