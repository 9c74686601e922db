/**
 * Who may send a delivery, and what came of it.
 *
 * Guarantees: of all who want to send a delivery at the same time one may, for as long as its lease lasts; one
 * that is not due, or neither pending, is nobody's; what came of an attempt is written down only while the
 * delivery is still pending and no later attempt has begun.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { CALLBACK_LEASE_MS, LEASE_MS } from '../queue/processing.ts'
import { type Attempt, type Consignment, consignmentIn, selectConsignment } from './consignment.ts'

/** What an attempt ends with. */
export interface Conclusion {
  readonly status: 'pending' | 'delivered' | 'failed' | 'cancelled'
  /** What it met with. */
  readonly result: string
  /** Of a pending delivery: when it is tried again, in milliseconds UTC. */
  readonly dueAt?: number
}

const claim = compileText<Omit<Attempt, 'id'>>(`
  update deliveries set attempts = attempts + 1, updated_at = :now,
    due_at = iif(channel = 'callback', :callbackLeaseEnd, :leaseEnd)
  where id = :id and status = 'pending' and due_at <= :now
  returning attempts, created_at as createdAt`)

const conclude = compileText(`
  update deliveries set status = :status, due_at = coalesce(:dueAt, due_at), last_result = :result,
    updated_at = :now
  where id = :id and status = 'pending' and attempts = :attempts`)

const abandon = compileText(`
  update deliveries set status = 'failed', last_result = :result, updated_at = :now
  where id = :id and status = 'pending'`)

/**
 * Takes a delivery for one attempt.
 *
 * @param now milliseconds UTC
 * @returns what to send, or undefined: there is nothing to do, or somebody else does it
 */
export async function claimDelivery(
  db: D1Database,
  id: number,
  now: number,
): Promise<Consignment | undefined> {
  const values = { id, now, leaseEnd: now + LEASE_MS, callbackLeaseEnd: now + CALLBACK_LEASE_MS }
  const [[claimed], [issuance], [callback]] = await runBatch(db, [
    bind(claim, values),
    ...selectConsignment(values),
  ])
  return claimed && consignmentIn({ id, ...claimed }, issuance, callback)
}

/** Writes down what came of an attempt. It may be written twice, so what the database loses is tried again. */
export async function concludeAttempt(
  db: D1Database,
  { id, attempts }: Attempt,
  { status, result, dueAt }: Conclusion,
  now: number,
): Promise<void> {
  const values = { id, attempts, status, result, dueAt: dueAt ?? null, now }
  await withRetries(() => runBatch(db, [bind(conclude, values)]))
}

/** Gives up a delivery, unless it came to an end already. */
export async function abandonDelivery(db: D1Database, id: number, now: number): Promise<void> {
  await runBatch(db, [bind(abandon, { id, now, result: 'gave up' })])
}
