/**
 * The log: one JSON object a line, one line for each request and one for each failure. It never holds a key, a token,
 * an e-mail address or a name. The message of an error is logged only where our own code or the database wrote it,
 * since any other message may quote its input.
 */

/** An error whose message holds nothing but our own words, or names of tables and columns: it may be logged. */
export class LoggableError extends Error {}

/** Reports a request that was answered. @param line what may be read by the operator: see http/request-record.ts */
export function logRequest(line: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ level: 'info', ...line }))
}

/** Reports what kept a request from being served. */
export function logFailure(requestId: string, error: unknown): void {
  console.error(
    JSON.stringify({
      level: 'error',
      requestId,
      error: error instanceof Error ? error.name : typeof error,
      ...(error instanceof Error &&
        (error instanceof LoggableError ? { message: error.message } : { at: stackFrames(error) })),
    }),
  )
}

/** Where it happened, without the message that a stack begins with. */
function stackFrames(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n')
  return lines.flatMap((line) => /^\s+at (.*)$/.exec(line)?.[1] ?? []).slice(0, 8)
}
