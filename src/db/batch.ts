/**
 * Statements written with Drizzle, built once and run as one D1 batch: one round trip, one transaction.
 *
 * Drizzle takes about 0.1 ms to build a query and its own batch builds all of them again for each request, so
 * the text is compiled when the module loads and a request only fills in its values.
 */
import { is, Param, Placeholder, type Query, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core/dialect'
import { SQLiteInsertBuilder } from 'drizzle-orm/sqlite-core/query-builders/insert'
import { QueryBuilder } from 'drizzle-orm/sqlite-core/query-builders/query-builder'
import type { SQLiteSession } from 'drizzle-orm/sqlite-core/session'
import { databaseError } from './errors.ts'
import { replacePlaceholders } from './placeholders.ts'

const dialect = new SQLiteSyncDialect()
const queries = new QueryBuilder(dialect)

/** An insert asks its session for nothing while it is only built. */
const NO_SESSION = {} as SQLiteSession<'async', unknown, never, never>

/**
 * Builds queries for `compile`. Drizzle's builders by themselves: its database objects would bring along what runs
 * queries, relations and migrations, a twentieth of the bundle that nothing here uses.
 */
export const build = {
  select: queries.select.bind(queries) as QueryBuilder['select'],
  insert: <Table extends SQLiteTable>(table: Table) =>
    new SQLiteInsertBuilder<Table, 'async', unknown>(table, NO_SESSION, dialect),
}

/** A compiled query whose rows have the shape `Row`. */
export interface Statement<Row> {
  readonly sql: string
  /** The names of its placeholders, in the order in which SQL counts them. */
  readonly placeholders: readonly string[]
  /** Carries the type only. */
  readonly row?: Row
}

/** A statement with its values. */
export interface BoundStatement<Row> {
  readonly statement: Statement<Row>
  readonly values: Record<string, unknown>
}

/** What Drizzle's builders have in common, as far as it is needed here. */
interface Buildable<Row> {
  readonly _: { readonly result: Row[] | unknown }
  toSQL(): Query
}

/**
 * Compiles a query once. Its placeholders (`sql.placeholder(name)`) are filled in by `bind`.
 *
 * Every selected value must carry its field's name as its alias: D1 returns rows by column name, and two
 * columns of the same name would become one.
 */
export function compile<Row>(
  query: Buildable<Row> & { readonly _: { readonly result: Row[] } },
): Statement<Row>
export function compile(query: Buildable<unknown>): Statement<never>
export function compile(query: Buildable<unknown>): Statement<unknown> {
  const { sql: text, params } = query.toSQL()
  return { sql: text, placeholders: params.map(placeholderName) }
}

/**
 * A statement written in SQL itself, for what Drizzle's builders can not say readably. A placeholder is `:name`;
 * one that stands in it several times is one parameter.
 */
export function compileText<Row = never>(text: string): Statement<Row> {
  const placeholders: string[] = []
  const numbered = replacePlaceholders(text, (name) => {
    if (!placeholders.includes(name)) placeholders.push(name)
    return `?${placeholders.indexOf(name) + 1}`
  })
  return { sql: numbered, placeholders }
}

/** A piece of SQL text as a piece of a Drizzle statement: its `:name` are placeholders there too. */
export function fragment<Type = unknown>(text: string): SQL<Type> {
  const pieces = text.split(/(:[a-z]\w*)/i)
  return sql.join(
    pieces.map((piece) => (piece.startsWith(':') ? sql`${sql.placeholder(piece.slice(1))}` : sql.raw(piece))),
  ) as SQL<Type>
}

/** A constant would be a parameter too many: it belongs into the statement's text. */
function placeholderName(param: unknown): string {
  const value = is(param, Param) ? param.value : param
  if (is(value, Placeholder)) return value.name
  throw new Error('A compiled statement takes its values from placeholders only.')
}

/** Joins a statement with the values of its placeholders; a missing one is an error. */
export function bind<Row>(statement: Statement<Row>, values: Record<string, unknown>): BoundStatement<Row> {
  return { statement, values }
}

function required(name: string, values: Record<string, unknown>): unknown {
  if (name in values) return values[name]
  throw new Error(`The statement needs a value for ${name}.`)
}

/** The database: its primary, or a session that may ask a replica. */
export type Database = Pick<D1Database, 'prepare' | 'batch'>

/** The rows of each statement, in the statements' order. */
type Rows<Bound extends readonly BoundStatement<unknown>[]> = {
  [Index in keyof Bound]: Bound[Index] extends BoundStatement<infer Row> ? Row[] : never
}

/**
 * Runs the statements in order, in one transaction and one round trip.
 *
 * @returns the rows of each statement
 * @throws UniqueConstraintError, DatabaseStatementError: nothing was written
 * @throws DatabaseUnavailableError: all or nothing was written, and it is unknown which
 */
export async function runBatch<const Bound extends readonly BoundStatement<unknown>[]>(
  db: Database,
  bound: Bound,
): Promise<Rows<Bound>> {
  const prepared = bound.map(({ statement, values }) =>
    db.prepare(statement.sql).bind(...statement.placeholders.map((name) => required(name, values))),
  )
  const results = await db.batch(prepared).catch((cause: unknown) => {
    throw databaseError(cause)
  })
  return results.map((result) => result.results) as Rows<Bound>
}
