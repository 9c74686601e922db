/**
 * Contracts: what the database holds of one, and how the protocol shows it.
 *
 * A contract counts the license keys that exist under it, so one that is destroyed may be generated anew. When a
 * contract is deleted, its keys stay with their owners, and its id never comes back for another to inherit them.
 */
import { generatorOf } from '../issuing/inserts.ts'
import { withoutMilliseconds } from '../protocol/dates.ts'

/** What the seller decides. The numbers are text where an answer repeats them as the caller wrote them. */
export interface ContractTerms<Numeric = number> {
  readonly contractKey: string
  readonly name: string
  readonly information: string
  readonly status: 'active' | 'inactive'
  readonly productId: Numeric
  /** How many license keys may exist under it. */
  readonly licenseKeysQuantity: Numeric
  /** 0 or 1, as the three that follow. */
  readonly canGetInfo: Numeric
  readonly canGenerate: Numeric
  readonly canDestroy: Numeric
  readonly canDestroyAll: Numeric
}

/** What only the database knows. */
export interface ContractFacts {
  readonly id: number
  /** Milliseconds UTC, as `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
  /** How many license keys exist under it. */
  readonly licenseKeysCount: number
}

export type Contract<Numeric = number> = ContractTerms<Numeric> & ContractFacts

/** SQL, an expression: how many license keys exist under a contract. */
export function licenseKeysCount(contractId: string): string {
  return `(select count(*) from license_keys where license_keys.contract_id = ${contractId})`
}

function factsMembers(row: string): string {
  return `'id', ${row}.id, 'createdAt', ${row}.created_at, 'updatedAt', ${row}.updated_at,
    'licenseKeysCount', ${licenseKeysCount(`${row}.id`)}`
}

/** SQL, an expression: the `ContractFacts` of a row of `contracts`, as JSON. */
export function contractFactsJson(row: string): string {
  return `json_object(${factsMembers(row)})`
}

/** SQL, an expression: a row of `contracts` as a `Contract`, as JSON. */
export function contractJson(row: string): string {
  return `json_object('contractKey', ${row}.contract_key, 'name', ${row}.name, 'information', ${row}.information,
    'productId', ${row}.product_id, 'licenseKeysQuantity', ${row}.license_keys_quantity, 'status', ${row}.status,
    'canGetInfo', ${row}.can_get_info, 'canGenerate', ${row}.can_generate, 'canDestroy', ${row}.can_destroy,
    'canDestroyAll', ${row}.can_destroy_all, ${factsMembers(row)})`
}

/**
 * SQL, `when ... then ...`: why no license keys can be generated under a contract, whatever its quota.
 *
 * @param row of `contracts`
 * @param result SQL for the result of a case
 */
export function generationProblems(
  row: string,
  result: (kind: 'product-not-found' | 'generator-not-found') => string,
): string {
  return `when not exists (select 1 from products where products.id = ${row}.product_id and products.status = 'active')
      then ${result('product-not-found')}
    when ${generatorOf(`${row}.product_id`)} is null then ${result('generator-not-found')}`
}

/** A contract in lists, for its holder, and after a change. Shop plugins store every field, so there is never another. */
export function contractObject(contract: Contract<string | number>): object {
  return {
    id: contract.id,
    name: contract.name,
    information: contract.information,
    contract_key: contract.contractKey,
    license_keys_quantity: contract.licenseKeysQuantity,
    product_id: contract.productId,
    ...permissions(contract),
    status: contract.status,
    created_at: withoutMilliseconds(contract.createdAt),
    updated_at: withoutMilliseconds(contract.updatedAt),
    license_keys_count: contract.licenseKeysCount,
  }
}

/** A contract that was just created: the same fields in another order. */
export function createdContractObject(contract: Contract<string | number>): object {
  return {
    contract_key: contract.contractKey,
    name: contract.name,
    information: contract.information,
    product_id: contract.productId,
    license_keys_quantity: contract.licenseKeysQuantity,
    status: contract.status,
    ...permissions(contract),
    updated_at: withoutMilliseconds(contract.updatedAt),
    created_at: withoutMilliseconds(contract.createdAt),
    id: contract.id,
    license_keys_count: contract.licenseKeysCount,
  }
}

function permissions({ canGetInfo, canGenerate, canDestroy, canDestroyAll }: Contract<string | number>) {
  return {
    can_get_info: canGetInfo,
    can_generate: canGenerate,
    can_destroy: canDestroy,
    can_destroy_all: canDestroyAll,
  }
}
