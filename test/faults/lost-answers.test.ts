/**
 * A database whose answers get lost: some batches fail before they reach it, some are committed and then reported
 * as failed. The clients do what the README tells them, and repeat an order until it is answered.
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
  /** What happens to its batches, one after the other; afterwards all is well. */
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

async function sendUntilAnswered(
  shop: Shop,
  { quantity, faults }: Order,
  name: string,
): Promise<ApiResponse> {
  const bindings = { DB: faultyDatabase(faults) }
  const request = { headers: { 'Idempotency-Key': name }, bindings }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const opened = await post(orderFields(shop, { quantity }), request)
    if (opened.response.code === 803) return opened
    expect(opened).toMatchObject({ status: 503, response: { code: 2503 } })
    expect(opened.headers.has('Retry-After')).toBe(true)
  }
  throw new Error(`${name} was never answered.`)
}

it(`every order is issued exactly once and answered with the keys that are stored ${seeded}`, async () => {
  const shop = await openShop()
  const planned = fc.sample(order, { seed, numRuns: orders })
  const answers: ApiResponse[] = []
  for (let first = 0; first < planned.length; first += CLIENTS) {
    const chunk = planned.slice(first, first + CLIENTS)
    const names = chunk.map((_, index) => `order-${first + index}`)
    answers.push(
      ...(await Promise.all(chunk.map((one, index) => sendUntilAnswered(shop, one, String(names[index]))))),
    )
  }

  // Every acknowledged key is stored, and nothing else is.
  const stored = await env.DB.prepare('select id, license_key from license_keys order by id').all()
  const acknowledged = answers.flatMap(
    ({ response }) => response.license_keys as { id: number; license_key: string }[],
  )
  acknowledged.sort((one, other) => one.id - other.id)
  expect(stored.results).toEqual(acknowledged.map(({ id, license_key }) => ({ id, license_key })))

  // Every order was issued exactly once, and the quantities agree.
  const quantities = planned.map(({ quantity }) => quantity)
  expect(answers.map(({ response }) => response.license_keys.length)).toEqual(quantities)
  const total = quantities.reduce((sum, quantity) => sum + quantity, 0)
  expect(await countRows()).toEqual({ issuances: orders, licenseKeys: total })

  // A repeated answer is the same, byte for byte.
  for (const [index, { quantity }] of planned.entries()) {
    const headers = { 'Idempotency-Key': `order-${index}` }
    const repeated = await post(orderFields(shop, { quantity }), { headers })
    expect(repeated.text).toBe(answers[index]?.text)
  }

  // The plan held what it promised: answers were lost after their batch was committed.
  const happened = planned.flatMap((one) => one.faults)
  expect(happened.filter((one) => one?.when === 'after').length).toBeGreaterThan(orders)
}, 600_000)
