/** Makes the output of `wrangler dev` readable: the log of the Worker as text, and nothing that repeats on each request. */
import { stripVTControlCharacters } from 'node:util'

export type LogFormat = 'text' | 'json'

/** A line of the Worker's log (src/platform/log.ts). */
type Entry =
  | {
      readonly level: 'info'
      readonly method: string
      readonly endpoint: string | null
      readonly status: number
      readonly code: number | string | null
      readonly outcome: string | null
      readonly durationMs: number
    }
  | { readonly level: 'warning'; readonly requestId: string; readonly message: string }
  | {
      readonly level: 'error'
      readonly requestId: string
      readonly error: string
      readonly message?: string
      readonly at?: readonly string[]
    }

/** Lines of wrangler that a user of `npm start` does not need. */
const NOISE = [
  /^\s*$/,
  /^Using secrets defined in /,
  /^⎔ (Starting local server|Connection status updated)/,
  // Its lines about requests, queue batches and the start. Other messages have the same prefix.
  /^\[wrangler:info\] (Ready on|✨ Parsed|QUEUE|[A-Z]+ \/)/,
  // `npm start` triggers the schedule.
  /^▲ \[WARNING\] Scheduled Workers are not automatically triggered/,
  /^ +(To manually trigger a scheduled event|curl ".*\/cdn-cgi\/local\/scheduled"|For more details, see .*cron-triggers)/,
]

/**
 * @param time of day, for the lines of the log
 * @returns the line to print, or undefined to drop it
 */
export function formatLine(line: string, format: LogFormat, time: string): string | undefined {
  const json = jsonIn(line)
  if (json && format === 'json') return json
  // The nightly line about the size of the database.
  if (json?.startsWith('{"level":"info","job"')) return undefined
  if (json) return `${time} ${textOf(JSON.parse(json))}`
  const text = stripVTControlCharacters(line)
  // The next lines are the sender, the receiver, the subject, and the files with the contents.
  if (text.startsWith('[wrangler:info] send_email binding called')) return `${time} E-mail, not sent:`
  return NOISE.some((pattern) => pattern.test(text)) ? undefined : line
}

/** Whether a line belongs to wrangler's table of bindings, which it prints again after each change of a file. */
export function isBindingLine(line: string): boolean {
  return /^(Your Worker has access to the following bindings:$|Binding +Resource |env\.\w+ )/.test(line)
}

export function isRequestLine(line: string): boolean {
  return jsonIn(line)?.startsWith('{"level":"info","requestId"') ?? false
}

/** Wrangler marks the lines of `console.warn` and `console.error` with a colored prefix. */
function jsonIn(line: string): string | undefined {
  return /^(?:(?:▲ \[WARNING\]|✘ \[ERROR\]) )?(\{"level":"(?:info|warning|error)",.*\})$/.exec(
    stripVTControlCharacters(line),
  )?.[1]
}

function textOf(entry: Entry): string {
  if (entry.level === 'info') {
    const { method, endpoint, status, code, outcome, durationMs } = entry
    const results = [status, code !== null && `code ${code}`, outcome].filter(Boolean)
    return `${method} ${endpoint ?? '(unknown path)'} ${results.join(' ')} ${durationMs} ms`
  }
  if (entry.level === 'warning') return `WARNING ${entry.message} (${entry.requestId})`
  const { requestId, error, message, at = [] } = entry
  const frames = at.map((frame) => `\n    at ${frame}`)
  return `ERROR ${error}${message ? `: ${message}` : ''} (${requestId})${frames.join('')}`
}
