/** What a lost message left behind: a delivery that has been due for a while and that nobody has sent. */
import { bind, compileText, runBatch } from '../db/batch.ts'
import type { Settings } from '../env.ts'
import { enqueue } from './enqueue.ts'

/** A message that is merely under way has arrived by then. */
const OVERDUE_MS = 60_000
const SWEPT_ROWS_MAX = 100

const selectOverdue = compileText<{ id: number }>(`
  select id from deliveries where status = 'pending' and due_at <= :overdue
  order by due_at limit ${SWEPT_ROWS_MAX}`)

/** Run each minute. @param now milliseconds UTC */
export async function sweepDeliveries(settings: Settings, now: number): Promise<void> {
  const [rows] = await runBatch(settings.db, [bind(selectOverdue, { overdue: now - OVERDUE_MS })])
  await enqueue(
    settings,
    rows.map(({ id }) => ({ kind: 'delivery', id }) as const),
  )
}
