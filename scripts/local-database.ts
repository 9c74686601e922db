/** The local database: an SQLite file that wrangler, `npm start` and the commands of this project share. */
import { createHash, createHmac } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { DATABASE_BINDING, databaseOf, readConfiguration } from './configuration.ts'
import type { Row } from './database.ts'
import { projectFolder } from './wrangler.ts'

/** How long a command waits while the service or another command writes. */
const BUSY_MS_MAX = 10_000

/** Where wrangler keeps local databases. */
const FOLDER = '.wrangler/state/v3/d1/miniflare-D1DatabaseObject'

/**
 * Runs statements in one transaction. This takes milliseconds; starting wrangler takes seconds.
 *
 * @param statements exactly one in each text
 * @returns the rows of each
 * @throws Error of SQLite
 */
export function runOnLocalFile(statements: readonly string[]): Row[][] {
  const database = open()
  try {
    // Lock for writing first: SQLite refuses to upgrade a transaction from reading while another one writes.
    database.exec('begin immediate')
    const rows = statements.map((statement) => prepare(database, statement).all())
    database.exec('commit')
    return rows
  } finally {
    // Closing rolls back a transaction that was not committed.
    database.close()
  }
}

/** SQLite prepares only the first statement of a text and ignores the rest. */
function prepare(database: DatabaseSync, text: string): StatementSync {
  const statement = database.prepare(text)
  if (text.slice(statement.sourceSQL.length).trim() === '') return statement
  throw new Error('The text contains more than one statement; only the first would run.')
}

function open(): DatabaseSync {
  const file = localFile()
  // Without a file the database was never migrated. Don't create one: the error about missing tables explains it.
  return new DatabaseSync(existsSync(file) ? file : ':memory:', { timeout: BUSY_MS_MAX })
}

/**
 * Passes the database as it is at one moment, while a service may write to it.
 *
 * @throws Error of SQLite
 */
export async function withSnapshot<Result>(
  read: (database: DatabaseSync) => Promise<Result>,
): Promise<Result> {
  const database = open()
  try {
    database.exec('begin')
    return await read(database)
  } finally {
    database.close()
  }
}

/** Opens the database, or creates an empty one. It does not enforce foreign keys. The caller closes it. */
export function openOrCreate(): DatabaseSync {
  const file = localFile()
  mkdirSync(path.dirname(file), { recursive: true })
  return new DatabaseSync(file, { timeout: BUSY_MS_MAX, enableForeignKeyConstraints: false })
}

function localFile(): string {
  return path.join(projectFolder, FOLDER, `${fileName(databaseId())}.sqlite`)
}

function databaseId(): string {
  const database = databaseOf(readConfiguration())
  return database?.preview_database_id ?? database?.database_id ?? DATABASE_BINDING
}

/** Miniflare keeps the database in a Durable Object. workerd derives its id from this class and the id in wrangler.toml. */
function fileName(id: string): string {
  const key = createHash('sha256').update('miniflare-D1DatabaseObject').digest()
  const digest = (data: string | Buffer) => createHmac('sha256', key).update(data).digest().subarray(0, 16)
  const name = digest(id)
  return Buffer.concat([name, digest(name)]).toString('hex')
}
