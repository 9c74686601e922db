/** The report as a person reads it: tables that are Markdown too, for README.md. */

import { figure, type Ratio } from './statistics.ts'
import type { Report } from './suite.ts'

export function printReport(report: Report): void {
  const { machine, date, rounds } = report
  console.log(
    `\n${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; ${date}; medians of ${rounds} rounds\n`,
  )
  printTable(
    [
      'Keys',
      'Worker',
      'requests/s',
      'keys/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'CPU ms',
      "by the floor's",
      "by the straightforward's",
    ],
    report.sizes.flatMap(({ quantity, workers, toFloor, toStraightforward }) =>
      Object.entries(workers).map(([name, found]) => [
        quantity.toLocaleString('en'),
        name,
        figure(found.requestsPerSecond),
        figure(found.keysPerSecond),
        figure(found.p50Ms),
        figure(found.p95Ms),
        figure(found.p99Ms),
        figure(found.cpuMsPerRequest),
        name === 'product' ? spread(toFloor) : '',
        name === 'product' ? spread(toStraightforward) : '',
      ]),
    ),
  )
  printTable(
    ['Worker', 'bundle, gzipped', 'start-up to the first answer'],
    Object.entries(report.bundle).map(([name, { gzippedBytes }]) => [
      name,
      `${figure(gzippedBytes / 1000)} kB`,
      `${figure(report.startUpMs[name as keyof Report['startUpMs']])} ms`,
    ]),
  )
  printTable(
    ['Keys', `time with ${figure(report.storedKeys)} keys stored, by that with none`, "the floor's"],
    report.growth.map(({ quantity, product, floor }) => [
      quantity.toLocaleString('en'),
      spread(product),
      spread(floor),
    ]),
  )
  console.log(`A replay takes ${spread(report.replay)} of the time of a first issue.`)
  const { idleMegabytes, peakMegabytes, heapMegabytesMax } = report.memory
  console.log(
    `The runtime holds ${figure(idleMegabytes)} MB when idle and ${figure(peakMegabytes)} MB at its peak with 10,000 keys a request, its heaps limited to ${heapMegabytesMax} MB.\n`,
  )
  printTable(
    ['Target', 'wanted', 'found', ''],
    report.targets.map(({ name, wanted, found, isReached }) => [
      name,
      wanted,
      found,
      isReached ? 'reached' : 'MISSED',
    ]),
  )
}

function spread({ median, least, greatest }: Ratio): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${greatest.toFixed(2)})`
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n'))
}
