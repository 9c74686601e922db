/** Reads license keys from a CSV file, in pieces, and says which lines hold none. */
import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { isTextOfAtMost } from '../../src/licensing/owner.ts'

/** How much goes into the database at once: as JSON text within a statement, of 100 kB at the most. */
const PIECE_KEYS_MAX = 1_000
const PIECE_BYTES_MAX = 60_000

/** The column that holds them, where the first line names the columns; otherwise they are in the first one. */
const HEADING = 'license_key'

export interface StockLine {
  readonly line: number
  readonly licenseKey: string
}

export interface RefusedLine {
  readonly line: number
  readonly reason: string
}

export interface Piece {
  readonly keys: readonly StockLine[]
  readonly refused: readonly RefusedLine[]
  /** Bytes of the file that are read, so far. */
  readonly bytes: number
}

/** @throws Error where the file can not be read or is no CSV */
export async function* readPieces(file: string): AsyncGenerator<Piece> {
  const records = createReadStream(file).pipe(
    parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true }),
  )
  const seen = new Map<string, number>()
  let column: number | undefined
  let piece = newPiece()
  for await (const { record, info } of records as AsyncIterable<CsvRecord>) {
    if (column === undefined) {
      column = Math.max(record.indexOf(HEADING), 0)
      if (record.includes(HEADING)) continue
    }
    const licenseKey = (record[column] ?? '').trim()
    const reason = faultIn(licenseKey, seen.get(licenseKey))
    if (reason !== undefined) piece.refused.push({ line: info.lines, reason })
    else {
      seen.set(licenseKey, info.lines)
      piece.keys.push({ line: info.lines, licenseKey })
      piece.size += Buffer.byteLength(JSON.stringify(licenseKey)) + 1
    }
    if (piece.keys.length < PIECE_KEYS_MAX && piece.size < PIECE_BYTES_MAX) continue
    yield { ...piece, bytes: info.bytes }
    piece = newPiece()
  }
  yield { ...piece, bytes: Number.POSITIVE_INFINITY }
}

interface CsvRecord {
  readonly record: readonly string[]
  readonly info: { readonly lines: number; readonly bytes: number }
}

function newPiece() {
  return { keys: [] as StockLine[], refused: [] as RefusedLine[], size: 0 }
}

function faultIn(licenseKey: string, earlierLine: number | undefined): string | undefined {
  if (licenseKey === '') return 'holds no license key'
  if (!isTextOfAtMost(licenseKey, 255)) return 'is longer than 255 characters, or holds control characters'
  return earlierLine === undefined ? undefined : `is the same as line ${earlierLine}`
}
