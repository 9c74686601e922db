/**
 * A change requested by a caller: decided, made and stored in one D1 batch.
 *
 * Guarantees: each idempotency key makes its change at most once, even when requests are repeated or race,
 * and every replay gets the first outcome. A refused or impossible call changes nothing and may be retried
 * under the same key.
 *
 * The first statement of the batch stores the decision, and the others carry it out. No other write can
 * interfere: a batch is one transaction, and D1 has a single writer.
 */
import { bind, compileDeleteOldest, compileText, runBatch, runInPieces, type Statement } from '../db/batch.ts'
import { type ShouldRetryNow, withNonces } from '../db/retries.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { type AuditSql, audited } from './audit.ts'
import type { Authority } from './authority.ts'
import { done, type OperationCall, type Result, refused } from './caller.ts'

/** The outcome of an operation. Its other members are the data for the response. */
export interface Outcome {
  readonly kind: string
}

export interface Operation<Of extends Outcome> extends Pick<OperationDefinition<Of>, 'name' | 'isUse'> {
  readonly statements: readonly Statement<never>[]
  readonly select: Statement<PerformedRow>
  readonly isReplayed: boolean
  /** Carries the type only. */
  readonly outcome?: Of
}

/** SQL fragments for the writes of an operation. */
export interface WriteSql {
  /** A condition: this request, not an earlier one, decided one of these kinds. */
  readonly decided: (...kinds: string[]) => string
  /**
   * A condition: the caller is allowed, and this request decides this kind now. For kinds that are not stored, or after an
   * earlier write of this batch.
   */
  readonly decides: (kind: string) => string
  /** An expression: the decision of this request as JSON text. */
  readonly decision: string
  /**
   * A statement that adds members to the stored outcome, for values that exist only after a write.
   *
   * @param members SQL: `'$.name', value, ...`
   * @param kinds the decisions that it applies to
   */
  readonly addToOutcome: (members: string, ...kinds: string[]) => string
}

export interface OperationDefinition<Of extends Outcome> {
  readonly authority: Authority
  /** Separates the idempotency keys of different operations. */
  readonly name: string
  /**
   * For requests with the API key that all copies of the software share. Each license key (placeholder `licenseKey`)
   * has idempotency keys of its own, so that no copy can take one of another, and they are kept for 24 hours only.
   */
  readonly isUse?: true
  /** An SQL expression: a JSON object whose `kind` is the change to make, or the reason to make none. */
  readonly decision: string
  /**
   * An SQL expression for the outcome after the writes, if the answer shows the state then. A repeated request makes no
   * change again, but gets the current state. Default: it gets the first outcome.
   */
  readonly currentState?: string
  /**
   * SQL for members of the outcome that are read after the writes, also for a repeated request, and not stored:
   * `'$.name', value, ...`.
   */
  readonly currentMembers?: string
  /** The kinds that change something. Only these are stored. */
  readonly changes: readonly Of['kind'][]
  /** SQL, or statements that others use too. */
  readonly writes: (sql: WriteSql) => readonly (string | Statement<never>)[]
  /** Records the change in `audit_entries`, with the state before and after the writes. Omitted: the change is not recorded. */
  readonly audit?: (sql: WriteSql) => AuditSql
}

/** What an operation does for any caller. */
export type OperationParts<Of extends Outcome> = Pick<
  OperationDefinition<Of>,
  'decision' | 'changes' | 'writes' | 'audit'
>

interface PerformedRow {
  readonly refusal: string | null
  readonly retryAt: number | null
  readonly callerId: number | null
  readonly callerRole: string | null
  readonly nonce: string | null
  readonly isSame: 0 | 1 | null
  /** Present even if nothing was stored. */
  readonly outcome: string
  /** null if nothing was stored. */
  readonly performedAt: number | null
}

export function defineOperation<Of extends Outcome>({
  authority,
  name,
  isUse,
  currentState,
  currentMembers,
  decision,
  changes,
  writes,
  audit,
}: OperationDefinition<Of>): Operation<Of> {
  const { source, table, isAllowed, refusal, retryAt, isCaller, role } = authority
  const stored: Table = isUse ? 'use_operations' : 'operations'
  const isCallers = `${stored}.source = (select ${source} from ${table} where ${isCaller})
    and ${stored}.endpoint = :endpoint and ${stored}.idempotency_key = :idempotencyKey`
  const isOwn = `${isCallers} and ${stored}.nonce = :nonce`
  const insert = compileText(`
    insert into ${stored} (source, endpoint, idempotency_key, fingerprint, nonce, outcome, created_at)
    select source, :endpoint, :idempotencyKey, :fingerprint, :nonce, decision, :now
    from (select ${source} as source, ${decision} as decision from ${table} where ${isAllowed})
    where decision ->> 'kind' in (${quoted(changes)}) on conflict do nothing`)
  const select = compileText<PerformedRow>(`
    select ${refusal} as refusal, ${retryAt} as retryAt, ${table}.id as callerId, ${role} as callerRole,
      ${stored}.nonce as nonce,
      ${stored}.fingerprint = :fingerprint as isSame,
      ${currentState ?? withMembers(`coalesce(${stored}.outcome, ${decision})`, currentMembers)} as outcome, ${stored}.created_at as performedAt
    from (select 1) as request left join ${table} on ${isCaller}
    left join ${stored} on ${isCallers}`)
  const decided = (...kinds: readonly string[]) => `exists (select 1 from ${stored} where ${isOwn}
    and ${stored}.outcome ->> 'kind' in (${quoted(kinds)}))`
  const sql: WriteSql = {
    decided,
    decides: (
      kind,
    ) => `exists (select 1 from ${table} where ${isAllowed} and ${decision} ->> 'kind' = '${kind}')
      and not exists (select 1 from ${stored} where ${isCallers} and ${stored}.fingerprint <> :fingerprint)`,
    decision: `(select ${stored}.outcome from ${stored} where ${isOwn})`,
    addToOutcome: (members, ...kinds) => `update ${stored} set outcome = json_set(outcome, ${members})
      where ${isOwn} and outcome ->> 'kind' in (${quoted(kinds)})`,
  }
  const own = { from: stored, where: isOwn, actor: `${stored}.source`, action: `'${name}'` }
  const texts = audit ? audited(own, audit(sql), writes(sql)) : writes(sql)
  return {
    name,
    ...(isUse && { isUse }),
    isReplayed: currentState === undefined,
    statements: [insert, ...texts.map((text) => (typeof text === 'string' ? compileText(text) : text))],
    select,
  }
}

/** @param outcome SQL, a JSON object. @param members SQL, as in `currentMembers` */
function withMembers(outcome: string, members: string | undefined): string {
  return members === undefined ? outcome : `json_set(${outcome}, ${members})`
}

type Table = 'operations' | 'use_operations'

function quoted(kinds: readonly string[]): string {
  return kinds.map((kind) => `'${kind}'`).join()
}

/**
 * Performs an operation, or returns the outcome of an earlier request with the same idempotency key.
 *
 * @param values for the operation's own placeholders; a function if each attempt needs new ones
 * @param isCollision whether another attempt with new values may succeed
 * @throws DatabaseUnavailableError; it is safe to retry with the same idempotency key
 */
export async function perform<Of extends Outcome>(
  { db, caller, idempotencyKey, parameters, now }: OperationCall,
  operation: Operation<Of>,
  values: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>),
  isCollision?: ShouldRetryNow,
): Promise<Result<Of>> {
  const common = {
    ...caller,
    endpoint: operation.name,
    idempotencyKey: await storedKey(operation, idempotencyKey ?? crypto.randomUUID(), values),
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
  const { refusal, retryAt, callerId, callerRole, nonce, performedAt } = row
  if (refusal !== null) return refused(refusal, callerId, secondsUntil(retryAt, now))
  const outcome = JSON.parse(row.outcome) as Of
  if (nonce === null || performedAt === null) return done(outcome, now, callerId, false, callerRole)
  if (!row.isSame) return refused('idempotency-key-reused', callerId)
  if (!operation.isReplayed) return done(outcome, now, callerId, false, callerRole)
  return done(outcome, performedAt, callerId, !isOwn(nonce), callerRole)
}

function secondsUntil(instant: number | null, now: number): number | undefined {
  return instant === null ? undefined : Math.max(1, Math.ceil((instant - now) / 1000))
}

/** @returns what the column `idempotency_key` contains */
async function storedKey(
  { isUse }: Pick<Operation<Outcome>, 'isUse'>,
  idempotencyKey: string,
  values: Readonly<Record<string, unknown>> | (() => unknown),
): Promise<string> {
  if (!isUse) return idempotencyKey
  if (!('licenseKey' in values)) throw new Error('An operation of software needs the value licenseKey.')
  return sha256HexOfText(JSON.stringify([values.licenseKey, idempotencyKey]))
}

/** After that no client retries anymore. */
const RETENTION_MS: Record<Table, number> = {
  operations: 30 * DAY_MILLISECONDS,
  // Anyone who has the software can write them.
  use_operations: DAY_MILLISECONDS,
}

const DELETE_OLDEST = {
  operations: deleteOldest('operations'),
  use_operations: deleteOldest('use_operations'),
}

/** The newest row stays, so that its id is not used again: the statistics count by ascending id. */
function deleteOldest(table: Table) {
  const counted = `(select position from statistics_positions where source = '${table}')`
  return compileDeleteOldest(
    table,
    `created_at < :before and id <= ${counted} and id < (select max(id) from ${table})`,
  )
}

/**
 * Deletes operations that no client retries anymore and that the statistics have counted. Works in short steps that block
 * no request.
 *
 * @param now milliseconds UTC
 */
export async function deleteOldOperations(db: D1Database, table: Table, now: number): Promise<void> {
  await runInPieces(db, bind(DELETE_OLDEST[table], { before: now - RETENTION_MS[table] }))
}
