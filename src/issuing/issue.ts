/**
 * Issues license keys for an order, in one D1 batch.
 *
 * Guarantees: each idempotency key issues keys at most once, even if requests are repeated or race. A request
 * of a refused caller changes nothing. The issuance and all of its keys are written, or nothing is. Each key
 * in stock is issued once. If the stock has too few keys, it does not change.
 */
import type { Authority } from '../callers/authority.ts'
import { done, type OperationCall, type Result } from '../callers/caller.ts'
import { compileText, type Statement } from '../db/batch.ts'
import type { Obstacle, Origin } from '../db/schema/index.ts'
import type { KeyAsIssued } from '../protocol/license-key-object.ts'
import {
  FRESH_KEYS_AS_ISSUED,
  type IssuedRow,
  issuedColumns,
  KEYS_AS_ISSUED,
  parseKeysAsIssued,
  selectKeysAsIssued,
} from './as-issued.ts'
import { ERASED_OWNER, isSameOwner } from './erased-owner.ts'
import { generatorId, insertFreshKeys, insertGeneratedKeys, insertIssuances } from './inserts.ts'
import { type IssuedKeys, type IssueStatements, issueOnce } from './issue-once.ts'
import { keyMaterialFor } from './key-formats.ts'
import type { Order } from './order.ts'
import { countInStock, obstacleTo, takeFromStock } from './stock.ts'

/** SQL that finds and authorizes the caller that places an order. */
export interface OrderAuthority
  extends Pick<Authority, 'table' | 'source' | 'isCaller' | 'isAllowed' | 'refusal'> {
  /** Replaces a table that does not exist, such as `(select null as id) as operator`. */
  readonly rows?: string
}

export type Issued =
  | {
      readonly kind: 'issued'
      /** With the owner of the answer: an erased one is anonymous. */
      readonly order: Order
      /** The time of the first issuance, in milliseconds UTC. */
      readonly issuedAt: number
      /** By ascending id. */
      readonly keys: readonly KeyAsIssued[]
    }
  | {
      readonly kind: Obstacle
      /** The number of keys in stock, at most the quantity. */
      readonly availableQuantity: number
    }

interface IssueRow extends IssuedRow {
  readonly refusal: string | null
  readonly callerId: number | null
  readonly isErased: 0 | 1
  readonly obstacle: Obstacle | null
  readonly availableQuantity: number | null
}

export type ApiIssueStatements = IssueStatements<IssueRow>

/**
 * More placeholders: `now` and the members of an `Order`, with null for a missing reference.
 *
 * @param idempotencyKey SQL for the idempotency key
 */
export function issueStatements(
  authority: OrderAuthority,
  idempotencyKey = ':idempotencyKey',
): Readonly<Record<Origin, ApiIssueStatements>> {
  return {
    fresh: statementsFor(authority, 'fresh', idempotencyKey),
    generator: statementsFor(authority, 'generator', idempotencyKey),
    stock: statementsFor(authority, 'stock', idempotencyKey),
  }
}

function statementsFor(
  authority: OrderAuthority,
  origin: Origin,
  idempotencyKey: string,
): ApiIssueStatements {
  const { table, rows = table, source, isCaller, isAllowed, refusal } = authority
  const isIssuance = `issuances.idempotency_key = ${idempotencyKey}
    and issuances.source = (select ${source} from ${rows} where ${isCaller})`
  // The nonce belongs to a single attempt.
  const isOwnIssuance = `${isIssuance} and issuances.nonce = :nonce`
  return {
    insertIssuance: insertIssuances(
      {
        source,
        idempotencyKey,
        nonce: ':nonce',
        productId: 'products.id',
        quantity: ':quantity',
        ownerName: ':ownerName',
        ownerEmail: ':ownerEmail',
        reference: ':reference',
        createdAt: ':now',
        origin: `'${origin}'`,
        ...TERMS[origin],
      },
      {
        from: `${rows} cross join products on products.id = :productId and products.status = 'active' ${
          origin === 'generator'
            ? `cross join generators on generators.id = ${generatorId('products.id')}`
            : ''
        }`,
        where:
          origin === 'stock'
            ? `${isAllowed} and ${countInStock('products.id', ':quantity')} = :quantity`
            : isAllowed,
      },
    ),
    insertKeys: KEYS[origin](isOwnIssuance),
    selectOutcome: compileText<IssueRow>(`
      select ${refusal} as refusal, ${table}.id as callerId, issuances.erasure_id is not null as isErased,
        ${issuedColumns(isSameOrder(origin), origin === 'fresh' ? FRESH_KEYS_AS_ISSUED : KEYS_AS_ISSUED)},
        case when issuances.id is null then ${obstacleTo(`'${origin}'`, ':productId', ':quantity')} end as obstacle,
        ${origin === 'stock' ? `case when issuances.id is null then ${countInStock(':productId', ':quantity')} end` : 'null'}
          as availableQuantity
      from (select 1) as request left join ${rows} on ${isCaller} left join issuances on ${isIssuance}`),
    ...(origin !== 'fresh' && { selectKeys: selectKeysAsIssued(isIssuance) }),
  }
}

/** The terms of an issuance, and the requested terms. Requested terms override those of keys in stock. */
const TERMS: Readonly<Record<Origin, Record<'validityDays' | 'activationLimit', string>>> = {
  fresh: { validityDays: ':validityDays', activationLimit: ':activationLimit' },
  generator: {
    validityDays: 'coalesce(:validityDays, generators.validity_days)',
    activationLimit: 'coalesce(:activationLimit, generators.activation_limit)',
    ...requestedTerms(),
  },
  stock: {
    validityDays: 'coalesce(:validityDays, 0)',
    activationLimit: 'coalesce(:activationLimit, 0)',
    ...requestedTerms(),
  },
}

function requestedTerms() {
  return { requestedValidityDays: ':validityDays', requestedActivationLimit: ':activationLimit' }
}

const KEYS: Readonly<Record<Origin, (isIssuance: string) => Statement<never>>> = {
  fresh: (isIssuance) => insertFreshKeys(isIssuance),
  generator: insertGeneratedKeys,
  stock: takeFromStock,
}

/** An SQL condition: the current row of `issuances` belongs to an identical order. */
function isSameOrder(origin: Origin): string {
  const terms =
    origin === 'fresh'
      ? 'issuances.validity_days = :validityDays and issuances.activation_limit = :activationLimit'
      : `issuances.requested_validity_days is :validityDays
        and issuances.requested_activation_limit is :activationLimit`
  return `issuances.product_id = :productId and issuances.quantity = :quantity
    and ${isSameOwner('issuances')} and issuances.origin = '${origin}' and ${terms}`
}

/**
 * Issues an order, or returns the keys of an earlier call with the same idempotency key.
 *
 * @throws DatabaseUnavailableError; it is safe to retry with the same idempotency key
 */
export async function issue(
  { db, caller, idempotencyKey, now }: Omit<OperationCall, 'parameters'>,
  statements: Readonly<Record<Origin, ApiIssueStatements>>,
  order: Order,
  newLicenseKey?: () => string,
): Promise<Result<Issued>> {
  const result = await issueOnce(
    db,
    statements[order.origin],
    { ...caller, ...order, reference: order.reference ?? null, idempotencyKey, now },
    () => keyMaterialFor(order.origin, order.quantity, newLicenseKey),
  )
  if (result.kind === 'refused') return result
  const { row } = result
  const { callerId } = row
  if (result.kind === 'issued') {
    const { issuedAt, isReplay } = result
    const keys = parseIssuedKeys(order, result)
    const issued = row.isErased ? { ...order, ...ERASED_OWNER } : order
    return done({ kind: 'issued', order: issued, issuedAt, keys }, issuedAt, callerId, isReplay)
  }
  if (row.obstacle === null) throw new Error('Nothing was issued, and no obstacle was found.')
  return done({ kind: row.obstacle, availableQuantity: row.availableQuantity ?? 0 }, now, callerId)
}

/** @returns the keys by ascending id */
function parseIssuedKeys(order: Order, { issuedAt, keys, furtherKeys }: IssuedKeys): KeyAsIssued[] {
  if (order.origin !== 'fresh') return parseKeysAsIssued(keys, furtherKeys)
  const { activationLimit, validityDays } = order
  return parseKeysAsIssued<readonly [number, string]>(keys).map(([id, licenseKey]) => [
    id,
    licenseKey,
    activationLimit,
    validityDays,
    issuedAt,
  ])
}
