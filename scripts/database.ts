/** Runs SQL on the project's database, the local one or the one in production. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Statement } from '../src/db/batch.ts'
import { explained } from './database-faults.ts'
import { runOnLocalFile } from './local-database.ts'
import { runWranglerPrivately } from './wrangler.ts'

export type Place = 'local' | 'remote'

export type Row = Record<string, unknown>

/** The platform takes no longer statement, wherever it runs. */
const STATEMENT_BYTES_MAX = 100_000

/**
 * @param place which database
 * @param statement of at most 100 kB
 * @returns its rows
 * @throws Error as `runStatements`
 */
export async function runSql(place: Place, statement: string): Promise<Row[]> {
  return (await runStatements(place, [statement]))[0] ?? []
}

/**
 * Runs statements in one transaction. They may hold license keys and names: no other process sees them.
 *
 * @param statements of at most 100 kB each
 * @param signal ends it early; whether anything was written is not known then
 * @returns the rows of each
 * @throws Error with what to do, where the database is not migrated, busy or out of reach; otherwise with what SQLite or
 *   wrangler says
 */
export async function runStatements(
  place: Place,
  statements: readonly string[],
  signal?: AbortSignal,
): Promise<Row[][]> {
  for (const statement of statements) {
    if (Buffer.byteLength(statement) > STATEMENT_BYTES_MAX) {
      throw new Error(`A statement has more than ${STATEMENT_BYTES_MAX} bytes, which D1 refuses.`)
    }
  }
  try {
    return place === 'local'
      ? await runLocally(statements, signal)
      : await runInProduction(statements, signal)
  } catch (error) {
    throw explained(place, error)
  }
}

async function runLocally(statements: readonly string[], signal?: AbortSignal): Promise<Row[][]> {
  // SQLite lets nothing else happen meanwhile: signals and the screen get their turn before it.
  await nextTurn()
  signal?.throwIfAborted()
  return runOnLocalFile(statements)
}

async function runInProduction(statements: readonly string[], signal?: AbortSignal): Promise<Row[][]> {
  const command = ['d1', 'execute', 'DB', '--remote', '--json', '--command', statements.join(';\n')]
  const output = await runWranglerPrivately(command, signal)
  return (JSON.parse(output) as { results: Row[] }[]).map(({ results }) => results)
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
