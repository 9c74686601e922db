/** What a seller administers: license keys that nobody issued, and products besides a shop's own. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { LicenseKeyStatus } from '../../src/db/schema/licensing.ts'
import { type Opened, open, type RequestOptions, send } from './client.ts'
import type { Shop } from './shop.ts'

interface KeyOptions {
  readonly licenseKey?: string
  readonly status?: LicenseKeyStatus
  readonly ownerName?: string
  readonly ownerEmail?: string
  /** Milliseconds UTC; a key that is assigned has one in any case. */
  readonly assignedAt?: number
}

/** A license key of the shop's product, in stock unless another status is given. */
export async function addKey(
  { productId }: Pick<Shop, 'productId'>,
  options: KeyOptions = {},
): Promise<string> {
  const { licenseKey = crypto.randomUUID(), status = 'available', ownerName, ownerEmail } = options
  const assignedAt = options.assignedAt ?? (status === 'assigned' ? 1_000 : null)
  await env.DB.prepare(
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
       owner_email, assigned_at, created_at, updated_at) values (?, ?, ?, 3, 365, ?, ?, ?, 2345, 3456)`,
  )
    .bind(productId, licenseKey, status, ownerName ?? null, ownerEmail ?? null, assignedAt)
    .run()
  return licenseKey
}

/** A license key as it is stored, with all of its columns by their names. */
export async function storedKey(licenseKey: string): Promise<Record<string, unknown> | null> {
  return env.DB.prepare('select * from license_keys where license_key = ?').bind(licenseKey).first()
}

/** The fields of a request that creates two license keys that nobody has. */
export function newKeysFields({ productId }: Pick<Shop, 'productId'>) {
  return {
    license_keys: JSON.stringify([crypto.randomUUID(), crypto.randomUUID()]),
    product_id: String(productId),
    activation_limit: '3',
    validity: '365',
    status: 'available',
  }
}

/** A product of nobody's in particular. */
export async function addProduct(name = 'App'): Promise<number> {
  const row = await env.DB.prepare(
    `insert into products (name, status, created_at, updated_at) values (?, 'active', 1234, 2345) returning id`,
  )
    .bind(name)
    .first<{ id: number }>()
  if (!row) throw new Error('The product could not be added.')
  return row.id
}

/** Marks a product as deleted, as `delete-product` does. */
export async function markDeleted(productId: number): Promise<void> {
  await env.DB.prepare(`update products set status = 'inactive', deleted_at = 1 where id = ?`)
    .bind(productId)
    .run()
}

/** A value under a key of the shop's product; the fields that name it. */
export async function addProductMetadata(
  { productId }: Pick<Shop, 'productId'>,
  key = `key-${crypto.randomUUID()}`,
  value = 'basic',
): Promise<{ product_id: string; key: string }> {
  await env.DB.prepare('insert into product_metadata (product_id, key, value) values (?, ?, ?)')
    .bind(productId, key, value)
    .run()
  return { product_id: String(productId), key }
}

/** Everything that an operation may change but for the memory of it, as text. */
export async function dataStored(): Promise<string> {
  const tables = [
    'products',
    'product_metadata',
    'license_keys',
    'license_keys_as_issued',
    'activations',
    'license_key_metadata',
  ]
  const results = await env.DB.batch(tables.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(results.map(({ results: rows }) => rows))
}

/** Sends a request that must change nothing. */
export async function unchanged(request: () => Promise<Opened>): Promise<Opened> {
  const before = await dataStored()
  const opened = await request()
  expect(await dataStored()).toBe(before)
  return opened
}

/** Gets with the fields as the query, and opens the envelope. */
export async function get(
  path: string,
  fields: Record<string, unknown>,
  options: RequestOptions = {},
): Promise<Opened> {
  const query = new URLSearchParams(fields as Record<string, string>)
  return open(await send({ path: `${path}?${query}`, ...options }))
}

/** Posts the fields as JSON, and opens the envelope. */
export async function postJson(
  path: string,
  fields: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Opened> {
  const body = JSON.stringify(fields)
  return open(
    await send({
      path,
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    }),
  )
}

/** Bindings with which the shop's product has a signing key of its own. */
export function withProductKey({ productId }: Pick<Shop, 'productId'>): { readonly bindings: object } {
  return { bindings: { [`SIGNING_PRIVATE_KEY_PRODUCT_${productId}`]: env.PRODUCT_SIGNING_KEY } }
}
