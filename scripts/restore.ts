/** `npm run restore`: loads a backup into a database that has no data, and replaces its tables. */
import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { fromCaller } from './caller.ts'
import { checkBackup, describeRows, loadBackup, type RowCounts } from './checked-backup.ts'
import { type Place, type Row, runSql } from './database.ts'
import { SELECT_TABLES } from './dump-sql.ts'
import { openOrCreate } from './local-database.ts'
import { messageOf } from './message-of.ts'
import { runWrangler } from './wrangler.ts'

const USAGE = `Usage: npm run restore -- --from FILE [--remote]

  --from FILE  a file that npm run backup wrote
  --remote     restore into production; without it, into the local database

The database must have no data. It is restored completely, or not at all.`

/** Tables that a database without data fills itself. */
const FILLED_BY_ITSELF: readonly unknown[] = ['d1_migrations', 'cron_runs']

try {
  const options = {
    from: { type: 'string' },
    remote: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const
  const { values } = parseArgs({ options })
  if (values.help) console.log(USAGE)
  else await restore(fileIn(values.from), values.remote ? 'remote' : 'local')
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`)
  process.exitCode = 1
}

function fileIn(name: string | undefined): string {
  if (name === undefined) throw new Error('--from FILE is missing.')
  const file = fromCaller(name)
  if (existsSync(file)) return file
  throw new Error(`There is no file ${file}.`)
}

async function restore(file: string, place: Place): Promise<void> {
  const counts = await (place === 'local' ? restoreLocal(file) : restoreRemote(file))
  console.log(`Restored from ${file}: ${describeRows(counts)}.`)
}

async function restoreLocal(file: string): Promise<RowCounts> {
  show('Restoring and checking the local database ...')
  const database = openOrCreate()
  try {
    return await loadBackup(database, file, () => {
      const tables = database.prepare(SELECT_TABLES).all()
      const select = selectFilled(tables)
      if (select) refuseFilled(database.prepare(select).get())
      for (const drop of dropsOf(tables)) database.exec(drop)
    })
  } finally {
    database.close()
  }
}

/** D1 loads a file completely or not at all. */
async function restoreRemote(file: string): Promise<RowCounts> {
  show('Checking the backup ...')
  const counts = await checkBackup(file)
  const tables = await runSql('remote', SELECT_TABLES)
  const select = selectFilled(tables)
  if (select) refuseFilled((await runSql('remote', select))[0])
  show('Restoring the production database. It answers no other queries until this is done ...')
  const replacing = `${file}.replacing.sql`
  try {
    await pipeline(
      async function* () {
        yield `PRAGMA defer_foreign_keys=TRUE;\n${dropsOf(tables).join('\n')}\n`
        yield* createReadStream(file)
      },
      createWriteStream(replacing, { mode: 0o600 }),
    )
    await runWrangler('d1', 'execute', 'DB', '--remote', '--yes', '--file', replacing)
  } finally {
    rmSync(replacing, { force: true })
  }
  return counts
}

function show(step: string): void {
  if (process.stderr.isTTY) console.error(step)
}

/** SQL: whether each table has rows. D1 allows no long chain of `union`. */
function selectFilled(tables: readonly Row[]): string | undefined {
  const checks = tables
    .filter(({ name }) => !FILLED_BY_ITSELF.includes(name))
    .map(({ name }) => {
      // Each database has the row of root.
      const where = name === 'operators' ? `where role <> 'root'` : ''
      return `exists (select 1 from "${name}" ${where}) as "${name}"`
    })
  return checks.length > 0 ? `select ${checks}` : undefined
}

function refuseFilled(found: Row = {}): void {
  const filled = Object.keys(found).filter((table) => found[table] === 1)
  if (filled.length === 0) return
  throw new Error(
    `The database has data in ${filled.join(', ')}, so nothing was restored. Restore into a new database: docs/recovery.md shows how to create one.`,
  )
}

/** Tables are created after those that they refer to. */
function dropsOf(tables: readonly Row[]): string[] {
  return tables.toReversed().map(({ name }) => `DROP TABLE "${name}";`)
}
