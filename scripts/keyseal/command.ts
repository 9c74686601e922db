/** What the commands of `npm run keyseal` have in common. */
import { createInterface } from 'node:readline/promises'
import { type Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { Place, Row } from '../database.ts'
import { messageOf } from '../message-of.ts'
import { printTable } from './table.ts'

export interface CommandSpec {
  /** Its name and the words it takes, as commander writes them: `disable <id>`. */
  readonly usage: string
  readonly summary: string
  /** Words that need more said about them than `usage` can. */
  readonly words?: readonly Argument[]
  readonly options?: readonly Option[]
  /** Left out: the local database, and with `--remote` the one in production. */
  readonly isLocalOnly?: boolean
  /** What `--remote` does, where it is something else than that. */
  readonly remote?: string
  /** It asks before it does anything: see `confirmed`. */
  readonly isDangerous?: boolean
}

const REMOTE = 'use production instead of the local database'

/** What a command was given. */
export interface Given<Options> {
  readonly options: Options
  readonly words: readonly string[]
  readonly place: Place
  readonly isJson: boolean
  /** Asks whether to go on, as `confirmed` does. */
  readonly confirm: (question: Question) => Promise<void>
}

/** A question, or what finds out what to ask, and fails where there is nothing to ask about. */
export type Question = string | (() => Promise<string>)

/** What a command tells: one value for scripts, or text for people. */
export interface CommandOutput {
  readonly value: unknown
  readonly print: () => void
}

interface CommonOptions {
  readonly remote?: boolean
  readonly json?: boolean
  readonly yes?: boolean
}

/**
 * Adds a command. What it throws is printed as a sentence, with the way to its help, and ends with exit code 1.
 *
 * @param run does it; undefined: it has printed everything itself
 */
export function addCommand<Options>(
  parent: Command,
  spec: CommandSpec,
  run: (given: Given<Options>) => Promise<CommandOutput | undefined> | CommandOutput,
): void {
  const command = parent.command(spec.usage).description(spec.summary)
  for (const word of spec.words ?? []) command.addArgument(word)
  for (const option of spec.options ?? []) command.addOption(option)
  if (!spec.isLocalOnly) command.option('--remote', spec.remote ?? REMOTE)
  if (spec.isDangerous) command.option('--yes', 'do not ask for confirmation')
  command.option('--json', 'print one JSON value, for scripts')
  command.showHelpAfterError(`Usage: ${pathOf(command)} --help`)
  command.action(async () => {
    const { remote, json = false, yes = false } = command.opts<CommonOptions>()
    try {
      const output = await run({
        options: command.opts() as Options,
        words: command.args,
        place: remote ? 'remote' : 'local',
        isJson: json,
        confirm: (question) => confirmed(question, yes),
      })
      if (output && json) console.log(JSON.stringify(output.value))
      else output?.print()
    } catch (error) {
      command.error(messageOf(error))
    }
  })
}

/** A group of commands: `offers` of `offers add`. */
export function addGroup(program: Command, name: string, summary: string): Command {
  const group = program.command(name).description(summary)
  return group.showHelpAfterError(`Usage: ${pathOf(group)} --help`)
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/**
 * Asks a person before something that can not be taken back.
 *
 * @param isSure `--yes` was given
 * @throws Error where the answer is not yes, or nobody can be asked: nothing is done then
 */
async function confirmed(asked: Question, isSure: boolean): Promise<void> {
  if (isSure) return
  const question = typeof asked === 'string' ? asked : await asked()
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Error(`${question} Not a terminal, so nothing was changed. Run it again with --yes.`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C and Ctrl-D end the question without an answer, and leave the cursor behind it.
  const answer = await terminal.question(`${question} Type yes to continue: `).catch(() => {
    process.stderr.write('\n')
    return ''
  })
  terminal.close()
  if (answer.trim().toLowerCase() !== 'yes') throw new Error('Nothing was changed.')
}

export function textOutput(value: unknown, text: string): CommandOutput {
  return { value, print: () => console.log(text) }
}

/** Rows by names such as `licenseKey`, which a table has as `license key`; lists as `one, other` or `none`. */
export function tableOutput(rows: readonly Row[], whenEmpty: string): CommandOutput {
  const heading = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const shown = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [heading(name), shownAs(value)])),
  )
  return { value: rows, print: () => printTable(shown, whenEmpty) }
}

function shownAs(value: unknown): unknown {
  return Array.isArray(value) ? value.join(', ') || 'none' : value
}

/** SQL, an expression: an instant of the database as text, `2026-11-24T07:30:00Z`. */
export function instant(column: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%SZ', ${column} / 1000, 'unixepoch')`
}

/** An option that must be given; the help says so. */
export function required(option: Option): Option {
  option.description += ' (required)'
  return option.makeOptionMandatory()
}

/** An option that takes a whole number from `min` to `max`. */
export function numberOption(flags: string, description: string, min: number, max: number): Option {
  return new Option(flags, description).argParser((text) => wholeNumberIn(text, min, max))
}

/** An option that takes a text. @param rule what it must be, to go on `It must be` */
export function textOption(
  flags: string,
  description: string,
  isValid: (text: string) => boolean,
  rule: string,
): Option {
  return new Option(flags, description).argParser((text) => {
    if (isValid(text)) return text
    throw new InvalidArgumentError(`It must be ${rule}.`)
  })
}

/** A word that is an id. */
export function idWord(word: string | undefined): number {
  if (/^[1-9]\d{0,14}$/.test(word ?? '')) return Number(word)
  throw new Error(`An id must be a whole number from 1 on, not "${word}".`)
}

function wholeNumberIn(text: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}
