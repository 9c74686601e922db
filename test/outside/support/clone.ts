/** Copies of the project like a fresh clone, and the processes that run in them. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const project = path.join(import.meta.dirname, '../../..')

/** Not part of a clone. */
const NOT_CLONED = new Set([
  ...['.git', '.wrangler', '.dev.vars', 'node_modules', 'coverage', 'dist'],
  'public/docs/scalar',
  'clients/javascript/dist',
  // Written when an example starts.
  ...['electron', 'node-cli', 'python-desktop', 'wordpress-plugin'].map(
    (example) => `examples/${example}/keyseal.json`,
  ),
  'examples/wordpress-plugin/keyseal.php',
  'examples/wordpress-plugin/preview-options.json',
])

/** @returns the folder. Its node_modules is a link */
export function cloneProject(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'keyseal-'))
  cpSync(project, folder, {
    recursive: true,
    filter: (source) => !NOT_CLONED.has(path.relative(project, source)),
  })
  symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'node_modules'))
  return folder
}

export function removeClone(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** A free port of 127.0.0.1. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

export interface ProcessResult {
  readonly status: number | null
  readonly output: string
}

/** Runs a program until it exits. */
export function run(folder: string, program: string, ...parameters: string[]): ProcessResult {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { cwd: folder, encoding: 'utf8' })
  if (error) throw error
  return { status, output: stdout + stderr }
}

/** Whether a program can be run. */
export function isInstalled(program: string, ...parameters: string[]): boolean {
  return spawnSync(program, parameters).status === 0
}

export interface Running {
  readonly output: () => string
  /** Sends SIGINT to the program and its children, like Ctrl-C. @returns the exit code */
  readonly interrupt: () => Promise<number | null>
  /** Whether the program or one of its children still runs. */
  readonly isAlive: () => boolean
}

const STARTS_MAX = 3

/** The command of `npm start`, without npm, which starts slowly. */
const START = [process.execPath, 'scripts/start.ts']

/** Starts the service and waits until it prints `ready`. */
export async function startService(
  folder: string,
  port: number,
  ready: RegExp,
  command: readonly string[] = START,
): Promise<Running> {
  for (let starts = 1; ; starts++) {
    try {
      return await startOnce(folder, port, ready, command)
    } catch (error) {
      // Another process may have taken a port that wrangler chose.
      if (starts === STARTS_MAX || !String(error).includes('Address already in use (socket "direct'))
        throw error
    }
  }
}

async function startOnce(
  folder: string,
  port: number,
  ready: RegExp,
  [program = '', ...parameters]: readonly string[],
): Promise<Running> {
  const service = spawn(program, parameters, {
    cwd: folder,
    // Services of one machine share this registry and would find each other's queues.
    env: {
      ...process.env,
      PORT: String(port),
      WRANGLER_REGISTRY_PATH: path.join(folder, '.wrangler/registry'),
    },
    detached: true, // A new process group, so that a signal reaches all of its processes.
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = new Promise<number | null>((resolve) => service.on('close', resolve))
  async function interrupt(): Promise<number | null> {
    if (service.pid && service.exitCode === null) process.kill(-service.pid, 'SIGINT')
    return ended
  }
  function isAlive(): boolean {
    try {
      return service.pid !== undefined && process.kill(-service.pid, 0)
    } catch {
      return false
    }
  }
  await new Promise<void>((resolve, reject) => {
    function read(chunk: Buffer): void {
      output += chunk
      if (ready.test(output)) resolve()
    }
    service.stdout.on('data', read)
    service.stderr.on('data', read)
    void ended.then(() => reject(new Error(`The service ended:\n${output}`)))
  })
  return { output: () => output, interrupt, isAlive }
}

/** Whether a server listens on the port. */
export function isListening(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: 'close' } }).then(
    () => true,
    () => false,
  )
}
