/**
 * Contract holders: a caller with a contract key may do what the contract permits.
 *
 * The seller chooses the contract key and sees it in every list of contracts, so the database stores it in
 * plain text and finds it by a unique index. Lookup timing could help to guess a weak key in very many
 * attempts, but not a random UUID, which shop plugins use. Logs and errors never contain a contract key.
 */
import * as z from 'zod/mini'
import { isGiven, optional, plainText } from '../protocol/fields.ts'
import { type Authority, authority } from './authority.ts'
import type { Caller } from './caller.ts'

/** The column of `contracts` that permits a call. */
export type ContractPermission = 'can_get_info' | 'can_generate' | 'can_destroy' | 'can_destroy_all'

/** The parameter names for the contract key. A client sends one or more, or a bearer token. */
const FIELDS = z.object({
  contract_key: optional(plainText('contract_key', 255)),
  contract_uuid: optional(plainText('contract_uuid', 255)),
  api_key: optional(plainText('api_key', 255)),
})

/** Requires a contract key. `contractHolder` checks what the contract permits. */
export const CONTRACT_KEY: Caller = {
  access: 'contract-holder',
  credential: {
    fields: FIELDS,
    logName: 'contractId',
    isGiven: (headers, values) =>
      bearerToken(headers) !== undefined ||
      isGiven(headers.get('X-API-Key')) ||
      Object.keys(FIELDS.shape).some((name) => isGiven(values[name])),
    values: async (headers, fields) => ({ contractKey: contractKeyFrom(headers, fields) }),
  },
}

/** The token in the header `Authorization` (RFC 6750 section 2.1). A contract key may contain spaces. */
function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(headers.get('Authorization') ?? '')?.[1]
}

/**
 * The header `X-API-Key` counts only on its own, since a client may send its API key there with every request.
 *
 * @returns null if the request contains different keys
 */
function contractKeyFrom(headers: Headers, fields: Readonly<Record<string, unknown>>): string | null {
  const keys = [bearerToken(headers), ...Object.values(fields)].filter((key) => key !== undefined)
  const [key = headers.get('X-API-Key'), ...others] = new Set(keys as string[])
  return others.length === 0 ? key : null
}

/** Accepts the holder of an active contract with this permission. Inactive contracts count as not found. */
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
