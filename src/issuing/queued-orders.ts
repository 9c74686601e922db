/**
 * What the queue does with an order: issues it chunk by chunk, or releases its chunks, until it is finished. If a
 * consumer crashes, the next one resumes the order.
 */
import { compileText } from '../db/batch.ts'
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import { enqueue } from '../queue/enqueue.ts'
import { backoffSeconds, DELAY_SECONDS_MAX, DONE, type ProcessingResult } from '../queue/messages.ts'
import { SWEEP_ROWS_MAX, sweep } from '../queue/sweep.ts'
import { CHUNK_QUANTITY, issueChunk } from './issue-chunk.ts'
import { claimQueuedOrder, postponeQueuedOrder, type QueuedOrderState } from './queued-chunks.ts'
import { releaseChunk } from './release-chunk.ts'

const selectOverdue = compileText<{ id: number }>(`
  select id from queued_orders where status in ('issuing', 'releasing') and due_at <= :overdue
  order by due_at limit ${SWEEP_ROWS_MAX}`)

/**
 * Finishes an order, if it is due and no other consumer works on it.
 *
 * @param id of the row in `queued_orders`
 * @param now milliseconds UTC
 * @param chunkQuantity the most keys in one chunk
 * @returns `again` after a failure: what was done by then is not done again
 * @throws DatabaseUnavailableError where not even the failure could be stored
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
    const isMine = attempts === claimed.attempts
    if (isMine && deliveryId !== null) await enqueue(env, [{ kind: 'callback', id: deliveryId }])
    return DONE
  } catch (error) {
    logFailure(`queued-order ${id}`, error)
    return tryLater(env, claimed, now)
  }
}

/** @returns the finished order, or the order as another consumer has taken it up */
async function finish(
  db: D1Database,
  claimed: QueuedOrderState,
  now: number,
  chunkQuantity: number,
): Promise<QueuedOrderState> {
  const startedAt = Date.now()
  let order = claimed
  while (
    order.attempts === claimed.attempts &&
    (order.status === 'issuing' || order.status === 'releasing')
  ) {
    const present = now + Date.now() - startedAt
    const next: QueuedOrderState | undefined =
      order.status === 'issuing'
        ? await issueChunk(db, order, present, chunkQuantity)
        : await releaseChunk(db, order, present)
    if (!next || isSame(next, order)) throw new Error('A batch did not continue the queued order.')
    order = next
  }
  return order
}

function isSame(one: QueuedOrderState, other: QueuedOrderState): boolean {
  return one.attempts === other.attempts && one.status === other.status && one.chunks === other.chunks
}

/** An order is never given up: keys may have been issued for it that nobody knows of yet. */
async function tryLater(env: Bindings, order: QueuedOrderState, now: number): Promise<ProcessingResult> {
  const delaySeconds = backoffSeconds(order.attempts) ?? DELAY_SECONDS_MAX
  await postponeQueuedOrder(env.DB, order, now + delaySeconds * 1000)
  return { kind: 'retry', delaySeconds }
}

/** Wakes the consumer for orders whose message was lost. @param now milliseconds UTC */
export function sweepQueuedOrders(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'queued-order', selectOverdue, now)
}
