/**
 * Serves one Worker with the real runtime and a database on disk, as a process of its own, so that it can be
 * measured and killed. Prints one JSON line when it is ready, and runs until it is ended.
 *
 * node bench/serve.ts '{"script": "...", "folder": "...", "port": 0, "bindings": {}}'
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readD1Migrations } from '@cloudflare/vitest-plugin'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

/** What is served, and how. */
export interface Serving {
  /** A bundle: one ES module. */
  readonly script: string
  /** Where the database is kept. */
  readonly folder: string
  /** 0: a free one. */
  readonly port: number
  readonly bindings: Record<string, string>
  /** The heap of each isolate, limited as the platform limits a Worker's memory; left out: not limited. */
  readonly heapMegabytesMax?: number
}

/** The line that says it is ready. */
export interface Served {
  readonly origin: string
  /** The process of the runtime itself; undefined where the system does not tell. */
  readonly runtimePid?: number
}

const migrationsFolder = path.join(import.meta.dirname, '../migrations')

/** Opens the runtime with a migrated database. The caller disposes of it. */
export async function openRuntime(serving: Serving): Promise<Miniflare> {
  const { script, folder, port, bindings, heapMegabytesMax } = serving
  if (heapMegabytesMax) process.env.MINIFLARE_WORKERD_V8_FLAGS = `--max-heap-size=${heapMegabytesMax}`
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      scriptPath: script,
      modulesRoot: path.dirname(script),
      compatibilityDate: '2026-11-02',
      compatibilityFlags: ['no_nodejs_compat'],
      host: '127.0.0.1',
      port,
      cf: false,
      bindings,
      d1Databases: { DB: 'bench' },
      resourcePersistencePath: folder,
      // A line for each request is the platform's to keep; here only what went wrong is worth reading.
      handleStructuredLogs({ level, message }) {
        if (level === 'error') console.error(message)
      },
    }),
  )
  await migrate(await runtime.getD1Database('DB'))
  return runtime
}

async function migrate(db: Awaited<ReturnType<Miniflare['getD1Database']>>): Promise<void> {
  if (await db.prepare(`select 1 from sqlite_schema where name = 'products'`).first()) return
  const migrations = await readD1Migrations(migrationsFolder)
  await db.batch(migrations.flatMap(({ queries }) => queries.map((query) => db.prepare(query))))
}

/** The runtime's process, a child of this one; where there is no /proc it stays unknown. */
function runtimePid(): number | undefined {
  try {
    const tasks = readdirSync('/proc/self/task')
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '),
    )
    return children
      .filter(Boolean)
      .map(Number)
      .find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'workerd')
  } catch {
    return undefined
  }
}

if (import.meta.main) {
  const runtime = await openRuntime(JSON.parse(process.argv[2] ?? '{}') as Serving)
  const { origin } = await runtime.ready
  const pid = runtimePid()
  console.log(JSON.stringify({ origin, ...(pid !== undefined && { runtimePid: pid }) } satisfies Served))
  process.on('SIGTERM', async () => {
    await runtime.dispose()
    process.exit(0)
  })
}
