/** The command line of a clone. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, readSync, writeSync } from 'node:fs'
import path from 'node:path'
import { inject } from 'vitest'
import { cloneProject } from './clone.ts'
import { query } from './local-database.ts'

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly folder: string
  /** Runs a command without a terminal. */
  readonly run: (...words: string[]) => CommandResult
  /** Runs a command with `--json`. @returns its value */
  readonly runJson: <Value>(...words: string[]) => Value
}

/** @param environment for every command */
export function commandLineIn(folder: string, environment: Record<string, string> = {}): CommandLine {
  function run(...words: string[]): CommandResult {
    return processFor(folder, environment).run(words)
  }
  function runJson<Value>(...words: string[]): Value {
    const { stdout, stderr } = run(...words, '--json')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Value
  }
  return { folder, run, runJson }
}

interface CommandProcess {
  readonly run: (words: readonly string[]) => CommandResult
  readonly end: () => void
}

const processes = new Map<string, CommandProcess>()

/** Stops the processes that run commands. */
export function endProcesses(): void {
  for (const child of processes.values()) child.end()
  processes.clear()
}

/** One process for all commands of a folder and environment, because each start takes half a second. */
function processFor(folder: string, environment: Record<string, string>): CommandProcess {
  const key = JSON.stringify([folder, environment])
  const child = processes.get(key) ?? startProcess(folder, environment)
  processes.set(key, child)
  return child
}

function startProcess(folder: string, environment: Record<string, string>): CommandProcess {
  const [input, output] = [newPipe(), newPipe()]
  const child = spawn(process.execPath, [path.join(folder, 'test/outside/support/command-process.ts')], {
    cwd: folder,
    // Like npm, which is left out because it starts slowly. Examples of documents use npm.
    env: { ...process.env, INIT_CWD: folder, ...environment },
    stdio: [input.reader, output.writer, 'inherit'],
  })
  child.unref()
  closeSync(input.reader)
  closeSync(output.writer)
  function run(words: readonly string[]): CommandResult {
    writeSync(input.writer, `${JSON.stringify(words)}\n`)
    return JSON.parse(readLine(output.reader)) as CommandResult
  }
  function end(): void {
    closeSync(input.writer)
    closeSync(output.reader)
  }
  return { run, end }
}

/** A pipe for synchronous reads and writes, so that tests need no `await`. */
function newPipe(): { reader: number; writer: number } {
  const folder = mkdtempSync(path.join(inject('scratch'), 'pipe-'))
  const file = path.join(folder, 'pipe')
  execFileSync('mkfifo', [file])
  // Opening one end blocks until the other end is open.
  const both = openSync(file, 'r+')
  const pipe = { reader: openSync(file, 'r'), writer: openSync(file, 'w') }
  closeSync(both)
  return pipe
}

/** @throws Error if the command line ends before it has written a line */
function readLine(reader: number): string {
  const pieces: Buffer[] = []
  for (;;) {
    const piece = Buffer.alloc(2 ** 16)
    const bytes = readSync(reader, piece)
    if (bytes === 0) throw new Error('The command line has ended.')
    pieces.push(piece.subarray(0, bytes))
    if (piece[bytes - 1] === NEW_LINE) return Buffer.concat(pieces).toString()
  }
}

const NEW_LINE = 0x0a

/** A clone whose database has one product, with id 1. */
export function newShop(): CommandLine {
  const folder = cloneWithDatabase()
  query(folder, `insert into products (name, status, created_at, updated_at) values ('App', 'active', 0, 0)`)
  return commandLineIn(folder)
}

/** A clone with a migrated, empty database. */
export function cloneWithDatabase(): string {
  const folder = cloneProject()
  const migrated = path.join(inject('scratch'), 'migrated-state')
  cpSync(migrated, path.join(folder, '.wrangler/state'), { recursive: true })
  return folder
}
