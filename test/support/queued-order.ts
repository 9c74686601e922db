/** Queued orders and the rows that belong to them. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { processQueuedOrder } from '../../src/issuing/queued-orders.ts'
import type { Bindings } from '../../src/platform/settings.ts'
import type { Message, ProcessingResult } from '../../src/queue/messages.ts'
import { observe } from './observed-database.ts'
import { type OutboundRequest, outboundUrl, requestsTo } from './outbound.ts'
import { orderFields, type Shop } from './shop.ts'

export const QUEUED_PATH = '/api/v1/random-assign-license-keys-queued'

/** The fields of a valid queued order. */
export function queuedOrderFields(shop: Shop, changes: Record<string, string> = {}): Record<string, string> {
  return {
    ...(orderFields(shop) as Record<string, string>),
    identifier: '31',
    webhook_url: `${outboundUrl()}?keevault-webhook=secret`,
    ...changes,
  }
}

export interface QueuedOrderOptions {
  readonly quantity?: number
  readonly origin?: 'fresh' | 'generator' | 'stock'
  readonly identifier?: string | null
  readonly validityDays?: number | null
  readonly activationLimit?: number | null
  readonly ownerName?: string
  readonly dueAt?: number
}

export interface TestOrder {
  readonly id: number
  readonly productId: number
  /** Includes the query. */
  readonly webhookUrl: string
}

/** Adds an order as the endpoint does, but sends no message. */
export async function addQueuedOrder(
  { productId }: Pick<Shop, 'productId'>,
  options: QueuedOrderOptions = {},
): Promise<TestOrder> {
  const { origin = 'fresh', quantity = 5, identifier = '31', ownerName = 'Ada Lovelace', dueAt = 0 } = options
  const { validityDays = origin === 'fresh' ? 365 : null, activationLimit = origin === 'fresh' ? 3 : null } =
    options
  const webhookUrl = `${outboundUrl()}?keevault-webhook=secret`
  const row = await env.DB.prepare(
    `insert into queued_orders (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
       origin, requested_validity_days, requested_activation_limit, identifier, webhook_url, status, due_at,
       created_at, updated_at)
     values ('api:1', ?, 'n', ?, ?, ?, 'ada@example.com', ?, ?, ?, ?, ?, 'issuing', ?, 0, 0) returning id`,
  )
    .bind(
      crypto.randomUUID(),
      productId,
      quantity,
      ownerName,
      origin,
      validityDays,
      activationLimit,
      identifier,
      webhookUrl,
      dueAt,
    )
    .first<{ id: number }>()
  if (!row) throw new Error('The order was not added.')
  return { id: row.id, productId, webhookUrl }
}

export async function addGenerator({ productId }: Pick<Shop, 'productId'>): Promise<void> {
  await env.DB.prepare(
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       activation_limit, validity_days, status, created_at, updated_at)
     values (?, 'chunk-system', 'APP-', '', '0123456789ABCDEF', 4, 4, 7, 30, 1, 0, 0)`,
  )
    .bind(productId)
    .run()
}

/** Adds keys to the stock, with varying limits: 100 to 106 days, 10 to 14 activations. */
export async function addStock({ productId }: Pick<Shop, 'productId'>, quantity: number): Promise<void> {
  const keys = Array.from({ length: quantity }, () => crypto.randomUUID())
  await env.DB.prepare(
    `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at, updated_at)
     select ?, value, 'available', 10 + key % 5, 100 + key % 7, 1, 1 from json_each(?)`,
  )
    .bind(productId, JSON.stringify(keys))
    .run()
}

export interface OrderRow {
  readonly status: string
  readonly chunks: number
  readonly issued_quantity: number
  readonly refusal: string | null
  readonly available_quantity: number | null
  readonly attempts: number
  readonly due_at: number
}

export async function orderRow({ id }: Pick<TestOrder, 'id'>): Promise<OrderRow> {
  const row = await env.DB.prepare('select * from queued_orders where id = ?').bind(id).first<OrderRow>()
  if (!row) throw new Error('The order does not exist.')
  return row
}

export interface KeyRow {
  readonly license_key: string
  readonly status: string
  readonly owner_name: string | null
  readonly owner_email: string | null
  readonly assigned_at: number | null
  readonly issuance_id: number | null
  readonly validity_days: number
  readonly activation_limit: number
}

/** The license keys of a product, by ascending id. */
export async function keysOf({ productId }: Pick<TestOrder, 'productId'>): Promise<KeyRow[]> {
  const { results } = await env.DB.prepare(
    `select license_key, status, owner_name, owner_email, assigned_at, issuance_id, validity_days, activation_limit
     from license_keys where product_id = ? order by id`,
  )
    .bind(productId)
    .all<KeyRow>()
  return results
}

export interface ChunkRow {
  readonly chunk: string
  readonly quantity: number
  readonly keys: number
}

/** The issuances of an order with their numbers of keys, in the order of the chunks. */
export async function chunksOf({ id }: Pick<TestOrder, 'id'>): Promise<ChunkRow[]> {
  const { results } = await env.DB.prepare(
    `select idempotency_key as chunk, quantity,
       (select count(*) from license_keys where issuance_id = issuances.id) as keys
     from issuances where source = ? order by cast(idempotency_key as integer)`,
  )
    .bind(`queued:${id}`)
    .all<ChunkRow>()
  return results
}

export interface CallbackRow {
  readonly id: number
  readonly status: string
  readonly attempts: number
  readonly due_at: number
  readonly last_result: string | null
  readonly created_at: number
}

export async function callbackRows({ id }: Pick<TestOrder, 'id'>): Promise<CallbackRow[]> {
  const { results } = await env.DB.prepare('select * from deliveries where queued_order_id = ?')
    .bind(id)
    .all<CallbackRow>()
  return results
}

/** The requests that the receiver of an order's callback got. */
export function receivedCallbacks({ webhookUrl }: Pick<TestOrder, 'webhookUrl'>): Promise<OutboundRequest[]> {
  return requestsTo(webhookUrl)
}

/** A queue that collects its messages and delivers none. */
export function capturingQueue() {
  const messages: Message[] = []
  const queue = {
    async sendBatch(batch: Iterable<MessageSendRequest<Message>>) {
      messages.push(...[...batch].map(({ body }) => body))
    },
  } as unknown as Queue<Message>
  return { queue, messages }
}

/** The Worker's bindings with a queue that delivers nothing. */
export function envWithoutConsumer(db: D1Database = env.DB): Bindings {
  const { queue } = capturingQueue()
  return { ...env, DELIVERIES: queue, CALLBACKS: queue, DB: db }
}

/** A database for a consumer that crashes: it fails after this number of round trips. */
export function databaseFailingAfter(roundTrips: number): D1Database {
  let trips = 0
  return observe(env.DB, {
    before() {
      if (++trips > roundTrips) throw new Error('D1_ERROR: The consumer crashed.')
    },
  }).db
}

/** A database that fails in one round trip, before or after its commit. @param trip counted from 1 */
export function databaseFailingAt(trip: number, when: 'before' | 'after', message: string): D1Database {
  let trips = 0
  return observe(env.DB, {
    before() {
      if (++trips === trip && when === 'before') throw new Error(message)
    },
    after() {
      if (trips === trip && when === 'after') throw new Error(message)
    },
  }).db
}

/** Keys in a full chunk. */
export const CHUNK = 4

/** Processes the order until it is finished, in small chunks. */
export function processOrder(
  { id }: Pick<TestOrder, 'id'>,
  { db = env.DB, now = Date.now() } = {},
): Promise<ProcessingResult> {
  return processQueuedOrder(envWithoutConsumer(db), id, now, CHUNK)
}

/** Asserts that the order is issued in three chunks, of four, four and two keys. */
export async function expectIssued(order: TestOrder): Promise<void> {
  expect(await orderRow(order)).toMatchObject({ status: 'issued', chunks: 3, issued_quantity: 10 })
  expect(await chunksOf(order)).toEqual([
    { chunk: '0', quantity: 4, keys: 4 },
    { chunk: '1', quantity: 4, keys: 4 },
    { chunk: '2', quantity: 2, keys: 2 },
  ])
  expect(await callbackRows(order)).toMatchObject([{ status: 'pending', attempts: 0 }])
  const assigned = (await keysOf(order)).filter(({ status }) => status === 'assigned')
  expect(new Set(assigned.map((key) => key.license_key)).size).toBe(10)
}
