/** A Worker served in a process of its own, and what that process costs. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Served, Serving } from './serve.ts'

export interface Server {
  readonly origin: string
  /** From starting the process until it answers. */
  readonly startUpMs: number
  /** User and system CPU time of the runtime so far, in milliseconds; NaN where the system does not tell. */
  readonly cpuMs: () => number
  /** The most memory the runtime has held so far, in bytes; NaN where the system does not tell. */
  readonly memoryBytesMax: () => number
  /** Ends it in an orderly way. */
  readonly stop: () => Promise<void>
  /** Ends it at once, with everything it started, as a crash would. */
  readonly kill: () => Promise<void>
}

const serveScript = path.join(import.meta.dirname, 'serve.ts')

/** The clock that /proc counts CPU time with: 100 ticks a second on every Linux (proc(5), USER_HZ). */
const MS_A_TICK = 10

export async function startServer(serving: Serving): Promise<Server> {
  mkdirSync(serving.folder, { recursive: true })
  const begun = performance.now()
  const server = spawn(process.execPath, [serveScript, JSON.stringify(serving)], {
    detached: true, // A process group of its own, which can be killed as a whole.
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => server.on('close', () => resolve()))
  const { origin, runtimePid } = await firstLine(server)
  await (await fetch(origin)).bytes()
  const startUpMs = performance.now() - begun

  function proc(file: string): string {
    try {
      return readFileSync(`/proc/${runtimePid}/${file}`, 'utf8')
    } catch {
      return ''
    }
  }

  return {
    origin,
    startUpMs,
    cpuMs() {
      // proc(5): fields 14 and 15 of the whole line, counted from behind the name, which may hold spaces.
      const [, fields = ''] = /\) (.*)/.exec(proc('stat')) ?? []
      const [userTicks, systemTicks] = fields.split(' ').slice(11, 13).map(Number)
      return ((userTicks ?? Number.NaN) + (systemTicks ?? Number.NaN)) * MS_A_TICK
    },
    memoryBytesMax: () => Number(/VmHWM:\s+(\d+) kB/.exec(proc('status'))?.[1] ?? Number.NaN) * 1024,
    async stop() {
      server.kill('SIGTERM')
      await ended
    },
    async kill() {
      if (server.pid !== undefined) process.kill(-server.pid, 'SIGKILL')
      await ended
    },
  }
}

function firstLine(server: ChildProcess): Promise<Served> {
  return new Promise((resolve, reject) => {
    let output = ''
    function read(chunk: Buffer): void {
      output += chunk
      const [line, rest] = output.split('\n', 2)
      if (!line || rest === undefined) return
      resolve(JSON.parse(line) as Served)
      // Whatever follows is let go, so that the server never waits for somebody to read it.
      server.stdout?.off('data', read).resume()
    }
    server.stdout?.on('data', read)
    server.on('close', () => reject(new Error('The server ended before it was ready.')))
  })
}

/**
 * Bundles a Worker as `wrangler deploy` would.
 *
 * @param entry the entry file, relative to the project
 * @param folder where the bundle goes
 * @returns the bundle's file
 */
export function bundle(entry: string, folder: string): string {
  const project = path.join(import.meta.dirname, '..')
  const wrangler = path.join(project, 'node_modules/wrangler/bin/wrangler.js')
  const parameters = [wrangler, 'deploy', entry, '--dry-run', '--outdir', folder]
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, {
    cwd: project,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${stdout}${stderr}`)
  return path.join(folder, `${path.basename(entry, '.ts')}.js`)
}
