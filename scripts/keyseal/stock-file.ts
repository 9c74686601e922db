/** Reads license keys from a CSV file, in pieces, and says which lines hold none. */
import { sqlJson } from '../database.ts'
import { readRecords } from './csv-records.ts'
import { KeyReader, type RefusedLine, type StockLine } from './key-reader.ts'

export interface Piece {
  readonly keys: readonly StockLine[]
  readonly refused: readonly RefusedLine[]
  /** Bytes of the file that are read, so far. */
  readonly bytes: number
  /** Why nothing behind this piece can be read. */
  readonly stopped?: string
}

export interface Reading {
  /** The heading of the column with the license keys. */
  readonly column?: string | undefined
  /** How many lines a piece holds at the most, and how many bytes of SQL literals. */
  readonly pieceLinesMax: number
  readonly pieceBytesMax: number
}

/** @throws Error where the file can not be read, holds no license keys, or does not say which column holds them */
export async function* readPieces(
  file: string,
  { column, pieceLinesMax, pieceBytesMax }: Reading,
): AsyncGenerator<Piece> {
  const keyReader = new KeyReader(column)
  let hasLines = false
  let piece = newPiece()
  for await (const record of readRecords(file)) {
    if (record.isUnclosed) {
      piece.stopped = `line ${record.line} opens a quote that is never closed, so the rest of the file cannot be read`
      break
    }
    if (keyReader.isHeading(record)) continue
    hasLines = true
    const read = keyReader.read(record)
    if ('reason' in read) piece.refused.push(read)
    else {
      piece.keys.push(read)
      piece.size += literalBytes(read)
    }
    const isFull = piece.keys.length + piece.refused.length >= pieceLinesMax || piece.size >= pieceBytesMax
    if (!isFull) continue
    yield { ...piece, bytes: record.bytes }
    piece = newPiece()
  }
  if (!hasLines && piece.stopped === undefined) throw new Error(`${file} contains no license keys.`)
  yield { ...piece, bytes: Number.POSITIVE_INFINITY }
}

/** How long it is in the list of an SQL literal: at most 1.5 kB. */
export function literalBytes({ licenseKey }: StockLine): number {
  return Buffer.byteLength(sqlJson(licenseKey))
}

interface OpenPiece {
  readonly keys: StockLine[]
  readonly refused: RefusedLine[]
  size: number
  stopped?: string
}

function newPiece(): OpenPiece {
  return { keys: [], refused: [], size: 0 }
}
