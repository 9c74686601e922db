/**
 * Runs the commands of its project in one process, one after the other: it reads the words of each as a line of JSON from
 * standard input, and prints the result as another line.
 */
import { createInterface } from 'node:readline'
import type { CommandResult } from './keyseal.ts'

/** Thrown instead of exiting the process. */
class Exit extends Error {}

const writeStdout = process.stdout.write.bind(process.stdout)
const writeStderr = process.stderr.write.bind(process.stderr)

process.exit = (status) => {
  process.exitCode = status
  throw new Exit()
}

async function runCommand(words: readonly string[], count: number): Promise<CommandResult> {
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
    // Another query makes it another module, so it runs again, but its imports are cached.
    await import(`../../../scripts/keyseal.ts?${count}`)
  } catch (error) {
    if (!(error instanceof Exit)) throw error
  } finally {
    Object.assign(process.stdout, { write: writeStdout })
    Object.assign(process.stderr, { write: writeStderr })
  }
  return { status: Number(process.exitCode), stdout, stderr }
}

let count = 0
for await (const line of createInterface({ input: process.stdin })) {
  const result = await runCommand(JSON.parse(line) as string[], count++)
  process.exitCode = 0
  writeStdout(`${JSON.stringify(result)}\n`)
}
