/**
 * Issues license keys for an order.
 *
 * Guarantees: an idempotency key issues at most once, even when requests arrive twice or race. A refused caller changes
 * nothing. The issuance and all of its keys are written, or nothing. A key in stock is given once, and an order that the
 * stock cannot fill takes nothing from it. One D1 batch, whatever the quantity and the outcome.
 */
import type { Authority } from '../callers/authority.ts'
import { done, type OperationCall, type Refused, type Result, refused } from '../callers/caller.ts'
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withNonces } from '../db/retries.ts'
import type { Obstacle, Origin } from '../db/schema/index.ts'
import type { KeyAsIssued } from '../protocol/license-key-object.ts'
import {
  FRESH_KEYS_AS_ISSUED,
  type IssuedRow,
  issuedColumns,
  KEYS_AS_ISSUED,
  keysAsIssued,
} from './as-issued.ts'
import { generatorOf, insertFreshKeys, insertGeneratedKeys, insertIssuances, isCollision } from './inserts.ts'
import { materialFor } from './key-formats.ts'
import type { Order } from './order.ts'
import { countInStock, obstacleTo, takeFromStock } from './stock.ts'

/** Who orders: the row of `table` on which `isAllowed` holds. */
export interface Orderer extends Pick<Authority, 'table' | 'source' | 'isCaller' | 'isAllowed' | 'refusal'> {
  /** SQL for a table that does not exist: `(select null as id) as operator`. */
  readonly rows?: string
}

export type Issued =
  | {
      readonly kind: 'issued'
      readonly order: Order
      /** When it was first issued, in milliseconds UTC. */
      readonly issuedAt: number
      /** By ascending id. */
      readonly keys: readonly KeyAsIssued[]
    }
  | {
      readonly kind: Obstacle
      /** How many keys the stock has, counted no further than the quantity. */
      readonly availableQuantity: number
    }

/** The last row of a batch that issues. */
interface IssueRow extends IssuedRow {
  readonly refusal: string | null
  readonly callerId: number | null
  /** Why nothing was issued. */
  readonly obstacle: Obstacle | null
  readonly availableQuantity: number | null
}

/** The statements of a batch that issues. Placeholders of all: `idempotencyKey`, `nonce`, `material`. */
export interface IssueStatements<Row = IssueRow> {
  /** `on conflict do nothing`. */
  readonly insertIssuance: Statement<never>
  /** Gives the issuance its keys, if it has this attempt's nonce. */
  readonly insertKeys: Statement<never>
  readonly selectOutcome: Statement<Row>
}

/** The statements for orders of one orderer: placeholders are also `now` and the members of an `Order`. */
export function issueStatements(orderer: Orderer): Readonly<Record<Origin, IssueStatements>> {
  return {
    fresh: statementsFor(orderer, 'fresh'),
    generator: statementsFor(orderer, 'generator'),
    stock: statementsFor(orderer, 'stock'),
  }
}

function statementsFor(orderer: Orderer, origin: Origin): IssueStatements {
  const { table, rows = table, source, isCaller, isAllowed, refusal } = orderer
  const isIssuance = `issuances.idempotency_key = :idempotencyKey
    and issuances.source = (select ${source} from ${rows} where ${isCaller})`
  // Only the attempt that wrote the issuance knows its nonce.
  const isOwnIssuance = `${isIssuance} and issuances.nonce = :nonce`
  return {
    insertIssuance: insertIssuances(
      {
        source,
        idempotencyKey: ':idempotencyKey',
        nonce: ':nonce',
        productId: 'products.id',
        quantity: ':quantity',
        ownerName: ':ownerName',
        ownerEmail: ':ownerEmail',
        createdAt: ':now',
        origin: `'${origin}'`,
        ...TERMS[origin],
      },
      {
        from: `${rows} cross join products on products.id = :productId and products.status = 'active' ${
          origin === 'generator'
            ? `cross join generators on generators.id = ${generatorOf('products.id')}`
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
      select ${refusal} as refusal, ${table}.id as callerId, ${issuedColumns(isSameOrder(origin), origin === 'fresh' ? FRESH_KEYS_AS_ISSUED : KEYS_AS_ISSUED)},
        case when issuances.id is null then ${obstacleTo(`'${origin}'`, ':productId', ':quantity')} end as obstacle,
        ${origin === 'stock' ? `case when issuances.id is null then ${countInStock(':productId', ':quantity')} end` : 'null'}
          as availableQuantity
      from (select 1) as request left join ${rows} on ${isCaller} left join issuances on ${isIssuance}`),
  }
}

/** The terms of an issuance, and those that were ordered: each key in stock has terms of its own. */
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

/** SQL, a condition: whether the row of `issuances` in scope was issued for the very same order. */
function isSameOrder(origin: Origin): string {
  const terms =
    origin === 'fresh'
      ? 'issuances.validity_days = :validityDays and issuances.activation_limit = :activationLimit'
      : `issuances.requested_validity_days is :validityDays
        and issuances.requested_activation_limit is :activationLimit`
  return `issuances.product_id = :productId and issuances.quantity = :quantity
    and issuances.owner_name = :ownerName and issuances.owner_email = :ownerEmail
    and issuances.origin = '${origin}' and ${terms}`
}

/**
 * Issues the keys of one order, or finds what was issued for it before.
 *
 * @param call its idempotency key may be undefined: then the order is new
 * @param newLicenseKey makes a fresh license key
 * @throws DatabaseUnavailableError: repeating the call with the same idempotency key is safe
 */
export async function issue(
  { db, caller, idempotencyKey, now }: Omit<OperationCall, 'parameters'>,
  statements: Readonly<Record<Origin, IssueStatements>>,
  order: Order,
  newLicenseKey?: () => string,
): Promise<Result<Issued>> {
  const written = await issueOnce(
    db,
    statements[order.origin],
    { ...caller, ...order, idempotencyKey, now },
    () => materialFor(order.origin, order.quantity, newLicenseKey),
  )
  if (written.kind === 'refused') return written
  const { row } = written
  const { callerId } = row
  if (written.kind === 'issued') {
    const { issuedAt, isReplay } = written
    const outcome = { kind: 'issued', order, issuedAt, keys: keysOf(order, issuedAt, written.keys) } as const
    return done(outcome, issuedAt, callerId, isReplay)
  }
  // An allowed caller without an obstacle would have an issuance by now.
  if (row.obstacle === null) throw new Error('Nothing was issued, and no obstacle was found.')
  const outcome = { kind: row.obstacle, availableQuantity: row.availableQuantity ?? 0 }
  return done(outcome, now, callerId)
}

/** The keys that a batch read back, by ascending id. */
export function keysOf(order: Order, issuedAt: number, text: string): KeyAsIssued[] {
  if (order.origin !== 'fresh') return keysAsIssued(text)
  const { activationLimit, validityDays } = order
  return keysAsIssued<readonly [number, string]>(text).map(([id, licenseKey]) => [
    id,
    licenseKey,
    activationLimit,
    validityDays,
    issuedAt,
  ])
}

/** What a batch that issues reads back. */
export interface OutcomeRow extends IssuedRow {
  readonly refusal: string | null
  readonly callerId: number | null
}

export type IssuedOnce<Row> =
  | Refused
  | ({ readonly kind: 'issued'; readonly row: Row; readonly isReplay: boolean } & {
      issuedAt: number
      keys: string
    })
  /** The caller may issue, but this could not be issued. */
  | { readonly kind: 'not-issued'; readonly row: Row }

/**
 * Runs a batch that issues, again where that helps, and reads what came of it.
 *
 * However often the batch is sent, at most one issuance has its idempotency key.
 *
 * @param values of the other placeholders; without an idempotency key the order is new
 * @param newMaterial makes the `material` of each attempt, so that no two try the same license keys
 */
export async function issueOnce<Row extends OutcomeRow>(
  db: D1Database,
  { insertIssuance, insertKeys, selectOutcome }: IssueStatements<Row>,
  values: Readonly<Record<string, unknown>> & { readonly idempotencyKey: string | undefined },
  newMaterial: () => string | null,
): Promise<IssuedOnce<Row>> {
  const common = { ...values, idempotencyKey: values.idempotencyKey ?? crypto.randomUUID() }
  const { result, isOwn } = await withNonces((nonce) => {
    const bound = { ...common, nonce, material: newMaterial() }
    return runBatch(db, [bind(insertIssuance, bound), bind(insertKeys, bound), bind(selectOutcome, bound)])
  }, isCollision)
  const [, , [row]] = result
  if (!row) throw new Error('Expected exactly one result row.')
  const { refusal, callerId, nonce, issuedAt, keys } = row
  if (refusal !== null) return refused(refusal, callerId)
  if (nonce === null || issuedAt === null) return { kind: 'not-issued', row }
  if (keys === null) return refused('idempotency-key-reused', callerId)
  return { kind: 'issued', row, isReplay: !isOwn(nonce), issuedAt, keys }
}
