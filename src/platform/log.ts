/** The log: one line of JSON for each request, warning and failure, without keys, tokens, e-mail addresses and names. */

/**
 * An error whose message may be logged, because Keyseal or the database wrote it. Messages of other errors may quote their
 * input.
 */
export class LoggableError extends Error {}

/** @param record see http/request-record.ts */
export function logRequest(record: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ level: 'info', ...record }))
}

/**
 * For what succeeded but puts the operator at risk.
 *
 * @param message a sentence of Keyseal without its period and without anything from the request
 */
export function logWarning(requestId: string, message: string): void {
  console.warn(JSON.stringify({ level: 'warning', requestId, message }))
}

/**
 * A line about something other than a request.
 *
 * @param facts numbers, and no data of anyone
 */
export function logJob(job: string, facts: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ level: 'info', job, ...facts }))
}

/** @param requestId or the name of the background job that failed */
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

/** The stack without its first line, which is the message. */
function stackFrames(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n')
  return lines.flatMap((line) => /^\s+at (.*)$/.exec(line)?.[1] ?? []).slice(0, 8)
}
