/** Runs SQL on the project's database, the local one or the one in production. */
import { runWrangler } from './wrangler.ts'

export type Place = 'local' | 'remote'

/**
 * @param place which database
 * @param sql one or more statements, without secrets: they are seen in the list of processes
 * @returns the rows of the last statement
 */
export async function runSql(place: Place, sql: string): Promise<Record<string, unknown>[]> {
  const output = await runWrangler('d1', 'execute', 'DB', `--${place}`, '--json', '--command', sql)
  const statements = JSON.parse(output) as { results: Record<string, unknown>[] }[]
  return statements.at(-1)?.results ?? []
}

/** A text as an SQL literal. Control characters are refused: what is shown in a list should be visible. */
export function sqlText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new Error('Control characters are not allowed.')
  return `'${text.replaceAll("'", "''")}'`
}
