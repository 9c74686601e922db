/** Operations are remembered for thirty days: nobody repeats a request after that, and the table would only grow. */
import { bind, compileText, runBatch } from '../db/batch.ts'
import type { Settings } from '../env.ts'

export const REMEMBERED_DAYS = 30
const FORGOTTEN_ROWS_MAX = 1_000

/** Ids follow time closely enough: only the oldest rows are looked at, so no index on the time is paid for. */
const forget = compileText<{ id: number }>(`
delete from operations where created_at < :before
  and id in (select id from operations order by id limit ${FORGOTTEN_ROWS_MAX})
returning id`)

/** Run each night, in pieces that hold nobody up. @param now milliseconds UTC */
export async function forgetOperations({ db }: Settings, now: number): Promise<void> {
  const before = now - REMEMBERED_DAYS * 86_400_000
  for (let forgotten = FORGOTTEN_ROWS_MAX; forgotten === FORGOTTEN_ROWS_MAX; ) {
    const [rows] = await runBatch(db, [bind(forget, { before })])
    forgotten = rows.length
  }
}
