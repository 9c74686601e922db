/** Runs SQL on the project's database, the local one or the one in production. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Statement } from '../src/db/batch.ts'
import { explainedError } from './database-faults.ts'
import { runOnLocalFile } from './local-database.ts'
import { runWranglerPrivately } from './wrangler.ts'

export type Place = 'local' | 'remote'

export type Row = Record<string, unknown>

/** D1's limit, locally and in production. */
const STATEMENT_BYTES_MAX = 100_000

/**
 * @param statement of at most 100 kB
 * @returns its rows
 * @throws Error as `runStatements` does
 */
export async function runSql(place: Place, statement: string): Promise<Row[]> {
  return (await runStatements(place, [statement]))[0] ?? []
}

/**
 * Runs statements in one transaction. They may contain license keys and names, so no other process can see them.
 *
 * @param statements of at most 100 kB each
 * @param signal aborts; whether anything was written is then unknown
 * @returns the rows of each statement
 * @throws Error that says what to do if the database is not migrated, busy or unreachable; otherwise the error of SQLite
 *   or wrangler
 */
export async function runStatements(
  place: Place,
  statements: readonly string[],
  signal?: AbortSignal,
): Promise<Row[][]> {
  for (const statement of statements) {
    if (Buffer.byteLength(statement) > STATEMENT_BYTES_MAX) {
      throw new Error(`A statement has more than ${STATEMENT_BYTES_MAX} bytes, which is D1's limit.`)
    }
  }
  try {
    return place === 'local'
      ? await runLocally(statements, signal)
      : await runInProduction(statements, signal)
  } catch (error) {
    throw explainedError(place, error)
  }
}

async function runLocally(statements: readonly string[], signal?: AbortSignal): Promise<Row[][]> {
  // SQLite blocks the event loop: let pending signals and output run first.
  await nextTurn()
  signal?.throwIfAborted()
  return runOnLocalFile(statements)
}

async function runInProduction(statements: readonly string[], signal?: AbortSignal): Promise<Row[][]> {
  const command = ['d1', 'execute', 'DB', '--remote', '--json', '--command', statements.join(';\n')]
  const output = await runWranglerPrivately(command, signal)
  return (JSON.parse(output) as { results: Row[] }[]).map(({ results }) => results)
}

/** A text as an SQL literal. Rejects control characters, which would be invisible in a list. */
export function sqlText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new Error('Control characters are not allowed.')
  return `'${text.replaceAll("'", "''")}'`
}

/** A value as JSON text in an SQL literal. JSON escapes control characters. */
export function sqlJson(value: unknown): string {
  return sqlText(JSON.stringify(value))
}

/** The values of placeholders. */
export type SqlValue = string | number | null

/**
 * A statement of the Worker with its values as literals, since wrangler accepts only text.
 *
 * @throws Error if a value is missing or contains control characters
 */
export function inlineValues(
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
