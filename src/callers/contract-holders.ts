/**
 * Contract holders: whoever knows a contract's key may do what the contract permits.
 *
 * A contract key is text that the seller has chosen and is told again in every list of contracts, so the database
 * keeps it as it is and finds it by its unique index. How long that takes may tell an onlooker with very many tries
 * something about keys that exist, which the SHA-256 of an API key does not; a seller that chooses a random UUID, as
 * shop plugins do, need not mind. It is a secret all the same: no log line and no error holds it.
 */
import { type Authority, authority } from './authority.ts'

/** What a contract may permit: one of its columns for each of the calls that its holder can make. */
export type ContractPermission = 'can_get_info' | 'can_generate' | 'can_destroy' | 'can_destroy_all'

/** Whoever calls, as far as the request tells. */
export interface ContractHolder {
  /** Null where the request gives two that differ: nobody has such a key. */
  readonly contractKey: string | null
  /** Every network that contains the caller's address; none where the address is unknown. */
  readonly networks: readonly string[]
}

/** Why a holder is refused, in the order in which it is looked at. */
export type HolderRefusal = 'access-denied' | 'contract-not-found' | 'permission-missing'

/** The values of this file's placeholders, for `bind`. A holder speaks for no device. */
export function holderValues({ contractKey, networks }: ContractHolder): Record<string, string | null> {
  return { contractKey, callerNetworks: JSON.stringify(networks), deviceIdentifier: null }
}

/** The holder of an active contract that permits this. One that is inactive is not to be told from none at all. */
export function contractHolder(permission: ContractPermission): Authority {
  return authority(
    'contracts',
    'contracts.contract_key = :contractKey',
    'contractId',
    `'contract:' || contracts.id`,
    'contract-not-found',
    [
      [`(contracts.status <> 'active')`, 'contract-not-found'],
      [`(contracts.${permission} = 0)`, 'permission-missing'],
    ],
  )
}

/** The key in the header `Authorization` (RFC 6750 section 2.1), which may hold spaces; undefined: there is none. */
export function bearerContractKey(authorization: string | null): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]
}

/** @returns the key that all of them are; null where they differ */
export function agreedContractKey(keys: readonly string[]): string | null {
  const [key = null, ...others] = new Set(keys)
  return others.length === 0 ? key : null
}
