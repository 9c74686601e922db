/** What a lost message left behind: rows that have been due for a while and that nobody has taken up. */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import type { Settings } from '../env.ts'
import { enqueue } from './enqueue.ts'
import type { Message } from './messages.ts'

/** A message that is merely under way has arrived by then. */
const OVERDUE_MS = 60_000
/** As many are woken in a minute; the others are there in the next one. */
export const SWEPT_ROWS_MAX = 100

/** @param channels SQL, a condition */
function selectOverdue(channels: string) {
  return compileText<{ id: number }>(`
    select id from deliveries where status = 'pending' and due_at <= :overdue and ${channels}
    order by due_at limit ${SWEPT_ROWS_MAX}`)
}

const selectOverdueDeliveries = selectOverdue(`channel <> 'callback'`)
const selectOverdueCallbacks = selectOverdue(`channel = 'callback'`)

/**
 * Wakes the consumer for overdue rows.
 *
 * @param kind of the rows
 * @param select the ids of the rows that were due at `:overdue`
 * @param now milliseconds UTC
 */
export async function sweep(
  settings: Settings,
  kind: Message['kind'],
  select: Statement<{ id: number }>,
  now: number,
): Promise<void> {
  const [rows] = await runBatch(settings.db, [bind(select, { overdue: now - OVERDUE_MS })])
  await enqueue(
    settings,
    rows.map(({ id }) => ({ kind, id })),
  )
}

/** Run each minute. @param now milliseconds UTC */
export function sweepDeliveries(settings: Settings, now: number): Promise<void> {
  return sweep(settings, 'delivery', selectOverdueDeliveries, now)
}

/** Run each minute. @param now milliseconds UTC */
export function sweepCallbacks(settings: Settings, now: number): Promise<void> {
  return sweep(settings, 'callback', selectOverdueCallbacks, now)
}
