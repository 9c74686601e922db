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

/** A compiled statement whose rows have the shape `Row`. */
export interface Statement<Row> {
  /** Its parameters are numbered: `?1`. */
  readonly sql: string
  /** The names of its placeholders, in the order of their numbers. */
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
  const names = params.map(placeholderName)
  return numbered(text, /\?/g, () => names.shift() ?? '')
}

/**
 * Compiles a statement that is written as SQL text, for decisions that Drizzle's builders cannot say readably. A
 * placeholder is `:name`.
 */
export function compileText<Row = never>(text: string): Statement<Row> {
  return numbered(text, PLACEHOLDER, (match) => match.slice(1))
}

/** SQL text as a piece of a Drizzle statement. Its `:name` are placeholders there too. */
export function fragment<Type = unknown>(text: string): SQL<Type> {
  const pieces = text.split(PLACEHOLDER)
  const names = text.match(PLACEHOLDER) ?? []
  return sql.join(
    pieces.flatMap((piece, index) => {
      const name = names[index]
      return name === undefined ? [sql.raw(piece)] : [sql.raw(piece), sql`${sql.placeholder(name.slice(1))}`]
    }),
  ) as SQL<Type>
}

const PLACEHOLDER = /:[a-z]\w*/gi

/** Every statement that was compiled: a test prepares each of them on the migrated schema. */
export const compiledStatements: Statement<unknown>[] = []

/** Gives each name one number, however often it occurs: a value is sent once. */
function numbered<Row>(text: string, mark: RegExp, nameOf: (match: string) => string): Statement<Row> {
  const placeholders: string[] = []
  const numberedText = text.replaceAll(mark, (match) => {
    const name = nameOf(match)
    if (!placeholders.includes(name)) placeholders.push(name)
    return `?${placeholders.indexOf(name) + 1}`
  })
  const statement = { sql: numberedText, placeholders }
  compiledStatements.push(statement)
  return statement
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

/** How many rows a statement of `runInPieces` changes at the most. */
export const PIECE_ROWS = 1_000

/**
 * Runs a statement that changes at most `PIECE_ROWS` rows and returns each, again and again until it finds fewer: each
 * time is short, and blocks nobody.
 */
export async function runInPieces(db: Database, bound: BoundStatement<unknown>): Promise<void> {
  for (let changed = PIECE_ROWS; changed === PIECE_ROWS; ) {
    const [rows] = await runBatch(db, [bound])
    changed = rows.length
  }
}
