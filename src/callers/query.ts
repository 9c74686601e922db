/** Queries on behalf of a caller: one statement authenticates and reads, in one round trip. */
import { bind, compileText, type Database, runBatch, type Statement } from '../db/batch.ts'
import type { Authority } from './authority.ts'
import { type CallerValues, done, type Result, refused } from './caller.ts'

export interface CallerQuery<Outcome> {
  readonly select: Statement<QueryRow>
  /** Carries the type only. */
  readonly outcome?: Outcome
}

interface QueryRow {
  readonly refusal: string | null
  readonly callerId: number | null
  /** JSON text. */
  readonly outcome: string
}

/** @param expression SQL for the outcome as JSON text. It may refer to the caller's row as `caller`. */
export function defineQuery<Outcome>(
  { refusal, table, isCaller }: Authority,
  expression: string,
): CallerQuery<Outcome> {
  return {
    select: compileText<QueryRow>(`
      select caller.refusal as refusal, caller.id as callerId,
        case when caller.refusal is null then ${expression} end as outcome
      from (select ${refusal} as refusal, ${table}.* from (select 1) as request left join ${table} on ${isCaller})
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
  const [[row]] = await runBatch(db, [bind(query.select, { ...caller, ...values, now })])
  if (!row) throw new Error('Expected exactly one result row.')
  const { callerId, refusal } = row
  if (refusal !== null) return refused(refusal, callerId)
  return done(JSON.parse(row.outcome) as Outcome, now, callerId)
}

/** A session that may use the nearest replica, whose data may be slightly stale. */
export function nearestDatabase(db: D1Database): Database {
  return db.withSession('first-unconstrained')
}
