/**
 * Lists of any length, as JSON texts. A row for each item would be far slower, and one text for all items could exceed
 * the 2,000,000 bytes that D1 allows for a value and for a row.
 */
import { compileText, type Statement } from './batch.ts'

export interface TextRow {
  /** A JSON array. */
  readonly text: string
}

/** The longest item that lists may have: metadata with 10,000 characters, and what surrounds it. */
const ITEM_BYTES_MAX = 100_000

/** No text is longer than 1,000,000 bytes. */
const TEXT_BYTES = 1_000_000 - ITEM_BYTES_MAX

/**
 * A statement that returns the items, in order, as `TextRow`s for `parseTexts`.
 *
 * @param items SQL that selects `item`, JSON text of at most 100,000 bytes, and `place`, a number that orders the items
 */
export function compileTexts(items: string): Statement<TextRow> {
  return compileText<TextRow>(`
    select '[' || group_concat(item, ',' order by place) || ']' as text from (
      select item, place,
        sum(octet_length(item) + 1) over (order by place rows unbounded preceding) / ${TEXT_BYTES} as part
      from (${items}))
    group by part order by part`)
}

export function parseTexts<Item>(rows: readonly TextRow[]): Item[] {
  return rows.flatMap(({ text }) => JSON.parse(text) as Item[])
}
