/** What a caller may read: one statement that authenticates and reads, one round trip. */

import { bind, compileText, type Database, runBatch, type Statement } from '../db/batch.ts'
import type { Authority } from './authority.ts'

/** A reading, compiled. */
export interface Reading<Found> {
  readonly select: Statement<ReadingRow>
  /** Carries the type only. */
  readonly found?: Found
}

interface ReadingRow {
  readonly refusal: string | null
  /** JSON text. */
  readonly found: string
}

export type Read<Found, Refusal extends string> =
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'refused'; readonly reason: Refusal }

/**
 * @param authority by whose right
 * @param expression SQL, an expression: what is read, as one JSON text
 */
export function defineReading<Found>(authority: Authority, expression: string): Reading<Found> {
  const { refusal, table, idName, isCaller } = authority
  return {
    select: compileText<ReadingRow>(`
      select caller.refusal as refusal, caller.id as ${idName},
        case when caller.refusal is null then ${expression} end as found
      from (select ${refusal} as refusal, ${table}.* from (select 1) as request left join ${table} on ${isCaller})
        as caller`),
  }
}

/**
 * @param db the primary, or a session that may ask a replica where what is read may be slightly old
 * @param values of the authority's and the reading's placeholders
 */
export async function read<Found, Refusal extends string>(
  db: Database,
  reading: Reading<Found>,
  values: Readonly<Record<string, unknown>>,
): Promise<Read<Found, Refusal>> {
  const [[row]] = await runBatch(db, [bind(reading.select, values)])
  if (!row) throw new Error('There is one row for every request.')
  if (row.refusal !== null) return { kind: 'refused', reason: row.refusal as Refusal }
  return { kind: 'found', found: JSON.parse(row.found) as Found }
}

/** A session for what may be slightly old: it may ask the replica that is nearest. */
export function nearestDatabase(db: D1Database): Database {
  return db.withSession('first-unconstrained')
}
