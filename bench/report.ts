/** What the bench finds. */
import type { Summary } from './measure.ts'
import type { StartUp } from './start-up.ts'
import type { Ratio } from './statistics.ts'

export interface Report {
  readonly machine: { readonly processor: string; readonly cores: number; readonly memoryGigabytes: number }
  readonly date: string
  readonly rounds: number
  readonly tasks: readonly TaskReport[]
  /** Requests a second of the product: paid webhooks, by orders of one key. */
  readonly webhookToOrder: Ratio
  /** CPU time for each key of an order beyond the first: of the product, by that of the floor. */
  readonly cpuPerKey: Ratio
  /** The same with the database this far away. */
  readonly atDistance: { readonly milliseconds: number; readonly tasks: readonly TaskReport[] }
  readonly growth: { readonly storedKeys: number; readonly tasks: readonly GrowthReport[] }
  /** Of the whole runtime with 10,000 keys a request, its heaps limited. */
  readonly memory: {
    readonly heapMegabytesMax: number
    readonly idleMegabytes: number
    readonly peakMegabytes: number
  }
  /** Of the product's bundle. */
  readonly gzippedBytes: number
  /** Of an isolate: the product's, and one that does nothing. */
  readonly startUp: Readonly<Record<'product' | 'empty', StartUp>>
}

export interface TaskReport {
  readonly task: string
  readonly product: Summary
  readonly floor: Summary
  /** Which knows nothing but orders. */
  readonly straightforward?: Summary
  /** Requests a second of the product, by the floor's. */
  readonly toFloor: Ratio
  /** CPU time a request of the product, by the floor's. */
  readonly cpuToFloor: Ratio
  /** Requests a second of the product, by the straightforward's. */
  readonly toStraightforward?: Ratio
}

/** The median time on a database that holds many license keys, by that on one that holds few. */
export interface GrowthReport {
  readonly task: string
  readonly product: Ratio
  readonly floor: Ratio
  /** The product's growth by the floor's. */
  readonly toFloor: Ratio
}
