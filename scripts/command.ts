/** What the commands for operators have in common. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { Place } from './database.ts'

/**
 * Runs a command: parses its options, and prints what went wrong as one sentence instead of a stack.
 *
 * @param usage shown with `--help` and after a wrong option
 * @param options besides `--help` and `--remote`
 * @param run the command; `place` is the local database unless `--remote` is given
 */
export async function runCommand<Options extends ParseArgsOptionsConfig>(
  usage: string,
  options: Options,
  run: (values: ReturnType<typeof parseArgs<{ options: Options }>>['values'], place: Place) => Promise<void>,
): Promise<void> {
  try {
    const common = { help: { type: 'boolean' }, remote: { type: 'boolean' } } as const
    const { values } = parseArgs({ options: { ...options, ...common } })
    const { help, remote } = values as { help?: boolean; remote?: boolean }
    if (help) console.log(usage)
    else await run(values as never, remote ? 'remote' : 'local')
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    process.exitCode = 1
  }
}
