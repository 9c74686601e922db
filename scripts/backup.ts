/** `npm run backup`: writes the whole database to an SQL file that can be restored. */
import { createReadStream, createWriteStream, existsSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { fromCaller } from './caller.ts'
import type { Place } from './database.ts'
import { explainedError } from './database-faults.ts'
import { messageOf } from './message-of.ts'
import { restorable } from './restorable-sql.ts'
import { runWrangler } from './wrangler.ts'

const USAGE = `Usage: npm run backup -- FILE [--remote]

  FILE      the file to create, such as backup.sql; an existing file is not overwritten
  --remote  back up production; without it, the local database

The file contains license keys, names and e-mail addresses: keep it private.
docs/recovery.md explains how to restore it.`

/** Shown while the export runs without other output. */
const STARTED: Readonly<Record<Place, string>> = {
  local: 'Exporting the local database: about 5 seconds for each 25,000 license keys ...',
  remote: 'Exporting the production database. It answers no other queries until this is done ...',
}

try {
  const options = { remote: { type: 'boolean' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) console.log(USAGE)
  else await writeBackup(values.remote ? 'remote' : 'local', positionals)
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`)
  process.exitCode = 1
}

async function writeBackup(place: Place, [name, more]: readonly string[]): Promise<void> {
  if (name === undefined) throw new Error('FILE is missing.')
  if (more !== undefined) throw new Error(`Unexpected argument: ${more}`)
  const file = fromCaller(name)
  if (existsSync(file)) throw new Error(`${file} exists already. Choose another name.`)
  if (process.stderr.isTTY) console.error(STARTED[place])
  await backUp(place, file).catch((error) => {
    throw explainedError(place, error)
  })
  console.log(`Written to ${file}. docs/recovery.md explains how to restore it.`)
}

async function backUp(place: Place, file: string): Promise<void> {
  const exported = `${file}.part`
  try {
    // Created before wrangler writes to it, so that other users can never read it.
    writeFileSync(exported, '', { mode: 0o600 })
    await runWrangler('d1', 'export', 'DB', `--${place}`, '--skip-confirmation', '--output', exported)
    const lines = restorable(() => createReadStream(exported, 'utf8'))
    await pipeline(Readable.from(lines), createWriteStream(file, { mode: 0o600, flags: 'wx' }))
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  } finally {
    rmSync(exported, { force: true })
  }
}
