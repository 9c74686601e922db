/** The measurements. Whatever is compared is measured in rounds that alternate between the servers. */
import { type Load, type Measured, sendLoad } from './load.ts'
import type { Server } from './server.ts'
import { median } from './statistics.ts'

/** One round of one server. */
export interface Round extends Measured {
  /** Of the runtime's process, user and system, in milliseconds. */
  readonly cpuMsPerRequest: number
}

/** The medians of all rounds. */
export type Summary = { readonly [Figure in keyof Round]: number }

/**
 * @param servers by name; the order changes from round to round, so that none is always the first
 * @param loadOf the load of each
 * @param rounds how many
 * @returns the rounds of each server, in their order
 */
export async function alternate<Name extends string>(
  servers: Record<Name, Server>,
  loadOf: (name: Name) => Load,
  rounds: number,
): Promise<Record<Name, Round[]>> {
  const names = Object.keys(servers) as Name[]
  const measured = Object.fromEntries(names.map((name) => [name, [] as Round[]])) as Record<Name, Round[]>
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      measured[name].push(await measureOnce(servers[name], loadOf(name)))
    }
  }
  return measured
}

async function measureOnce(server: Server, load: Load): Promise<Round> {
  const cpuMsBefore = server.cpuMs()
  const measured = await sendLoad(server.origin, load)
  return { ...measured, cpuMsPerRequest: (server.cpuMs() - cpuMsBefore) / load.requests }
}

export function summary(rounds: readonly Round[]): Summary {
  const figures = Object.keys(rounds[0] ?? {}) as (keyof Round)[]
  return Object.fromEntries(
    figures.map((name) => [name, median(rounds.map((round) => round[name]))]),
  ) as Summary
}

/** Lets the runtime compile what it is going to run. */
export async function warmUp(servers: Record<string, Server>, requests: number): Promise<void> {
  for (const { origin } of Object.values(servers)) {
    await sendLoad(origin, { requests, connections: 4, quantity: 1 })
    await sendLoad(origin, { requests: Math.ceil(requests / 5), connections: 4, quantity: 100 })
  }
}
