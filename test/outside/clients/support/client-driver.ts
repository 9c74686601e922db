/** A client that runs in a process of its own and obeys lines of JSON. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export interface ClientDriver {
  /** @returns what the driver answers. One command after the other */
  readonly ask: (command: Readonly<Record<string, unknown>>) => Promise<Record<string, unknown>>
  readonly end: () => void
}

export function startDriver(program: string, ...parameters: string[]): ClientDriver {
  return drive(
    spawn(program, parameters, {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Without the options of the tests' own Node.js, and without the warning of Node.js 20 about Ed25519.
      env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    }),
  )
}

/** Drives a process that obeys lines of JSON. */
export function drive(driver: ChildProcessByStdio<Writable, Readable, null>): ClientDriver {
  const answers = createInterface({ input: driver.stdout })[Symbol.asyncIterator]()
  async function ask(command: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    driver.stdin.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error('The driver has ended.')
    return JSON.parse(value)
  }
  return { ask, end: () => driver.stdin.end() }
}
