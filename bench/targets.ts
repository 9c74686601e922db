/** The targets of the product. */
import type { Report } from './report.ts'
import { figure } from './statistics.ts'
import { ACTIVATE, ORDER_OF_100, ORDER_OF_1000, ORDER_OF_ONE, VERIFY } from './tasks.ts'

export interface Target {
  readonly name: string
  readonly required: string
  readonly measured: string
  readonly isMet: boolean
}

/** Requests per second, divided by those of the floor. */
const TO_FLOOR = [
  [ORDER_OF_ONE, 0.85],
  [VERIFY, 0.9],
  [ACTIVATE, 0.85],
  [ORDER_OF_100, 0.85],
  [ORDER_OF_1000, 0.85],
] as const

export function targetsOf({ tasks, ...report }: Report): Target[] {
  const { milliseconds, tasks: distantTasks } = report.atDistance
  const find = (from: Report['tasks'], name: string) => from.find(({ task }) => task === name)
  const far = `${milliseconds} ms to the database`
  return [
    ...TO_FLOOR.map(([{ name }, required]) =>
      atLeast(`${name}: requests/s, product / floor`, find(tasks, name)?.toFloor.median, required),
    ),
    atLeast('requests/s, paid webhooks / orders of 1 key', report.webhookToOrder.median, 0.85),
    // A second round trip would halve this ratio.
    ...distantTasks.map(({ task, toFloor }) =>
      atLeast(`${task}, ${far}: requests/s, product / floor`, toFloor.median, 0.9),
    ),
    atLeast(
      `${ORDER_OF_1000.name}: requests/s, product / straightforward`,
      find(tasks, ORDER_OF_1000.name)?.toStraightforward?.median,
      2,
    ),
    atLeast(
      `${ORDER_OF_ONE.name}, ${far}: requests/s, product / straightforward`,
      find(distantTasks, ORDER_OF_ONE.name)?.toStraightforward?.median,
      2.5,
    ),
    atMost('CPU time of each additional key, product / floor', report.cpuPerKey.median, 1.2),
    ...report.growth.tasks.map(({ task, toFloor }) =>
      atMost(
        `${task}: growth with ${figure(report.growth.storedKeys)} stored keys, product / floor`,
        toFloor.median,
        1.1,
      ),
    ),
    atMost(
      'megabytes for 10,000 keys per request, in addition to the idle runtime',
      report.memory.peakMegabytes - report.memory.idleMegabytes,
      128,
    ),
    atMost('CPU ms of the most expensive body', Math.max(...report.bodies.map(({ cpuMs }) => cpuMs)), 100),
    atMost(
      'megabytes for the most expensive body, in addition to the idle runtime',
      Math.max(...report.bodies.map(({ megabytes }) => megabytes)),
      64,
    ),
  ]
}

function atLeast(name: string, measured = Number.NaN, required: number): Target {
  return { name, required: `>= ${required}`, measured: figure(measured), isMet: measured >= required }
}

/** A figure that the system does not report counts as met. */
function atMost(name: string, measured: number, required: number): Target {
  return { name, required: `<= ${required}`, measured: figure(measured), isMet: !(measured > required) }
}
