/**
 * API keys: what may use which capability, from where.
 *
 * A key is 256 random bits, so the database keeps only its SHA-256 and finds it by that: nobody can learn a
 * key from the time a look-up takes, and a stolen database holds none. The guard is SQL, because the batch
 * that does the work is also the one that authenticates.
 */
import { sha256HexOfText } from '../platform/hash.ts'
import { authority } from './authority.ts'

/** One for each group of endpoints. */
export const CAPABILITIES = ['use', 'assign', 'stock', 'products', 'contracts'] as const
export type Capability = (typeof CAPABILITIES)[number]

/** Whoever calls, as far as the request tells, and what for. */
export interface ApiCaller {
  readonly apiKeyHash: string
  /** What its API key must be permitted to do. */
  readonly capability: Capability
  /** Every network that contains the caller's address; none where the address is unknown. */
  readonly networks: readonly string[]
  /** The device or domain it speaks for; null where it speaks for none. */
  readonly deviceIdentifier: string | null
}

/** Why a caller is refused, in the order in which it is looked at. */
export type CallerRefusal =
  | 'access-denied'
  | 'api-key-unknown'
  | 'api-key-inactive'
  | 'capability-missing'
  | 'address-not-allowed'

/** An API key as the table `api_keys` holds it. */
export function hashApiKey(apiKey: string): Promise<string> {
  return sha256HexOfText(apiKey)
}

/** The values of this file's placeholders, for `bind`. */
export function callerValues(caller: ApiCaller): Record<string, string | null> {
  return {
    apiKeyHash: caller.apiKeyHash,
    callerNetworks: JSON.stringify(caller.networks),
    capability: JSON.stringify(caller.capability),
    deviceIdentifier: caller.deviceIdentifier,
  }
}

/** A member of a JSON list of plain words stands in its text between quotation marks, and nothing else does. */
const IS_PERMITTED = `(instr(api_keys.capabilities, :capability) > 0)`

const IS_ADDRESS_ALLOWED = `(api_keys.allowed_ips is null or exists (select 1
  from json_each(api_keys.allowed_ips) where instr(:callerNetworks, '"' || value || '"') > 0))`

/** An API key that is active, permitted to do this, and used from where it may. */
export const API_CALLER = authority(
  'api_keys',
  'api_keys.key_hash = :apiKeyHash',
  'apiKeyId',
  `'api:' || api_keys.id`,
  'api-key-unknown',
  [
    [`(api_keys.status <> 'active')`, 'api-key-inactive'],
    [`(not ${IS_PERMITTED})`, 'capability-missing'],
    [`(not ${IS_ADDRESS_ALLOWED})`, 'address-not-allowed'],
  ],
)
