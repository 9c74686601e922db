/** SQL that the statistics share: how counts are added to a day, and how a source is counted once. */
import { compileText, type Statement } from '../db/batch.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'

/** The most rows of a source that one batch counts. It is short, so it blocks no request. */
export const STEP_ROWS = 2_000

type Column = 'issued_keys' | 'orders' | 'refunds' | 'activations' | 'failed_deliveries'

/** An SQL expression: the first millisecond of the day of an instant, UTC. */
export function dayOf(instant: string): string {
  return `(${instant} - ${instant} % ${DAY_MILLISECONDS})`
}

/**
 * Adds rows to the counts of their day and product.
 *
 * @param rows SQL that selects `day`, `product_id` and the columns
 */
export function addCounts(columns: readonly Column[], rows: string): Statement<never> {
  return compileText(`
    insert into statistics (day, product_id, ${columns.join(', ')})
    select day, product_id, ${columns.map((column) => `sum(${column}) as ${column}`).join(', ')} from (${rows})
    where true group by day, product_id
    having ${columns.map((column) => `sum(${column}) <> 0`).join(' or ')}
    on conflict (day, product_id) do update
      set ${columns.map((column) => `${column} = statistics.${column} + excluded.${column}`).join(', ')}`)
}

/** A source of counts. Placeholder of all its SQL: `now`. */
export interface Source {
  /** They count a bounded number of rows. */
  readonly step: readonly Statement<never>[]
  /** An SQL condition: another step would count more. */
  readonly hasMore: string
  /** An SQL expression: the instant of the first row that is not counted, or null if there is none. */
  readonly uncountedSince: string
}

/**
 * A table whose rows never change what is counted of them. Ids grow in the order of commits, since D1 has one writer. SQLite
 * uses the highest id again if its row is deleted, so the position is the id of a row that stays. So no row appears behind it.
 *
 * @param countsOf SQL that selects rows for `addCounts`
 * @param isUncounted an SQL condition on the table
 * @param stays an SQL condition: the row is never deleted. Only such rows are counted
 */
export function countedById(
  table: string,
  columns: readonly Column[],
  countsOf: (isUncounted: string) => string,
  stays = 'true',
): Source {
  const isUncounted = `${table}.id > ${positionOf(table)} and ${stays}`
  const end = `(select max(id) from (select id from ${table} where ${isUncounted} order by id limit ${STEP_ROWS}))`
  return {
    step: [addCounts(columns, countsOf(`${isUncounted} and ${table}.id <= ${end}`)), moveTo(table, end)],
    hasMore: `exists (select 1 from ${table} where ${isUncounted})`,
    uncountedSince: `(select created_at from ${table} where ${isUncounted} order by id limit 1)`,
  }
}

/** An SQL expression: the last id or instant of a source that is counted. */
export function positionOf(source: string): string {
  return `coalesce((select position from statistics_positions where source = '${source}'), 0)`
}

/** Runs after the counts, in the same batch. @param end SQL: the new position; null to stay */
export function moveTo(source: string, end: string): Statement<never> {
  return compileText(`
    insert into statistics_positions (source, position)
    select '${source}', position from (select ${end} as position) where position is not null
    on conflict (source) do update set position = excluded.position`)
}
