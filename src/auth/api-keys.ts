/**
 * API keys: what may use which capability, from where.
 *
 * A key is 256 random bits, so the database keeps only its SHA-256 and finds it by that: nobody can learn a
 * key from the time a look-up takes, and a stolen database holds none. The guard is SQL, because the batch
 * that does the work is also the one that authenticates.
 */
import { type SQL, sql } from 'drizzle-orm'
import { apiKeys } from '../db/schema.ts'
import { sha256HexOfText } from '../hash.ts'

/** One for each group of endpoints. */
export const CAPABILITIES = ['assign'] as const
export type Capability = (typeof CAPABILITIES)[number]

/** Whoever calls, as far as the request tells, and what for. */
export interface ApiCaller {
  readonly apiKeyHash: string
  /** What its API key must be permitted to do. */
  readonly capability: Capability
  /** Every network that contains the caller's address; none where the address is unknown. */
  readonly networks: readonly string[]
}

/** Why a caller is refused, in the order in which it is looked at. */
export type CallerRefusal =
  | 'api-key-unknown'
  | 'api-key-inactive'
  | 'capability-missing'
  | 'address-not-allowed'

/** An API key as the table `api_keys` holds it. */
export function hashApiKey(apiKey: string): Promise<string> {
  return sha256HexOfText(apiKey)
}

/** The values of this file's placeholders, for `bind`. */
export function callerValues(caller: ApiCaller): Record<string, string> {
  return {
    apiKeyHash: caller.apiKeyHash,
    callerNetworks: JSON.stringify(caller.networks),
    capability: JSON.stringify(caller.capability),
  }
}

/** Picks the caller's row of `api_keys`. */
export const isCallersKey: SQL = sql`${apiKeys.keyHash} = ${sql.placeholder('apiKeyHash')}`

const isActive: SQL = sql`${apiKeys.status} = 'active'`

/** A member of a JSON list of plain words stands in its text between quotation marks, and nothing else does. */
const isPermitted: SQL = sql`instr(${apiKeys.capabilities}, ${sql.placeholder('capability')}) > 0`

const isAddressAllowed: SQL = sql`(${apiKeys.allowedIps} is null or exists (select 1
  from json_each(${apiKeys.allowedIps}) where instr(${sql.placeholder('callerNetworks')}, '"' || value || '"') > 0))`

/** The source of an API caller's issuances: what makes its idempotency keys its own. */
export const callerSource: SQL<string> = sql<string>`'api:' || ${apiKeys.id}`

/** Holds on the row of `api_keys` that lets this caller in. Every statement that writes for it carries this. */
export const isCallerAllowed: SQL = sql`${isCallersKey} and ${isActive} and ${isPermitted} and ${isAddressAllowed}`

/** Why the caller is refused, or null, on the caller's row of `api_keys`; no such row: the key is unknown. */
export const callerRefusal: SQL<CallerRefusal | null> = sql<CallerRefusal | null>`case
  when not ${isActive} then 'api-key-inactive'
  when not ${isPermitted} then 'capability-missing'
  when not ${isAddressAllowed} then 'address-not-allowed' end`
