/** The local database of a clone: changed by the commands of an operator, and looked into where it is kept. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Ended, project, run } from './clone.ts'

/** Nothing is asked, reported or looked up elsewhere. */
const QUIET = ['CI=true', 'WRANGLER_SEND_METRICS=false', 'WRANGLER_HIDE_BANNER=true']

/** Runs shell commands as printed. @throws Error with what they printed, where one fails */
export function runShell(folder: string, commands: string, ...environment: string[]): string {
  return succeeded(run(folder, 'env', ...QUIET, ...environment, 'bash', '-ec', commands))
}

/** @throws Error with what it printed, where it fails */
export function runWrangler(folder: string, ...parameters: string[]): string {
  const wrangler = path.join(project, 'node_modules/wrangler/bin/wrangler.js')
  return succeeded(run(folder, 'env', ...QUIET, process.execPath, wrangler, ...parameters))
}

/** How long it waits for a service that is writing. */
const BUSY_MS_MAX = 30_000

/**
 * Runs statements on the file of the database, which a service may have open: that takes milliseconds where a start
 * of wrangler takes seconds.
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

/** As a service that is writing: everybody else who wants to write is refused. @returns what ends that */
export function lockForWriting(folder: string): () => void {
  const database = new DatabaseSync(databaseFile(folder), { timeout: BUSY_MS_MAX })
  database.exec('begin immediate')
  return () => database.close()
}

/** Where wrangler keeps it. */
function databaseFile(folder: string): string {
  const state = path.join(folder, '.wrangler/state/v3/d1/miniflare-D1DatabaseObject')
  const [file, another] = readdirSync(state).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
  if (file === undefined || another !== undefined) throw new Error(`${state} must hold one database.`)
  return path.join(state, file)
}

/** Writes `.dev.vars` with the signing key of the tests, whose signatures are pinned. */
export function writeDevVars(folder: string, settings: Readonly<Record<string, string>> = {}): void {
  const pem = readFileSync(path.join(project, 'test/support/global-signing-key.pem'), 'utf8')
  const all = { SIGNING_PRIVATE_KEY: pem.replaceAll('\n', '\\n'), ...settings }
  const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`)
  writeFileSync(path.join(folder, '.dev.vars'), lines.join(''), { mode: 0o600 })
}

function succeeded({ status, output }: Ended): string {
  if (status === 0) return output
  throw new Error(output)
}
