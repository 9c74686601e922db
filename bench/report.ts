/** The results of the benchmark. */
import type { Summary } from './measure.ts'
import type { StartUp } from './start-up.ts'
import type { Ratio } from './statistics.ts'

export interface Report {
  readonly machine: { readonly processor: string; readonly cores: number; readonly memoryGigabytes: number }
  readonly date: string
  readonly rounds: number
  readonly tasks: readonly TaskReport[]
  /** Paid webhooks per second divided by orders of one key per second, of the product. */
  readonly webhookToOrder: Ratio
  /** CPU time for each additional key, of the product divided by that of the floor. */
  readonly cpuPerKey: Ratio
  /** The tasks with a database at this distance. */
  readonly atDistance: { readonly milliseconds: number; readonly tasks: readonly TaskReport[] }
  readonly growth: { readonly storedKeys: number; readonly tasks: readonly GrowthReport[] }
  /** Memory of the whole runtime with 10,000 keys per request and limited heaps. */
  readonly memory: {
    readonly heapMegabytesMax: number
    readonly idleMegabytes: number
    readonly peakMegabytes: number
  }
  /** The longest bodies. */
  readonly bodies: readonly BodyReport[]
  /** The size of the product's bundle. */
  readonly gzippedBytes: number
  /** The start of an isolate of the product, and of one that does nothing. */
  readonly startUp: Readonly<Record<'product' | 'empty', StartUp>>
}

/** A body that costs as much as possible. */
export interface BodyReport {
  readonly task: string
  /** CPU time per request. */
  readonly cpuMs: number
  /** Memory of the first request, in addition to the idle runtime. */
  readonly megabytes: number
}

export interface TaskReport {
  readonly task: string
  readonly product: Summary
  readonly floor: Summary
  /** Measured for orders only. */
  readonly straightforward?: Summary
  /** Requests per second, of the product divided by those of the floor. */
  readonly toFloor: Ratio
  /** CPU time per request, of the product divided by that of the floor. */
  readonly cpuToFloor: Ratio
  /** Requests per second, of the product divided by those of the straightforward Worker. */
  readonly toStraightforward?: Ratio
}

/** The median time on a database with many license keys, divided by that on one with few. */
export interface GrowthReport {
  readonly task: string
  readonly product: Ratio
  readonly floor: Ratio
  /** The product's growth divided by the floor's. */
  readonly toFloor: Ratio
}
