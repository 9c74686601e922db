/** The local database of a clone, by the commands that an operator would type. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Ended, project, run } from './clone.ts'

/** Nothing is asked, reported or looked up elsewhere. */
const QUIET = ['CI=true', 'WRANGLER_SEND_METRICS=false', 'WRANGLER_HIDE_BANNER=true']

/** Runs shell commands as printed. @throws Error with what they printed, where one fails */
export function runShell(folder: string, commands: string, ...environment: string[]): string {
  return succeeded(run(folder, 'env', ...QUIET, ...environment, 'bash', '-ec', commands))
}

/** @throws Error with what it printed, where it fails */
export function runWrangler(folder: string, ...parameters: string[]): string {
  return succeeded(run(folder, 'env', ...QUIET, 'npx', 'wrangler', ...parameters))
}

/** @returns the rows of the last statement */
export function query<Row>(folder: string, sql: string): Row[] {
  const output = runWrangler(folder, 'd1', 'execute', 'DB', '--local', '--json', '--command', sql)
  const statements = JSON.parse(output) as { results: Row[] }[]
  return statements.at(-1)?.results ?? []
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
