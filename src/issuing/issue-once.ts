/** Runs the batch that issues an order, for everything that has an idempotency key: API keys and contracts. */
import { type Refused, refused } from '../callers/caller.ts'
import { bind, runBatch, type Statement } from '../db/batch.ts'
import { withNonces } from '../db/retries.ts'
import type { TextRow } from '../db/texts.ts'
import { type IssuedRow, KEYS_PER_TEXT } from './as-issued.ts'
import { isCollision } from './inserts.ts'

/** The batch that issues. Its statements share the placeholders `idempotencyKey`, `nonce` and `material`. */
export interface IssueStatements<Row> {
  /** Runs first, if the order has no idempotency key but may be a repetition. */
  readonly recordAttempt?: Statement<never>
  readonly insertIssuance: Statement<never>
  /** Inserts or takes the keys, but only if this attempt inserted the issuance. */
  readonly insertKeys: Statement<never>
  /** Run after it, also if the keys were issued before. */
  readonly furtherWrites?: readonly Statement<never>[]
  readonly selectOutcome: Statement<Row>
  /** Reads the keys if `selectOutcome` cannot: more than `KEYS_PER_TEXT`, and not fresh. */
  readonly selectKeys?: Statement<TextRow>
}

export interface OutcomeRow extends IssuedRow {
  readonly refusal: string | null
  readonly callerId: number | null
}

/** The keys as they were read, for `parseKeysAsIssued`. */
export interface IssuedKeys {
  readonly issuedAt: number
  readonly keys: string
  readonly furtherKeys: readonly TextRow[]
}

export type IssueResult<Row> =
  | Refused
  | ({ readonly kind: 'issued'; readonly row: Row; readonly isReplay: boolean } & IssuedKeys)
  /** The caller is allowed, but the order cannot be issued. */
  | { readonly kind: 'not-issued'; readonly row: Row }

/** Runs a batch that issues, and retries it if that is safe. @param newMaterial is called for each attempt */
export async function issueOnce<Row extends OutcomeRow>(
  db: D1Database,
  statements: IssueStatements<Row>,
  values: Readonly<Record<string, unknown>> & {
    readonly idempotencyKey: string | undefined
    readonly quantity: number
  },
  newMaterial: () => string | null,
): Promise<IssueResult<Row>> {
  const common = { ...values, idempotencyKey: values.idempotencyKey ?? crypto.randomUUID() }
  const {
    recordAttempt,
    insertIssuance,
    insertKeys,
    furtherWrites = [],
    selectOutcome,
    selectKeys,
  } = statements
  const writes = [...(recordAttempt ? [recordAttempt] : []), insertIssuance, insertKeys, ...furtherWrites]
  const selectFurther = selectKeys && values.quantity > KEYS_PER_TEXT ? [selectKeys] : []
  const { result, isOwn } = await withNonces(async (nonce) => {
    const bound = { ...common, nonce, material: newMaterial() }
    const results = await runBatch(
      db,
      [...writes, selectOutcome, ...selectFurther].map((statement) => bind<unknown>(statement, bound)),
    )
    return results.slice(writes.length) as [Row[], TextRow[]?]
  }, isCollision)
  const [[row], furtherKeys = []] = result
  if (!row) throw new Error('Expected exactly one result row.')
  const { refusal, callerId, nonce, issuedAt, keys } = row
  if (refusal !== null) return refused(refusal, callerId)
  if (nonce === null || issuedAt === null) return { kind: 'not-issued', row }
  if (keys === null) return refused('idempotency-key-reused', callerId)
  return { kind: 'issued', row, isReplay: !isOwn(nonce), issuedAt, keys, furtherKeys }
}
