/** The command line of a clone, as an operator types it. */
import { spawnSync } from 'node:child_process'
import { cloneProject } from './clone.ts'
import { runWrangler } from './local-database.ts'

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
}

/** @param environment for every command */
export function commandLineIn(folder: string, environment: Record<string, string> = {}): CommandLine {
  function type(...words: string[]): Typed {
    return spawnSync('npm', ['run', '--silent', 'keyseal', '--', ...words], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...environment },
      input: '',
    })
  }
  function ask<Value>(...words: string[]): Value {
    const { stdout, stderr } = type(...words, '--json')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Value
  }
  return { folder, type, ask }
}

/** A clone with a database that holds one product, 1. */
export function newShop(): CommandLine {
  const commandLine = commandLineIn(cloneProject())
  runWrangler(commandLine.folder, 'd1', 'migrations', 'apply', 'DB', '--local')
  commandLine.type('products', 'add', '--name', 'App')
  return commandLine
}
