/**
 * Runs the command line of the project it is in, one command after the other within one process: reads the words of
 * each from standard input, as a line of JSON, and prints what came of it as another one.
 */
import { createInterface } from 'node:readline'
import type { Typed } from './keyseal.ts'

/** What ends a command takes the place of the end of the process. */
class Ended extends Error {}

const writeStdout = process.stdout.write.bind(process.stdout)
const writeStderr = process.stderr.write.bind(process.stderr)

process.exit = (status) => {
  process.exitCode = status
  throw new Ended()
}

async function typed(words: readonly string[], count: number): Promise<Typed> {
  let stdout = ''
  let stderr = ''
  process.exitCode = 0
  process.argv = [process.execPath, 'keyseal.ts', ...words]
  process.stdout.write = (chunk: string | Uint8Array) => {
    stdout += chunk
    return true
  }
  process.stderr.write = (chunk: string | Uint8Array) => {
    stderr += chunk
    return true
  }
  try {
    // Another query, another module: the program runs anew, and what it imports is there already.
    await import(`../../../scripts/keyseal.ts?${count}`)
  } catch (error) {
    if (!(error instanceof Ended)) throw error
  } finally {
    Object.assign(process.stdout, { write: writeStdout })
    Object.assign(process.stderr, { write: writeStderr })
  }
  return { status: Number(process.exitCode), stdout, stderr }
}

let count = 0
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await typed(JSON.parse(line) as string[], count++)
  process.exitCode = 0
  writeStdout(`${JSON.stringify(answer)}\n`)
}
