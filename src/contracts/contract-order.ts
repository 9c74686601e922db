/**
 * An order for a contract: what creating one and changing one have in common. Both need all of the terms, and both may
 * find that the database holds something against them.
 */
import type { Result } from '../callers/caller.ts'
import { PRODUCT_EXISTS } from '../db/conditions.ts'
import type { ContractFacts, ContractTerms } from './contract.ts'

export interface ContractOrder {
  readonly terms: ContractTerms
  /** The same numbers as the caller wrote them. Every answer repeats them so, also a replay. */
  readonly numbersAsSent: NumbersAsSent
}

type NumbersAsSent = Pick<
  ContractTerms<string | number>,
  'productId' | 'licenseKeysQuantity' | 'canGetInfo' | 'canGenerate' | 'canDestroy' | 'canDestroyAll'
>

/** What only the database can find wrong with an order. */
export type ContractFault = 'contractKey' | 'productId' | 'licenseKeysQuantity'

/** What comes of an order. `Kind` is a way in which it is carried out. */
export type OrderOutcome<Kind extends string> =
  | { readonly kind: Kind; readonly numbersAsSent: NumbersAsSent; readonly facts: ContractFacts }
  | { readonly kind: 'incorrect'; readonly faults: readonly ContractFault[] }

/** The values of the placeholders of an order. */
export function orderValues({ terms, numbersAsSent }: ContractOrder): Record<string, unknown> {
  return { ...terms, numbersAsSent: JSON.stringify(numbersAsSent) }
}

/** The result with the terms for its answer. They are not stored: a repeated order carries them again. */
export function withTerms<Of extends object>(
  result: Result<Of>,
  { terms }: ContractOrder,
): Result<Of & { readonly terms: ContractTerms }> {
  return result.kind === 'refused' ? result : { ...result, outcome: { ...result.outcome, terms } }
}

/** SQL: a contract's columns and their values. */
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

/** SQL, a condition: the product of the order does not exist. */
export const NO_PRODUCT = `not ${PRODUCT_EXISTS}`

/**
 * SQL, an expression: the decision to carry an order out, unless it has a fault.
 *
 * @param kind of the outcome where there is no fault
 * @param conditions SQL, under which there is one
 */
export function unlessFaulty(kind: string, conditions: Partial<Record<ContractFault, string>>): string {
  const faults = Object.entries(conditions).map(
    ([fault, condition]) => `select '${fault}' as fault where ${condition}`,
  )
  return `(select iif(faults = '[]', ${carriedOut(kind)}, json_object('kind', 'incorrect', 'faults', json(faults)))
    from (select (select json_group_array(fault) from (${faults.join(' union all ')})) as faults))`
}

/** SQL, an expression: the decision to carry an order out. The facts are added once the contract is written. */
export function carriedOut(kind: string): string {
  return `json_object('kind', '${kind}', 'numbersAsSent', json(:numbersAsSent))`
}
