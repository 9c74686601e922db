/** What the cells of a row contain, and what the names of columns have in common. */
import { parseJson } from '../../../platform/json.ts'
import { parseDateAndTime } from '../../../protocol/dates.ts'
import type { Row } from './license.ts'

export function isBlank(value: unknown): boolean {
  return value === '' || value === null || value === undefined
}

export function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

export function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns milliseconds UTC, or undefined */
export function parseInstant(text: string): number | undefined {
  const iso = text
    .replace(/^(\d{4}-\d{2}-\d{2})$/, '$1 00:00:00')
    .replace(/^(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2})(?=$|\s|Z|[+-])/, '$1:00')
    .replace(/\s*UTC$/, 'Z')
    .replace(/\s+([+-]\d{2}:?\d{2})$/, '$1')
  return parseDateAndTime(iso)
}

/** @returns an empty text for what cannot be stored exactly: the parser of bodies makes a symbol of a number like 7.0 or 1e3 */
export function metadataText(value: unknown): string {
  if (isScalar(value)) return String(value)
  let isExact = true
  const text = JSON.stringify(value, (_, member) => {
    if (typeof member === 'symbol') isExact = false
    return member
  })
  return isExact ? text : ''
}

export function jsonOf(value: unknown): unknown {
  return typeof value === 'string' ? parseJson(value) : value
}

/** The rows of a chunk have the same columns, and simplifying a name takes longer than reading a cell. */
const simplifiedNames = new Map<string, string>()
const NAMES_MAX = 1_000

export function simplified(column: string): string {
  const known = simplifiedNames.get(column)
  if (known !== undefined) return known
  if (simplifiedNames.size >= NAMES_MAX) simplifiedNames.clear()
  const name = column.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  simplifiedNames.set(column, name)
  return name
}
