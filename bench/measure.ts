/** Measures in rounds that alternate between the servers that are compared. */
import { type Measured, sendLoad } from './load.ts'
import type { Server } from './server.ts'
import { median } from './statistics.ts'
import { type Task, withRequests } from './tasks.ts'

/** One round of one server. */
export interface Round extends Measured {
  /** User and system time of the runtime's process, in milliseconds. */
  readonly cpuMsPerRequest: number
}

/** The medians of all rounds. */
export type Summary = { readonly [Figure in keyof Round]: number }

/** One server at one task. */
export interface Measurement {
  readonly task: Task
  /** The name of the server. */
  readonly name: string
  readonly server: Server
  /** The rounds measured so far. */
  readonly rounds: Round[]
}

/** All tasks of all servers. */
export function measurementsOf(
  tasks: readonly Task[],
  servers: Readonly<Record<string, Server>>,
): Measurement[] {
  const entries = Object.entries(servers)
  return tasks.flatMap((task) => entries.map(([name, server]) => ({ task, name, server, rounds: [] })))
}

export interface Rounds {
  readonly rounds: number
  /** The fraction of each task's requests to send in a round. */
  readonly part: number
}

/**
 * Measures. Each server has done its task once before, so no round includes a start. The order changes from round to
 * round, so no server is always first.
 */
export async function alternate(measurements: readonly Measurement[], rounds: Rounds): Promise<void> {
  for (const { server, task } of measurements) await sendLoad(server.origin, withRequests(task, 1))
  for (let round = 0; round < rounds.rounds; round++) {
    for (const one of round % 2 === 0 ? measurements : measurements.toReversed()) {
      const task = withRequests(one.task, one.task.requests * rounds.part)
      const cpuMsBefore = one.server.cpuMs()
      const measured = await sendLoad(one.server.origin, task)
      const cpuMsPerRequest = (one.server.cpuMs() - cpuMsBefore) / task.requests
      one.rounds.push({ ...measured, cpuMsPerRequest })
    }
  }
}

export function summary(rounds: readonly Round[]): Summary {
  const middle = (figure: keyof Round) => median(rounds.map((round) => round[figure]))
  return {
    requestsPerSecond: middle('requestsPerSecond'),
    p50Ms: middle('p50Ms'),
    p95Ms: middle('p95Ms'),
    p99Ms: middle('p99Ms'),
    cpuMsPerRequest: middle('cpuMsPerRequest'),
  }
}
