/**
 * The queue consumer for queued orders. It issues or releases an order chunk by chunk until the order is
 * finished. If a consumer crashes, the next one resumes the order.
 */
import { compileText } from '../db/batch.ts'
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import { enqueue } from '../queue/enqueue.ts'
import { backoffSeconds, DELAY_SECONDS_MAX, DONE, type ProcessingResult } from '../queue/messages.ts'
import { SWEEP_ROWS_MAX, sweep } from '../queue/sweep.ts'
import { CHUNK_QUANTITY, issueChunk } from './issue-chunk.ts'
import { claimQueuedOrder, postponeQueuedOrder, type QueuedOrder } from './queued-chunks.ts'
import { releaseChunk } from './release-chunk.ts'

const selectOverdue = compileText<{ id: number }>(`
  select id from queued_orders where status in ('issuing', 'releasing') and due_at <= :overdue
  order by due_at limit ${SWEEP_ROWS_MAX}`)

/**
 * Finishes an order, unless it is not due or another consumer holds its lease.
 *
 * @param now milliseconds UTC
 * @throws DatabaseUnavailableError if the retry could not be scheduled
 */
export async function processQueuedOrder(
  env: Bindings,
  id: number,
  now: number,
  chunkQuantity: number = CHUNK_QUANTITY,
): Promise<ProcessingResult> {
  const claimed = await claimQueuedOrder(env.DB, id, now)
  if (!claimed) return DONE
  try {
    const { attempts, deliveryId } = await finish(env.DB, claimed, now, chunkQuantity)
    const hasLease = attempts === claimed.attempts
    if (hasLease && deliveryId !== null) await enqueue(env, [{ kind: 'callback', id: deliveryId }])
    return DONE
  } catch (error) {
    logFailure(`queued-order ${id}`, error)
    return scheduleRetry(env, claimed, now)
  }
}

/** @returns the finished order, or the order as claimed by another consumer */
async function finish(
  db: D1Database,
  claimed: QueuedOrder,
  now: number,
  chunkQuantity: number,
): Promise<QueuedOrder> {
  const startedAt = Date.now()
  let order = claimed
  while (
    order.attempts === claimed.attempts &&
    (order.status === 'issuing' || order.status === 'releasing')
  ) {
    const currentTime = now + Date.now() - startedAt
    const next: QueuedOrder | undefined =
      order.status === 'issuing'
        ? await issueChunk(db, order, currentTime, chunkQuantity)
        : await releaseChunk(db, order, currentTime)
    if (!next || isSame(next, order)) throw new Error('A batch did not continue the queued order.')
    order = next
  }
  return order
}

function isSame(one: QueuedOrder, other: QueuedOrder): boolean {
  return one.attempts === other.attempts && one.status === other.status && one.chunks === other.chunks
}

/** Retries have no limit, because keys of unfinished orders may be issued but not reported. */
async function scheduleRetry(env: Bindings, order: QueuedOrder, now: number): Promise<ProcessingResult> {
  const delaySeconds = backoffSeconds(order.attempts) ?? DELAY_SECONDS_MAX
  await postponeQueuedOrder(env.DB, order, now + delaySeconds * 1000)
  return { kind: 'retry', delaySeconds }
}

/** Enqueues orders whose message was lost. @param now milliseconds UTC */
export function sweepQueuedOrders(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'queued-order', selectOverdue, now)
}
