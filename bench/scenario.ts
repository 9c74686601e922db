/** What the bench measures: which Workers, with which data, under which load. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { hashApiKey } from '../src/auth/api-keys.ts'
import { orderForm } from './load.ts'
import { openRuntime, type Serving } from './serve.ts'
import { type Server, startServer } from './server.ts'

export const WORKERS = {
  product: 'src/index.ts',
  floor: 'bench/workers/floor.ts',
  straightforward: 'bench/workers/straightforward.ts',
} as const
export type WorkerName = keyof typeof WORKERS

/**
 * As many requests as take some seconds, since shorter rounds measure the machine's other work; and of the greater
 * sizes no more, since the database grows with them, and a large one takes its time from everybody alike.
 */
export const LOADS = [
  { quantity: 1, requests: 1_000, connections: 4 },
  { quantity: 10, requests: 300, connections: 4 },
  { quantity: 100, requests: 120, connections: 4 },
  { quantity: 1_000, requests: 24, connections: 4 },
  { quantity: 10_000, requests: 3, connections: 1 },
] as const

/** The round trips of a Worker that stands this far from its database. */
export const DISTANCE_MS = 50

const STORED_KEYS_A_STATEMENT = 50_000

const signingKey = readFileSync(
  path.join(import.meta.dirname, '../test/support/global-signing-key.pem'),
  'utf8',
)

export interface Setting {
  /** The bundle. */
  readonly script: string
  /** Where the database is kept; a new folder. */
  readonly folder: string
  /** How many license keys are stored beforehand. */
  readonly storedKeys?: number
  /** Added to each round trip to the database. */
  readonly distanceMs?: number
  readonly heapMegabytesMax?: number
}

/** Makes a database with what every Worker of the bench needs. */
export async function prepare(setting: Setting): Promise<Serving> {
  const { script, folder, storedKeys = 0, distanceMs = 0, heapMegabytesMax } = setting
  const bindings = { SIGNING_PRIVATE_KEY: signingKey, MAX_QUANTITY: '10000', D1_DELAY_MS: String(distanceMs) }
  const serving: Serving = { script, folder, port: 0, bindings }
  await prepareData(serving, storedKeys)
  return { ...serving, ...(heapMegabytesMax && { heapMegabytesMax }) }
}

/** Makes such a database and serves the Worker on it. */
export async function serve(setting: Setting): Promise<Server> {
  const server = await startServer(await prepare(setting))
  const answer = await firstAnswer(server)
  if (!answer.startsWith('{"response":{"code":803,')) throw new Error(`Not the answer of an order: ${answer}`)
  return server
}

export async function firstAnswer({ origin }: Server): Promise<string> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const url = `${origin}/api/v1/random-assign-license-keys`
  return (await fetch(url, { method: 'POST', headers, body: orderForm(1) })).text()
}

async function prepareData(serving: Serving, storedKeys: number): Promise<void> {
  const runtime = await openRuntime(serving)
  try {
    const db = await runtime.getD1Database('DB')
    await db.batch([
      db.prepare(
        `insert into products (id, name, status, created_at, updated_at) values (1, 'Bench', 'active', 0, 0)`,
      ),
      db
        .prepare(
          `insert into api_keys (name, key_hash, key_start, status, capabilities, created_at)
           values ('Bench', ?, 'bench', 'active', '["assign"]', 0)`,
        )
        .bind(await hashApiKey('bench-api-key')),
    ])
    for (let stored = 0; stored < storedKeys; stored += STORED_KEYS_A_STATEMENT) {
      const quantity = Math.min(STORED_KEYS_A_STATEMENT, storedKeys - stored)
      await db.batch(storeKeys(stored, quantity).map((sql) => db.prepare(sql)))
    }
  } finally {
    await runtime.dispose()
  }
}

/** SQL that stores issuances of 1,000 keys each, with random keys as the product would. */
function storeKeys(offset: number, quantity: number): string[] {
  const issuances = Math.ceil(quantity / 1000)
  const first = offset / 1000
  const numbers = (count: number) =>
    `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${count})`
  return [
    `${numbers(issuances)} insert into issuances (id, source, idempotency_key, nonce, product_id,
       quantity, owner_name, owner_email, validity_days, activation_limit, created_at)
     select ${first} + i + 1, 'bench', 'stored-' || (${first} + i), '', 1,
       1000, 'Ada Lovelace', 'ada@example.com', 365, 3, 0 from n`,
    `${numbers(quantity)} insert into license_keys (product_id, license_key, status, activation_limit,
       validity_days, owner_name, owner_email, assigned_at, issuance_id, created_at, updated_at)
     select 1, lower(hex(randomblob(18))), 'assigned', 3, 365, 'Ada Lovelace', 'ada@example.com', 0,
       ${first} + i / 1000 + 1, 0, 0 from n`,
  ]
}
