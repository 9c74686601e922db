/** `npm run backup`: writes the whole database, as it is at one moment, to an SQL file that can be restored. */
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { fromCaller } from './caller.ts'
import { checkBackup, countRows, describeRows, type RowCounts } from './checked-backup.ts'
import type { Place } from './database.ts'
import { explainedError } from './database-faults.ts'
import { dumpOf } from './dump-sql.ts'
import { withSnapshot } from './local-database.ts'
import { messageOf } from './message-of.ts'
import { SELECT_APPLIED } from './migrations.ts'
import { restorable } from './restorable-sql.ts'
import { runWrangler } from './wrangler.ts'

const USAGE = `Usage: npm run backup -- FILE [--remote]

  FILE      the file to create, such as backup.sql; an existing file is not overwritten
  --remote  back up production; without it, the local database

The file contains license keys, names and e-mail addresses: keep it private.
docs/recovery.md explains how to restore it.`

/** Shown while it runs without other output. */
const STARTED: Readonly<Record<Place, string>> = {
  local: 'Reading the local database ...',
  remote: 'Exporting the production database. It answers no other queries until this is done ...',
}

try {
  const options = { remote: { type: 'boolean' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) console.log(USAGE)
  else await writeBackup(values.remote ? 'remote' : 'local', fileIn(positionals))
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`)
  process.exitCode = 1
}

function fileIn([name, more]: readonly string[]): string {
  if (name === undefined) throw new Error('FILE is missing.')
  if (more !== undefined) throw new Error(`Unexpected argument: ${more}`)
  const file = fromCaller(name)
  if (existsSync(file)) throw new Error(`${file} exists already. Choose another name.`)
  return file
}

/** The file gets its name after it is checked, so a file of this name can be restored. */
async function writeBackup(place: Place, file: string): Promise<void> {
  const unchecked = `${file}.unchecked.sql`
  show(STARTED[place])
  const counts = await exportTo(unchecked, place).catch((error: unknown) => {
    rmSync(unchecked, { force: true })
    throw explainedError(place, error)
  })
  show('Checking the backup ...')
  const restored = await checkBackup(unchecked)
  if (counts && !isDeepStrictEqual(restored, counts)) {
    throw new Error(`${unchecked} is no complete backup. ${describeRows(counts)} were in the database.`)
  }
  renameSync(unchecked, file)
  console.log(`Written to ${file} and checked: ${describeRows(restored)}.`)
  console.log('docs/recovery.md explains how to restore it.')
}

function show(step: string): void {
  if (process.stderr.isTTY) console.error(step)
}

/** @returns the number of rows at the moment of the backup. D1 does not tell it */
async function exportTo(file: string, place: Place): Promise<RowCounts | undefined> {
  rmSync(file, { force: true })
  if (place === 'remote') return exportRemote(file)
  return withSnapshot(async (database) => {
    // Fails on a database that was never migrated.
    database.prepare(SELECT_APPLIED)
    await write(file, () => dumpOf(database))
    return countRows(database)
  })
}

async function exportRemote(file: string): Promise<undefined> {
  const exported = `${file}.exported.sql`
  try {
    // Created before wrangler writes to it, so that other users can never read it.
    writeFileSync(exported, '', { mode: 0o600 })
    await runWrangler('d1', 'export', 'DB', '--remote', '--skip-confirmation', '--output', exported)
    await write(file, () => createReadStream(exported, 'utf8'))
  } finally {
    rmSync(exported, { force: true })
  }
}

async function write(file: string, open: () => AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(restorable(open)), createWriteStream(file, { mode: 0o600, flags: 'wx' }))
}
