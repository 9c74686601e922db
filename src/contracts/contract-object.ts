/** The protocol's objects of a contract. Shop plugins store every field under its name, so there is never another. */

import { withoutMilliseconds } from '../protocol/dates.ts'
import type { Contract } from './contracts.ts'

/** As a contract is told once it exists: in lists, to its holder, and when it was changed. */
export function contractObject(contract: Contract<string | number>): object {
  const { id, createdAt, updatedAt, licenseKeysCount } = contract
  return {
    id,
    name: contract.name,
    information: contract.information,
    contract_key: contract.contractKey,
    license_keys_quantity: contract.licenseKeysQuantity,
    product_id: contract.productId,
    ...permissions(contract),
    status: contract.status,
    created_at: withoutMilliseconds(createdAt),
    updated_at: withoutMilliseconds(updatedAt),
    license_keys_count: licenseKeysCount,
  }
}

/** As a contract is told when it was made: the same fields in another order. */
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
