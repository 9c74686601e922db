/** Prints the report as Markdown tables, for bench/README.md. */
import type { Report, TaskReport } from './report.ts'
import { figure, type Ratio } from './statistics.ts'
import type { Target } from './targets.ts'

export function printReport(report: Report, targets: readonly Target[]): void {
  const { machine, date, rounds, atDistance, growth, memory, startUp } = report
  console.log(
    `\n${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; ${date}; medians of ${rounds} rounds\n`,
  )
  printTasks('Task', report.tasks)
  console.log(
    `The product takes ${spread(report.webhookToOrder)} as many paid webhooks as orders of one key in the same time.\n`,
  )
  printTasks(`With ${atDistance.milliseconds} ms to the database`, atDistance.tasks)
  printTable(
    [`Time with ${figure(growth.storedKeys)} keys stored`, 'product', 'floor', "by the floor's"],
    growth.tasks.map(({ task, product, floor, toFloor }) => [
      task,
      spread(product),
      spread(floor),
      spread(toFloor),
    ]),
  )
  printTable(
    ['Start of an isolate', 'ms to the first answer', 'CPU ms'],
    Object.entries(startUp).map(([name, { ms, cpuMs }]) => [name, figure(ms), figure(cpuMs)]),
  )
  console.log(`The product's bundle has ${figure(report.gzippedBytes / 1000)} kB gzipped.`)
  console.log(
    `The runtime holds ${figure(memory.idleMegabytes)} MB when idle and ${figure(memory.peakMegabytes)} MB at its peak with 10,000 keys a request, its heaps limited to ${memory.heapMegabytesMax} MB.\n`,
  )
  printTable(
    ['Target', 'wanted', 'found', ''],
    targets.map(({ name, wanted, found, isReached }) => [
      name,
      wanted,
      found,
      isReached ? 'reached' : 'MISSED',
    ]),
  )
}

const WORKERS = ['product', 'floor', 'straightforward'] as const

/** One row per Worker, with the smallest and the greatest round in parentheses. */
function printTasks(title: string, tasks: readonly TaskReport[]): void {
  printTable(
    [
      title,
      'Worker',
      'requests/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'CPU ms',
      "product's requests/s by its own",
      "product's CPU by its own",
    ],
    tasks.flatMap((task) =>
      WORKERS.flatMap((worker) => {
        const found = task[worker]
        if (!found) return []
        const comparison = {
          product: ['', ''],
          floor: [spread(task.toFloor), spread(task.cpuToFloor)],
          straightforward: [task.toStraightforward ? spread(task.toStraightforward) : '', ''],
        }
        return [
          [
            task.task,
            worker,
            figure(found.requestsPerSecond),
            figure(found.p50Ms),
            figure(found.p95Ms),
            figure(found.p99Ms),
            figure(found.cpuMsPerRequest),
            ...comparison[worker],
          ],
        ]
      }),
    ),
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
