/**
 * Contracts in the database and in the protocol. A contract counts the license keys that exist under it, so
 * destroying one permits generating another. Ids of deleted contracts are never reused.
 */
import { generatorId } from '../issuing/inserts.ts'
import { withoutMilliseconds } from '../protocol/dates.ts'

/** Set by the seller. `Numeric` includes strings if a response repeats numbers as the caller sent them. */
export interface ContractTerms<Numeric = number> {
  readonly contractKey: string
  readonly name: string
  readonly information: string
  readonly status: 'active' | 'inactive'
  readonly productId: Numeric
  /** The most license keys that may exist under it. */
  readonly licenseKeysQuantity: Numeric
  /** All permissions are 0 or 1. */
  readonly canGetInfo: Numeric
  readonly canGenerate: Numeric
  readonly canDestroy: Numeric
  readonly canDestroyAll: Numeric
}

/** Set by the database. */
export interface ContractFacts {
  readonly id: number
  /** Milliseconds UTC, like `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly licenseKeysCount: number
}

export type Contract<Numeric = number> = ContractTerms<Numeric> & ContractFacts

/** SQL: the number of license keys under a contract. */
export function licenseKeysCount(contractId: string): string {
  return `(select count(*) from license_keys where license_keys.contract_id = ${contractId})`
}

function factsMembers(row: string): string {
  return `'id', ${row}.id, 'createdAt', ${row}.created_at, 'updatedAt', ${row}.updated_at,
    'licenseKeysCount', ${licenseKeysCount(`${row}.id`)}`
}

/** An SQL expression: the `ContractFacts` of a row of `contracts`, as JSON. */
export function contractFactsJson(row: string): string {
  return `json_object(${factsMembers(row)})`
}

/** An SQL expression: the `Contract` of a row of `contracts`, as JSON. */
export function contractJson(row: string): string {
  return `json_object('contractKey', ${row}.contract_key, 'name', ${row}.name, 'information', ${row}.information,
    'productId', ${row}.product_id, 'licenseKeysQuantity', ${row}.license_keys_quantity, 'status', ${row}.status,
    'canGetInfo', ${row}.can_get_info, 'canGenerate', ${row}.can_generate, 'canDestroy', ${row}.can_destroy,
    'canDestroyAll', ${row}.can_destroy_all, ${factsMembers(row)})`
}

/** SQL `when ... then ...` for the problems that prevent generation under a contract, except its quota. */
export function generationProblems(
  row: string,
  result: (kind: 'product-not-found' | 'generator-not-found') => string,
): string {
  return `when not exists (select 1 from products where products.id = ${row}.product_id and products.status = 'active')
      then ${result('product-not-found')}
    when ${generatorId(`${row}.product_id`)} is null then ${result('generator-not-found')}`
}

/** A contract in lists, updates and `get-info`. Shop plugins store every field, so do not add any. */
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

/** A new contract, with the same fields in another order. */
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
