/** Recovers from lost messages: finds overdue rows that no consumer has processed. */
import { bind, runBatch, type Statement } from '../db/batch.ts'
import type { Bindings } from '../platform/settings.ts'
import { enqueue } from './enqueue.ts'
import type { Message } from './messages.ts'

/** Gives slow messages time to arrive. */
const OVERDUE_MS = 60_000
/** The most rows of a kind that are woken per minute. The next sweep finds the others. */
export const SWEEP_ROWS_MAX = 100

/**
 * @param select returns the ids of the rows that were due at `:overdue`
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
