/**
 * The state and the leases of queued orders. Only one consumer holds the lease of an order: each claim
 * increments `attempts`, and a batch writes only if `attempts` is still the same.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Origin } from '../db/schema/index.ts'
import { parseTexts } from '../db/texts.ts'
import { type KeyAsIssued, licenseKeyObjects } from '../protocol/license-key-object.ts'
import { LEASE_MS } from '../queue/messages.ts'
import { selectKeysAsIssued } from './as-issued.ts'

export interface QueuedOrder {
  readonly id: number
  readonly status: 'issuing' | 'releasing' | 'issued' | 'refused'
  readonly origin: Origin
  readonly quantity: number
  /** The number of chunks that are issued and not released. */
  readonly chunks: number
  readonly issuedQuantity: number
  readonly requestedValidityDays: number | null
  readonly requestedActivationLimit: number | null
  /** The number of claims. It identifies the consumer that claimed the order last. */
  readonly attempts: number
  /** The callback that reports the order. null until the order is finished. */
  readonly deliveryId: number | null
}

/** An SQL condition: no other consumer has claimed the order. Placeholders: `id`, `attempts`. */
export const HAS_LEASE = '(queued_orders.id = :id and queued_orders.attempts = :attempts)'

/** The last statement of every batch that continues an order. Placeholder: `id`. */
export const selectState = compileText<QueuedOrder>(`
  select queued_orders.id as id, queued_orders.status as status, origin, quantity, chunks,
    issued_quantity as issuedQuantity, requested_validity_days as requestedValidityDays,
    requested_activation_limit as requestedActivationLimit, queued_orders.attempts as attempts,
    deliveries.id as deliveryId
  from queued_orders left join deliveries on deliveries.queued_order_id = queued_orders.id
  where queued_orders.id = :id`)

/** Creates the callback of a finished order, due immediately. Placeholders: `id`, `attempts`, `now`. */
export const insertCallback = compileText(`
  insert into deliveries (channel, status, due_at, created_at, updated_at, queued_order_id)
  select 'callback', 'pending', :now, :now, :now, id from queued_orders
  where ${HAS_LEASE} and status in ('issued', 'refused') on conflict do nothing`)

const claim = compileText<{ id: number }>(`
  update queued_orders set attempts = attempts + 1, due_at = :leaseEnd
  where id = :id and status in ('issuing', 'releasing') and due_at <= :now returning id`)

const postpone = compileText(`
  update queued_orders set due_at = :dueAt where ${HAS_LEASE} and status in ('issuing', 'releasing')`)

const IS_CHUNK = 'issuances.source = :source and issuances.idempotency_key = :chunk'

const selectChunk = compileText<{ issuedAt: number }>(`
  select created_at as issuedAt from issuances where ${IS_CHUNK}`)

const selectChunkKeys = selectKeysAsIssued(IS_CHUNK)

/** The source and idempotency key of a chunk's issuance. @param chunk from 0 */
function chunkIdentity(orderId: number, chunk: number) {
  return { source: `queued:${orderId}`, chunk: String(chunk) }
}

/** Values for the placeholders of a batch that issues or releases a chunk. @param chunk from 0 */
export function chunkValues(order: QueuedOrder, chunk: number, now: number) {
  return { ...order, ...chunkIdentity(order.id, chunk), now, leaseEnd: now + LEASE_MS }
}

/** @returns undefined if the order is finished or not due */
export async function claimQueuedOrder(
  db: D1Database,
  id: number,
  now: number,
): Promise<QueuedOrder | undefined> {
  const values = { id, now, leaseEnd: now + LEASE_MS }
  const [claimed, [state]] = await runBatch(db, [bind(claim, values), bind(selectState, values)])
  return claimed.length > 0 ? state : undefined
}

/** @param dueAt milliseconds UTC */
export async function postponeQueuedOrder(
  db: D1Database,
  { id, attempts }: QueuedOrder,
  dueAt: number,
): Promise<void> {
  await runBatch(db, [bind(postpone, { id, attempts, dueAt })])
}

export interface IssuedChunk {
  /** Milliseconds UTC. */
  readonly issuedAt: number
  /** By ascending id. */
  readonly keys: readonly KeyAsIssued[]
}

/** Reads one chunk, because all keys of an order would need too much memory. @param chunk from 0 */
export async function readChunk(db: D1Database, orderId: number, chunk: number): Promise<IssuedChunk> {
  const values = chunkIdentity(orderId, chunk)
  const [[row], keys] = await withRetries(() =>
    runBatch(db, [bind(selectChunk, values), bind(selectChunkKeys, values)]),
  )
  if (!row) throw new Error('Expected exactly one result row.')
  return { issuedAt: row.issuedAt, keys: parseTexts(keys) }
}

/** A callback keeps the base64 of its response in memory: 64 MB, half of the memory of an isolate. */
export const RESPONSE_BYTES_MAX = 48_000_000

/** @returns the approximate size of one key in the response, in bytes */
export function keyBytes(ownerName: string, ownerEmail: string): number {
  const [object] = licenseKeyObjects({ productId: 1, ownerName, ownerEmail }, 0, [
    [1e9, crypto.randomUUID(), 1e6, 36_500, 0],
  ])
  return new TextEncoder().encode(`${JSON.stringify(object)},`).byteLength
}
