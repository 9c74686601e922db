/** Everything that is measured, one after the other. */
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Load, sendLoad } from './load.ts'
import { alternate, type Round, type Summary, summary, warmUp } from './measure.ts'
import { DISTANCE_MS, LOADS, type Setting, serve, WORKERS, type WorkerName } from './scenario.ts'
import { bundle, type Server } from './server.ts'
import { type Ratio, ratio } from './statistics.ts'
import { type Target, targetsOf } from './targets.ts'

/** How much is measured. */
export interface Scale {
  readonly rounds: number
  /** License keys a request; those of LOADS. */
  readonly quantities: readonly number[]
  /** In the database that is compared with an empty one. */
  readonly storedKeys: number
  /**
   * Requests that let the runtime compile what it is going to run. The more code a Worker has, the more of them it
   * takes: with 300 the product was measured half interpreted, at 0.82 of the floor; with 3,000 at 0.86 to 0.88.
   */
  readonly warmUpRequests: number
  /** The part of the requests of LOADS that is sent. */
  readonly part: number
}

export const FULL: Scale = {
  rounds: 7,
  quantities: LOADS.map(({ quantity }) => quantity),
  storedKeys: 1_000_000,
  warmUpRequests: 3_000,
  part: 1,
}
export const SMOKE: Scale = {
  rounds: 1,
  quantities: [1, 100],
  storedKeys: 10_000,
  warmUpRequests: 20,
  part: 0.1,
}

const REPLAYED_REQUESTS = 300
const GROWTH_QUANTITIES = [1, 100, 1_000]
/** Half of the 128 MB that the platform grants a Worker; the other half is for what lives outside the heap. */
const HEAP_MEGABYTES_MAX = 64

export interface Report {
  readonly machine: { readonly processor: string; readonly cores: number; readonly memoryGigabytes: number }
  readonly date: string
  readonly rounds: number
  readonly storedKeys: number
  readonly sizes: readonly SizeReport[]
  /** CPU time for each key beyond the first: of the product, by that of the floor. */
  readonly cpuPerKey: Ratio
  /** One key, with the database DISTANCE_MS away: requests a second of the product, by the straightforward's. */
  readonly atDistance: { readonly milliseconds: number; readonly toStraightforward: Ratio }
  /** One key: the median time of a replay, by that of a first issue. */
  readonly replay: Ratio
  /** The median time on a database with `storedKeys`, by that on an empty one. */
  readonly growth: readonly { readonly quantity: number; readonly product: Ratio; readonly floor: Ratio }[]
  /** Of the whole runtime with 10,000 keys a request, its heaps limited. */
  readonly memory: {
    readonly heapMegabytesMax: number
    readonly idleMegabytes: number
    readonly peakMegabytes: number
  }
  readonly bundle: Record<WorkerName, { readonly gzippedBytes: number }>
  /** From starting the process to its first answer. */
  readonly startUpMs: Record<WorkerName, number>
  readonly targets: readonly Target[]
}

export interface SizeReport {
  readonly quantity: number
  readonly workers: Partial<Record<WorkerName, Summary>>
  readonly toFloor: Ratio
  readonly toStraightforward: Ratio
}

/** Says what is going on, for the minutes in which nothing else is said. */
function progress(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

/**
 * @param folder for bundles and databases; the caller removes it
 * @param scale how much is measured
 */
export async function measure(folder: string, scale: Scale): Promise<Report> {
  const { rounds, storedKeys, warmUpRequests } = scale
  const loads: Load[] = LOADS.filter(({ quantity }) => scale.quantities.includes(quantity)).map((load) => ({
    ...load,
    requests: Math.max(Math.ceil(load.requests * scale.part), load.connections),
  }))
  let databases = 0
  const running: Server[] = []
  const oneKey: Load = { quantity: 1, requests: Math.ceil(REPLAYED_REQUESTS * scale.part), connections: 4 }

  async function open(setting: Omit<Setting, 'folder'>): Promise<Server> {
    const server = await serve({ ...setting, folder: path.join(folder, `database-${databases++}`) })
    running.push(server)
    return server
  }
  async function closeAll(): Promise<void> {
    await Promise.all(running.splice(0).map((server) => server.stop()))
  }

  progress('bundling the Workers')
  const names = Object.keys(WORKERS) as WorkerName[]
  const scripts = byName(names, (name) => bundle(WORKERS[name], path.join(folder, name)))
  const distantProduct = bundle('bench/workers/product.ts', path.join(folder, 'product-at-distance'))

  try {
    progress('starting the servers')
    const servers = {} as Record<WorkerName, Server>
    const startUpMs = {} as Record<WorkerName, number>
    for (const name of names) {
      servers[name] = await open({ script: scripts[name] })
      startUpMs[name] = servers[name].startUpMs
    }
    await warmUp(servers, warmUpRequests)

    const measured: { quantity: number; by: Record<WorkerName, Round[]> }[] = []
    for (const load of loads) {
      progress(`${load.quantity} keys a request, ${rounds} rounds of each Worker`)
      measured.push({ quantity: load.quantity, by: await alternate(servers, () => load, rounds) })
    }

    progress('replays')
    const replayed = { replay: servers.product, first: servers.product }
    const replays = await alternate(
      replayed,
      (name) => (name === 'replay' ? { ...oneKey, idempotencyKey: 'replayed' } : oneKey),
      rounds,
    )
    await closeAll()

    progress(`a database ${DISTANCE_MS} ms away`)
    const distant = {
      product: await open({ script: distantProduct, distanceMs: DISTANCE_MS }),
      straightforward: await open({ script: scripts.straightforward, distanceMs: DISTANCE_MS }),
    }
    const atDistance = await alternate(distant, () => ({ quantity: 1, requests: 40, connections: 4 }), rounds)
    await closeAll()

    progress(`an empty database, and one with ${storedKeys.toLocaleString('en')} keys`)
    const stores = {
      productEmpty: await open({ script: scripts.product }),
      productFull: await open({ script: scripts.product, storedKeys }),
      floorEmpty: await open({ script: scripts.floor }),
      floorFull: await open({ script: scripts.floor, storedKeys }),
    }
    await warmUp(stores, warmUpRequests)
    const growth: Report['growth'][number][] = []
    for (const load of loads.filter(({ quantity }) => GROWTH_QUANTITIES.includes(quantity))) {
      const by = await alternate(stores, () => load, rounds)
      growth.push({
        quantity: load.quantity,
        product: ratio(by.productFull.map(p50), by.productEmpty.map(p50)),
        floor: ratio(by.floorFull.map(p50), by.floorEmpty.map(p50)),
      })
    }
    await closeAll()

    progress('memory')
    const memory = await measureMemory(
      await open({ script: scripts.product, heapMegabytesMax: HEAP_MEGABYTES_MAX }),
    )

    const figures = {
      machine: {
        processor: cpus()[0]?.model ?? '',
        cores: cpus().length,
        memoryGigabytes: Math.round(totalmem() / 2 ** 30),
      },
      date: new Date().toISOString().slice(0, 10),
      rounds,
      storedKeys,
      sizes: measured.map(({ quantity, by }) => sizeReport(quantity, by)),
      cpuPerKey: cpuPerKey(measured),
      atDistance: {
        milliseconds: DISTANCE_MS,
        toStraightforward: ratio(atDistance.product.map(speed), atDistance.straightforward.map(speed)),
      },
      replay: ratio(replays.replay.map(p50), replays.first.map(p50)),
      growth,
      memory,
      bundle: byName(names, (name) => ({ gzippedBytes: gzipSync(readFileSync(scripts[name])).byteLength })),
      startUpMs,
    }
    return { ...figures, targets: targetsOf(figures) }
  } finally {
    await closeAll()
  }
}

function byName<Value>(
  names: readonly WorkerName[],
  of: (name: WorkerName) => Value,
): Record<WorkerName, Value> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<WorkerName, Value>
}

function speed(round: Round): number {
  return round.requestsPerSecond
}

function p50(round: Round): number {
  return round.p50Ms
}

function sizeReport(quantity: number, by: Record<WorkerName, Round[]>): SizeReport {
  return {
    quantity,
    workers: {
      product: summary(by.product),
      floor: summary(by.floor),
      straightforward: summary(by.straightforward),
    },
    toFloor: ratio(by.product.map(speed), by.floor.map(speed)),
    toStraightforward: ratio(by.product.map(speed), by.straightforward.map(speed)),
  }
}

/** From 1 key to 1,000: the rise of the CPU time, of the product by that of the floor. */
function cpuPerKey(measured: readonly { quantity: number; by: Record<WorkerName, Round[]> }[]): Ratio {
  const small = measured.find(({ quantity }) => quantity === 1)
  const large = measured.find(({ quantity }) => quantity === 1_000) ?? measured.at(-1)
  const rise = (name: WorkerName) =>
    (large?.by[name] ?? []).map(
      (round, index) => round.cpuMsPerRequest - (small?.by[name][index]?.cpuMsPerRequest ?? 0),
    )
  return ratio(rise('product'), rise('floor'))
}

async function measureMemory(server: Server): Promise<Report['memory']> {
  const idle = server.memoryBytesMax()
  await sendLoad(server.origin, { quantity: 10_000, requests: 5, connections: 1 })
  return {
    heapMegabytesMax: HEAP_MEGABYTES_MAX,
    idleMegabytes: Math.round(idle / 1e6),
    peakMegabytes: Math.round(server.memoryBytesMax() / 1e6),
  }
}
