/**
 * Runs the command line of the project it is in several times within one process: reads the words of each command
 * from standard input, as a JSON list of lists, and prints what came of each.
 */
import { text } from 'node:stream/consumers'
import type { Typed } from './keyseal.ts'

/** What ends a command takes the place of the end of the process. */
class Ended extends Error {}

const writeStdout = process.stdout.write.bind(process.stdout)
const writeStderr = process.stderr.write.bind(process.stderr)

process.exit = (status) => {
  process.exitCode = status
  throw new Ended()
}

async function typed(words: readonly string[], index: number): Promise<Typed> {
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
    await import(`../../../scripts/keyseal.ts?${index}`)
  } catch (error) {
    if (!(error instanceof Ended)) throw error
  } finally {
    Object.assign(process.stdout, { write: writeStdout })
    Object.assign(process.stderr, { write: writeStderr })
  }
  return { status: Number(process.exitCode), stdout, stderr }
}

const commands = JSON.parse(await text(process.stdin)) as string[][]
const all: Typed[] = []
for (const [index, words] of commands.entries()) all.push(await typed(words, index))
process.exitCode = 0
console.log(JSON.stringify(all))
