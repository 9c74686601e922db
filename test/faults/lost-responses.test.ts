/**
 * A database that loses responses: some batches fail before they reach it, some are committed and reported as
 * failed. The clients repeat an order until they get a response.
 */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type ApiResponse, post } from '../support/client.ts'
import { countRows, openShop, orderFields, type Shop } from '../support/shop.ts'
import { type Fault, faults, faultyDatabase } from './faulty-database.ts'
import { orders, seed, seeded } from './plan.ts'

const CLIENTS = 10
const ATTEMPTS_MAX = 50

interface Order {
  readonly quantity: number
  /** The faults of its batches in order. Later batches have none. */
  readonly faults: readonly (Fault | null)[]
}

const order: fc.Arbitrary<Order> = fc.record({
  quantity: fc.integer({ min: 1, max: 20 }),
  faults,
})

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // The Worker's own retries do not wait.
})
afterEach(() => vi.restoreAllMocks())

async function sendUntilIssued(shop: Shop, { quantity, faults }: Order, name: string): Promise<ApiResponse> {
  const bindings = { DB: faultyDatabase(faults) }
  const request = { headers: { 'Idempotency-Key': name }, bindings }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const answer = await post(orderFields(shop, { quantity }), request)
    if (answer.response.code === 803) return answer
    expect(answer).toMatchObject({ status: 503, response: { code: 2503 } })
    expect(answer.headers.has('Retry-After')).toBe(true)
  }
  throw new Error(`${name} got no response.`)
}

it(`every order is issued exactly once and returns the stored keys ${seeded}`, async () => {
  const shop = await openShop()
  const planned = fc.sample(order, { seed, numRuns: orders })
  const responses: ApiResponse[] = []
  for (let first = 0; first < planned.length; first += CLIENTS) {
    const chunk = planned.slice(first, first + CLIENTS)
    const names = chunk.map((_, index) => `order-${first + index}`)
    responses.push(
      ...(await Promise.all(chunk.map((plan, index) => sendUntilIssued(shop, plan, String(names[index]))))),
    )
  }

  // Every acknowledged key is stored, and no other.
  const stored = await env.DB.prepare('select id, license_key from license_keys order by id').all()
  const acknowledged = responses.flatMap(
    ({ response }) => response.license_keys as { id: number; license_key: string }[],
  )
  acknowledged.sort((a, b) => a.id - b.id)
  expect(stored.results).toEqual(acknowledged.map(({ id, license_key }) => ({ id, license_key })))

  // Every order was issued exactly once, and the quantities agree.
  const quantities = planned.map(({ quantity }) => quantity)
  expect(responses.map(({ response }) => response.license_keys.length)).toEqual(quantities)
  const total = quantities.reduce((sum, quantity) => sum + quantity, 0)
  expect(await countRows()).toEqual({ issuances: orders, licenseKeys: total })

  // A replayed response is identical to the first one.
  for (const [index, { quantity }] of planned.entries()) {
    const headers = { 'Idempotency-Key': `order-${index}` }
    const repeated = await post(orderFields(shop, { quantity }), { headers })
    expect(repeated.text).toBe(responses[index]?.text)
  }

  // Ensures that responses were lost after their batch was committed.
  const plannedFaults = planned.flatMap(({ faults }) => faults)
  expect(plannedFaults.filter((fault) => fault?.when === 'after').length).toBeGreaterThan(orders)
}, 600_000)
