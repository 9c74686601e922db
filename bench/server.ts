/** A Worker in the real runtime, in a process of its own with a database on disk, and what that process costs. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChildProcess } from 'node:child_process'
import diagnostics from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { standardSamples } from '../scripts/webhook-samples/standard.ts'

/** What is served, and how. */
export interface Serving {
  /** A bundle: one ES module. */
  readonly script: string
  /** Where the database is kept. */
  readonly folder: string
  /** Besides BINDINGS. */
  readonly bindings?: Readonly<Record<string, string>>
  /** The heap of each isolate, limited as the platform limits a Worker's memory; left out: not limited. */
  readonly heapMegabytesMax?: number
  /** Whether it may load Workers, by the binding LOADER. */
  readonly isLoader?: boolean
}

export interface Server {
  readonly origin: string
  /** User and system CPU time of the runtime so far, in milliseconds; NaN where the system does not tell. */
  readonly cpuMs: () => number
  /** The most memory the runtime has held so far, in bytes; NaN where the system does not tell. */
  readonly memoryBytesMax: () => number
  /** Ends it in an orderly way. */
  readonly stop: () => Promise<void>
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>
}

const BINDINGS = {
  SIGNING_PRIVATE_KEY: readFileSync(
    path.join(import.meta.dirname, '../test/support/global-signing-key.pem'),
    'utf8',
  ),
  MAX_QUANTITY: '10000',
  STANDARD_WEBHOOK_SECRET: standardSamples.secret,
}

/** The clock that /proc counts CPU time with: 100 ticks a second on every Linux (proc(5), USER_HZ). */
const MS_A_TICK = 10

/** Opens the runtime. The caller disposes of it. */
export async function openRuntime(serving: Serving): Promise<Miniflare> {
  const { script, folder, bindings, heapMegabytesMax, isLoader } = serving
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      scriptPath: script,
      modulesRoot: path.dirname(script),
      compatibilityDate: '2026-11-02',
      compatibilityFlags: ['no_nodejs_compat'],
      host: '127.0.0.1',
      port: 0,
      cf: false,
      bindings: { ...BINDINGS, ...bindings },
      d1Databases: { DB: 'bench' },
      queueProducers: { DELIVERIES: 'bench' },
      ...(isLoader && { workerLoaders: { LOADER: {} } }),
      resourcePersistencePath: folder,
      // A line for each request is the platform's to keep; here only what went wrong is worth reading.
      handleStructuredLogs({ level, message }) {
        if (level === 'error') console.error(message)
      },
    }),
  )
  if (heapMegabytesMax) process.env.MINIFLARE_WORKERD_V8_FLAGS = `--max-heap-size=${heapMegabytesMax}`
  try {
    await runtime.ready
  } finally {
    delete process.env.MINIFLARE_WORKERD_V8_FLAGS
  }
  return runtime
}

/** Whose process is being started: the runtime does not tell which one is its own. */
const starting = new AsyncLocalStorage<{ process?: ChildProcess }>()
diagnostics.subscribe('child_process', (message) => {
  Object.assign(starting.getStore() ?? {}, message)
})

export async function startServer(serving: Serving): Promise<Server> {
  const started: { process?: ChildProcess } = {}
  const runtime = await starting.run(started, () => openRuntime(serving))
  const { origin } = await runtime.ready

  function proc(file: string): string {
    try {
      return readFileSync(`/proc/${started.process?.pid}/${file}`, 'utf8')
    } catch {
      return ''
    }
  }

  return {
    origin,
    cpuMs() {
      // proc(5): fields 14 and 15 of the whole line, counted from behind the name, which may hold spaces.
      const [, fields = ''] = /\) (.*)/.exec(proc('stat')) ?? []
      const [userTicks, systemTicks] = fields.split(' ').slice(11, 13).map(Number)
      return ((userTicks ?? Number.NaN) + (systemTicks ?? Number.NaN)) * MS_A_TICK
    },
    memoryBytesMax: () => Number(/VmHWM:\s+(\d+) kB/.exec(proc('status'))?.[1] ?? Number.NaN) * 1024,
    stop: () => runtime.dispose(),
    async kill() {
      started.process?.kill('SIGKILL')
      await runtime.dispose()
    },
  }
}
