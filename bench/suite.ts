/** Runs all measurements in sequence. */
import { cpSync, readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { measureBodies } from './bodies.ts'
import { bundleAll, bundleAtDistance, type Scripts } from './bundle.ts'
import { makeDatabase, storeKeys } from './database.ts'
import { cpuPerKey, growthReport, tasksReport, webhookToOrder } from './figures.ts'
import { sendLoad } from './load.ts'
import { alternate, type Measurement, measurementsOf, type Rounds } from './measure.ts'
import type { Report } from './report.ts'
import { type Server, type Serving, startServer } from './server.ts'
import { measureStartUps } from './start-up.ts'
import {
  GROWING_ORDERS,
  LARGER_ORDERS,
  ORDER_OF_100,
  ORDER_OF_10000,
  ORDER_OF_ONE,
  SMALL_TASKS,
  type Task,
  withRequests,
} from './tasks.ts'

/** The amount of work. */
export interface Scale extends Rounds {
  /** License keys in the large database. */
  readonly storedKeys: number
  /**
   * Requests of each task before measuring, so that the runtime compiles the code. A Worker with more code needs more
   * of them: after 300 orders the product reached 0.82 of the floor, after 3,000 orders 0.86 to 0.88.
   */
  readonly warmUpRequests: number
  /** The largest order. */
  readonly keysMax: number
}

export const FULL: Scale = {
  rounds: 15,
  storedKeys: 1_000_000,
  warmUpRequests: 2_000,
  keysMax: 10_000,
  part: 1,
}
export const SMOKE: Scale = { rounds: 1, storedKeys: 1_000, warmUpRequests: 0, keysMax: 1_000, part: 0.05 }

/** The distance of the remote database, added to each round trip. */
const DISTANCE_MS = 50
const DISTANT_REQUESTS = 40
/** Also of a small part, so that the first requests, which load code, do not decide. */
const DISTANT_REQUESTS_MIN = 16

const MEMORY_REQUESTS = 5
/** Half of the platform's 128 MB for a Worker. The other half is for memory outside the heap. */
const HEAP_MEGABYTES_MAX = 64

/** Prints progress: a measurement takes minutes. */
function progress(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

/**
 * @param folder for bundles and databases; the caller removes it
 */
export async function measure(folder: string, scale: Scale): Promise<Report> {
  const { rounds, storedKeys } = scale
  const running: Server[] = []

  function inFolder(name: string): string {
    return path.join(folder, name)
  }
  /** Each server gets its own copy of the database. */
  async function open(database: string, serving: Omit<Serving, 'folder'>): Promise<Server> {
    const copy = inFolder(`database-${crypto.randomUUID()}`)
    cpSync(inFolder(database), copy, { recursive: true })
    const server = await startServer({ ...serving, folder: copy })
    running.push(server)
    return server
  }
  async function closeAll(): Promise<void> {
    await Promise.all(running.splice(0).map((server) => server.stop()))
  }

  progress('bundling the Workers and creating the databases')
  const [scripts] = await Promise.all([bundleAll(folder), makeDatabase(inFolder('few-keys'))])
  const distantScript = await bundleAtDistance(scripts, DISTANCE_MS, folder)
  cpSync(inFolder('few-keys'), inFolder('many-keys'), { recursive: true })
  storeKeys(inFolder('many-keys'), storedKeys)

  try {
    progress('warming up')
    const servers = await opened({
      product: open('few-keys', { script: scripts.product }),
      floor: open('few-keys', { script: scripts.floor }),
      straightforward: open('few-keys', { script: scripts.straightforward }),
    })
    const small = smallMeasurements(SMALL_TASKS, servers)
    const large = measurementsOf(
      LARGER_ORDERS.filter(({ keys }) => keys <= scale.keysMax),
      servers,
    )
    await warmUp([...small, ...large], scale)
    progress(`small tasks, ${rounds} rounds`)
    await alternate(small, scale)
    progress(`larger orders, ${rounds} rounds`)
    await alternate(large, scale)
    await closeAll()

    progress(`a database ${DISTANCE_MS} ms away, ${rounds} rounds`)
    const requests = Math.max(DISTANT_REQUESTS, DISTANT_REQUESTS_MIN / scale.part)
    const distantTasks = SMALL_TASKS.map((task) => ({ ...task, requests }))
    const far = await open('few-keys', { script: distantScript })
    const distant = smallMeasurements(distantTasks, {
      product: { ...far, origin: `${far.origin}/product` },
      floor: { ...far, origin: `${far.origin}/floor` },
      straightforward: { ...far, origin: `${far.origin}/straightforward` },
    })
    await alternate(distant, scale)
    await closeAll()

    progress(`a database with ${storedKeys.toLocaleString('en')} keys, ${rounds} rounds`)
    const stores = await opened({
      product: open('few-keys', { script: scripts.product }),
      'full product': open('many-keys', { script: scripts.product }),
      floor: open('few-keys', { script: scripts.floor }),
      'full floor': open('many-keys', { script: scripts.floor }),
    })
    const growing = measurementsOf(GROWING_ORDERS, stores)
    await warmUp(growing, scale)
    await alternate(growing, scale)
    await closeAll()

    progress('memory')
    const heapMegabytesMax = HEAP_MEGABYTES_MAX
    const limited = await open('few-keys', { script: scripts.product, heapMegabytesMax })
    const idleBytes = limited.memoryBytesMax()
    await sendLoad(limited.origin, withRequests(ORDER_OF_10000, MEMORY_REQUESTS * scale.part))
    const peakBytes = limited.memoryBytesMax()
    await closeAll()

    progress('the longest bodies')
    const bodies = await measureBodies(
      () => open('few-keys', { script: scripts.product, heapMegabytesMax }),
      closeAll,
      scale.part,
    )

    progress(`the start of isolates, ${rounds} rounds`)
    const empty = path.join(import.meta.dirname, 'workers/empty.js')
    const startUp = await measureStartUps({ product: scripts.product, empty }, inFolder('loader'), rounds)

    return {
      machine: {
        processor: cpus()[0]?.model ?? '',
        cores: cpus().length,
        memoryGigabytes: Math.round(totalmem() / 2 ** 30),
      },
      date: new Date().toISOString().slice(0, 10),
      rounds,
      tasks: tasksReport([...small, ...large]),
      webhookToOrder: webhookToOrder(small),
      cpuPerKey: cpuPerKey([...small, ...large]),
      atDistance: { milliseconds: DISTANCE_MS, tasks: tasksReport(distant) },
      growth: { storedKeys, tasks: growthReport(growing) },
      memory: { heapMegabytesMax, idleMegabytes: idleBytes / 1e6, peakMegabytes: peakBytes / 1e6 },
      bodies,
      gzippedBytes: gzipSync(readFileSync(scripts.product)).byteLength,
      startUp,
    }
  } finally {
    await closeAll()
  }
}

async function opened<Name extends string>(
  opening: Readonly<Record<Name, Promise<Server>>>,
): Promise<Record<Name, Server>> {
  const names = Object.keys(opening) as Name[]
  const servers = await Promise.all(names.map(async (name) => [name, await opening[name]]))
  return Object.fromEntries(servers) as Record<Name, Server>
}

/** The straightforward Worker supports orders only. */
function smallMeasurements(tasks: readonly Task[], servers: Record<keyof Scripts, Server>): Measurement[] {
  const { straightforward, ...both } = servers
  const orders = tasks.filter(({ name }) => name === ORDER_OF_ONE.name)
  return [...measurementsOf(tasks, both), ...measurementsOf(orders, { straightforward })]
}

/** The small tasks and one larger order. */
async function warmUp(measurements: readonly Measurement[], { warmUpRequests }: Scale): Promise<void> {
  if (warmUpRequests === 0) return
  for (const { server, task } of measurements) {
    if (task.keys <= 1) await sendLoad(server.origin, withRequests(task, warmUpRequests))
    if (task === ORDER_OF_100) await sendLoad(server.origin, withRequests(task, warmUpRequests / 5))
  }
}
