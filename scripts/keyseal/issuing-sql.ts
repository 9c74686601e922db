/**
 * The SQL of `keyseal issue`: the same rows as an API caller's order, from the source `cli`.
 *
 * Guarantees: an idempotency key issues at most once, whoever types it twice or at the same time; the issuance and all
 * of its keys are written, or none, since the statements are one transaction; a stock that holds too few keys gives
 * none.
 */
import { randomUUID } from 'node:crypto'
import type { Obstacle, Origin } from '../../src/db/schema/index.ts'
import { KEYS_AS_ISSUED } from '../../src/issuing/as-issued.ts'
import { freshMaterial } from '../../src/issuing/key-formats.ts'
import {
  countInStock,
  insertFreshKeys,
  insertGeneratedKeys,
  takeFromStock,
} from '../../src/issuing/key-sources.ts'
import { obstacleTo } from '../../src/issuing/obstacles.ts'
import {
  IS_SAME_SOURCED_ORDER,
  insertSourcedIssuance,
  type SourcedOrder,
} from '../../src/issuing/sourced-issuance.ts'
import { filledIn, type SqlValue } from '../database.ts'

/** What is ordered. Fresh keys have no terms of their own, so theirs are never null. */
export type CliOrder = SourcedOrder<Origin>

/** What tells one attempt from all others. */
export interface Attempt {
  readonly idempotencyKey: string
  readonly nonce: string
  /** Milliseconds UTC. */
  readonly now: number
}

/** The last statement's row. */
export interface IssueRow {
  /** Null where nothing could be issued. */
  readonly nonce: string | null
  /** JSON text, as `keysAsIssued` reads it; null also where the idempotency key was used for another order. */
  readonly keys: string | null
  /** Why nothing could be issued. */
  readonly obstacle: Obstacle | null
  /** Then: the keys in stock, counted no further than the quantity. */
  readonly availableQuantity: number | null
}

const OPERATOR = { table: '(select 1)', source: `'cli'`, isAllowed: 'true' }

const IS_ISSUANCE = `issuances.source = ${OPERATOR.source} and issuances.idempotency_key = :idempotencyKey`
/** Only the attempt that wrote the issuance knows its nonce. */
const IS_OWN_ISSUANCE = `${IS_ISSUANCE} and issuances.nonce = :nonce`

const INSERT_ISSUANCE: Record<Origin, string> = {
  fresh: `insert into issuances (source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email,
      validity_days, activation_limit, created_at)
    select ${OPERATOR.source}, :idempotencyKey, :nonce, id, :quantity, :ownerName, :ownerEmail, :validityDays,
      :activationLimit, :now
    from products where id = :productId and status = 'active' on conflict do nothing`,
  generator: insertSourcedIssuance('generator', OPERATOR),
  stock: insertSourcedIssuance('stock', OPERATOR),
}

const IS_SAME_FRESH_ORDER = `(product_id = :productId and quantity = :quantity and origin = 'fresh'
  and owner_name = :ownerName and owner_email = :ownerEmail and validity_days = :validityDays
  and activation_limit = :activationLimit)`

function selectOutcome(isSameOrder: string): string {
  return `select issuances.nonce as nonce, case when ${isSameOrder} then ${KEYS_AS_ISSUED} end as keys,
      case when issuances.id is null then ${obstacleTo(':origin', ':productId', ':quantity')} end as obstacle,
      case when issuances.id is null then ${countInStock(':productId', ':quantity')} end as availableQuantity
    from (select 1) left join issuances on ${IS_ISSUANCE}`
}

/**
 * The most keys whose material stands in one statement, which D1 takes up to 100,000 bytes of: 1,000 UUIDs are 40 kB,
 * and the randomness for 500 generated keys is 81 kB, of which 3 kB are the statement.
 */
const KEYS_A_STATEMENT = { fresh: 1_000, generator: 500 } as const

/** @returns statements for one transaction; the row of the last one tells what came of it */
export function issueStatements(order: CliOrder, attempt: Attempt): string[] {
  const values = { ...order, ...attempt }
  const isSameOrder = order.origin === 'fresh' ? IS_SAME_FRESH_ORDER : IS_SAME_SOURCED_ORDER
  return [
    filledIn(INSERT_ISSUANCE[order.origin], values),
    ...keyStatements(order, values),
    filledIn(selectOutcome(isSameOrder), values),
  ]
}

function keyStatements({ origin, quantity }: CliOrder, values: Record<string, SqlValue>): string[] {
  switch (origin) {
    case 'fresh':
      return inPieces(quantity, KEYS_A_STATEMENT.fresh, (size) =>
        filledIn(insertFreshKeys(IS_OWN_ISSUANCE), { ...values, material: freshKeys(size) }),
      )
    case 'generator':
      return inPieces(quantity, KEYS_A_STATEMENT.generator, (size) =>
        filledIn(insertGeneratedKeys(IS_OWN_ISSUANCE), { ...values, material: freshMaterial(size) }),
      )
    default:
      return [filledIn(takeFromStock(IS_OWN_ISSUANCE), values)]
  }
}

function inPieces(quantity: number, most: number, statement: (size: number) => string): string[] {
  const count = Math.ceil(quantity / most)
  return Array.from({ length: count }, (_, index) => statement(Math.min(most, quantity - index * most)))
}

function freshKeys(quantity: number): string {
  return JSON.stringify(Array.from({ length: quantity }, () => randomUUID()))
}
