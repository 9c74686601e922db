/** Queries on behalf of a caller: each statement authenticates and reads, in one round trip. */
import { bind, compileText, type Database, runMeasuredBatch, type Statement } from '../db/batch.ts'
import { compileTexts, parseTexts, type TextRow } from '../db/texts.ts'
import type { Authority } from './authority.ts'
import { type CallerValues, done, type Result, refused } from './caller.ts'

export interface CallerQuery<Outcome> {
  readonly select: Statement<QueryRow>
  readonly lists: readonly (readonly [member: string, Statement<TextRow>])[]
  /** Carries the type only. */
  readonly outcome?: Outcome
}

interface QueryRow {
  readonly refusal: string | null
  readonly callerId: number | null
  readonly callerRole: string | null
  /** JSON text. */
  readonly outcome: string
}

/**
 * SQL for a list of any length, as `compileTexts` takes it. It selects from `allowed`, which has one row if the caller is
 * allowed and otherwise none, cross joined with what it reads. So a refused caller reads nothing.
 */
export type ListSql = (allowed: string) => string

/**
 * @param expression SQL for the outcome as JSON text. It may refer to the caller's row as `caller`.
 * @param lists more members of the outcome
 */
export function defineQuery<Outcome>(
  { refusal, table, isCaller, isAllowed, role }: Authority,
  expression: string,
  lists: Readonly<Record<string, ListSql>> = {},
): CallerQuery<Outcome> {
  const allowed = `(select 1 from ${table} where ${isAllowed}) as allowed`
  return {
    lists: Object.entries(lists).map(([member, list]) => [member, compileTexts(list(allowed))]),
    select: compileText<QueryRow>(`
      select caller.refusal as refusal, caller.id as callerId, caller.caller_role as callerRole,
        case when caller.refusal is null then ${expression} end as outcome
      from (select ${refusal} as refusal, ${role} as caller_role, ${table}.* from (select 1) as request left join ${table} on ${isCaller})
        as caller`),
  }
}

export interface QueryCall {
  /** The primary, or a replica if slightly stale data is acceptable. */
  readonly db: Database
  readonly caller: CallerValues
  /** Milliseconds UTC. */
  readonly now: number
}

/** @param values for the query's own placeholders */
export async function runQuery<Outcome>(
  { db, caller, now }: QueryCall,
  query: CallerQuery<Outcome>,
  values: Readonly<Record<string, unknown>> = {},
): Promise<Result<Outcome>> {
  return (await runMeasuredQuery({ db, caller, now }, query, values)).result
}

/** Like `runQuery`, and returns the size of the database. */
export async function runMeasuredQuery<Outcome>(
  { db, caller, now }: QueryCall,
  query: CallerQuery<Outcome>,
  values: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly result: Result<Outcome>; readonly databaseBytes: number }> {
  const bound = { ...caller, ...values, now }
  const { rows, databaseBytes } = await runMeasuredBatch(db, [
    bind(query.select, bound),
    ...query.lists.map(([, list]) => bind(list, bound)),
  ])
  return { result: resultOf(query, rows, now), databaseBytes }
}

function resultOf<Outcome>(
  query: CallerQuery<Outcome>,
  [[row], ...texts]: readonly [QueryRow[], ...TextRow[][]],
  now: number,
): Result<Outcome> {
  if (!row) throw new Error('Expected exactly one result row.')
  const { callerId, callerRole, refusal } = row
  if (refusal !== null) return refused(refusal, callerId)
  const lists = query.lists.map(([member], index) => [member, parseTexts(texts[index] ?? [])])
  return done(
    { ...JSON.parse(row.outcome), ...Object.fromEntries(lists) } as Outcome,
    now,
    callerId,
    false,
    callerRole,
  )
}

/** A session that may use the nearest replica, whose data may be slightly stale. */
export function nearestDatabase(db: D1Database): Database {
  return db.withSession('first-unconstrained')
}
