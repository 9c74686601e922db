/**
 * The log: one JSON object a line, one line a request, and one for each failure. Never a key, a token, an e-mail
 * address or a name: of an error only what our own code or the database wrote is kept, since the message of any other
 * may quote what it choked on.
 */
import { DatabaseStatementError, DatabaseUnavailableError, UniqueConstraintError } from '../db/errors.ts'
import type { RequestRecord } from '../http/request-record.ts'
import { SettingError } from './setting-error.ts'

const SAFE_MESSAGES = [SettingError, DatabaseUnavailableError, DatabaseStatementError, UniqueConstraintError]

/**
 * Reports a request that was answered.
 *
 * @param status of HTTP
 */
export function logRequest(record: RequestRecord, status: number, durationMs: number): void {
  const { receivedAt: _, ...told } = record
  console.log(JSON.stringify({ level: 'info', ...told, status, durationMs }))
}

/** Reports what kept a request from being served. */
export function logFailure(requestId: string, error: unknown): void {
  const isSafe = SAFE_MESSAGES.some((kind) => error instanceof kind)
  console.error(
    JSON.stringify({
      level: 'error',
      requestId,
      error: error instanceof Error ? error.name : typeof error,
      ...(error instanceof Error && (isSafe ? { message: error.message } : { at: stackFrames(error) })),
    }),
  )
}

/** Where it happened, without the message that a stack begins with. */
function stackFrames(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n')
  return lines.flatMap((line) => /^\s+at (.*)$/.exec(line)?.[1] ?? []).slice(0, 8)
}
