/** Lists in the order of the ids of their rows. */

import { type OperatorRights, operatorAuthority } from '../callers/operators.ts'
import { defineQuery, type QueryCall, runQuery } from '../callers/query.ts'
import { limitOf, type PageQuery, pageOf } from './cursor.ts'

interface Row {
  readonly id: number
}

interface Listed<Item> {
  readonly kind: 'listed'
  readonly items: readonly Item[]
}

interface ListSql {
  readonly table: string
  /** SQL for a JSON object with the `id` of the row. */
  readonly item: string
  /** SQL that joins what the item needs. */
  readonly joins?: string
  /** An SQL condition, which may have placeholders. */
  readonly where?: string
}

/**
 * @param rights who may see it
 * @returns a function that reads a page. Its values are for the placeholders of `where`
 */
export function listById<Item extends Row>(
  rights: OperatorRights,
  { table, item, joins = '', where = 'true' }: ListSql,
) {
  const select = defineQuery<Listed<Item>>(operatorAuthority(rights), `json_object('kind', 'listed')`, {
    items: (allowed) => `
      select ${table}.id as place, ${item} as item from ${allowed} cross join ${table} ${joins}
      where ${table}.id > :after and ${where} order by ${table}.id limit :limit + 1`,
  })
  return (call: QueryCall & { readonly query: PageQuery }, values: Readonly<Record<string, unknown>> = {}) =>
    runQuery(call, select, { ...values, after: call.query.cursor?.[0] ?? 0, limit: limitOf(call.query) })
}

/** The body of a page. */
export function pageById<Item extends Row>(
  items: readonly Item[],
  query: PageQuery,
  toItem: (item: Item) => object,
) {
  return pageOf(items, query, toItem, ({ id }) => [id])
}
