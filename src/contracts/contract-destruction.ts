/**
 * Destroys license keys that were generated under a contract, for its holder, with what belongs to them.
 *
 * Guarantees: only keys of the holder's own contract are destroyed; their place in its quota is free again in the
 * same moment; a replay of their generation still tells what it told at first.
 */
import { type ContractPermission, contractHolder } from '../callers/contract-holders.ts'
import { defineOperation } from '../callers/operation.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'

export interface Destruction {
  readonly kind: 'deleted' | 'not-found'
}

/** @param where SQL, a condition on `license_keys` besides that they are the contract's */
function destruction(permission: ContractPermission, endpoint: string, where: string) {
  const holder = contractHolder(permission)
  const ofContract = `license_keys.contract_id = (select id from contracts where ${holder.isCaller})`
  return defineOperation<Destruction>(
    holder,
    endpoint,
    `json_object('kind', iif(exists (select 1 from license_keys
      where license_keys.contract_id = contracts.id and ${where}), 'deleted', 'not-found'))`,
    [
      keepAsIssued(`${ofContract} and ${where} and {decided:deleted}`),
      `delete from license_keys where ${ofContract} and ${where} and {decided:deleted}`,
    ],
  )
}

/** Placeholders: `licenseKey` (null: no key). */
export const keyDestruction = destruction(
  'can_destroy',
  'contracts/destroy',
  'license_keys.license_key = :licenseKey',
)

export const allKeysDestruction = destruction('can_destroy_all', 'contracts/destroy-all', 'true')
