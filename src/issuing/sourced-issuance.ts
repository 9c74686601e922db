/**
 * What an order for keys from a product's generator or from its stock writes, for whoever orders: the issuance, which
 * key-sources.ts gives its keys.
 *
 * Placeholders: `origin`, `productId`, `quantity`, `ownerName`, `ownerEmail`, `validityDays` and `activationLimit`
 * (null: as the generator or each key has it), `idempotencyKey`, `nonce` and `now`.
 */
import type { Authority } from '../callers/authority.ts'
import type { Origin } from '../db/schema/index.ts'
import { countInStock, generatorOf } from './key-sources.ts'

export type KeySource = Exclude<Origin, 'fresh'>

/** What is asked for. Whoever takes the order checks the ranges; the database does once more. */
export interface SourcedOrder<Source extends Origin = KeySource> {
  readonly origin: Source
  readonly productId: number
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  /** 0: the keys do not expire; null: as the generator or each key has it. */
  readonly validityDays: number | null
  /** 0: any number of activations; null: as the generator or each key has it. */
  readonly activationLimit: number | null
}

/** Who orders: the row of `table` on which `isAllowed` holds. */
export type Orderer = Pick<Authority, 'table' | 'source' | 'isAllowed'>

const COLUMNS = `source, idempotency_key, nonce, product_id, quantity, owner_name, owner_email, origin,
  requested_validity_days, requested_activation_limit, created_at, validity_days, activation_limit`

/** SQL that inserts the issuance, where the orderer may order and the source has what is ordered. */
export function insertSourcedIssuance(origin: KeySource, { source, table, isAllowed }: Orderer): string {
  const values = `${source}, :idempotencyKey, :nonce, products.id, :quantity, :ownerName, :ownerEmail,
    :origin, :validityDays, :activationLimit, :now`
  const tables = `${table} cross join products on products.id = :productId and products.status = 'active'`
  // An issuance of generated keys says on which terms they came; keys in stock have each their own.
  return origin === 'generator'
    ? `insert into issuances (${COLUMNS})
      select ${values}, coalesce(:validityDays, generators.validity_days),
        coalesce(:activationLimit, generators.activation_limit)
      from ${tables} cross join generators on generators.id = ${generatorOf('products.id')}
      where ${isAllowed} on conflict do nothing`
    : `insert into issuances (${COLUMNS})
      select ${values}, coalesce(:validityDays, 0), coalesce(:activationLimit, 0)
      from ${tables} where ${isAllowed} and ${countInStock('products.id', ':quantity')} = :quantity
      on conflict do nothing`
}

/** SQL, a condition: whether the row of `issuances` in scope was issued for the very same order. */
export const IS_SAME_SOURCED_ORDER = `(issuances.product_id = :productId and issuances.quantity = :quantity
  and issuances.owner_name = :ownerName and issuances.owner_email = :ownerEmail and issuances.origin = :origin
  and issuances.requested_validity_days is :validityDays
  and issuances.requested_activation_limit is :activationLimit)`
