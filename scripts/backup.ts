/** `npm run backup`: writes the whole database into a file of SQL that can be restored. */
import { createReadStream, createWriteStream, existsSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { fromCaller } from './caller.ts'
import type { Place } from './database.ts'
import { messageOf } from './message-of.ts'
import { restorable } from './restorable-sql.ts'
import { runWrangler } from './wrangler.ts'

const USAGE = `Usage: npm run backup -- FILE [--remote]

  FILE      where to, such as backup.sql; one that exists is not written over
  --remote  of production; without it, of the local database

The file holds license keys, names and e-mail addresses: keep it where nobody else can read it.
docs/recovery.md says how to restore it.`

/** Until the end there is nothing else to be seen. */
const STARTED: Readonly<Record<Place, string>> = {
  local: 'Exporting the local database: about 5 seconds for each 25,000 license keys ...',
  remote: 'Exporting the database of production, which answers nothing else meanwhile ...',
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

async function writeBackup(place: Place, [given, more]: readonly string[]): Promise<void> {
  if (given === undefined) throw new Error('FILE is missing.')
  if (more !== undefined) throw new Error(`One word too many: ${more}`)
  const file = fromCaller(given)
  if (existsSync(file)) throw new Error(`${file} exists already. Choose another name.`)
  if (process.stderr.isTTY) console.error(STARTED[place])
  await backUp(place, file)
  console.log(`Written to ${file}. docs/recovery.md says how to restore it.`)
}

async function backUp(place: Place, file: string): Promise<void> {
  const exported = `${file}.part`
  try {
    // Made beforehand, so that nobody else can read it from the first byte on.
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
