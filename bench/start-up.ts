/** Measures how long an isolate takes from its start to the first signed response. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Server, startServer } from './server.ts'
import { median } from './statistics.ts'

export interface StartUp {
  readonly ms: number
  /** NaN if the system does not report it. */
  readonly cpuMs: number
}

/** Enough starts for a clock that counts CPU time in steps of 10 ms. */
const ISOLATES_A_ROUND = 5

/**
 * A Worker starts other Workers, each in a new isolate, and requests a path that does not exist: the only response that
 * needs no database.
 *
 * @returns the medians of all rounds, in which the Workers alternate
 */
export async function measureStartUps<Name extends string>(
  scripts: Readonly<Record<Name, string>>,
  folder: string,
  rounds: number,
): Promise<Record<Name, StartUp>> {
  const names = Object.keys(scripts) as Name[]
  const server = await startServer({
    script: path.join(import.meta.dirname, 'workers/loader.js'),
    folder,
    bindings: Object.fromEntries(names.map((name) => [name, readFileSync(scripts[name], 'utf8')])),
    isLoader: true,
  })
  try {
    const measured = names.map((name) => ({ name, rounds: [] as StartUp[] }))
    for (let round = 0; round < rounds; round++) {
      for (const one of measured) one.rounds.push(await startIsolates(server, one.name))
    }
    return Object.fromEntries(measured.map((one) => [one.name, summary(one.rounds)])) as Record<Name, StartUp>
  } finally {
    await server.stop()
  }
}

async function startIsolates({ origin, cpuMs }: Server, name: string): Promise<StartUp> {
  const cpuMsBefore = cpuMs()
  const times: number[] = []
  for (let isolate = 0; isolate < ISOLATES_A_ROUND; isolate++) {
    const begun = performance.now()
    await (await fetch(`${origin}/${name}`)).bytes()
    times.push(performance.now() - begun)
  }
  return { ms: median(times), cpuMs: (cpuMs() - cpuMsBefore) / ISOLATES_A_ROUND }
}

function summary(rounds: readonly StartUp[]): StartUp {
  return { ms: median(rounds.map(({ ms }) => ms)), cpuMs: median(rounds.map(({ cpuMs }) => cpuMs)) }
}
