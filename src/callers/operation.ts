/**
 * A change that a caller asks for: decided, made and remembered in one D1 batch.
 *
 * Guarantees: an idempotency key makes its change at most once, even when requests arrive twice or race, and every
 * repetition gets the first answer. A refused call, or one that cannot be done, changes nothing and may be repeated
 * under the same key.
 *
 * The batch decides first, from what the database holds, and stores the decision; the statements that follow do what
 * was decided. Nothing can come in between: a batch is one transaction, and D1 has one writer.
 */
import { bind, compileText, PIECE_ROWS, runBatch, runInPieces, type Statement } from '../db/batch.ts'
import { type IsImmediate, withNonces } from '../db/retries.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import type { Authority } from './authority.ts'
import { done, type OperationCall, type Result, refused } from './caller.ts'

/** What came of an operation. Its other members are what the answer needs. */
export interface Outcome {
  readonly kind: string
}

/** An operation, compiled. */
export interface Operation<Of extends Outcome> {
  readonly name: string
  readonly statements: readonly Statement<never>[]
  readonly select: Statement<PerformedRow>
  /** Carries the type only. */
  readonly outcome?: Of
}

/** The SQL that the writes of an operation are made with. */
export interface WriteSql {
  /** A condition: this very request has decided one of these kinds. */
  readonly decided: (...kinds: string[]) => string
  /** An expression: what this very request has decided, as JSON text. */
  readonly decision: string
  /**
   * A statement that adds to the stored outcome what is known only after a write.
   *
   * @param members SQL: `'$.name', value` and so on
   * @param kinds after which decisions
   */
  readonly addToOutcome: (members: string, ...kinds: string[]) => string
}

export interface OperationDefinition<Of extends Outcome> {
  readonly authority: Authority
  /** Idempotency keys of different operations are kept apart by it. */
  readonly name: string
  /** SQL, an expression: a JSON object whose `kind` says what is to be done, or why nothing is. */
  readonly decision: string
  /** The kinds that are stored and that change something. Any other kind changes nothing. */
  readonly changes: readonly Of['kind'][]
  /** The SQL statements that make the change, in this order. */
  readonly writes: (sql: WriteSql) => readonly string[]
}

interface PerformedRow {
  readonly refusal: string | null
  readonly callerId: number | null
  readonly nonce: string | null
  readonly isSame: 0 | 1 | null
  /** Also where nothing is to be done, which is not stored. */
  readonly outcome: string
  /** null where nothing was stored. */
  readonly performedAt: number | null
}

/** Compiles an operation when its module loads. */
export function defineOperation<Of extends Outcome>({
  authority,
  name,
  decision,
  changes,
  writes,
}: OperationDefinition<Of>): Operation<Of> {
  const { source, table, isAllowed, refusal, isCaller } = authority
  const isCallers = `operations.source = (select ${source} from ${table} where ${isCaller})
    and operations.endpoint = :endpoint and operations.idempotency_key = :idempotencyKey`
  const isOwn = `${isCallers} and operations.nonce = :nonce`
  const insert = compileText(`
    insert into operations (source, endpoint, idempotency_key, fingerprint, nonce, outcome, created_at)
    select source, :endpoint, :idempotencyKey, :fingerprint, :nonce, decision, :now
    from (select ${source} as source, ${decision} as decision from ${table} where ${isAllowed})
    where decision ->> 'kind' in (${quoted(changes)}) on conflict do nothing`)
  const select = compileText<PerformedRow>(`
    select ${refusal} as refusal, ${table}.id as callerId, operations.nonce as nonce,
      operations.fingerprint = :fingerprint as isSame,
      coalesce(operations.outcome, ${decision}) as outcome, operations.created_at as performedAt
    from (select 1) as request left join ${table} on ${isCaller}
    left join operations on ${isCallers}`)
  const decided = (...kinds: readonly string[]) => `exists (select 1 from operations where ${isOwn}
    and operations.outcome ->> 'kind' in (${quoted(kinds)}))`
  const sql: WriteSql = {
    decided,
    decision: `(select operations.outcome from operations where ${isOwn})`,
    addToOutcome: (members, ...kinds) => `update operations set outcome = json_set(outcome, ${members})
      where ${isOwn} and outcome ->> 'kind' in (${quoted(kinds)})`,
  }
  return { name, statements: [insert, ...writes(sql).map((text) => compileText(text))], select }
}

function quoted(kinds: readonly string[]): string {
  return kinds.map((kind) => `'${kind}'`).join()
}

/**
 * Performs an operation, or finds what came of it before.
 *
 * @param values of the operation's own placeholders; a function where each attempt needs fresh ones
 * @param isCollision whether another attempt with fresh values may help
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function perform<Of extends Outcome>(
  { db, caller, idempotencyKey, parameters, now }: OperationCall,
  operation: Operation<Of>,
  values: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>),
  isCollision?: IsImmediate,
): Promise<Result<Of>> {
  const common = {
    ...caller,
    endpoint: operation.name,
    idempotencyKey: idempotencyKey ?? crypto.randomUUID(),
    fingerprint: await sha256HexOfText(JSON.stringify(parameters)),
    now,
  }
  const { result: rows, isOwn } = await withNonces((nonce) => {
    const bound = { ...(typeof values === 'function' ? values() : values), ...common, nonce }
    return runBatch(db, [
      ...operation.statements.map((statement) => bind(statement, bound)),
      bind(operation.select, bound),
    ])
  }, isCollision)
  const row = rows.at(-1)?.[0] as PerformedRow | undefined
  if (!row) throw new Error('Expected exactly one result row.')
  const { refusal, callerId, nonce, performedAt } = row
  if (refusal !== null) return refused(refusal, callerId)
  const outcome = JSON.parse(row.outcome) as Of
  if (nonce === null || performedAt === null) return done(outcome, now, callerId)
  if (!row.isSame) return refused('idempotency-key-reused', callerId)
  return done(outcome, performedAt, callerId, !isOwn(nonce))
}

export const REMEMBERED_DAYS = 30

/** Ids follow time closely enough: only the oldest rows are looked at, so no index on the time is needed. */
const forget = compileText<{ id: number }>(`
  delete from operations where created_at < :before
    and id in (select id from operations order by id limit ${PIECE_ROWS})
  returning id`)

/**
 * Deletes operations after 30 days, in pieces that block nobody: no client repeats a request after that.
 *
 * @param now milliseconds UTC
 */
export async function forgetOperations(db: D1Database, now: number): Promise<void> {
  await runInPieces(db, bind(forget, { before: now - REMEMBERED_DAYS * 86_400_000 }))
}
