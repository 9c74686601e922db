/**
 * The SQL of `keyseal issue`: the same rows as an API caller's order, from the source `cli`.
 *
 * Guarantees: an idempotency key issues at most once, whoever types it twice or at the same time; the issuance and all
 * of its keys are written, or none, since the statements are one transaction; a stock that holds too few keys gives
 * none.
 */
import type { Obstacle, Origin } from '../../src/db/schema/index.ts'
import { type IssuedRow, KEYS_PER_TEXT } from '../../src/issuing/as-issued.ts'
import { issueStatements as statementsFor } from '../../src/issuing/issue.ts'
import { keyMaterialFor } from '../../src/issuing/key-formats.ts'
import type { SourcedOrder } from '../../src/issuing/order.ts'
import { inlineValues, type SqlValue } from '../database.ts'

/** What is ordered. Fresh keys have no terms of their own, so theirs are never null. */
export type CliOrder = Omit<SourcedOrder, 'origin'> & { readonly origin: Origin }

/** What tells one attempt from all others. */
export interface Attempt {
  readonly idempotencyKey: string
  readonly nonce: string
  /** Milliseconds UTC. */
  readonly now: number
}

/** The last statement's row. */
export interface IssueRow extends IssuedRow {
  /** Why nothing could be issued. */
  readonly obstacle: Obstacle | null
  /** Then: the keys in stock, counted no further than the quantity. */
  readonly availableQuantity: number | null
}

/** The operator may do everything, and has no row of its own. */
const OPERATOR = {
  table: 'operator',
  rows: '(select null as id) as operator',
  source: `'cli'`,
  isCaller: 'true',
  isAllowed: 'true',
  refusal: 'null',
}

const STATEMENTS = statementsFor(OPERATOR)

/**
 * The most keys whose material stands in one statement, which D1 takes up to 100,000 bytes of: 1,000 UUIDs are 40 kB,
 * and the randomness for 500 generated keys is 81 kB, of which 3 kB are the statement.
 */
const KEYS_A_STATEMENT: Readonly<Record<Origin, number>> = {
  fresh: 1_000,
  generator: 500,
  stock: Number.POSITIVE_INFINITY,
}

/**
 * @returns statements for one transaction; the row of the last one tells what came of it. Only the keys that it does not
 *   contain are rows of the others, with `text`
 */
export function issueStatements(order: CliOrder, attempt: Attempt): string[] {
  const { insertIssuance, insertKeys, selectOutcome, selectKeys } = STATEMENTS[order.origin]
  const values: Record<string, SqlValue> = { reference: null, ...order, ...attempt }
  return [
    inlineValues(insertIssuance, values),
    ...inPieces(order.quantity, KEYS_A_STATEMENT[order.origin], (size) =>
      inlineValues(insertKeys, { ...values, material: keyMaterialFor(order.origin, size) }),
    ),
    ...(selectKeys && order.quantity > KEYS_PER_TEXT ? [inlineValues(selectKeys, values)] : []),
    inlineValues(selectOutcome, values),
  ]
}

function inPieces(quantity: number, most: number, statement: (size: number) => string): string[] {
  const count = Math.ceil(quantity / most) || 1
  return Array.from({ length: count }, (_, index) => statement(Math.min(most, quantity - index * most)))
}
