/**
 * A change that a caller asks for: decided, made and remembered in one D1 batch.
 *
 * Guarantees: an idempotency key makes its change at most once, whatever arrives twice or at the same time, and
 * whoever asks again is told what was told at first; who is refused, or asks for what can not be done, changes nothing
 * and may ask again under the same key.
 *
 * The batch decides first, from what the database holds, and writes the decision down; the statements that follow
 * do what was decided. Nothing can come in between: a batch is one transaction, and D1 has one writer.
 */

import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { type IsImmediate, withNonces } from '../db/retries.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import type { Authority } from './authority.ts'

/** What came of an operation. Its other members are what the answer needs, `productId` whose key signs it. */
export interface Decision {
  readonly kind: string
}

/** An operation, compiled. */
export interface Operation<Outcome extends Decision> {
  readonly endpoint: string
  readonly statements: readonly Statement<never>[]
  readonly select: Statement<PerformedRow>
  /** Carries the type only. */
  readonly outcome?: Outcome
}

interface PerformedRow {
  readonly refusal: string | null
  readonly nonce: string | null
  readonly isSame: 0 | 1 | null
  /** What was decided, also where it is that nothing is to be done: that is not remembered. */
  readonly outcome: string
  /** null where nothing was done. */
  readonly performedAt: number | null
}

export type Performed<Outcome extends Decision, Refusal extends string> =
  | {
      readonly kind: 'performed' | 'replayed'
      readonly outcome: Outcome
      /** When it was first performed, in milliseconds UTC. */
      readonly performedAt: number
    }
  | { readonly kind: 'refused'; readonly reason: Refusal | 'idempotency-key-reused' }

/** SQL that picks the caller's operation under this idempotency key. */
function isCallersOperation({ source, table, isCaller }: Authority): string {
  return `operations.source = (select ${source} from ${table} where ${isCaller})
    and operations.endpoint = :endpoint and operations.idempotency_key = :idempotencyKey`
}

/**
 * @param authority by whose right
 * @param endpoint the name of the operation; idempotency keys are told apart by it
 * @param decision SQL, an expression: a JSON object whose `kind` says what is to be done, or that nothing is
 * @param writes SQL statements that do it. In them `{decided:a,b}` stands for the condition that this very request
 *   has decided `a` or `b`, and `{decision}` for what it decided, a JSON text; a statement that finds out more
 *   updates it: `update operations set outcome = json_set(outcome, ...) where {mine}`
 */
export function defineOperation<Outcome extends Decision>(
  authority: Authority,
  endpoint: string,
  decision: string,
  writes: readonly string[],
): Operation<Outcome> {
  const { source, table, idName, isAllowed, refusal, isCaller } = authority
  const isMine = `${isCallersOperation(authority)} and operations.nonce = :nonce`
  const insert = compileText(`
    insert into operations (source, endpoint, idempotency_key, fingerprint, nonce, outcome, created_at)
    select source, :endpoint, :idempotencyKey, :fingerprint, :nonce, decision, :now
    from (select ${source} as source, ${decision} as decision from ${table} where ${isAllowed})
    where decision ->> 'kind' in (${kindsIn(writes)}) on conflict do nothing`)
  const select = compileText<PerformedRow>(`
    select ${refusal} as refusal, ${table}.id as ${idName}, operations.nonce as nonce,
      operations.fingerprint = :fingerprint as isSame,
      coalesce(operations.outcome, ${decision}) as outcome, operations.created_at as performedAt
    from (select 1) as request left join ${table} on ${isCaller}
    left join operations on ${isCallersOperation(authority)}`)
  const filledIn = writes.map((text) =>
    text
      .replaceAll('{mine}', isMine)
      .replaceAll('{decision}', `(select operations.outcome from operations where ${isMine})`)
      .replaceAll(DECIDED, (_, kinds: string) => {
        return `exists (select 1 from operations where ${isMine}
          and operations.outcome ->> 'kind' in (${quoted(kinds.split(','))}))`
      }),
  )
  return { endpoint, statements: [insert, ...filledIn.map((text) => compileText(text))], select }
}

/** Stands in a write for what must have been decided. */
const DECIDED = /\{decided:([\w,-]+)\}/g

/** Every decision that something is written for; what is decided besides changes nothing. */
function kindsIn(writes: readonly string[]): string {
  const kinds = writes.flatMap((text) =>
    [...text.matchAll(DECIDED)].flatMap(([, list = '']) => list.split(',')),
  )
  return quoted([...new Set(kinds)])
}

function quoted(kinds: readonly string[]): string {
  return kinds.map((kind) => `'${kind}'`).join()
}

/** What a performance needs besides the operation's own values. */
export interface OperationRequest {
  /** The values of the authority's placeholders. */
  readonly callerValues: Readonly<Record<string, unknown>>
  /** 1 to 255 visible ASCII characters, the caller's own; undefined: the change is asked for once. */
  readonly idempotencyKey: string | undefined
  /** What was asked for, as it was checked: another one under the same idempotency key is refused. */
  readonly parameters: unknown
  /** Milliseconds UTC. */
  readonly now: number
}

/**
 * Performs an operation, or finds what came of it before.
 *
 * @param db the primary
 * @param values of the operation's own placeholders; a function where each attempt needs fresh ones
 * @param isCollision whether another attempt with fresh values may help
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function perform<Outcome extends Decision, Refusal extends string>(
  db: D1Database,
  operation: Operation<Outcome>,
  request: OperationRequest,
  values: Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>),
  isCollision?: IsImmediate,
): Promise<Performed<Outcome, Refusal>> {
  const common = {
    ...request.callerValues,
    endpoint: operation.endpoint,
    idempotencyKey: request.idempotencyKey ?? crypto.randomUUID(),
    fingerprint: await sha256HexOfText(JSON.stringify(request.parameters)),
    now: request.now,
  }
  const { result: rows, isOwn } = await withNonces((nonce) => {
    const bound = { ...(typeof values === 'function' ? values() : values), ...common, nonce }
    return runBatch(db, [
      ...operation.statements.map((statement) => bind(statement, bound)),
      bind(operation.select, bound),
    ])
  }, isCollision)
  const row = rows.at(-1)?.[0] as PerformedRow | undefined
  if (!row) throw new Error('There is one row for every request.')
  if (row.refusal !== null) return { kind: 'refused', reason: row.refusal as Refusal }
  const outcome = JSON.parse(row.outcome) as Outcome
  if (row.nonce === null || row.performedAt === null) {
    return { kind: 'performed', outcome, performedAt: request.now }
  }
  if (!row.isSame) return { kind: 'refused', reason: 'idempotency-key-reused' }
  return {
    kind: isOwn(row.nonce) ? 'performed' : 'replayed',
    outcome,
    performedAt: row.performedAt,
  }
}
