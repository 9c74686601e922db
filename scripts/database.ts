/** Runs SQL on the project's database, the local one or the one in production. */
import { replacePlaceholders } from '../src/db/placeholders.ts'
import { runWranglerPrivately } from './wrangler.ts'

export type Place = 'local' | 'remote'

export type Row = Record<string, unknown>

/**
 * @param place which database
 * @param sql one or more statements, each of at most 100 kB: the platform takes no longer one
 * @returns the rows of the last statement
 */
export async function runSql(place: Place, sql: string): Promise<Row[]> {
  return (await runStatements(place, [sql])).at(-1) ?? []
}

/**
 * Runs statements in one transaction. They may hold license keys and names: no other process sees them.
 *
 * @returns the rows of each
 */
export async function runStatements(place: Place, statements: readonly string[]): Promise<Row[][]> {
  const sql = statements.join(';\n')
  const output = await runWranglerPrivately('d1', 'execute', 'DB', `--${place}`, '--json', '--command', sql)
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
 * A statement of the Worker's, whose placeholders (`:name`) are values there, as one that needs none: wrangler takes
 * nothing but text.
 *
 * @throws Error where a value is missing, or holds control characters
 */
export function filledIn(sql: string, values: Readonly<Record<string, SqlValue>>): string {
  return replacePlaceholders(sql, (name) => {
    const value = values[name]
    if (value === undefined) throw new Error(`The statement needs a value for ${name}.`)
    return typeof value === 'string' ? sqlText(value) : String(value)
  })
}
