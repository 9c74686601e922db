/** Writes a local database as SQL, in the order in which D1 exports one. */
import type { DatabaseSync } from 'node:sqlite'

/** Tables of SQLite and of the platform, which a restored database creates itself. */
const IS_OURS = `name not like 'sqlite\\_%' escape '\\' and name not like '\\_cf\\_%' escape '\\'`

/** SQL: the tables of Keyseal, and the list of its migrations. */
export const SELECT_TABLES = `select name, sql from sqlite_schema where type = 'table' and ${IS_OURS} order by rowid`

/**
 * @param database within a transaction, so that all rows are of one moment
 * @returns pieces of the text: tables with their rows, the sequences of ids, then the indexes
 */
export async function* dumpOf(database: DatabaseSync): AsyncGenerator<string> {
  yield 'PRAGMA defer_foreign_keys=TRUE;\n'
  for (const { name, sql } of database.prepare(SELECT_TABLES).all()) {
    yield `${sql};\n`
    yield* rowsOf(database, String(name))
  }
  yield 'DELETE FROM sqlite_sequence;\n'
  yield* rowsOf(database, 'sqlite_sequence')
  const indexes = "select sql from sqlite_schema where type = 'index' and sql is not null order by rowid"
  for (const { sql } of database.prepare(indexes).all()) yield `${sql};\n`
}

function* rowsOf(database: DatabaseSync, table: string): Generator<string> {
  const columns = database.prepare('select name from pragma_table_info(?)').all(table)
  const values = columns.map(({ name }) => `quote("${name}")`).join(` || ',' || `)
  const rows = database.prepare(`select ${values} as row from "${table}"`)
  for (const { row } of rows.iterate()) yield `INSERT INTO "${table}" VALUES(${row});\n`
}
