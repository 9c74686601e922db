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
    `Requests/s of the product, paid webhooks / orders of 1 key: ${spread(report.webhookToOrder)}\n`,
  )
  printTasks(`With ${atDistance.milliseconds} ms to the database`, atDistance.tasks)
  printTable(
    [`Growth with ${figure(growth.storedKeys)} stored keys`, 'product', 'floor', 'product / floor'],
    growth.tasks.map(({ task, product, floor, toFloor }) => [
      task,
      spread(product),
      spread(floor),
      spread(toFloor),
    ]),
  )
  printTable(
    ['Longest body', 'CPU ms', 'MB of the first request'],
    report.bodies.map(({ task, cpuMs, megabytes }) => [task, figure(cpuMs), figure(megabytes)]),
  )
  printTable(
    ['Start of an isolate', 'ms to the first answer', 'CPU ms'],
    Object.entries(startUp).map(([name, { ms, cpuMs }]) => [name, figure(ms), figure(cpuMs)]),
  )
  console.log(`The product's bundle is ${figure(report.gzippedBytes / 1000)} kB gzipped.`)
  console.log(
    `The runtime uses ${figure(memory.idleMegabytes)} MB when idle and at most ${figure(memory.peakMegabytes)} MB with 10,000 keys per request. Each heap is limited to ${memory.heapMegabytesMax} MB.\n`,
  )
  printTable(
    ['Target', 'required', 'measured', ''],
    targets.map(({ name, required, measured, isMet }) => [
      name,
      required,
      measured,
      isMet ? 'met' : 'MISSED',
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
      'requests/s, product / this Worker',
      'CPU ms, product / this Worker',
    ],
    tasks.flatMap((task) =>
      WORKERS.flatMap((worker) => {
        const summary = task[worker]
        if (!summary) return []
        const comparison = {
          product: ['', ''],
          floor: [spread(task.toFloor), spread(task.cpuToFloor)],
          straightforward: [task.toStraightforward ? spread(task.toStraightforward) : '', ''],
        }
        return [
          [
            task.task,
            worker,
            figure(summary.requestsPerSecond),
            figure(summary.p50Ms),
            figure(summary.p95Ms),
            figure(summary.p99Ms),
            figure(summary.cpuMsPerRequest),
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
