/** What the commands for operators have in common. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { Place } from './database.ts'

/**
 * Runs a command: parses its options, and prints what went wrong as one sentence instead of a stack.
 *
 * @param usage shown with `--help` and after a wrong option
 * @param options besides `--help` and `--remote`
 * @param run the command; `place` is the local database unless `--remote` is given
 * @param words how many words besides options it takes at the most
 */
export async function runCommand<Options extends ParseArgsOptionsConfig>(
  usage: string,
  options: Options,
  run: (
    values: ReturnType<typeof parseArgs<{ options: Options }>>['values'],
    place: Place,
    words: readonly string[],
  ) => Promise<void>,
  words = 0,
): Promise<void> {
  try {
    const common = { help: { type: 'boolean' }, remote: { type: 'boolean' } } as const
    const { values, positionals } = parseArgs({
      options: { ...options, ...common },
      allowPositionals: words > 0,
    })
    const { help, remote } = values as { help?: boolean; remote?: boolean }
    if (positionals.length > words) throw new Error(`One word too many: ${positionals[words]}`)
    if (help) console.log(usage)
    else await run(values as never, remote ? 'remote' : 'local', positionals)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`)
    process.exitCode = 1
  }
}

/** A whole number from `min` to `max` as an option gives it. */
export function wholeNumber(name: string, text: string | undefined, min: number, max: number): number {
  if (text === undefined) throw new Error(`${name} is missing.`)
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new Error(`${name} must be a whole number from ${min} to ${max}, not "${text}".`)
}

/** One of the words that an option or a place in the command knows. */
export function oneOf<Word extends string>(
  name: string,
  text: string | undefined,
  known: readonly Word[],
): Word {
  const word = known.find((candidate) => candidate === text)
  if (word !== undefined) return word
  throw new Error(`${name} must be one of ${known.join(', ')}${text === undefined ? '' : `, not "${text}"`}.`)
}

/** Rows as a table that a person can read; what is null is left empty. */
export function printTable(rows: readonly Record<string, unknown>[], whenEmpty: string): void {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) {
    console.log(whenEmpty)
    return
  }
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  for (const line of cells) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}
