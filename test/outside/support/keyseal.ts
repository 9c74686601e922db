/** The command line of a clone, as an operator types it. */
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, readSync, writeSync } from 'node:fs'
import path from 'node:path'
import { inject } from 'vitest'
import { cloneProject } from './clone.ts'
import { query } from './local-database.ts'

export interface Typed {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly folder: string
  /** Runs a command without a terminal. */
  readonly type: (...words: string[]) => Typed
  /** The same with `--json`. @returns the one value it prints */
  readonly ask: <Value>(...words: string[]) => Value
}

/** @param environment for every command */
export function commandLineIn(folder: string, environment: Record<string, string> = {}): CommandLine {
  function type(...words: string[]): Typed {
    return typistIn(folder, environment).type(words)
  }
  function ask<Value>(...words: string[]): Value {
    const { stdout, stderr } = type(...words, '--json')
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout) as Value
  }
  return { folder, type, ask }
}

interface Typist {
  readonly type: (words: readonly string[]) => Typed
  readonly end: () => void
}

const typists = new Map<string, Typist>()

/** Ends the processes that ran commands so far. */
export function endTypists(): void {
  for (const typist of typists.values()) typist.end()
  typists.clear()
}

/** One process for all commands of a folder and an environment: each of its own would take half a second to start. */
function typistIn(folder: string, environment: Record<string, string>): Typist {
  const key = JSON.stringify([folder, environment])
  const typist = typists.get(key) ?? startTypist(folder, environment)
  typists.set(key, typist)
  return typist
}

function startTypist(folder: string, environment: Record<string, string>): Typist {
  const [input, output] = [newPipe(), newPipe()]
  const typist = spawn(process.execPath, [path.join(folder, 'test/outside/support/typist.ts')], {
    cwd: folder,
    // As npm, which is left out to save its start: the examples of the documents go through it.
    env: { ...process.env, INIT_CWD: folder, ...environment },
    stdio: [input.reader, output.writer, 'inherit'],
  })
  typist.unref()
  closeSync(input.reader)
  closeSync(output.writer)
  function type(words: readonly string[]): Typed {
    writeSync(input.writer, `${JSON.stringify(words)}\n`)
    return JSON.parse(readLine(output.reader)) as Typed
  }
  function end(): void {
    closeSync(input.writer)
    closeSync(output.reader)
  }
  return { type, end }
}

/** A pipe that is read and written synchronously, so that a test can wait for an answer without `await`. */
function newPipe(): { reader: number; writer: number } {
  const folder = mkdtempSync(path.join(inject('scratch'), 'pipe-'))
  const file = path.join(folder, 'pipe')
  execFileSync('mkfifo', [file])
  // Opening one end waits until the other one is open.
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

/** A clone with a database that holds one product, 1. */
export function newShop(): CommandLine {
  const folder = cloneWithDatabase()
  query(folder, `insert into products (name, status, created_at, updated_at) values ('App', 'active', 0, 0)`)
  return commandLineIn(folder)
}

/** A clone with a database that is migrated, and holds nothing. */
export function cloneWithDatabase(): string {
  const folder = cloneProject()
  const migrated = path.join(inject('scratch'), 'migrated-state')
  cpSync(migrated, path.join(folder, '.wrangler/state'), { recursive: true })
  return folder
}
