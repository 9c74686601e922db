/**
 * A database whose answers get lost: some batches fail before they reach it, some are committed and then reported
 * as failed. The clients do what the README tells them, and repeat an order until it is answered.
 */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Opened, post } from '../support/client.ts'
import { D1_ERRORS } from '../support/d1-errors.ts'
import { observe } from '../support/observed-database.ts'
import { countRows, openShop, orderFields, type Shop } from '../support/shop.ts'
import { orders, seed, seeded } from './plan.ts'

/** Of a hundred batches, so many fail before and so many after they were committed. */
const FAILURES_BEFORE = 20
const FAILURES_AFTER = 20
const CLIENTS = 10
const ATTEMPTS_MAX = 50

interface Fault {
  readonly when: 'before' | 'after'
  readonly text: string
}

interface Order {
  readonly quantity: number
  /** What happens to its batches, one after the other; afterwards all is well. */
  readonly faults: readonly (Fault | null)[]
}

const text = fc.constantFrom(...D1_ERRORS.map(([documented]) => documented))
const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  { weight: FAILURES_BEFORE, arbitrary: fc.record({ when: fc.constant('before' as const), text }) },
  { weight: FAILURES_AFTER, arbitrary: fc.record({ when: fc.constant('after' as const), text }) },
  { weight: 100 - FAILURES_BEFORE - FAILURES_AFTER, arbitrary: fc.constant(null) },
)
const order: fc.Arbitrary<Order> = fc.record({
  quantity: fc.integer({ min: 1, max: 20 }),
  faults: fc.array(fault, { minLength: 20, maxLength: 20 }),
})

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(Math, 'random').mockReturnValue(0) // The Worker's own retries do not wait.
})
afterEach(() => vi.restoreAllMocks())

/** A database to which these faults happen. */
function faultyDatabase(faults: readonly (Fault | null)[]): D1Database {
  const coming = [...faults]
  let current: Fault | null = null
  function failIf(when: Fault['when']): void {
    if (current?.when === when) throw new Error(`D1_ERROR: ${current.text}`)
  }
  return observe(env.DB, {
    before() {
      current = coming.shift() ?? null
      failIf('before')
    },
    after: () => failIf('after'),
  }).db
}

async function sendUntilAnswered(shop: Shop, { quantity, faults }: Order, name: string): Promise<Opened> {
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
  const answers: Opened[] = []
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
  const faults = planned.flatMap((one) => one.faults)
  expect(faults.filter((one) => one?.when === 'after').length).toBeGreaterThan(orders)
}, 600_000)
