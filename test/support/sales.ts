/** Offers, payment events, and the keys and deliveries that follow. */
import { env } from 'cloudflare:workers'
import type { Channels } from '../../src/deliveries/new-deliveries.ts'
import type { EventRecord } from '../../src/payments/events.ts'
import { type Fulfillment, fulfill } from '../../src/payments/fulfill.ts'
import type { PaymentEvent, Purchase } from '../../src/payments/payment-event.ts'

export interface OfferOptions {
  readonly provider?: string
  readonly externalId?: string
  readonly productStatus?: 'active' | 'inactive'
  readonly keysPerUnit?: number
  readonly mode?: 'key-per-unit' | 'seats'
  readonly validityDays?: number
  readonly activationLimit?: number
  /** Default: true. */
  readonly followsSubscription?: boolean
  /** Default: 0. */
  readonly graceDays?: number
  /** Default: a new product. */
  readonly productId?: number
  /** Default: those of the product. */
  readonly features?: readonly string[]
  readonly deliveryWebhookUrl?: string
}

export interface Offer {
  readonly provider: string
  readonly externalId: string
  readonly productId: number
}

/** Adds an offer and, unless it is given, its product. */
export async function addOffer(options: OfferOptions = {}): Promise<Offer> {
  const { provider = 'standard', externalId = crypto.randomUUID(), productStatus = 'active' } = options
  const { keysPerUnit = 1, mode = 'key-per-unit', validityDays = 30, activationLimit = 3 } = options
  const { followsSubscription = true, graceDays = 0 } = options
  const productId = options.productId ?? (await addProduct(productStatus, options.deliveryWebhookUrl))
  await env.DB.prepare(
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit,
       follows_subscription, grace_days, features)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
    .bind(
      provider,
      externalId,
      productId,
      keysPerUnit,
      mode,
      validityDays,
      activationLimit,
      Number(followsSubscription),
      graceDays,
      options.features ? JSON.stringify(options.features) : null,
    )
    .run()
  return { provider, externalId, productId }
}

async function addProduct(status: string, deliveryWebhookUrl?: string): Promise<number> {
  const product = await env.DB.prepare(
    `insert into products (name, status, created_at, updated_at, delivery_webhook_url)
     values ('App', ?, 0, 0, ?) returning id`,
  )
    .bind(status, deliveryWebhookUrl ?? null)
    .first<{ id: number }>()
  if (!product) throw new Error('The product was not added.')
  return product.id
}

/** A valid purchase with one line. */
export function purchaseOf(
  { externalId }: Pick<Offer, 'externalId'>,
  order: string,
  changes: Partial<Purchase> = {},
): Purchase {
  return {
    kind: 'purchase',
    order,
    owner: { name: 'Ada Lovelace', email: 'ada@example.com' },
    lines: [{ id: '1', externalIds: [externalId], quantity: 2 }],
    ...changes,
  }
}

export interface ApplyOptions {
  readonly db?: D1Database
  readonly provider?: string
  /** Default: a new id. */
  readonly eventId?: string
  readonly now?: number
  readonly channels?: Channels
  readonly newLicenseKey?: () => string
}

export const NO_CHANNELS: Channels = { hasWebhook: false, hasEmail: false }

export function applyEvent(event: PaymentEvent, options: ApplyOptions = {}): Promise<Fulfillment> {
  const { db = env.DB, provider = 'standard', eventId = crypto.randomUUID(), now = Date.now() } = options
  const record: EventRecord = {
    provider,
    eventId,
    type: 'test',
    mode: 'live',
    receivedAt: now,
    payload: '{}',
  }
  const newLicenseKey = options.newLicenseKey ?? (() => crypto.randomUUID())
  return fulfill(db, record, event, options.channels ?? NO_CHANNELS, { now, newLicenseKey })
}

export interface KeyState {
  readonly line: string
  readonly status: string
  /** As first told. */
  readonly validityDays: number
  /** Milliseconds UTC. null: the validity in days counts. */
  readonly expiresAt: number | null
  readonly productId: number
  readonly activationLimit: number
  readonly ownerName: string
  readonly ownerEmail: string
}

/** The license keys of an order, by ascending id. */
export async function keysOf(order: string, provider = 'standard'): Promise<KeyState[]> {
  const { results } = await env.DB.prepare(
    `select line, license_keys.status, license_keys.validity_days as validityDays,
       license_keys.expires_at as expiresAt, license_keys.product_id as productId,
       license_keys.activation_limit as activationLimit, license_keys.owner_name as ownerName,
       license_keys.owner_email as ownerEmail
     from order_lines join license_keys using (issuance_id)
     where provider = ? and order_id = ? order by license_keys.id`,
  )
    .bind(provider, order)
    .all<KeyState>()
  return results
}

export async function statusesOf(order: string, provider = 'standard'): Promise<string[]> {
  return (await keysOf(order, provider)).map(({ status }) => status)
}

export async function eventOf(
  id: number,
): Promise<{ outcome: string; note: string | null; payload: string | null } | null> {
  return env.DB.prepare('select outcome, note, payload from webhook_events where id = ?').bind(id).first()
}

export async function deliveriesOf(
  order: string,
  provider = 'standard',
): Promise<{ channel: string; status: string }[]> {
  const { results } = await env.DB.prepare(
    `select channel, status from deliveries join order_lines using (issuance_id)
     where provider = ? and order_id = ? order by channel`,
  )
    .bind(provider, order)
    .all<{ channel: string; status: string }>()
  return results
}

/** An event of Stripe that failed. @returns its id */
export async function addFailedEvent(
  columns: { readonly outcome?: string; readonly note?: string; readonly payload?: string | null } = {},
): Promise<number> {
  const { outcome = 'failed', note = 'unexpected format: data', payload = '{}' } = columns
  const row = await env.DB.prepare(
    `insert into webhook_events (provider, event_id, type, order_id, mode, received_at, outcome, note, payload, updated_at)
     values ('stripe', ?, 'test', 'order-1', 'live', 1, ?, ?, ?, 1) returning id`,
  )
    .bind(crypto.randomUUID(), outcome, note, payload)
    .first<{ id: number }>()
  if (!row) throw new Error('The event was not added.')
  return row.id
}
