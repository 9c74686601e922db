/** License keys in any state, and requests about them. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { type ApiResponse, isSignedBy, post, type RequestOptions } from './client.ts'
import type { Shop } from './shop.ts'

export const DAY_MILLISECONDS = 86_400_000

export interface KeyOptions {
  readonly licenseKey?: string
  readonly status?: 'available' | 'assigned' | 'reserved' | 'blocked'
  readonly activationLimit?: number
  readonly validityDays?: number
  readonly ownerName?: string | null
  readonly ownerEmail?: string | null
  /** Milliseconds UTC. */
  readonly assignedAt?: number | null
  readonly identifiers?: readonly string[]
}

export interface TestKey {
  readonly id: number
  readonly licenseKey: string
}

/** Adds a license key to the shop's product. By default it was assigned just now and has no limits. */
export async function addKey(
  { productId }: Pick<Shop, 'productId'>,
  options: KeyOptions = {},
): Promise<TestKey> {
  const {
    licenseKey = crypto.randomUUID(),
    status = 'assigned',
    activationLimit = 0,
    validityDays = 0,
  } = options
  const { ownerName = 'Ada Lovelace', ownerEmail = 'ada@example.com', identifiers = [] } = options
  const isOwned = status === 'assigned' || status === 'blocked'
  const { assignedAt = isOwned ? Date.now() : null } = options
  const row = await env.DB.prepare(
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
       owner_email, assigned_at, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, 0, 0) returning id`,
  )
    .bind(productId, licenseKey, status, activationLimit, validityDays, ownerName, ownerEmail, assignedAt)
    .first<{ id: number }>()
  if (!row) throw new Error('The key was not added.')
  for (const identifier of identifiers) {
    await env.DB.prepare('insert into activations (license_key_id, identifier, created_at) values (?, ?, 0)')
      .bind(row.id, identifier)
      .run()
  }
  return { id: row.id, licenseKey }
}

/** @returns the row's id */
export async function addMetadata({ id }: TestKey, key: string, value: string): Promise<number> {
  const row = await env.DB.prepare(
    'insert into license_key_metadata (license_key_id, key, value) values (?, ?, ?) returning id',
  )
    .bind(id, key, value)
    .first<{ id: number }>()
  if (!row) throw new Error('The metadata was not added.')
  return row.id
}

/** The fields of a request about a key that is activated on `example.com`. */
export async function activatedKeyFields(shop: Shop): Promise<{ license_key: string; identifier: string }> {
  const { licenseKey } = await addKey(shop, { identifiers: ['example.com'] })
  return { license_key: licenseKey, identifier: 'example.com' }
}

/** The fields of a request about a key without activations. */
export async function assignedKeyFields(shop: Shop): Promise<{ license_key: string; identifier: string }> {
  const { licenseKey } = await addKey(shop)
  return { license_key: licenseKey, identifier: 'example.com' }
}

/** The fields of a request about the metadata `plan` of a key. */
export async function metadataFields(
  shop: Shop,
): Promise<Record<'license_key' | 'identifier' | 'key', string>> {
  const key = await addKey(shop)
  await addMetadata(key, 'plan', 'basic')
  return { license_key: key.licenseKey, identifier: 'example.com', key: 'plan' }
}

/** By ascending id. */
export async function identifiersOf({ id }: TestKey): Promise<string[]> {
  const { results } = await env.DB.prepare(
    'select identifier from activations where license_key_id = ? order by id',
  )
    .bind(id)
    .all<{ identifier: string }>()
  return results.map(({ identifier }) => identifier)
}

/** By ascending id. */
export async function metadataOf({ id }: TestKey): Promise<{ id: number; key: string; value: string }[]> {
  const { results } = await env.DB.prepare(
    'select id, key, value from license_key_metadata where license_key_id = ? order by id',
  )
    .bind(id)
    .all<{ id: number; key: string; value: string }>()
  return results
}

/** Calls an endpoint with the shop's API key. The shop's product has its own signing key. */
export function callApi(
  shop: Shop,
  name: string,
  fields: Record<string, unknown>,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  const bindings = {
    [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY,
    ...options.bindings,
  }
  return post({ api_key: shop.apiKey, ...fields }, { path: `/api/v1/${name}`, ...options, bindings })
}

/** Sends the fields as JSON. */
export function callApiWithJson(
  shop: Shop,
  name: string,
  fields: Record<string, unknown>,
): Promise<ApiResponse> {
  const body = JSON.stringify({ api_key: shop.apiKey, ...fields })
  return callApi(shop, name, {}, { body, headers: { 'Content-Type': 'application/json' } })
}

export function callApiWithIdempotencyKey(
  shop: Shop,
  name: string,
  fields: Record<string, unknown>,
  idempotencyKey: string,
): Promise<ApiResponse> {
  return callApi(shop, name, fields, { headers: { 'Idempotency-Key': idempotencyKey } })
}

/**
 * Calls an endpoint with a key that every check rejects, then removes one reason after the other, until the key is
 * activated on `example.com`.
 *
 * @returns the codes: unknown key, no identifier, not assigned, inactive product, blocked, expired, not activated,
 *   limit reached, activated
 */
export async function codesByPrecedence(shop: Shop, name: string): Promise<unknown[]> {
  const { id, licenseKey } = await addKey(shop, { status: 'available', validityDays: 1, assignedAt: 0 })
  const activate = 'insert into activations (license_key_id, identifier, created_at) values (?, ?, 0)'
  await executeSql(`update products set status = 'inactive' where id = ?`, shop.productId)
  const codes: unknown[] = []
  async function record(license_key: string, identifier?: string) {
    const { response } = await callApi(shop, name, { license_key, ...(identifier && { identifier }) })
    codes.push(response.code)
  }
  await record(crypto.randomUUID())
  await record(licenseKey)
  await record(licenseKey, 'example.com')
  await executeSql(`update license_keys set status = 'blocked' where id = ?`, id)
  await record(licenseKey, 'example.com')
  await executeSql(`update products set status = 'active' where id = ?`, shop.productId)
  await record(licenseKey, 'example.com')
  await executeSql(`update license_keys set status = 'assigned' where id = ?`, id)
  await record(licenseKey, 'example.com')
  await executeSql('update license_keys set validity_days = 0, activation_limit = 1 where id = ?', id)
  await record(licenseKey, 'nowhere.example')
  await executeSql('delete from activations where license_key_id = ?', id)
  await executeSql(activate, id, 'other.example')
  await record(licenseKey, 'example.com')
  await executeSql(activate, id, 'example.com')
  await record(licenseKey, 'example.com')
  return codes
}

/** Asserts that a response has no fields except code, message and timestamp, and that the right key signed it. */
export async function expectCodeOnly(
  apiResponse: ApiResponse,
  code: number | string,
  message: string,
  scope: 'global' | 'product',
): Promise<void> {
  expect(apiResponse.status).toBe(200)
  expect(Object.entries(apiResponse.response)).toEqual([
    ['code', code],
    ['message', message],
    ['timestamp', expect.any(Number)],
  ])
  expect(apiResponse.envelope.private_key_used).toBe(scope)
  const pem = scope === 'product' ? env.PRODUCT_SIGNING_KEY : env.SIGNING_PRIVATE_KEY
  expect(await isSignedBy(pem, apiResponse)).toBe(true)
}

export function executeSql(text: string, ...values: unknown[]): Promise<unknown> {
  return env.DB.prepare(text)
    .bind(...values)
    .run()
}
