/** The local database of a clone. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type ProcessResult, project, run } from './clone.ts'

const QUIET = ['CI=true', 'WRANGLER_SEND_METRICS=false', 'WRANGLER_HIDE_BANNER=true']

/** Runs shell commands. @throws Error with their output if one fails */
export function runShell(folder: string, commands: string, ...environment: string[]): string {
  return succeeded(run(folder, 'env', ...QUIET, ...environment, 'bash', '-ec', commands))
}

/** @throws Error with the output if it fails */
export function runWrangler(folder: string, ...parameters: string[]): string {
  const wrangler = path.join(project, 'node_modules/wrangler/bin/wrangler.js')
  return succeeded(run(folder, 'env', ...QUIET, process.execPath, wrangler, ...parameters))
}

/** How long to wait for a service that writes. */
const BUSY_MS_MAX = 30_000

/**
 * Runs statements on the file of the database, even while a service uses it. This takes milliseconds; starting wrangler
 * takes seconds.
 *
 * @returns the rows of the last statement
 */
export function query<Row>(folder: string, sql: string): Row[] {
  const database = new DatabaseSync(databaseFile(folder), { timeout: BUSY_MS_MAX })
  try {
    let rows: unknown[] = []
    for (let rest = sql.trim(); rest !== ''; ) {
      const statement = database.prepare(rest)
      rows = statement.all().map((row) => ({ ...row }))
      rest = rest.slice(statement.sourceSQL.length).trim()
    }
    return rows as Row[]
  } finally {
    database.close()
  }
}

/** Locks the database for writing, like a busy service. @returns a function that unlocks it */
export function lockForWriting(folder: string): () => void {
  const database = new DatabaseSync(databaseFile(folder), { timeout: BUSY_MS_MAX })
  database.exec('begin immediate')
  return () => database.close()
}

/** Where wrangler stores it. */
export function databaseFile(folder: string): string {
  const state = path.join(folder, '.wrangler/state/v3/d1/miniflare-D1DatabaseObject')
  const [file, another] = readdirSync(state).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
  if (file === undefined || another !== undefined) throw new Error(`${state} must hold one database.`)
  return path.join(state, file)
}

/** Writes `.dev.vars` with the signing keys of the tests. */
export function writeDevVars(folder: string, settings: Readonly<Record<string, string>> = {}): void {
  const pemIn = (name: string) =>
    readFileSync(path.join(project, 'test/support', name), 'utf8').replaceAll('\n', '\\n')
  const all = {
    SIGNING_PRIVATE_KEY: pemIn('global-signing-key.pem'),
    SIGNING_PRIVATE_KEY_FILES: pemIn('file-signing-key.pem'),
    SIGNING_PRIVATE_KEY_FILES_RSA: pemIn('file-signing-key-rsa.pem'),
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`)
  writeFileSync(path.join(folder, '.dev.vars'), lines.join(''), { mode: 0o600 })
}

function succeeded({ status, output }: ProcessResult): string {
  if (status === 0) return output
  throw new Error(output)
}
