/**
 * How often one may ask, so that nobody takes the service from the others.
 *
 * The counters are Cloudflare's: each of its locations counts for itself, and roughly. They bound abuse; what must
 * hold exactly (activation limits, quotas of contracts) is decided in the database. Whoever pays is not to be refused
 * for what others do, so:
 * - payment providers are never limited: they prove who they are by a signature, which costs no database. Who sends
 *   what is not signed so is told no more after too many tries, and what is signed is taken all the same;
 * - an API key that may `use` is carried by every copy of the software, so it is counted by address alone;
 * - a good API key is served from an address from which many bad ones come: an office is not shut out by one wrong
 *   setting, and a key of 256 random bits is not found by guessing, however often.
 */
import ipaddr from 'ipaddr.js'
import * as z from 'zod/mini'
import { CODES, type Code } from '../protocol/codes.ts'
import type { Endpoint } from '../protocol/endpoint.ts'

/** Counters; one that is not bound, or fails, lets everybody pass. How many they let pass stands in wrangler.toml. */
export interface Limiters {
  readonly address: RateLimit | undefined
  readonly apiKey: RateLimit | undefined
  readonly failures: RateLimit | undefined
}

/** The period of each counter in seconds, as wrangler.toml has it: the Worker can not ask. */
export const LIMITERS = {
  LIMIT_ADDRESS: { of: 'address', periodSeconds: 10 },
  LIMIT_API_KEY: { of: 'apiKey', periodSeconds: 10 },
  LIMIT_FAILURES: { of: 'failures', periodSeconds: 60 },
} as const satisfies Record<string, { of: keyof Limiters; periodSeconds: number }>

/** Answers that say who asks is not known, or may not. 1200 is what whoever guesses contract keys is told. */
const FAILURES: ReadonlySet<Code['code']> = new Set(
  [
    CODES.apiKeyUnknown,
    CODES.apiKeyInactive,
    CODES.capabilityMissing,
    CODES.addressNotAllowed,
    CODES.accessDenied,
    CODES.contractNotFound,
    CODES.signatureInvalid,
  ].map(({ code }) => code),
)

const limiter = z.optional(z.custom<RateLimit>((value) => typeof value === 'object' && value !== null))

/** The settings of this file: `RATE_LIMITS = "off"` switches all counters off. */
export const limitersSchema = z.pipe(
  z.object({
    RATE_LIMITS: z._default(z.enum(['on', 'off'], 'is neither "on" nor "off"'), 'on'),
    LIMIT_ADDRESS: limiter,
    LIMIT_API_KEY: limiter,
    LIMIT_FAILURES: limiter,
  }),
  z.transform(({ RATE_LIMITS, LIMIT_ADDRESS, LIMIT_API_KEY, LIMIT_FAILURES }): Limiters => {
    const isOn = RATE_LIMITS === 'on'
    return {
      address: isOn ? LIMIT_ADDRESS : undefined,
      apiKey: isOn ? LIMIT_API_KEY : undefined,
      failures: isOn ? LIMIT_FAILURES : undefined,
    }
  }),
)

/** What limits a request: which counter said so. */
export type Exceeded = keyof Limiters

/**
 * Counts a request by its address, before anything else is done for it.
 *
 * @param address as Cloudflare saw it; null where it is unknown: then nothing is counted
 */
export async function isAddressExceeded(
  { address: limiter }: Limiters,
  access: Endpoint['access'],
  address: string | null,
): Promise<boolean> {
  if (!limiter || address === null || access === 'provider') return false
  return isExceeded(limiter, `address:${householdOf(address)}`)
}

/** Counts a request by its API key, unless the key is one that many carry. */
export async function isApiKeyExceeded(
  { apiKey: limiter }: Limiters,
  access: Endpoint['access'],
  apiKeyHash: string,
): Promise<boolean> {
  return limiter !== undefined && access !== 'use' && isExceeded(limiter, `api-key:${apiKeyHash}`)
}

/**
 * Counts an answer that turns somebody away. Where there were too many of them, 2429 takes its place, which does not
 * tell any more whether a key exists.
 *
 * @param code the answer's
 * @param address as Cloudflare saw it; null where it is unknown: then nothing is counted
 */
export async function isFailureExceeded(
  { failures: limiter }: Limiters,
  { code }: Code,
  address: string | null,
): Promise<boolean> {
  if (!limiter || address === null || !FAILURES.has(code)) return false
  return isExceeded(limiter, `failures:${householdOf(address)}`)
}

/** @returns the seconds after which the counter has forgotten everything it has counted by now */
export function retryAfterSeconds(exceeded: Exceeded): number {
  const found = Object.values(LIMITERS).find(({ of }) => of === exceeded)
  return found?.periodSeconds ?? 60
}

/** A counter that fails lets pass: it is there to keep the service up, not to take it down. */
async function isExceeded(limiter: RateLimit, key: string): Promise<boolean> {
  try {
    return !(await limiter.limit({ key })).success
  } catch {
    return false
  }
}

/** One IPv4 address, or the first 64 bits of an IPv6 one: a household or a server has all addresses behind them. */
function householdOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : parsed.toString()
}
