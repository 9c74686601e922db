/** Reads a CSV file (RFC 4180) record by record, and tells where in the file each one is. */
import { createReadStream, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'

export interface CsvRecord {
  /** The line it begins on, and the one it ends on: a quoted field may hold line breaks. */
  readonly line: number
  readonly lastLine: number
  readonly fields: readonly string[]
  /** A quote inside an unquoted field, or something behind the quote that ends one: what it holds is a guess. */
  readonly hasStrayQuote: boolean
  /** It begins a quote that ends nowhere, and takes in the rest of the file: there are no fields then. */
  readonly isUnclosed: boolean
  /** Bytes of the file up to its end. */
  readonly bytes: number
}

interface Parsed {
  readonly record: readonly string[]
  readonly raw: string
  readonly info: { readonly bytes: number }
}

/** @throws Error where there is no file that can be read */
export function sizeInBytes(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    throw unreadable(file, error)
  }
}

/**
 * The separator is the comma; where the first line has none, the semicolon or the tab, as spreadsheets write them.
 * Empty lines are left out.
 *
 * @throws Error where the file can not be read, or is not UTF-8
 */
export async function* readRecords(file: string): AsyncGenerator<CsvRecord> {
  const texts = textsOf(file)
  const { value: start = '' } = await texts.next()
  const separator = separatorOf(start)
  let unclosed: string | undefined
  const parser = parse({
    delimiter: separator,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (_, raw = '') => {
      unclosed = raw
    },
    info: true,
    raw: true,
  })
  // What fails here ends the loop below with the same error.
  pipeline(joined(start, texts), parser).catch(() => {})
  const isStrict = strictRecord(separator)
  let line = 1
  for await (const { record, raw, info } of parser as AsyncIterable<Parsed>) {
    const place = placeOf(raw, line)
    const hasStrayQuote = raw.includes('"') && !isStrict.test(raw)
    yield { ...place, fields: record, hasStrayQuote, isUnclosed: false, bytes: info.bytes }
    line = place.lastLine + 1
  }
  if (unclosed === undefined) return
  const bytes = Number.POSITIVE_INFINITY
  yield { ...placeOf(unclosed, line), fields: [], hasStrayQuote: false, isUnclosed: true, bytes }
}

async function* joined(start: string, texts: AsyncIterable<string>): AsyncGenerator<string> {
  yield start
  yield* texts
}

async function* textsOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  try {
    for await (const chunk of createReadStream(file))
      yield withoutNull(decoder.decode(chunk, { stream: true }))
    yield decoder.decode()
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** UTF-16 without a mark at its beginning is valid UTF-8 as well: every other character is a null then. */
function withoutNull(text: string): string {
  if (text.includes('\0')) throw new TypeError('It contains a null character.')
  return text
}

function unreadable(file: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Error(`There is no file ${file}.`)
  if (code === 'EISDIR') return new Error(`${file} is a folder. Give the CSV file itself.`)
  if (error instanceof TypeError) return new Error(`${file} is not UTF-8 text. Save it as CSV in UTF-8.`)
  return new Error(`${file} cannot be read (${code}).`, { cause: error })
}

function separatorOf(start: string): string {
  const [firstLine = ''] = /[^\r\n]+/.exec(start) ?? []
  const unquoted = firstLine.replaceAll(/"[^"]*"/g, '')
  return [',', ';', '\t'].find((separator) => unquoted.includes(separator)) ?? ','
}

/** A record without stray quotes, behind empty lines that may precede it. */
function strictRecord(separator: string): RegExp {
  const field = String.raw`(?:"[^"]*(?:""[^"]*)*"|[^"${separator}\r\n]*)`
  return new RegExp(String.raw`^[\r\n]*${field}(?:${separator}${field})*[\r\n]*$`)
}

/** @param raw the text of a record, behind empty lines that may precede it; the first of all these is `line` */
function placeOf(raw: string, line: number): { line: number; lastLine: number } {
  const [, before = '', text = ''] = /^([\r\n]*)(.*?)[\r\n]?$/s.exec(raw) ?? []
  const first = line + lineBreaksIn(before)
  return { line: first, lastLine: first + lineBreaksIn(text) }
}

function lineBreaksIn(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0
}
