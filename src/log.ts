/**
 * The log: one JSON object a line, one line a request, and one for each failure. Never a key, a token, an e-mail
 * address or a name: of an error only what our own code or the database wrote is kept, since the message of any other
 * may quote what it choked on.
 */
import { DatabaseStatementError, DatabaseUnavailableError, UniqueConstraintError } from './db/errors.ts'
import { CODES } from './envelope/codes.ts'
import type { RequestRecord } from './request-record.ts'
import { SettingError } from './setting-error.ts'

const SAFE_MESSAGES = [SettingError, DatabaseUnavailableError, DatabaseStatementError, UniqueConstraintError]

/** Answers that leave open whether the given API key is one: then it may be somebody's password, sent by mistake. */
const KEY_IS_UNPROVEN: ReadonlySet<unknown> = new Set(
  [
    CODES.apiKeyUnknown,
    CODES.accessDenied,
    CODES.tooManyRequests,
    CODES.internalError,
    CODES.serviceUnavailable,
  ].map(({ code }) => code),
)

/** Twelve hexadecimal digits tell an owner's API keys apart, and find no other key. */
const HASH_START_LENGTH = 12

/**
 * Reports a request that was answered. `apiKey` is the start of the key's SHA-256, as `api_keys.key_hash` begins: its
 * id is known inside the database only, and to ask for it would cost every statement something.
 *
 * @param status of HTTP
 */
export function logRequest(record: RequestRecord, status: number, durationMs: number): void {
  const { apiKeyHash, receivedAt: _, ...told } = record
  const isKeyTold = apiKeyHash !== null && !KEY_IS_UNPROVEN.has(record.code)
  const apiKey = isKeyTold ? apiKeyHash.slice(0, HASH_START_LENGTH) : null
  console.log(JSON.stringify({ level: 'info', ...told, status, apiKey, durationMs }))
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
