/**
 * API keys: which capabilities a key has, and from where it may be used.
 *
 * A key is 256 random bits, so the database stores only its SHA-256 and finds it by that: the time of a look-up
 * reveals nothing about a key, and a stolen database holds none.
 */
import * as z from 'zod/mini'
import { sha256HexOfText } from '../platform/hash.ts'
import { isGiven } from '../protocol/fields.ts'
import { authority } from './authority.ts'
import type { Caller, Capability } from './caller.ts'

const FIELDS = z.object({ api_key: z.nullish(z.string({ error: 'The api_key field must be text.' })) })

/** A caller with an API key that has this capability. */
export function apiKey(capability: Capability): Caller {
  return {
    access: capability,
    credential: {
      fields: FIELDS,
      logName: 'apiKeyId',
      isGiven: (authorization, values) => sentKey(authorization, values.api_key) !== undefined,
      values: async (authorization, { api_key }) => ({
        apiKeyHash: await hashApiKey(sentKey(authorization, api_key) ?? ''),
        capability: JSON.stringify(capability),
      }),
      // A key that may "use" is in every copy of the software, so it is counted by address alone.
      ...(capability !== 'use' && { limitKey: ({ apiKeyHash }) => `api-key:${apiKeyHash}` }),
    },
  }
}

/**
 * The key in the header `Authorization` (RFC 6750 section 2.1) or in the parameters.
 *
 * @returns undefined where there is none, or where the two differ
 */
function sentKey(authorization: string | null, parameter: unknown): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (!isGiven(parameter)) return bearer
  const given = String(parameter)
  return bearer === undefined || bearer === given ? given : undefined
}

/** @returns the API key as the table `api_keys` stores it */
export function hashApiKey(apiKey: string): Promise<string> {
  return sha256HexOfText(apiKey)
}

/** The column holds a JSON list of plain words, so a member stands in its text between quotation marks. */
const IS_PERMITTED = `(instr(api_keys.capabilities, :capability) > 0)`

const IS_ADDRESS_ALLOWED = `(api_keys.allowed_ips is null or exists (select 1
  from json_each(api_keys.allowed_ips) where instr(:callerNetworks, '"' || value || '"') > 0))`

/** An API key that is active, has the capability, and is used from an allowed address. */
export const API_CALLER = authority(
  { table: 'api_keys', isCaller: 'api_keys.key_hash = :apiKeyHash', source: `'api:' || api_keys.id` },
  'api-key-unknown',
  [
    [`(api_keys.status <> 'active')`, 'api-key-inactive'],
    [`(not ${IS_PERMITTED})`, 'capability-missing'],
    [`(not ${IS_ADDRESS_ALLOWED})`, 'address-not-allowed'],
  ],
)
