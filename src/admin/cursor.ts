/**
 * Where the next page of a list begins: the values that order the list, of the last row of this page. Rows that are added or
 * deleted in the meantime never repeat or skip others.
 */
import * as z from 'zod/mini'
import { optional, wholeNumber } from '../protocol/fields.ts'

export type CursorValue = string | number | null

const PAGE_DEFAULT = 50
const PAGE_MAX = 200

export function encodeCursor(values: readonly CursorValue[]): string {
  const bytes = new TextEncoder().encode(JSON.stringify(values))
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
}

const CURSOR_VALUES = z.array(z.union([z.string(), z.number(), z.null()]))

const cursor = z
  .pipe(
    z.string({ error: 'The cursor field must be the next_cursor of a page.' }),
    z.transform((text, context): CursorValue[] => {
      const values = CURSOR_VALUES.safeParse(parsed(text))
      if (values.success) return values.data
      const message = 'The cursor field must be the next_cursor of a page.'
      context.issues.push({ code: 'custom', message, input: text })
      return z.NEVER
    }),
  )
  .check(z.meta({ description: 'The `next_cursor` of the page before. Omitted: the first page' }))

function parsed(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(text, { alphabet: 'base64url' })))
  } catch {
    return undefined
  }
}

/** The query fields of a list. @param limitMax the most items of a page */
export function page(limitMax: number = PAGE_MAX) {
  return { limit: optional(wholeNumber('limit', 1, limitMax)), cursor: optional(cursor) }
}

export interface PageQuery {
  readonly limit?: number | undefined
  readonly cursor?: readonly CursorValue[] | undefined
}

/** The number of items of the requested page. */
export function limitOf({ limit }: PageQuery): number {
  return limit ?? PAGE_DEFAULT
}

/**
 * The page of a list.
 *
 * @param rows one more than the limit, if there are more
 * @param cursorOf the values that order the list
 */
export function pageOf<Row>(
  rows: readonly Row[],
  query: PageQuery,
  toItem: (row: Row) => object,
  cursorOf: (row: Row) => readonly CursorValue[],
): { readonly items: object[]; readonly next_cursor: string | null } {
  const limit = limitOf(query)
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { items: shown.map(toItem), next_cursor: last === undefined ? null : encodeCursor(cursorOf(last)) }
}
