/**
 * API keys: which capabilities a key has, and from which addresses it may be used.
 *
 * A key is 256 random bits. The database stores only its SHA-256 and looks it up by that hash, so lookup
 * timing reveals nothing about a key, and a stolen database contains no keys.
 */
import * as z from 'zod/mini'
import { sha256HexOfText } from '../platform/hash.ts'
import { isGiven } from '../protocol/fields.ts'
import { authority } from './authority.ts'
import type { Caller, Capability } from './caller.ts'

const FIELDS = z.object({ api_key: z.nullish(z.string({ error: 'The api_key field must be text.' })) })

/** Requires an API key with this capability. */
export function apiKey(capability: Capability): Caller {
  return {
    access: capability,
    credential: {
      fields: FIELDS,
      logName: 'apiKeyId',
      isGiven: (authorization, values) => apiKeyFrom(authorization, values.api_key) !== undefined,
      values: async (authorization, { api_key }) => ({
        apiKeyHash: await hashApiKey(apiKeyFrom(authorization, api_key) ?? ''),
        capability: JSON.stringify(capability),
      }),
      // Every copy of the software contains the key for "use", so its requests are limited by address only.
      ...(capability !== 'use' && { limitKey: ({ apiKeyHash }) => `api-key:${apiKeyHash}` }),
    },
  }
}

/**
 * The key in the header `Authorization` (RFC 6750 section 2.1) or in the parameters.
 *
 * @returns undefined if there is no key, or if the two differ
 */
function apiKeyFrom(authorization: string | null, parameter: unknown): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (!isGiven(parameter)) return bearer
  // Not String(): it throws for an object such as {"toString": 0}.
  const given = typeof parameter === 'object' ? JSON.stringify(parameter) : String(parameter)
  return bearer === undefined || bearer === given ? given : undefined
}

/** @returns the API key as the table `api_keys` stores it */
export function hashApiKey(apiKey: string): Promise<string> {
  return sha256HexOfText(apiKey)
}

/** The column contains a JSON array of plain words, so each member appears between quotation marks. */
const HAS_CAPABILITY = `(instr(api_keys.capabilities, :capability) > 0)`

const IS_ADDRESS_ALLOWED = `(api_keys.allowed_ips is null or exists (select 1
  from json_each(api_keys.allowed_ips) where instr(:callerNetworks, '"' || value || '"') > 0))`

/** Accepts an API key that is active, has the capability, and is used from an allowed address. */
export const API_KEY_AUTHORITY = authority(
  { table: 'api_keys', isCaller: 'api_keys.key_hash = :apiKeyHash', source: `'api:' || api_keys.id` },
  'api-key-unknown',
  [
    [`(api_keys.status <> 'active')`, 'api-key-inactive'],
    [`(not ${HAS_CAPABILITY})`, 'capability-missing'],
    [`(not ${IS_ADDRESS_ALLOWED})`, 'address-not-allowed'],
  ],
)
