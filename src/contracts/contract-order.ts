/** Orders that create or update a contract. Both need all terms, and the database may reject both. */
import type { Result } from '../callers/caller.ts'
import { PRODUCT_EXISTS } from '../db/conditions.ts'
import type { ContractFacts, ContractTerms } from './contract.ts'

export interface ContractOrder {
  readonly terms: ContractTerms
  /** The numbers as the caller sent them. Every response repeats them, including replays. */
  readonly numbersAsSent: NumbersAsSent
}

type NumbersAsSent = Pick<
  ContractTerms<string | number>,
  'productId' | 'licenseKeysQuantity' | 'canGetInfo' | 'canGenerate' | 'canDestroy' | 'canDestroyAll'
>

/** The fields that only the database can reject. */
export type RejectedField = 'contractKey' | 'productId' | 'licenseKeysQuantity'

/** `Kind` is the kind of success. */
export type OrderOutcome<Kind extends string> =
  | { readonly kind: Kind; readonly numbersAsSent: NumbersAsSent; readonly facts: ContractFacts }
  | { readonly kind: 'incorrect'; readonly rejected: readonly RejectedField[] }

/** @returns the values of the placeholders of an order. In an update, a term that is null stays */
export function orderValues({
  terms,
  numbersAsSent,
}: {
  readonly terms: { readonly [Term in keyof ContractTerms]: ContractTerms[Term] | null }
  readonly numbersAsSent: Partial<NumbersAsSent>
}): Record<string, unknown> {
  return { ...terms, numbersAsSent: JSON.stringify(numbersAsSent) }
}

/** Adds the terms for the response. They are not stored, because a repeated request contains them again. */
export function withTerms<Of extends object>(
  result: Result<Of>,
  { terms }: ContractOrder,
): Result<Of & { readonly terms: ContractTerms }> {
  return result.kind === 'refused' ? result : { ...result, outcome: { ...result.outcome, terms } }
}

const COLUMNS = {
  contract_key: ':contractKey',
  name: ':name',
  information: ':information',
  product_id: ':productId',
  license_keys_quantity: ':licenseKeysQuantity',
  status: ':status',
  can_get_info: ':canGetInfo',
  can_generate: ':canGenerate',
  can_destroy: ':canDestroy',
  can_destroy_all: ':canDestroyAll',
}
export const COLUMN_NAMES = Object.keys(COLUMNS).join(', ')
export const COLUMN_VALUES = Object.values(COLUMNS).join(', ')
export const COLUMN_PAIRS: readonly string[] = Object.entries(COLUMNS).map(
  ([column, value]) => `${column} = ${value}`,
)
/** A value that is null stays. */
export const COLUMN_CHANGES: readonly string[] = Object.entries(COLUMNS).map(
  ([column, value]) => `${column} = coalesce(${value}, ${column})`,
)

/** SQL that selects the product of the contract `:contractId`. */
export const PRODUCT_OF_CONTRACT =
  'select contracts.product_id from contracts where contracts.id = :contractId'

export const PRODUCT_IS_MISSING = `not ${PRODUCT_EXISTS}`

/** An SQL expression: the decision to accept or reject an order. @param rejections SQL conditions */
export function decideOrder(kind: string, rejections: Partial<Record<RejectedField, string>>): string {
  const fields = Object.entries(rejections).map(
    ([field, condition]) => `select '${field}' as field where ${condition}`,
  )
  return `(select iif(rejected = '[]', ${acceptOrder(kind)}, json_object('kind', 'incorrect', 'rejected', json(rejected)))
    from (select (select json_group_array(field) from (${fields.join(' union all ')})) as rejected))`
}

/** An SQL expression: the decision to accept an order. The facts are added after the contract is written. */
export function acceptOrder(kind: string): string {
  return `json_object('kind', '${kind}', 'numbersAsSent', json(:numbersAsSent))`
}
