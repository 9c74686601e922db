/**
 * Reads the cells of one row and collects what is wrong with them, by column. Case, spaces and signs in the name of a column
 * do not matter: `License Key`, `license_key` and `licenseKey` are the same column. Each method takes the names that a
 * column may have and reads the first that is not blank.
 */
import { DAY_MILLISECONDS } from '../../../protocol/dates.ts'
import { readFeatures } from '../../../protocol/features.ts'
import type { FieldErrors } from '../../../protocol/fields.ts'
import {
  cleanedOwnerName,
  isEmailAddress,
  isOwnerName,
  isTextOfAtMost,
  NOT_SET,
} from '../../../protocol/owner.ts'
import { isBlank, isObject, isScalar, jsonOf, metadataText, parseInstant, simplified } from './cell-values.ts'
import type { ImportedActivation, ImportedLicense, ReadRow, Row } from './license.ts'

interface Cell {
  /** As the export has it. */
  readonly column: string
  readonly value: unknown
}

type Names = readonly [string, ...string[]]

const KEY_CHARACTERS_MAX = 255
const METADATA_CHARACTERS_MAX = 10_000
const VALIDITY_DAYS_MAX = 36_500
const ACTIVATION_LIMIT_MAX = 1_000_000
/** The longest validity, a hundred years, ends before the year 10000. */
const INSTANT_BEFORE = Date.UTC(9900, 0, 1)

const UNLIMITED = /^(?:unlimited|lifetime|never|none|∞|-1)$/i
const YES = /^(?:1|true|yes)$/i
const NO = /^(?:0|false|no)$/i

export class RowReader {
  readonly #errors: FieldErrors = {}
  readonly #cells = new Map<string, Cell>()

  /** @param textOf undoes what the export did to its texts */
  constructor(row: Row, textOf: (text: string) => string = (text) => text) {
    for (const [column, value] of Object.entries(row)) {
      const cell = typeof value === 'string' ? textOf(value.trim()).trim() : value
      if (!isBlank(cell)) this.#cells.set(simplified(column), { column, value: cell })
    }
  }

  /** @returns the row as a license, or as refused if anything is wrong */
  finish(license: ImportedLicense): ReadRow {
    const errors = this.#errors
    return Object.keys(errors).length > 0 ? { kind: 'refused', errors } : { kind: 'license', license }
  }

  /** @param rule the rest of a sentence about the column: `must ...` */
  refuse(column: string, rule: string): null {
    this.#errors[column] ??= [`The column ${column} ${rule}.`]
    return null
  }

  text(...names: Names): string | null {
    return this.#textOfAtMost(255, names)
  }

  /** The name of the column and its text, for a rule of a single format. */
  cell(...names: Names): { readonly column: string; readonly text: string } | undefined {
    const cell = this.#find(names)
    if (cell === undefined) return undefined
    if (isScalar(cell.value)) return { column: cell.column, text: String(cell.value) }
    this.refuse(cell.column, 'must be text. Write a number like 7.0 or 1e3 as text, too')
    return undefined
  }

  licenseKey(...names: Names): string {
    const text = this.#textOfAtMost(KEY_CHARACTERS_MAX, names)
    if (text === null && this.#find(names) === undefined) this.refuse(names[0], 'is missing')
    return text ?? ''
  }

  ownerName(...names: Names): string | null {
    const cell = this.cell(...names)
    if (cell === undefined) return null
    const name = cleanedOwnerName(cell.text)
    return isOwnerName(name) ? name : this.refuse(cell.column, 'must be text without control characters')
  }

  ownerEmail(...names: Names): string | null {
    const cell = this.cell(...names)
    if (cell === undefined) return null
    if (cell.text === NOT_SET || isEmailAddress(cell.text)) return cell.text
    return this.refuse(cell.column, 'must be an e-mail address')
  }

  /** Blank is the same as unlimited. */
  activationLimit(...names: Names): number {
    return this.#wholeNumber(ACTIVATION_LIMIT_MAX, names)
  }

  /** Blank is the same as never. */
  validityDays(...names: Names): number {
    return this.#wholeNumber(VALIDITY_DAYS_MAX, names)
  }

  /** Blank is no. */
  flag(...names: Names): boolean {
    const cell = this.cell(...names)
    if (cell === undefined || NO.test(cell.text)) return false
    if (!YES.test(cell.text)) this.refuse(cell.column, 'must be 1 or 0')
    return true
  }

  /** A date without a time is its first moment. Without an offset it is UTC. */
  instant(...names: Names): number | null {
    const cell = this.cell(...names)
    if (cell === undefined) return null
    const instant = parseInstant(cell.text)
    if (instant !== undefined && instant < INSTANT_BEFORE) return instant
    return this.refuse(
      cell.column,
      'must be a date like 2026-11-28 or a date and time like 2026-11-28 18:00:00',
    )
  }

  /** A license never ends before the day that the export names is over. */
  expiry(...names: Names): number | null {
    const instant = this.instant(...names)
    const isDate = /^\d{4}-\d{2}-\d{2}$/.test(this.cell(...names)?.text ?? '')
    return instant !== null && isDate ? instant + DAY_MILLISECONDS : instant
  }

  /** @param choices by their texts in lower case */
  choice<Choice>(choices: Readonly<Record<string, Choice>>, otherwise: Choice, ...names: Names): Choice {
    const cell = this.cell(...names)
    if (cell === undefined) return otherwise
    const text = cell.text.toLowerCase()
    const choice = Object.hasOwn(choices, text) ? choices[text] : undefined
    if (choice !== undefined) return choice
    this.refuse(cell.column, `must be one of ${Object.keys(choices).join(', ')}`)
    return otherwise
  }

  features(...names: Names): readonly string[] | null {
    const cell = this.#find(names)
    if (cell === undefined) return null
    const read = readFeatures(cell.value)
    return read.kind === 'features' ? read.names : this.refuse(cell.column, read.rule)
  }

  /** A JSON array of objects, or its text. Blank is an empty list. */
  objects(...names: Names): readonly Row[] {
    const cell = this.#find(names)
    const list = cell === undefined ? [] : jsonOf(cell.value)
    if (Array.isArray(list) && list.every(isObject)) return list
    if (cell !== undefined) this.refuse(cell.column, 'must be a JSON array of objects')
    return []
  }

  /** A JSON object, or its text. Blank is an empty one. */
  object(...names: Names): Row {
    const cell = this.#find(names)
    const value = cell === undefined ? {} : jsonOf(cell.value)
    if (isObject(value)) return value
    if (cell !== undefined) this.refuse(cell.column, 'must be a JSON object')
    return {}
  }

  /** Metadata without the values that are null. @param column names it in errors */
  metadata(column: string, values: Row): Record<string, string> {
    const entries = Object.entries(values)
      .filter(([, value]) => !isBlank(value))
      .map(([name, value]) => [name.trim(), metadataText(value)] as const)
    const isUsable = entries.every(
      ([name, value]) =>
        isTextOfAtMost(name, KEY_CHARACTERS_MAX) &&
        isTextOfAtMost(value.replaceAll(/[\t\r\n]/g, ' '), METADATA_CHARACTERS_MAX),
    )
    if (!isUsable) {
      this.refuse(
        column,
        `must have names of 1 to 255 and values of 1 to ${METADATA_CHARACTERS_MAX} characters. Write a number like 7.0 or 1e3 as text`,
      )
    }
    return Object.fromEntries(entries)
  }

  /** @param column names them in errors. A device that is listed twice is one */
  activations(
    column: string,
    devices: readonly { readonly identifier: unknown; readonly createdAt: unknown }[],
  ): readonly ImportedActivation[] {
    const activations = devices.map(({ identifier, createdAt }) => ({
      identifier: isScalar(identifier) ? String(identifier).trim() : '',
      createdAt: isBlank(createdAt) ? null : parseInstant(String(createdAt)),
    }))
    const isUsable = activations.every(
      ({ identifier, createdAt }) => isTextOfAtMost(identifier, 255) && createdAt !== undefined,
    )
    if (!isUsable) {
      this.refuse(
        column,
        'must have devices of 1 to 255 characters without control characters, and valid instants',
      )
    }
    const known = activations.map(({ identifier, createdAt = null }) => ({ identifier, createdAt }))
    return [...new Map(known.map((activation) => [activation.identifier, activation])).values()]
  }

  #find(names: Names): Cell | undefined {
    for (const name of names) {
      const cell = this.#cells.get(simplified(name))
      if (cell) return cell
    }
    return undefined
  }

  #textOfAtMost(charactersMax: number, names: Names): string | null {
    const cell = this.cell(...names)
    if (cell === undefined) return null
    if (isTextOfAtMost(cell.text, charactersMax)) return cell.text
    return this.refuse(
      cell.column,
      `must be text of 1 to ${charactersMax} characters without control characters`,
    )
  }

  #wholeNumber(max: number, names: Names): number {
    const cell = this.cell(...names)
    if (cell === undefined || UNLIMITED.test(cell.text)) return 0
    const number = /^\d+$/.test(cell.text) ? Number(cell.text) : Number.NaN
    if (number <= max) return number
    this.refuse(cell.column, `must be a whole number from 0 to ${max}, blank or unlimited`)
    return 0
  }
}
