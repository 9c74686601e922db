/** Work that no request waits for. */
import type { RecordUse } from '../callers/last-use.ts'
import type { AppContext } from './app.ts'

/** Records the use of a key or token, without delaying the answer. Nothing is recorded without the platform. */
export function recordAfterAnswer(context: AppContext, record: RecordUse, callerId: number): void {
  const platform = executionContextOf(context)
  const recorded = platform && record(context.env.DB, callerId, context.var.record.receivedAt)
  if (recorded) platform.waitUntil(recorded)
}

/** @returns undefined if the application runs without the platform, as in tests that count its round trips */
function executionContextOf(context: AppContext): AppContext['executionCtx'] | undefined {
  try {
    return context.executionCtx
  } catch {
    return undefined
  }
}
