/**
 * Queued orders between two batches: how far an order is, who may continue it, and the keys of its chunks.
 *
 * Guarantees: of all consumers that take an order up one may work on it, until its lease ends. Each time it is taken up
 * has a number, and a batch writes for an order only under the latest number.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Origin } from '../db/schema/index.ts'
import { type KeyAsIssued, licenseKeyObjects } from '../protocol/license-key-object.ts'
import { LEASE_MS } from '../queue/messages.ts'
import { issuedColumns, keysAsIssued } from './as-issued.ts'

/** An order as it stands after the last batch. */
export interface QueuedOrderState {
  readonly id: number
  readonly status: 'issuing' | 'releasing' | 'issued' | 'refused'
  readonly origin: Origin
  readonly quantity: number
  /** The chunks that are issued, or still to be released. */
  readonly chunks: number
  readonly issuedQuantity: number
  readonly requestedValidityDays: number | null
  readonly requestedActivationLimit: number | null
  /** How often it was taken up: the number of the consumer that did so last. */
  readonly attempts: number
  /** The delivery that reports it; null until it is finished. */
  readonly deliveryId: number | null
}

/** SQL: the order, as long as no other consumer has taken it up since. Placeholders: `id`, `attempts`. */
export const IS_MINE = '(queued_orders.id = :id and queued_orders.attempts = :attempts)'

/** The last statement of every batch that continues an order. Placeholder: `id`. */
export const selectState = compileText<QueuedOrderState>(`
  select queued_orders.id as id, queued_orders.status as status, origin, quantity, chunks,
    issued_quantity as issuedQuantity, requested_validity_days as requestedValidityDays,
    requested_activation_limit as requestedActivationLimit, queued_orders.attempts as attempts,
    deliveries.id as deliveryId
  from queued_orders left join deliveries on deliveries.queued_order_id = queued_orders.id
  where queued_orders.id = :id`)

/**
 * The callback of an order that has just been finished, once. Placeholders: `id`, `attempts`, `now`. It is due at once;
 * what becomes of it does not concern the order any more.
 */
export const insertCallback = compileText(`
  insert into deliveries (channel, status, due_at, created_at, updated_at, queued_order_id)
  select 'callback', 'pending', :now, :now, :now, id from queued_orders
  where ${IS_MINE} and status in ('issued', 'refused') on conflict do nothing`)

const claim = compileText<{ id: number }>(`
  update queued_orders set attempts = attempts + 1, due_at = :leaseEnd
  where id = :id and status in ('issuing', 'releasing') and due_at <= :now returning id`)

const postpone = compileText(`
  update queued_orders set due_at = :dueAt where ${IS_MINE} and status in ('issuing', 'releasing')`)

const selectChunk = compileText<{ issuedAt: number; keys: string }>(`
  select ${issuedColumns('true')} from issuances where source = :source and idempotency_key = :chunk`)

/** The values that find the issuance of a chunk. @param chunk from 0 */
function chunkNames(orderId: number, chunk: number) {
  return { source: `queued:${orderId}`, chunk: String(chunk) }
}

/** The values of the placeholders of a batch that continues an order with one of its chunks. @param chunk from 0 */
export function chunkValues(order: QueuedOrderState, chunk: number, now: number) {
  return { ...order, ...chunkNames(order.id, chunk), now, leaseEnd: now + LEASE_MS }
}

/**
 * Takes an order up.
 *
 * @returns undefined: it is not due, or it is finished
 */
export async function claimQueuedOrder(
  db: D1Database,
  id: number,
  now: number,
): Promise<QueuedOrderState | undefined> {
  const values = { id, now, leaseEnd: now + LEASE_MS }
  const [claimed, [state]] = await runBatch(db, [bind(claim, values), bind(selectState, values)])
  return claimed.length > 0 ? state : undefined
}

/** Leaves an order to the next consumer. @param dueAt milliseconds UTC */
export async function postponeQueuedOrder(
  db: D1Database,
  { id, attempts }: QueuedOrderState,
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

/** Reads the keys of one chunk: all keys of an order are too many to hold at once. @param chunk from 0 */
export async function readChunk(db: D1Database, orderId: number, chunk: number): Promise<IssuedChunk> {
  const [[row]] = await withRetries(() => runBatch(db, [bind(selectChunk, chunkNames(orderId, chunk))]))
  if (!row) throw new Error('Expected exactly one result row.')
  return { issuedAt: row.issuedAt, keys: keysAsIssued(row.keys) }
}

/** A callback holds the base64 of its response whole, a third longer: half of the 128 MB of an isolate. */
export const RESPONSE_BYTES_MAX = 48_000_000

/** @returns about how many bytes each key takes in the response */
export function keyBytes(ownerName: string, ownerEmail: string): number {
  const [object] = licenseKeyObjects({ productId: 1, ownerName, ownerEmail }, 0, [
    [1e9, crypto.randomUUID(), 1e6, 36_500, 0],
  ])
  return new TextEncoder().encode(`${JSON.stringify(object)},`).byteLength
}
