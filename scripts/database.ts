/** Runs SQL on the project's database, the local one or the one in production. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Statement } from '../src/db/batch.ts'
import { explained, isBusy } from './database-faults.ts'
import { runWranglerPrivately } from './wrangler.ts'

export type Place = 'local' | 'remote'

export type Row = Record<string, unknown>

/** How long a busy local database is tried again, and how long it is left alone in between, on average. */
const BUSY_MS_MAX = 10_000
const BUSY_WAIT_MS = 300

/**
 * @param place which database
 * @param sql one or more statements, each of at most 100 kB: the platform takes no longer one
 * @returns the rows of the last statement
 * @throws Error as `runStatements`
 */
export async function runSql(place: Place, sql: string): Promise<Row[]> {
  return (await runStatements(place, [sql])).at(-1) ?? []
}

/**
 * Runs statements in one transaction. They may hold license keys and names: no other process sees them.
 *
 * @param signal ends it early; whether anything was written is not known then
 * @returns the rows of each
 * @throws Error with what to do, where the database is not migrated, busy or out of reach; otherwise with what wrangler says
 */
export async function runStatements(
  place: Place,
  statements: readonly string[],
  signal?: AbortSignal,
): Promise<Row[][]> {
  const parameters = ['d1', 'execute', 'DB', `--${place}`, '--json', '--command', statements.join(';\n')]
  try {
    const output = await againWhileBusy(place, () => runWranglerPrivately(parameters, signal))
    return (JSON.parse(output) as { results: Row[] }[]).map(({ results }) => results)
  } catch (error) {
    throw explained(place, error)
  }
}

/**
 * The local database is a file that the service of `npm start` writes, too. Who meets it there is refused at the first
 * statement that writes, and all statements of a call are one transaction: nothing was written, so nothing is doubled.
 */
async function againWhileBusy(place: Place, run: () => Promise<string>): Promise<string> {
  for (const end = Date.now() + BUSY_MS_MAX; ; ) {
    try {
      return await run()
    } catch (error) {
      if (place !== 'local' || !isBusy(error) || Date.now() > end) throw error
      // A random wait: what is written every few seconds is not met again and again.
      await wait(BUSY_WAIT_MS * (0.5 + Math.random()))
    }
  }
}

/** A text as an SQL literal. Control characters are refused: what is shown in a list should be visible. */
export function sqlText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new Error('Control characters are not allowed.')
  return `'${text.replaceAll("'", "''")}'`
}

/** A value as JSON text in an SQL literal; its control characters are escaped there. */
export function sqlJson(value: unknown): string {
  return sqlText(JSON.stringify(value))
}

/** What a placeholder may stand for. */
export type SqlValue = string | number | null

/**
 * A statement of the Worker with its values written into its text: wrangler takes nothing but text.
 *
 * @throws Error where a value is missing, or holds control characters
 */
export function filledIn(
  { sql, placeholders }: Statement<unknown>,
  values: Readonly<Record<string, SqlValue>>,
): string {
  return sql.replaceAll(/\?(\d+)/g, (_, number: string) => {
    const name = placeholders[Number(number) - 1] ?? ''
    const value = values[name]
    if (value === undefined) throw new Error(`The statement needs a value for ${name}.`)
    return typeof value === 'string' ? sqlText(value) : String(value)
  })
}
