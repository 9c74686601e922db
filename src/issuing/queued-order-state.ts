/**
 * How far a queued order is, and who may take it further.
 *
 * Guarantees: of all who take an order up one may work on it, for as long as its lease lasts; each time it is taken
 * up has a number, and what writes for an order does so only under the latest.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import type { Origin } from '../db/schema/index.ts'
import { LEASE_MS } from '../queue/processing.ts'

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
  /** How often it was taken up: the number of whoever did so last. */
  readonly attempts: number
  /** The delivery that tells of it; null until it has come to its end. */
  readonly deliveryId: number | null
}

/** SQL: the order, as long as it was taken up by nobody else since. Placeholders: `id`, `attempts`. */
export const IS_MINE = '(queued_orders.id = :id and queued_orders.attempts = :attempts)'

/** The last statement of every batch that takes an order further. Placeholder: `id`. */
export const selectState = compileText<QueuedOrderState>(`
  select queued_orders.id as id, queued_orders.status as status, origin, quantity, chunks,
    issued_quantity as issuedQuantity, requested_validity_days as requestedValidityDays,
    requested_activation_limit as requestedActivationLimit, queued_orders.attempts as attempts,
    deliveries.id as deliveryId
  from queued_orders left join deliveries on deliveries.queued_order_id = queued_orders.id
  where queued_orders.id = :id`)

/**
 * What tells of an order that has just come to its end, once. Placeholders: `id`, `attempts`, `now`. The first
 * callback is due at once; what becomes of it is no matter of the order any more.
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

/** @returns until when nobody else takes an order up, from now on */
export function leaseEnd(now: number): number {
  return now + LEASE_MS
}

/**
 * Takes an order up.
 *
 * @param now milliseconds UTC
 * @returns undefined: it is not due, or has come to its end
 */
export async function claimQueuedOrder(
  db: D1Database,
  id: number,
  now: number,
): Promise<QueuedOrderState | undefined> {
  const values = { id, now, leaseEnd: leaseEnd(now) }
  const [claimed, [state]] = await runBatch(db, [bind(claim, values), bind(selectState, values)])
  return claimed.length > 0 ? state : undefined
}

/** Leaves an order to whoever takes it up when it is due. @param dueAt milliseconds UTC */
export async function postponeQueuedOrder(
  db: D1Database,
  { id, attempts }: QueuedOrderState,
  dueAt: number,
): Promise<void> {
  await runBatch(db, [bind(postpone, { id, attempts, dueAt })])
}
