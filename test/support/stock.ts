/** Generators, and license keys in stock. */
import { env } from 'cloudflare:workers'
import type { Shop } from './shop.ts'

type Row = Record<string, string | number | null>

/** @returns the id of the row */
async function insert(table: string, row: Row): Promise<number> {
  const names = Object.keys(row)
  const inserted = await env.DB.prepare(
    `insert into ${table} (${names.join()}) values (${names.map(() => '?').join()}) returning id`,
  )
    .bind(...Object.values(row))
    .first<{ id: number }>()
  if (!inserted) throw new Error(`No row was inserted into ${table}.`)
  return inserted.id
}

/** @returns the generator's id */
export function addGenerator(productId: number, changes: Row = {}): Promise<number> {
  return insert('generators', {
    product_id: productId,
    method: 'chunk-system',
    prefix: '',
    suffix: '',
    charset: '0123456789ABCDEF',
    number_of_chunks: 4,
    chunk_length: 4,
    activation_limit: 1,
    validity_days: 365,
    status: 1,
    created_at: Date.UTC(2024, 1, 27, 3, 5, 31, 829),
    updated_at: Date.UTC(2024, 1, 28),
    ...changes,
  })
}

/** Adds a license key: by default in stock, for 30 days and 2 activations. @returns the license key */
export async function addLicenseKey(productId: number, changes: Row = {}): Promise<string> {
  const licenseKey = `key-${crypto.randomUUID()}`
  await insert('license_keys', {
    product_id: productId,
    license_key: licenseKey,
    status: 'available',
    activation_limit: 2,
    validity_days: 30,
    created_at: Date.UTC(2024, 1, 27, 3, 5, 31, 829),
    updated_at: Date.UTC(2024, 1, 27, 3, 5, 31, 829),
    ...changes,
  })
  return licenseKey
}

/** Adds keys to the stock in one statement. */
export async function addStock(productId: number, quantity: number): Promise<void> {
  await env.DB.prepare(
    `with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < ?2)
     insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
     select ?1, 'stock-' || lower(hex(randomblob(16))), 'available', 2, 30, 0, 0 from numbers`,
  )
    .bind(productId, quantity)
    .run()
}

export async function licenseKeyRow(licenseKey: string): Promise<Row | null> {
  return env.DB.prepare('select * from license_keys where license_key = ?').bind(licenseKey).first<Row>()
}

/** The activations of a license key, by ascending id. */
export async function activationsOf(licenseKey: string): Promise<Row[]> {
  const { results } = await env.DB.prepare(
    `select activations.* from activations
     join license_keys on license_keys.id = activations.license_key_id
     where license_keys.license_key = ? order by activations.id`,
  )
    .bind(licenseKey)
    .all<Row>()
  return results
}

/** The fields of a request about a key in stock. */
export async function availableKeyFields({ productId }: Shop): Promise<Record<string, string>> {
  return { license_key: await addLicenseKey(productId) }
}
