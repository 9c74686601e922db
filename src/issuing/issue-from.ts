/**
 * Issues license keys that a product's generator makes, or that are taken from its stock.
 *
 * Guarantees: as `issueLicenseKeys`; moreover, a key in stock is given once, and an order that the stock can not
 * fill takes nothing from it. One D1 batch, whatever the quantity and whatever the outcome.
 */
import { API_CALLER, type ApiCaller, type CallerRefusal, callerValues } from '../callers/api-keys.ts'
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import type { Obstacle } from '../db/schema/index.ts'
import { KEYS_AS_ISSUED, type KeyAsIssued, keysAsIssued } from './as-issued.ts'
import { type IssuanceRow, issueOnce } from './issue-once.ts'
import { freshMaterial } from './key-formats.ts'
import { countInStock, insertGeneratedKeys, takeFromStock } from './key-sources.ts'
import { obstacleTo } from './obstacles.ts'
import {
  IS_SAME_SOURCED_ORDER,
  insertSourcedIssuance,
  type KeySource,
  type SourcedOrder,
} from './sourced-issuance.ts'

export type SourcedOutcome =
  | {
      readonly kind: 'issued' | 'replayed'
      /** When it was first issued, in milliseconds UTC. */
      readonly issuedAt: number
      /** By ascending id. */
      readonly keys: readonly KeyAsIssued[]
    }
  | {
      readonly kind: 'refused'
      readonly reason: CallerRefusal | 'product-not-found' | 'generator-not-found' | 'idempotency-key-reused'
    }
  /** `availableQuantity`: how many there were, fewer than were asked for. */
  | { readonly kind: 'insufficient'; readonly availableQuantity: number }

interface SourcedRow extends IssuanceRow<CallerRefusal> {
  readonly obstacle: Obstacle | null
  readonly availableQuantity: number
}

/** The caller's issuance under this idempotency key, whoever wrote it. */
const IS_CALLERS_ISSUANCE = `issuances.idempotency_key = :idempotencyKey
  and issuances.source = (select ${API_CALLER.source} from api_keys where ${API_CALLER.isCaller})`
/** Only the attempt that wrote the issuance knows its nonce. */
const IS_OWN_ISSUANCE = `${IS_CALLERS_ISSUANCE} and issuances.nonce = :nonce`

/** One row, whatever happened; the keys only for the very same order. */
const selectOutcome = compileText<SourcedRow>(`
  select ${API_CALLER.refusal} as refusal, api_keys.id as ${API_CALLER.idName}, issuances.nonce as nonce,
    issuances.created_at as issuedAt,
    case when ${IS_SAME_SOURCED_ORDER} then ${KEYS_AS_ISSUED} end as keys,
    case when issuances.id is null then ${obstacleTo(':origin', ':productId', ':quantity')} end as obstacle,
    case when issuances.id is null then ${countInStock(':productId', ':quantity')} end as availableQuantity
  from (select 1) as request left join api_keys on ${API_CALLER.isCaller}
  left join issuances on ${IS_CALLERS_ISSUANCE}`)

const WRITES: Record<KeySource, readonly Statement<never>[]> = {
  generator: [
    compileText(insertSourcedIssuance('generator', API_CALLER)),
    compileText(insertGeneratedKeys(IS_OWN_ISSUANCE)),
  ],
  stock: [
    compileText(insertSourcedIssuance('stock', API_CALLER)),
    compileText(takeFromStock(IS_OWN_ISSUANCE)),
  ],
}

/**
 * Issues the keys of one order, or finds what was issued for it before.
 *
 * @param db the database; the product's primary
 * @param caller who asks
 * @param order what is asked for
 * @param idempotencyKey 1 to 255 visible ASCII characters, the caller's own; undefined: the order is new
 * @param now milliseconds UTC
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function issueFrom(
  db: D1Database,
  caller: ApiCaller,
  order: SourcedOrder,
  idempotencyKey: string | undefined,
  now: number,
): Promise<SourcedOutcome> {
  const key = idempotencyKey ?? crypto.randomUUID()
  const orderValues = { ...callerValues(caller), ...order, idempotencyKey: key, now }
  const outcome = await issueOnce(async (nonce) => {
    const material = order.origin === 'generator' ? freshMaterial(order.quantity) : null
    const values = { ...orderValues, nonce, material }
    const rows = await runBatch(db, [
      ...WRITES[order.origin].map((statement) => bind(statement, values)),
      bind(selectOutcome, values),
    ])
    return rows.at(-1)?.[0] as SourcedRow | undefined
  })
  if (outcome.kind === 'refused') return outcome
  if (outcome.kind === 'not-issued') {
    const { obstacle, availableQuantity } = outcome.row
    // An allowed caller would have an issuance by now.
    if (obstacle === null) throw new Error('What nothing stands in the way of is issued.')
    if (obstacle === 'stock-insufficient') return { kind: 'insufficient', availableQuantity }
    return { kind: 'refused', reason: obstacle }
  }
  return { ...outcome, keys: keysAsIssued(outcome.keys) }
}
