/**
 * What the queue does about an order: issues it chunk by chunk, or takes back what it was given, until it has come
 * to its end. Whoever dies on the way leaves an order that the next one takes up where it stands.
 */
import { compileText } from '../db/batch.ts'
import type { Settings } from '../env.ts'
import { logFailure } from '../platform/log.ts'
import { backoffSeconds, WAIT_SECONDS_MAX } from '../queue/backoff.ts'
import { enqueue } from '../queue/enqueue.ts'
import { DONE, type Processing } from '../queue/processing.ts'
import { SWEPT_ROWS_MAX, sweep } from '../queue/sweep.ts'
import { CHUNK_QUANTITY, issueChunk } from './issue-chunk.ts'
import { claimQueuedOrder, postponeQueuedOrder, type QueuedOrderState } from './queued-order-state.ts'
import { releaseChunk } from './release-chunk.ts'

const selectOverdue = compileText<{ id: number }>(`
  select id from queued_orders where status in ('issuing', 'releasing') and due_at <= :overdue
  order by due_at limit ${SWEPT_ROWS_MAX}`)

/**
 * Takes an order to its end, if it is due and nobody else does so.
 *
 * @param id of the row in `queued_orders`
 * @param now milliseconds UTC
 * @param chunkQuantity the most keys in one chunk
 * @returns `again` after a failure: what was done by then is not done again
 * @throws DatabaseUnavailableError where the failure could not even be written down
 */
export async function processQueuedOrder(
  settings: Settings,
  id: number,
  now: number,
  chunkQuantity: number = CHUNK_QUANTITY,
): Promise<Processing> {
  const claimed = await claimQueuedOrder(settings.db, id, now)
  if (!claimed) return DONE
  try {
    const { attempts, deliveryId } = await finish(settings.db, claimed, now, chunkQuantity)
    const isMine = attempts === claimed.attempts
    if (isMine && deliveryId !== null) await enqueue(settings, [{ kind: 'callback', id: deliveryId }])
    return DONE
  } catch (error) {
    logFailure(`queued-order ${id}`, error)
    return tryLater(settings, claimed, now)
  }
}

/** @returns the order at its end, or where somebody else has taken it up */
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
    if (!next || isSame(next, order)) throw new Error('Each batch takes a queued order further.')
    order = next
  }
  return order
}

function isSame(one: QueuedOrderState, other: QueuedOrderState): boolean {
  return one.attempts === other.attempts && one.status === other.status && one.chunks === other.chunks
}

/** An order is never given up: keys may have been issued for it that nobody knows of yet. */
async function tryLater(settings: Settings, order: QueuedOrderState, now: number): Promise<Processing> {
  const delaySeconds = backoffSeconds(order.attempts) ?? WAIT_SECONDS_MAX
  await postponeQueuedOrder(settings.db, order, now + delaySeconds * 1000)
  return { kind: 'again', delaySeconds }
}

/** Wakes the consumer for orders whose message was lost. @param now milliseconds UTC */
export function sweepQueuedOrders(settings: Settings, now: number): Promise<void> {
  return sweep(settings, 'queued-order', selectOverdue, now)
}
