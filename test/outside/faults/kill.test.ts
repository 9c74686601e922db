/**
 * Kills the real server process while it works on a database file, like a power failure. Clients repeat unanswered
 * requests.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundleProduct } from '../../../bench/bundle.ts'
import { LICENSE_KEYS, makeDatabase } from '../../../bench/database.ts'
import { openRuntime, type Server, type Serving, startServer } from '../../../bench/server.ts'
import { orderForm } from '../../../bench/tasks.ts'
import { kills, orders, seed, seeded } from '../../faults/plan.ts'

const CLIENTS = 8
const ATTEMPTS_MAX = 2_000

let folder: string
let serving: Serving
let server: Server

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'keyseal-kill-'))
  serving = {
    script: await bundleProduct(path.join(folder, 'bundle')),
    folder: path.join(folder, 'database'),
  }
  await makeDatabase(serving.folder)
  server = await startServer(serving)
})

afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** @returns the text of the answer, or undefined if there was none or an error */
async function send(name: string, quantity: number): Promise<string | undefined> {
  try {
    const response = await fetch(`${server.origin}/api/v1/random-assign-license-keys`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Idempotency-Key': name },
      body: orderForm(quantity),
    })
    const text = await response.text()
    return response.status === 200 ? text : undefined
  } catch {
    return undefined
  }
}

async function sendUntilAnswered(name: string, quantity: number): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const text = await send(name, quantity)
    if (text !== undefined) return text
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${name} was never answered.`)
}

it(`a kill neither loses an acknowledged key nor issues an order twice ${seeded}`, async () => {
  const quantities = fc.sample(fc.integer({ min: 1, max: 50 }), { seed, numRuns: orders })
  // Each kill happens after a random number of answers, while other orders are in progress.
  const ordersPerKill = Math.floor(orders / (kills + 1))
  const answersBeforeKill = fc
    .sample(fc.integer({ min: 0, max: ordersPerKill - CLIENTS }), { seed, numRuns: kills })
    .map((offset, index) => index * ordersPerKill + offset)

  const answers = new Map<number, string>()
  let killed = 0
  let restart = Promise.resolve()
  const shouldKill = () => killed < kills && answers.size >= (answersBeforeKill[killed] ?? Number.NaN)

  async function killAndRestart(): Promise<void> {
    await server.kill()
    server = await startServer(serving)
  }

  const pending = [...quantities.entries()].reverse()
  async function client(): Promise<void> {
    for (let next = pending.pop(); next; next = pending.pop()) {
      const [index, quantity] = next
      answers.set(index, await sendUntilAnswered(`order-${index}`, quantity))
      if (shouldKill()) {
        killed++
        restart = restart.then(killAndRestart)
      }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  await restart
  expect(killed).toBe(kills)

  // The answer to a repeated request is byte for byte the same.
  for (const [index, quantity] of quantities.entries()) {
    expect(await send(`order-${index}`, quantity)).toBe(answers.get(index))
  }
  await server.stop()

  const runtime = await openRuntime(serving)
  try {
    const db = await runtime.getD1Database('DB')
    const issued = await db
      .prepare('select count(*) as issuances, sum(quantity) as quantity from issuances')
      .first()
    const total = quantities.reduce((sum, quantity) => sum + quantity, 0)
    expect(issued).toEqual({ issuances: orders, quantity: total })

    // The first keys were in the database from the start, for the benchmark.
    const stored = await db
      .prepare('select id, license_key from license_keys where id > ?')
      .bind(LICENSE_KEYS)
      .all<{ id: number; license_key: string }>()
    const acknowledged = [...answers.values()].flatMap(
      (text) => JSON.parse(text).response.license_keys as { id: number; license_key: string }[],
    )
    expect(stored.results.map(({ id, license_key }) => `${id} ${license_key}`).sort()).toEqual(
      acknowledged.map(({ id, license_key }) => `${id} ${license_key}`).sort(),
    )
  } finally {
    await runtime.dispose()
  }
}, 1_200_000)
