/**
 * Lists with the newest rows first, or those first that last got a status.
 *
 * A page looks at a limited number of rows, so that a filter which few rows pass does not read the whole table. Then it may
 * have fewer items than its limit, and a cursor.
 */
import type { ListSql } from '../../callers/query.ts'
import { type CursorValue, encodeCursor, limitOf } from '../cursor.ts'

/** A page reads up to six rows for each: fewer than 10,000 in all. */
const ROWS_MAX = 1_500

/** Greater than any id and any time. */
const FIRST = Number.MAX_SAFE_INTEGER

interface NewestSql {
  readonly table: string
  /** The column with the number of the row. Default: `id`. */
  readonly id?: string
  /** The column that orders the rows, with an index. */
  readonly place: string
  /** An SQL condition of that index. */
  readonly where: string
  /** SQL that joins what the items need. */
  readonly joins: string
  /** An SQL condition of the filters. */
  readonly filter: string
  /** SQL for a JSON object. */
  readonly item: string
}

/** A row with its position in the list. */
export interface Placed<Item> {
  readonly position: readonly CursorValue[]
  readonly item: Item
}

export interface Newest<Item> {
  readonly rows: readonly Placed<Item>[]
  /** The position of the last row that the page looked at, if there may be more rows. */
  readonly ends: readonly (readonly CursorValue[])[]
}

/**
 * The lists of a `Newest`.
 *
 * Placeholders: those of `newestValues`, and those of the conditions.
 */
export function newest({
  table,
  id: idColumn = 'id',
  place,
  where,
  joins,
  filter,
  item,
}: NewestSql): Record<string, ListSql> {
  const id = `${table}.${idColumn}`
  const scan = `(select ${place} as place, ${id} as id from ${table}
    where ${where} and ${place} <= :beforePlace and (${place} < :beforePlace or ${id} < :beforeId)
    order by ${place} desc, ${id} desc limit ${ROWS_MAX}) as seen`
  return {
    rows: (allowed) => `
      select row_number() over () as place, item from (
        select json_object('position', json_array(seen.place, seen.id), 'item', ${item}) as item
        from ${allowed} cross join ${scan} cross join ${table} on ${id} = seen.id ${joins}
        where ${filter} limit :limit + 1)`,
    ends: (allowed) => `
      select 1 as place, json_array(seen.place, seen.id) as item from ${allowed} cross join ${scan}
      where :isFiltered limit 1 offset ${ROWS_MAX - 1}`,
  }
}

interface PageQuery {
  readonly limit?: number | undefined
  readonly cursor?: readonly CursorValue[] | undefined
}

/** @param filters the values of the filters; null: does not filter */
export function newestValues(query: PageQuery, filters: Readonly<Record<string, unknown>>) {
  const [place, id] = query.cursor ?? []
  return {
    ...filters,
    limit: limitOf(query),
    beforePlace: typeof place === 'number' ? place : FIRST,
    beforeId: typeof id === 'number' ? id : FIRST,
    isFiltered: Object.values(filters).some((value) => value !== null) ? 1 : 0,
  }
}

export function newestBody<Item>(
  { rows, ends: [end] }: Newest<Item>,
  query: PageQuery,
  toItem: (item: Item) => object,
): { readonly items: object[]; readonly next_cursor: string | null } {
  const limit = limitOf(query)
  const shown = rows.slice(0, limit)
  const next = rows.length > limit ? shown.at(-1)?.position : end
  return {
    items: shown.map(({ item }) => toItem(item)),
    next_cursor: next === undefined ? null : encodeCursor(next),
  }
}
