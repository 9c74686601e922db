/** The command line of a clone, as an operator types it. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { inject } from 'vitest'
import { cloneProject } from './clone.ts'
import { query, runWrangler } from './local-database.ts'

export interface Typed {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly folder: string
  /** Runs a command in a process without a terminal. */
  readonly type: (...words: string[]) => Typed
  /** The same with `--json`. @returns the one value it prints */
  readonly ask: <Value>(...words: string[]) => Value
  /** Runs commands one after the other in a single process, which starts faster than one for each. */
  readonly typeEach: (commands: readonly (readonly string[])[]) => Typed[]
}

/** @param environment for every command */
export function commandLineIn(folder: string, environment: Record<string, string> = {}): CommandLine {
  function start(program: string, words: readonly string[], input: string): Typed {
    // As npm, which is left out to save its start: the examples of the documents go through it.
    const env = { ...process.env, INIT_CWD: folder, ...environment }
    const maxBuffer = 2 ** 26
    return spawnSync(program, words, { cwd: folder, encoding: 'utf8', env, input, maxBuffer })
  }
  function type(...words: string[]): Typed {
    return start(process.execPath, ['scripts/keyseal.ts', ...words], '')
  }
  function ask<Value>(...words: string[]): Value {
    const { stdout, stderr } = type(...words, '--json')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Value
  }
  function typeEach(commands: readonly (readonly string[])[]): Typed[] {
    const typist = path.join(folder, 'test/outside/support/type-each.ts')
    const { stdout, stderr } = start(process.execPath, [typist], JSON.stringify(commands))
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Typed[]
  }
  return { folder, type, ask, typeEach }
}

/** A clone with a database that holds one product, 1. */
export function newShop(): CommandLine {
  const folder = cloneWithDatabase()
  query(folder, `insert into products (name, status, created_at, updated_at) values ('App', 'active', 0, 0)`)
  return commandLineIn(folder)
}

/** A clone with a database that is migrated, and holds nothing: wrangler takes seconds to make one. */
export function cloneWithDatabase(): string {
  const folder = cloneProject()
  const state = path.join(folder, '.wrangler/state')
  const migrated = path.join(inject('scratch'), 'migrated-state')
  if (existsSync(migrated)) cpSync(migrated, state, { recursive: true })
  else {
    runWrangler(folder, 'd1', 'migrations', 'apply', 'DB', '--local')
    keep(state, migrated)
  }
  return folder
}

/** Whole or not at all: another test file may keep the same at the same time. */
function keep(folder: string, as: string): void {
  const part = `${as}-${process.pid}`
  cpSync(folder, part, { recursive: true })
  try {
    renameSync(part, as)
  } catch {
    rmSync(part, { recursive: true })
  }
}
