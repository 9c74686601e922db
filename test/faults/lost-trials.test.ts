/** Devices that start their trial while the database loses responses, and repeat the request until it is answered. */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { post } from '../support/client.ts'
import { openShop, type Shop } from '../support/shop.ts'
import { validFields } from '../support/valid-requests.ts'
import { type Fault, faults, faultyDatabase } from './faulty-database.ts'
import { orders, seed, seeded } from './plan.ts'

const PATH = '/api/v1/start-trial'
const DEVICES = Math.ceil(orders / 2)
const ATTEMPTS_MAX = 50

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // The Worker's own retries do not wait.
})
afterEach(() => vi.restoreAllMocks())

/** @returns the license key of the trial */
async function startUntilAnswered(fields: object, planned: readonly (Fault | null)[]): Promise<string> {
  const bindings = { DB: faultyDatabase(planned) }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { response } = await post({ ...fields }, { path: PATH, bindings })
    if ([2211, 2212].includes(response.code)) return response.license_key
    expect(response.code).toBe(2503)
  }
  throw new Error('A trial was never answered.')
}

async function startTwice(shop: Shop, plans: readonly (readonly (Fault | null)[])[]): Promise<string> {
  const fields = await validFields(PATH, shop)
  const keys = new Set(await Promise.all(plans.map((planned) => startUntilAnswered(fields, planned))))
  expect(keys.size).toBe(1)
  return [...keys].join()
}

it(`every device gets exactly one trial, whose license key is stored and active ${seeded}`, async () => {
  const shop = await openShop()
  const planned = fc.sample(fc.tuple(faults, faults), { seed, numRuns: DEVICES })
  const acknowledged: string[] = []
  for (const plans of planned) acknowledged.push(await startTwice(shop, plans))
  const { results } = await env.DB.prepare(
    `select license_key, (select count(*) from activations where license_key_id = license_keys.id) as activations
     from license_keys order by id`,
  ).all()
  expect(results).toEqual(acknowledged.map((license_key) => ({ license_key, activations: 1 })))
  const issuances = await env.DB.prepare('select count(*) as count from issuances').first('count')
  expect(issuances).toBe(DEVICES)
}, 600_000)
