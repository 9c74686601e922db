/**
 * When a caller last called, to within an hour, so that an operator finds the keys that are no longer needed.
 *
 * No request waits for it: it is written after the answer, at most once an hour for each key and isolate. If the write
 * fails, the next hour repairs it.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { logFailure } from '../platform/log.ts'

const HOUR_MILLISECONDS = 3_600_000

/** @returns undefined if there is nothing to write. It never rejects */
export type RecordUse = (db: D1Database, callerId: number, now: number) => Promise<void> | undefined

/** @param table with the columns `id` and `last_used_at` */
export function useRecorder(table: 'api_keys' | 'operators'): RecordUse {
  const update = compileText(`update ${table} set last_used_at = :now
    where id = :callerId and (last_used_at is null or last_used_at < :now - ${HOUR_MILLISECONDS})`)
  const recordedAt = new Map<number, number>()
  return (db, callerId, now) => {
    if (now - (recordedAt.get(callerId) ?? 0) < HOUR_MILLISECONDS) return undefined
    recordedAt.set(callerId, now)
    return runBatch(db, [bind(update, { callerId, now })]).then(
      () => undefined,
      (error: unknown) => logFailure(`last use of ${table}`, error),
    )
  }
}
