/** Which field of a record is its license key, and what is wrong with those that have none. */
import { isTextOfAtMost } from '../../src/protocol/owner.ts'
import { unescapeFormula } from './csv-formulas.ts'
import type { CsvRecord } from './csv-records.ts'

/** The column that holds them, unless another one is named. */
const HEADING = 'license_key'

const STRAY_QUOTE = 'has a stray quote: quote the whole field, and double each quote in it'

export interface StockLine {
  readonly line: number
  readonly licenseKey: string
}

export interface RefusedLine {
  readonly line: number
  readonly reason: string
}

/** Finds the license key of each record of one file. */
export class KeyReader {
  readonly #heading: string
  readonly #isHeadingGiven: boolean
  readonly #lines = new Map<string, number>()
  #column: number | undefined
  #isWithoutHeading = false

  constructor(heading: string | undefined) {
    this.#heading = plain(heading ?? HEADING)
    this.#isHeadingGiven = heading !== undefined
  }

  /**
   * The first record tells which column to take. Where there is one column only, the heading may be left out.
   *
   * @throws Error where it does not tell
   */
  isHeading({ fields }: CsvRecord): boolean {
    if (this.#column !== undefined) return false
    const found = fields.findIndex((field) => plain(field) === this.#heading)
    if (found < 0 && (fields.length > 1 || this.#isHeadingGiven)) {
      const columns = fields.map((field) => JSON.stringify(field.trim())).join(', ')
      throw new Error(
        `The first line has no column ${this.#heading}. Its columns are: ${columns}. Choose the one with the license keys: --column <name>`,
      )
    }
    this.#column = Math.max(found, 0)
    this.#isWithoutHeading = found < 0
    return found >= 0
  }

  read(record: CsvRecord): StockLine | RefusedLine {
    const { line, lastLine } = record
    const licenseKey = unescapeFormula((record.fields[this.#column ?? 0] ?? '').trim())
    const reason = this.#faultOf(record) ?? this.#faultIn(licenseKey)
    if (reason === undefined) {
      this.#lines.set(licenseKey, line)
      return { line, licenseKey }
    }
    return { line, reason: lastLine === line ? reason : `${reason} (the record ends on line ${lastLine})` }
  }

  #faultOf({ fields, hasStrayQuote }: CsvRecord): string | undefined {
    if (hasStrayQuote) return STRAY_QUOTE
    const isWider = this.#isWithoutHeading && fields.slice(1).some((field) => field.trim() !== '')
    return isWider ? 'has several columns, but the first line has no names' : undefined
  }

  #faultIn(licenseKey: string): string | undefined {
    if (licenseKey === '') return 'has no license key'
    if (!isTextOfAtMost(licenseKey, 255))
      return 'is longer than 255 characters or contains control characters'
    const earlierLine = this.#lines.get(licenseKey)
    return earlierLine === undefined ? undefined : `is the same as line ${earlierLine}`
  }
}

function plain(heading: string): string {
  return heading.trim().toLowerCase()
}
