/** Adds the deliveries of a paid order, and reads their state. */
import { env } from 'cloudflare:workers'
import type { Channel } from '../../src/db/schema/index.ts'
import { D1_LIMITS } from './d1-limits.ts'
import { outboundUrl } from './outbound.ts'

/** The time of issuance, and when deliveries are due. */
export const ISSUED_AT = Date.UTC(2026, 10, 1, 12, 0, 0, 829)

export interface DeliveryOptions {
  readonly channel?: Channel
  readonly status?: 'pending' | 'delivered' | 'failed' | 'cancelled'
  readonly attempts?: number
  readonly dueAt?: number
  readonly productName?: string
  /** null if the product has none. */
  readonly productWebhookUrl?: string | null
  readonly ownerName?: string
  readonly quantity?: number
  /** false if the issuance has no order at a payment provider. */
  readonly hasOrder?: boolean
}

export interface TestDelivery {
  readonly id: number
  /** The name that receivers get. */
  readonly name: string
  readonly issuanceId: number
  /** The id of the first license key. */
  readonly licenseId: number
  readonly productId: number
  readonly licenseKeys: readonly string[]
  /** The product's webhook URL, if it has one. */
  readonly url: string
  readonly orderId: string
}

/** Adds a new product, an issuance with keys, its order line and one delivery. */
export async function addDelivery(options: DeliveryOptions = {}): Promise<TestDelivery> {
  const { channel = 'webhook', status = 'pending', attempts = 0, dueAt = ISSUED_AT } = options
  const { ownerName = 'Ada Lovelace', quantity = 2, hasOrder = true, productName = 'App' } = options
  const url = options.productWebhookUrl ?? outboundUrl()
  const orderId = `order-${crypto.randomUUID()}`
  const licenseKeys = Array.from({ length: quantity }, () => crypto.randomUUID())

  const productId = await insert('products', {
    name: productName,
    status: 'active',
    created_at: 0,
    updated_at: 0,
    delivery_webhook_url: options.productWebhookUrl === null ? null : url,
  })
  const owned = { product_id: productId, owner_name: ownerName, owner_email: 'ada@example.com' }
  const terms = { ...owned, validity_days: 365, activation_limit: 3, created_at: ISSUED_AT }
  const issuanceId = await insert('issuances', {
    ...terms,
    source: 'stripe',
    idempotency_key: orderId,
    nonce: crypto.randomUUID(),
    quantity,
  })
  const licenseId = 1 + (await lastKeyId())
  const insertions = licenseKeys.map((license_key) =>
    insertion('license_keys', {
      ...terms,
      license_key,
      status: 'assigned',
      assigned_at: ISSUED_AT,
      issuance_id: issuanceId,
      updated_at: ISSUED_AT,
    }),
  )
  for (let start = 0; start < quantity; start += D1_LIMITS.batchStatements) {
    await env.DB.batch(insertions.slice(start, start + D1_LIMITS.batchStatements))
  }
  if (hasOrder) {
    const line = { provider: 'stripe', order_id: orderId, line: 'li_1', units: quantity }
    await insert('order_lines', { issuance_id: issuanceId, ...line })
  }
  const id = await insert('deliveries', {
    issuance_id: issuanceId,
    channel,
    status,
    attempts,
    due_at: dueAt,
    created_at: ISSUED_AT,
    updated_at: ISSUED_AT,
  })
  const name = `keyseal_delivery_${id}_${ISSUED_AT}`
  return { id, name, issuanceId, licenseId, productId, licenseKeys, url, orderId }
}

/** No other test adds keys at the same time. */
async function lastKeyId(): Promise<number> {
  return (
    (await env.DB.prepare('select coalesce(max(id), 0) from license_keys').first<number>(
      'coalesce(max(id), 0)',
    )) ?? 0
  )
}

/** @returns the row's id */
async function insert(table: string, row: Readonly<Record<string, unknown>>): Promise<number> {
  return (await insertion(table, row).run()).meta.last_row_id
}

function insertion(table: string, row: Readonly<Record<string, unknown>>): D1PreparedStatement {
  const names = Object.keys(row)
  const placeholders = names.map(() => '?')
  return env.DB.prepare(`insert into ${table} (${names}) values (${placeholders})`).bind(
    ...Object.values(row),
  )
}

/** What the e-mail service reported about the delivery. */
export async function reportedOf({ id }: { readonly id: number }): Promise<Record<string, unknown> | null> {
  return env.DB.prepare(
    'select status, message_id, arrived_at, bounce, bounced_at from deliveries where id = ?',
  )
    .bind(id)
    .first()
}

export interface DeliveryRow {
  readonly status: string
  readonly attempts: number
  readonly due_at: number
  readonly last_result: string | null
}

export async function deliveryRow({ id }: TestDelivery): Promise<DeliveryRow> {
  const row = await env.DB.prepare(
    'select status, attempts, due_at, last_result from deliveries where id = ?',
  )
    .bind(id)
    .first<DeliveryRow>()
  if (!row) throw new Error('Unknown delivery')
  return row
}
