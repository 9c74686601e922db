/** Loads a backup into a database and checks that nothing is missing. */
import { createReadStream, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SingleBar } from 'cli-progress'
import { SELECT_TABLES } from './dump-sql.ts'
import { messageOf } from './message-of.ts'
import { migrations, SELECT_APPLIED } from './migrations.ts'
import { statementsOf } from './restorable-sql.ts'
import { projectFolder } from './wrangler.ts'

/** The number of rows of each table. */
export type RowCounts = Readonly<Record<string, number>>

/**
 * An issuance has exactly the keys that it issued, each as a license key or as its copy. The keys of a queued order that was
 * refused are released without copies.
 */
const COUNT_INCOMPLETE = `select count(*) as n from issuances where quantity <> (select count(*) from (
    select id from license_keys where issuance_id = issuances.id
    union select license_key_id from license_keys_as_issued where issuance_id = issuances.id))
  and not exists (select 1 from queued_orders where queued_orders.id = cast(substr(issuances.source, 8) as integer)
    and issuances.source = 'queued:' || queued_orders.id and queued_orders.status in ('releasing', 'refused'))`

/** Rows that refer to rows that do not exist. */
const COUNT_ORPHANS = `select "table" as child, parent, count(*) as n from pragma_foreign_key_check group by 1, 2`

const SELECT_OBJECTS = `select name from sqlite_schema where sql is not null and name not like '\\_cf\\_%' escape '\\'`

const REMEDY = 'Do not rely on this file. Make another backup; docs/recovery.md shows what else can be done.'

/** A private file of SQLite, which is deleted when it is closed. */
const TEMPORARY = ''

/**
 * Loads a backup into a temporary database and checks it.
 *
 * @returns its rows
 * @throws Error that lists what is wrong
 */
export async function checkBackup(file: string): Promise<RowCounts> {
  const database = new DatabaseSync(TEMPORARY, { enableForeignKeyConstraints: false })
  try {
    return await loadBackup(database, file)
  } finally {
    database.close()
  }
}

/**
 * Loads a backup in one transaction and checks it before the transaction ends.
 *
 * @param database does not enforce foreign keys, because the check tells about all of them
 * @param prepare runs first in the transaction
 * @throws Error that lists what is wrong. Then nothing was written
 */
export async function loadBackup(
  database: DatabaseSync,
  file: string,
  prepare: () => void = () => {},
): Promise<RowCounts> {
  database.exec('begin immediate')
  prepare()
  const faults = await load(database, file).then(
    () => [...faultsOf(database)],
    (error: unknown) => [messageOf(error)],
  )
  if (faults.length > 0) throw new Error(`${file} is no complete backup. ${faults.join('. ')}. ${REMEDY}`)
  const counts = countRows(database)
  database.exec('commit')
  return counts
}

/** @param database within a transaction */
export function countRows(database: DatabaseSync): RowCounts {
  const tables = database.prepare(SELECT_TABLES).all()
  return Object.fromEntries(
    tables.map(({ name }) => [
      String(name),
      Number(database.prepare(`select count(*) as n from "${name}"`).get()?.n),
    ]),
  )
}

/** @returns the most important numbers, as text */
export function describeRows(counts: RowCounts): string {
  const { products = 0, issuances = 0, license_keys: licenseKeys = 0, api_keys: apiKeys = 0 } = counts
  return `${products} products, ${issuances} issuances, ${licenseKeys} license keys, ${apiKeys} API keys`
}

async function load(database: DatabaseSync, file: string): Promise<void> {
  const bar = new SingleBar({ format: '{bar} {percentage}%', clearOnComplete: true, gracefulExit: false })
  if (process.stderr.isTTY) bar.start(statSync(file).size, 0)
  const text = createReadStream(file, { encoding: 'utf8', highWaterMark: 2 ** 20 })
  try {
    for await (const statement of statementsOf(text)) {
      database.exec(statement)
      bar.update(text.bytesRead)
    }
  } finally {
    bar.stop()
  }
}

function* faultsOf(database: DatabaseSync): Generator<string> {
  const missing = missingObjects(database)
  // Without them, the other checks would fail.
  if (missing.length > 0) return yield `It lacks ${missing.join(', ')}`
  const [integrity] = database.prepare('pragma integrity_check(1)').all()
  if (integrity?.integrity_check !== 'ok') yield String(integrity?.integrity_check)
  for (const { child, parent, n } of database.prepare(COUNT_ORPHANS).all()) {
    yield `${n} rows of ${child} refer to rows of ${parent} that it lacks`
  }
  const incomplete = database.prepare(COUNT_INCOMPLETE).get()?.n
  if (incomplete !== 0) yield `${incomplete} issuances have fewer or more license keys than they issued`
}

/** What the migrations of the backup create, but the backup lacks because it ends too early. */
function missingObjects(database: DatabaseSync): string[] {
  const present = new Set(
    database
      .prepare(SELECT_OBJECTS)
      .all()
      .map(({ name }) => name),
  )
  if (!present.has('d1_migrations')) return ['d1_migrations']
  const migrated = new DatabaseSync(':memory:')
  try {
    for (const { name } of database.prepare(SELECT_APPLIED).all()) migrated.exec(migration(String(name)))
    const required = migrated.prepare(SELECT_OBJECTS).all()
    return required.map(({ name }) => String(name)).filter((name) => !present.has(name))
  } finally {
    migrated.close()
  }
}

function migration(name: string): string {
  if (migrations.includes(name)) return readFileSync(path.join(projectFolder, 'migrations', name), 'utf8')
  throw new Error(
    `A newer version of Keyseal made this backup, with the migration ${name}: use that version.`,
  )
}
