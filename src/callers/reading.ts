/** What a caller may read: one statement that authenticates and reads, in one round trip. */
import { bind, compileText, type Database, runBatch, type Statement } from '../db/batch.ts'
import type { Authority } from './authority.ts'
import { type CallerValues, done, type Result, refused } from './caller.ts'

/** A reading, compiled. */
export interface Reading<Outcome> {
  readonly select: Statement<ReadingRow>
  /** Carries the type only. */
  readonly outcome?: Outcome
}

interface ReadingRow {
  readonly refusal: string | null
  readonly callerId: number | null
  /** JSON text. */
  readonly outcome: string
}

/**
 * @param expression SQL, an expression: what is read, as one JSON text. The caller's row is called `caller`
 */
export function defineReading<Outcome>(
  { refusal, table, isCaller }: Authority,
  expression: string,
): Reading<Outcome> {
  return {
    select: compileText<ReadingRow>(`
      select caller.refusal as refusal, caller.id as callerId,
        case when caller.refusal is null then ${expression} end as outcome
      from (select ${refusal} as refusal, ${table}.* from (select 1) as request left join ${table} on ${isCaller})
        as caller`),
  }
}

/** Who reads, and when. */
export interface ReadingCall {
  /** The primary, or a replica where what is read may be slightly old. */
  readonly db: Database
  readonly caller: CallerValues
  /** Milliseconds UTC. */
  readonly now: number
}

/** @param values of the reading's own placeholders */
export async function read<Outcome>(
  { db, caller, now }: ReadingCall,
  reading: Reading<Outcome>,
  values: Readonly<Record<string, unknown>> = {},
): Promise<Result<Outcome>> {
  const [[row]] = await runBatch(db, [bind(reading.select, { ...caller, ...values, now })])
  if (!row) throw new Error('Expected exactly one result row.')
  const { callerId, refusal } = row
  if (refusal !== null) return refused(refusal, callerId)
  return done(JSON.parse(row.outcome) as Outcome, now, callerId)
}

/** A session that may ask the nearest replica, for what may be slightly old. */
export function nearestDatabase(db: D1Database): Database {
  return db.withSession('first-unconstrained')
}
