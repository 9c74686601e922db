/** What the product is held to. */

import { figure } from './statistics.ts'
import type { Report } from './suite.ts'

export interface Target {
  readonly name: string
  readonly wanted: string
  readonly found: string
  readonly isReached: boolean
}

/** Of a smoke run only those whose sizes were measured. */
export function targetsOf(report: Omit<Report, 'targets'>): Target[] {
  const size = (quantity: number) => report.sizes.find((measured) => measured.quantity === quantity)
  const toFloor = [1, 100, 1_000].flatMap((quantity) => {
    const found = size(quantity)?.toFloor.median
    return found === undefined
      ? []
      : [atLeast(`requests/s by the floor's, ${figure(quantity)} keys`, found, 0.85)]
  })
  const thousand = size(1_000)
  return [
    ...toFloor,
    ...(thousand
      ? [atLeast("requests/s by the straightforward's, 1,000 keys", thousand.toStraightforward.median, 2)]
      : []),
    atLeast(
      `the same, 1 key and ${report.atDistance.milliseconds} ms to the database`,
      report.atDistance.toStraightforward.median,
      2.5,
    ),
    ...(thousand ? [atMost("CPU for each additional key by the floor's", report.cpuPerKey.median, 1.2)] : []),
    ...report.growth.map(({ quantity, product }) =>
      atMost(
        `time with ${figure(report.storedKeys)} keys stored by that with none, ${figure(quantity)} keys`,
        product.median,
        1.2,
      ),
    ),
    atMost(
      'megabytes that 10,000 keys a request take besides the idle runtime',
      report.memory.peakMegabytes - report.memory.idleMegabytes,
      128,
    ),
  ]
}

function atLeast(name: string, found: number, wanted: number): Target {
  return { name, wanted: `>= ${wanted}`, found: figure(found), isReached: found >= wanted }
}

/** What the system does not tell counts as reached: there is nothing to hold it against. */
function atMost(name: string, found: number, wanted: number): Target {
  return { name, wanted: `<= ${wanted}`, found: figure(found), isReached: !(found > wanted) }
}
