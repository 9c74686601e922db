/** Rows that sellers administer: license keys that were not issued by an order, products and metadata. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { LicenseKeyStatus } from '../../src/db/schema/licensing.ts'
import { type ApiResponse, type RequestOptions, readEnvelope, send } from './client.ts'
import type { Shop } from './shop.ts'

interface KeyOptions {
  readonly licenseKey?: string
  readonly status?: LicenseKeyStatus
  readonly ownerName?: string
  readonly ownerEmail?: string
  /** Milliseconds UTC. By default 1,000 for an assigned key, otherwise null. */
  readonly assignedAt?: number
}

/** Adds a license key to the shop's product, by default in stock. */
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

/** The row of a license key. */
export async function storedKey(licenseKey: string): Promise<Record<string, unknown> | null> {
  return env.DB.prepare('select * from license_keys where license_key = ?').bind(licenseKey).first()
}

/** The fields of a request that creates two license keys in stock. */
export function newKeysFields({ productId }: Pick<Shop, 'productId'>) {
  return {
    license_keys: JSON.stringify([crypto.randomUUID(), crypto.randomUUID()]),
    product_id: String(productId),
    activation_limit: '3',
    validity: '365',
    status: 'available',
  }
}

export async function addProduct(name = 'App'): Promise<number> {
  const row = await env.DB.prepare(
    `insert into products (name, status, created_at, updated_at) values (?, 'active', 1234, 2345) returning id`,
  )
    .bind(name)
    .first<{ id: number }>()
  if (!row) throw new Error('The product was not added.')
  return row.id
}

/** Marks a product as deleted, as `delete-product` does. */
export async function markDeleted(productId: number): Promise<void> {
  await env.DB.prepare(`update products set status = 'inactive', deleted_at = 1 where id = ?`)
    .bind(productId)
    .run()
}

/** Adds metadata to the shop's product. @returns the fields that identify it */
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

/** All rows that an operation may change, except its own row in `operations`, as text. */
export async function storedData(): Promise<string> {
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

/** Asserts that a request changes no stored data. */
export async function expectNoChange(request: () => Promise<ApiResponse>): Promise<ApiResponse> {
  const before = await storedData()
  const response = await request()
  expect(await storedData()).toBe(before)
  return response
}

/** Sends a GET request with the fields in the query. */
export async function get(
  path: string,
  fields: Record<string, unknown>,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  const query = new URLSearchParams(fields as Record<string, string>)
  return readEnvelope(await send({ path: `${path}?${query}`, ...options }))
}

export async function postJson(
  path: string,
  fields: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<ApiResponse> {
  const body = JSON.stringify(fields)
  return readEnvelope(
    await send({
      path,
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    }),
  )
}

/** Bindings that give the shop's product its own signing key. */
export function withProductKey({ productId }: Pick<Shop, 'productId'>): { readonly bindings: object } {
  return { bindings: { [`SIGNING_PRIVATE_KEY_PRODUCT_${productId}`]: env.PRODUCT_SIGNING_KEY } }
}
