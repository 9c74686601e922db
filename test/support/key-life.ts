/** License keys in any state of their life, and requests about them. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { isSignedBy, type Opened, post, type RequestOptions } from './client.ts'
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

/** A license key of the shop's product: assigned just now, without limits, unless it is said otherwise. */
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
  if (!row) throw new Error('The key could not be added.')
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
  if (!row) throw new Error('The metadata could not be added.')
  return row.id
}

/** The fields of a request about a key that is activated on `example.com`. */
export async function activatedKeyFields(shop: Shop): Promise<{ license_key: string; identifier: string }> {
  const { licenseKey } = await addKey(shop, { identifiers: ['example.com'] })
  return { license_key: licenseKey, identifier: 'example.com' }
}

/** The fields of a request about a key that is activated nowhere. */
export async function assignedKeyFields(shop: Shop): Promise<{ license_key: string; identifier: string }> {
  const { licenseKey } = await addKey(shop)
  return { license_key: licenseKey, identifier: 'example.com' }
}

/** The fields of a request about the metadata `plan` of a key that has it. */
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

/** Asks an endpoint on a shop's behalf; the shop's product has a signing key of its own. */
export function ask(
  shop: Shop,
  name: string,
  fields: Record<string, unknown>,
  options: RequestOptions = {},
): Promise<Opened> {
  const bindings = {
    [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY,
    ...options.bindings,
  }
  return post({ api_key: shop.apiKey, ...fields }, { path: `/api/v1/${name}`, ...options, bindings })
}

/** As JSON. */
export function askInJson(shop: Shop, name: string, fields: Record<string, unknown>): Promise<Opened> {
  const body = JSON.stringify({ api_key: shop.apiKey, ...fields })
  return ask(shop, name, {}, { body, headers: { 'Content-Type': 'application/json' } })
}

/** An endpoint, asked under an idempotency key. */
export function askOnce(
  shop: Shop,
  name: string,
  fields: Record<string, unknown>,
  idempotencyKey: string,
): Promise<Opened> {
  return ask(shop, name, fields, { headers: { 'Idempotency-Key': idempotencyKey } })
}

/**
 * Asks an endpoint about a key that everything speaks against, and again each time there is one reason less, up to a
 * key that is activated on `example.com`.
 *
 * @returns the codes: unknown, no identifier, not assigned, inactive product, blocked, expired, not activated, limit
 *   reached, activated
 */
export async function codesAsReasonsGo(shop: Shop, name: string): Promise<unknown[]> {
  const { id, licenseKey } = await addKey(shop, { status: 'available', validityDays: 1, assignedAt: 0 })
  const activate = 'insert into activations (license_key_id, identifier, created_at) values (?, ?, 0)'
  await change(`update products set status = 'inactive' where id = ?`, shop.productId)
  const codes: unknown[] = []
  async function tell(license_key: string, identifier?: string) {
    const { response } = await ask(shop, name, { license_key, ...(identifier && { identifier }) })
    codes.push(response.code)
  }
  await tell(crypto.randomUUID())
  await tell(licenseKey)
  await tell(licenseKey, 'example.com')
  await change(`update license_keys set status = 'blocked' where id = ?`, id)
  await tell(licenseKey, 'example.com')
  await change(`update products set status = 'active' where id = ?`, shop.productId)
  await tell(licenseKey, 'example.com')
  await change(`update license_keys set status = 'assigned' where id = ?`, id)
  await tell(licenseKey, 'example.com')
  await change('update license_keys set validity_days = 0, activation_limit = 1 where id = ?', id)
  await tell(licenseKey, 'nowhere.example')
  await change('delete from activations where license_key_id = ?', id)
  await change(activate, id, 'other.example')
  await tell(licenseKey, 'example.com')
  await change(activate, id, 'example.com')
  await tell(licenseKey, 'example.com')
  return codes
}

/** Asserts that an answer tells nothing but its code, its message and its time, and whose key signed it. */
export async function expectPlain(
  opened: Opened,
  code: number | string,
  message: string,
  scope: 'global' | 'product',
): Promise<void> {
  expect(opened.status).toBe(200)
  expect(Object.entries(opened.response)).toEqual([
    ['code', code],
    ['message', message],
    ['timestamp', expect.any(Number)],
  ])
  expect(opened.envelope.private_key_used).toBe(scope)
  const pem = scope === 'product' ? env.PRODUCT_SIGNING_KEY : env.SIGNING_PRIVATE_KEY
  expect(await isSignedBy(pem, opened)).toBe(true)
}

export function change(text: string, ...values: unknown[]): Promise<unknown> {
  return env.DB.prepare(text)
    .bind(...values)
    .run()
}
