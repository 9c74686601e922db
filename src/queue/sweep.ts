/** Finds what lost messages left behind: rows that have been due for a while and that no consumer has taken up. */
import { bind, runBatch, type Statement } from '../db/batch.ts'
import type { Bindings } from '../platform/settings.ts'
import { enqueue } from './enqueue.ts'
import type { Message } from './messages.ts'

/** A message that is merely slow has arrived by then. */
const OVERDUE_MS = 60_000
/** How many rows of a kind are woken each minute. The next minute finds the others. */
export const SWEPT_ROWS_MAX = 100

/**
 * Wakes the consumer for overdue rows.
 *
 * @param kind of the rows
 * @param select the ids of the rows that were due at `:overdue`
 * @param now milliseconds UTC
 */
export async function sweep(
  env: Bindings,
  kind: Message['kind'],
  select: Statement<{ id: number }>,
  now: number,
): Promise<void> {
  const [rows] = await runBatch(env.DB, [bind(select, { overdue: now - OVERDUE_MS })])
  await enqueue(
    env,
    rows.map(({ id }) => ({ kind, id })),
  )
}
