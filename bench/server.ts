/** Runs a Worker in the real runtime, in a separate process with a database on disk, and measures that process. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChildProcess } from 'node:child_process'
import diagnostics from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { standardSamples } from '../scripts/webhook-samples/standard.ts'

/** The Worker to run. */
export interface Serving {
  /** The bundle, one ES module. */
  readonly script: string
  /** The folder of the database. */
  readonly folder: string
  /** Added to BINDINGS. */
  readonly bindings?: Readonly<Record<string, string>>
  /** Limits the heap of each isolate. Default: no limit. */
  readonly heapMegabytesMax?: number
  /** Whether it can load Workers through the binding LOADER. */
  readonly isLoader?: boolean
}

export interface Server {
  readonly origin: string
  /** User and system CPU time of the runtime so far, in milliseconds; NaN if the system does not report it. */
  readonly cpuMs: () => number
  /** The most memory the runtime has held so far, in bytes; NaN if the system does not report it. */
  readonly memoryBytesMax: () => number
  /** Stops the runtime. */
  readonly stop: () => Promise<void>
  /** Kills the runtime, like a crash. */
  readonly kill: () => Promise<void>
}

const TEST_KEYS = path.join(import.meta.dirname, '../test/support')

const BINDINGS = {
  SIGNING_PRIVATE_KEY: readFileSync(path.join(TEST_KEYS, 'global-signing-key.pem'), 'utf8'),
  SIGNING_PRIVATE_KEY_FILES: readFileSync(path.join(TEST_KEYS, 'file-signing-key.pem'), 'utf8'),
  MAX_QUANTITY: '10000',
  STANDARD_WEBHOOK_SECRET: standardSamples.secret,
}

/** /proc counts CPU time in 100 ticks per second on every Linux (proc(5), USER_HZ). */
const MS_A_TICK = 10

/** Starts the runtime. The caller disposes of it. */
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
      // Drop the log line of each request; only errors matter here.
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

/** Finds the process that is being started, since the runtime does not report its own. */
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
      // proc(5): fields 14 and 15 of the line, counted after the name, which may contain spaces.
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
