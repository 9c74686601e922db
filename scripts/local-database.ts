/** The local database: a file of SQLite, which wrangler and `npm start` keep and this project's commands open, too. */
import { createHash, createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { DATABASE_BINDING, databaseOf, readConfiguration } from './configuration.ts'
import type { Row } from './database.ts'
import { projectFolder } from './wrangler.ts'

/** How long a command waits for the running service, or another command, to end what it is writing. */
const BUSY_MS_MAX = 10_000

/** Where wrangler keeps local databases. */
const FOLDER = '.wrangler/state/v3/d1/miniflare-D1DatabaseObject'

/**
 * Runs statements in one transaction. Opening the file takes milliseconds where a start of wrangler takes seconds.
 *
 * @param statements one in each text
 * @returns the rows of each
 * @throws Error of SQLite
 */
export function runOnLocalFile(statements: readonly string[]): Row[][] {
  const database = open()
  try {
    // At once, since a transaction that begins to write after it has read is refused where another one writes.
    database.exec('begin immediate')
    const rows = statements.map((statement) => prepare(database, statement).all())
    database.exec('commit')
    return rows
  } finally {
    // Closing undoes a transaction that was not committed.
    database.close()
  }
}

/** SQLite prepares the first statement of a text, and leaves what follows it. */
function prepare(database: DatabaseSync, text: string): StatementSync {
  const statement = database.prepare(text)
  if (text.slice(statement.sourceSQL.length).trim() === '') return statement
  throw new Error('A text holds more than one statement: only the first would run.')
}

function open(): DatabaseSync {
  const file = path.join(projectFolder, FOLDER, `${fileName(databaseId())}.sqlite`)
  // One that was never migrated has no file: its tables are missing then, and no file is made.
  return new DatabaseSync(existsSync(file) ? file : ':memory:', { timeout: BUSY_MS_MAX })
}

function databaseId(): string {
  const database = databaseOf(readConfiguration())
  return database?.preview_database_id ?? database?.database_id ?? DATABASE_BINDING
}

/** A database is kept in a Durable Object, whose id workerd derives from this class and the id in wrangler.toml. */
function fileName(id: string): string {
  const key = createHash('sha256').update('miniflare-D1DatabaseObject').digest()
  const digest = (data: string | Buffer) => createHmac('sha256', key).update(data).digest().subarray(0, 16)
  const name = digest(id)
  return Buffer.concat([name, digest(name)]).toString('hex')
}
