/**
 * Statements that are compiled once and run in one D1 batch: one round trip, one transaction.
 *
 * Drizzle needs about 0.1 ms to build a query, and its own batch rebuilds every query for each request. Here
 * modules compile their statements when they load, and a request only binds values.
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

/** Building an insert does not use the session. */
const NO_SESSION = {} as SQLiteSession<'async', unknown, never, never>

/**
 * Query builders for `compile`. Drizzle's database objects are not used: their code for running queries,
 * relations and migrations would make up a twentieth of the bundle.
 */
export const build = {
  select: queries.select.bind(queries) as QueryBuilder['select'],
  insert: <Table extends SQLiteTable>(table: Table) =>
    new SQLiteInsertBuilder<Table, 'async', unknown>(table, NO_SESSION, dialect),
}

export interface Statement<Row> {
  /** With numbered parameters: `?1`. */
  readonly sql: string
  /** The placeholder names, in the order of the parameter numbers. */
  readonly placeholders: readonly string[]
  /** Carries the type only. */
  readonly row?: Row
}

export interface BoundStatement<Row> {
  readonly statement: Statement<Row>
  readonly values: Record<string, unknown>
}

/** The part of Drizzle's builders that is used here. */
interface Buildable<Row> {
  readonly _: { readonly result: Row[] | unknown }
  toSQL(): Query
}

/**
 * Compiles a query. `bind` supplies the values of its placeholders (`sql.placeholder(name)`).
 *
 * Every selected value needs its field name as alias: D1 returns rows as objects keyed by column name, so two
 * columns with the same name would become one.
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

/** Compiles SQL text with `:name` placeholders, for statements that Drizzle's builders make hard to read. */
export function compileText<Row = never>(text: string): Statement<Row> {
  return numbered(text, PLACEHOLDER, (match) => match.slice(1))
}

/** SQL text with `:name` placeholders, as a fragment of a Drizzle query. */
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

/** All compiled statements. A test prepares each of them against the migrated schema. */
export const compiledStatements: Statement<unknown>[] = []

/** Each name gets one number, so that a value used several times is sent once. */
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

/** @throws for a constant, which belongs in the statement's text and not among its parameters */
function placeholderName(param: unknown): string {
  const value = is(param, Param) ? param.value : param
  if (is(value, Placeholder)) return value.name
  throw new Error('A compiled statement must use placeholders instead of constant values.')
}

/** `runBatch` throws if the value of a placeholder is missing. */
export function bind<Row>(statement: Statement<Row>, values: Record<string, unknown>): BoundStatement<Row> {
  return { statement, values }
}

function required(name: string, values: Record<string, unknown>): unknown {
  if (name in values) return values[name]
  throw new Error(`The statement has no value for the placeholder ${name}.`)
}

/** The primary database, or a session that may use a replica. */
export type Database = Pick<D1Database, 'prepare' | 'batch'>

type Rows<Bound extends readonly BoundStatement<unknown>[]> = {
  [Index in keyof Bound]: Bound[Index] extends BoundStatement<infer Row> ? Row[] : never
}

/**
 * Runs the statements in order, in one transaction and one round trip.
 *
 * @returns the rows of each statement
 * @throws UniqueConstraintError, DatabaseStatementError if nothing was written
 * @throws DatabaseUnavailableError if it is unknown whether all or nothing was written
 */
export async function runBatch<const Bound extends readonly BoundStatement<unknown>[]>(
  db: Database,
  bound: Bound,
): Promise<Rows<Bound>> {
  return (await runMeasuredBatch(db, bound)).rows
}

/** Like `runBatch`, and returns the size of the database after the batch. */
export async function runMeasuredBatch<const Bound extends readonly BoundStatement<unknown>[]>(
  db: Database,
  bound: Bound,
): Promise<{ readonly rows: Rows<Bound>; readonly databaseBytes: number }> {
  const prepared = bound.map(({ statement, values }) =>
    db.prepare(statement.sql).bind(...statement.placeholders.map((name) => required(name, values))),
  )
  const results = await db.batch(prepared).catch((cause: unknown) => {
    throw databaseError(cause)
  })
  return {
    rows: results.map((result) => result.results) as Rows<Bound>,
    databaseBytes: results.at(-1)?.meta.size_after ?? 0,
  }
}

/** The most rows that a statement may change in one run of `runInPieces`. */
export const PIECE_ROWS = 1_000

/**
 * A statement for `runInPieces` that deletes old rows. Ids grow with time, so checking only the lowest ids makes an index
 * on the time unnecessary.
 *
 * @param isOld SQL, with its own placeholders
 */
export function compileDeleteOldest(table: string, isOld: string): Statement<{ id: number }> {
  return compileText(`
    delete from ${table} where ${isOld} and id in (select id from ${table} order by id limit ${PIECE_ROWS})
    returning id`)
}

/**
 * Repeats a statement that changes and returns at most `PIECE_ROWS` rows until it changes fewer. Each run is
 * short, so it does not block requests.
 */
export async function runInPieces(db: Database, bound: BoundStatement<unknown>): Promise<void> {
  for (let changed = PIECE_ROWS; changed === PIECE_ROWS; ) {
    const [rows] = await runBatch(db, [bound])
    changed = rows.length
  }
}
