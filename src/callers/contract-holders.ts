/**
 * Contract holders: who knows a contract's key may do what the contract permits.
 *
 * The seller chooses a contract key and sees it again in every list of contracts, so the database stores it as it is
 * and finds it by its unique index. The time of a look-up may reveal something about keys that exist to somebody with
 * very many tries; a random UUID, as shop plugins choose it, is safe from that. It is a secret all the same: no log
 * line and no error holds it.
 */
import * as z from 'zod/mini'
import { isGiven, optional, plainText } from '../protocol/fields.ts'
import { type Authority, authority } from './authority.ts'
import type { Caller } from './caller.ts'

/** What a contract may permit: one of its columns for each call that its holder can make. */
export type ContractPermission = 'can_get_info' | 'can_generate' | 'can_destroy' | 'can_destroy_all'

/** The names that clients give the contract key besides a bearer token. They send one of them, or several. */
const FIELDS = z.object({
  contract_key: optional(plainText('contract_key', 255)),
  contract_uuid: optional(plainText('contract_uuid', 255)),
  api_key: optional(plainText('api_key', 255)),
})

/** A caller with a contract key. What the contract permits is checked by `contractHolder`. */
export const CONTRACT_KEY: Caller = {
  access: 'contract-holder',
  credential: {
    fields: FIELDS,
    logName: 'contractId',
    isGiven: (authorization, values) =>
      bearerToken(authorization) !== undefined ||
      Object.keys(FIELDS.shape).some((name) => isGiven(values[name])),
    values: async (authorization, fields) => ({ contractKey: agreedKey(authorization, fields) }),
  },
}

/** The token in the header `Authorization` (RFC 6750 section 2.1). A contract key may hold spaces. */
function bearerToken(authorization: string | null): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(authorization ?? '')?.[1]
}

/** @returns the key that all of them are; null where they differ */
function agreedKey(authorization: string | null, fields: Readonly<Record<string, unknown>>): string | null {
  const keys = [bearerToken(authorization), ...Object.values(fields)].filter((key) => key !== undefined)
  const [key = null, ...others] = new Set(keys as string[])
  return others.length === 0 ? key : null
}

/** The holder of an active contract that permits this. An inactive contract looks like one that does not exist. */
export function contractHolder(permission: ContractPermission): Authority {
  return authority(
    {
      table: 'contracts',
      isCaller: 'contracts.contract_key = :contractKey',
      source: `'contract:' || contracts.id`,
    },
    'contract-not-found',
    [
      [`(contracts.status <> 'active')`, 'contract-not-found'],
      [`(contracts.${permission} = 0)`, 'permission-missing'],
    ],
  )
}
