/** Creates the database of the benchmark once. Each Worker gets a copy. */
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openRuntime } from './server.ts'

export const API_KEY = 'bench-api-key'
export const PRODUCT_ID = 1
/** The external id of the product in the webhooks. */
export const OFFER = 'bench-offer'
/** The number of keys to verify and activate. */
export const LICENSE_KEYS = 1_000

const LICENSE_KEY_PREFIX = 'bench-license-key-'
const KEYS_AN_ISSUANCE = 1_000

export function licenseKeyOf(index: number): string {
  return LICENSE_KEY_PREFIX + index
}

/** @param folder that does not exist yet */
export async function makeDatabase(folder: string): Promise<void> {
  await makeFile(folder)
  const migrations = path.join(import.meta.dirname, '../migrations')
  const files = globSync('*.sql', { cwd: migrations }).sort()
  execute(folder, [...files.map((file) => readFileSync(path.join(migrations, file), 'utf8')), usedRows()])
}

/** Stores this many more license keys. The database must be closed. */
export function storeKeys(folder: string, quantity: number): void {
  execute(folder, [storedRows(quantity)])
}

function execute(folder: string, texts: readonly string[]): void {
  const [file = ''] = globSync('d1/*/[0-9a-f]*.sqlite', { cwd: folder })
  const database = new DatabaseSync(path.join(folder, file))
  try {
    database.exec(`begin; ${texts.join(';')}; commit`)
  } finally {
    database.close()
  }
}

/** Finds the file, whose name the runtime chooses. */
async function makeFile(folder: string): Promise<void> {
  const runtime = await openRuntime({ script: path.join(import.meta.dirname, 'workers/empty.js'), folder })
  try {
    const db = await runtime.getD1Database('DB')
    await db.prepare('select 1').run()
  } finally {
    await runtime.dispose()
  }
}

function numbers(count: number): string {
  return `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${count})`
}

/** Keys without an activation limit. Each is active on the device of its number. */
function usedRows(): string {
  const keyHash = createHash('sha256').update(API_KEY).digest('hex')
  return `
    insert into products (id, name, status, created_at, updated_at) values (${PRODUCT_ID}, 'Bench', 'active', 0, 0);
    insert into api_keys (name, key_hash, key_start, status, capabilities, created_at)
      values ('Bench', '${keyHash}', 'bench', 'active', '["use","assign","stock"]', 0);
    insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
      values ('standard', '${OFFER}', ${PRODUCT_ID}, 1, 'key-per-unit', 365, 3);
    ${numbers(LICENSE_KEYS)} insert into license_keys (id, product_id, license_key, status, activation_limit,
        validity_days, owner_name, owner_email, assigned_at, created_at, updated_at)
      select i + 1, ${PRODUCT_ID}, '${LICENSE_KEY_PREFIX}' || i, 'assigned', 1000000,
        36500, 'Ada Lovelace', 'ada@example.com', ${Date.now()}, 0, 0 from n;
    insert into activations (license_key_id, identifier, created_at)
      select id, 'device-' || (id - 1), 0 from license_keys`
}

/** Issuances of 1,000 random keys each, as the product creates them. */
function storedRows(quantity: number): string {
  return `
    ${numbers(Math.ceil(quantity / KEYS_AN_ISSUANCE))} insert into issuances (id, source, idempotency_key, nonce,
        product_id, quantity, owner_name, owner_email, validity_days, activation_limit, created_at)
      select i + 1, 'bench', 'stored-' || i, '', ${PRODUCT_ID}, ${KEYS_AN_ISSUANCE},
        'Ada Lovelace', 'ada@example.com', 365, 3, 0 from n;
    ${numbers(quantity)} insert into license_keys (product_id, license_key, status, activation_limit, validity_days,
        owner_name, owner_email, assigned_at, issuance_id, created_at, updated_at)
      select ${PRODUCT_ID}, lower(hex(randomblob(18))), 'assigned', 3, 365,
        'Ada Lovelace', 'ada@example.com', 0, i / ${KEYS_AN_ISSUANCE} + 1, 0, 0 from n`
}
