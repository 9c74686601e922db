/**
 * How often a caller may ask, so that nobody takes the service from the others.
 *
 * The counters are Cloudflare's: each of its locations counts for itself, roughly. They bound abuse. What must hold
 * exactly (activation limits, quotas of contracts) is decided in the database. A paying customer is never refused for
 * what others do, so:
 * - payment providers are never limited: they prove themselves by a signature, which costs no database. A sender
 *   without a valid signature gets 2429 after too many tries; a signed event is accepted all the same;
 * - an API key that may `use` is in every copy of the software, so it is counted by address alone;
 * - a valid API key is served even from an address that sends many invalid ones: one wrong setting does not shut out
 *   an office, and nobody guesses a key of 256 random bits.
 */
import ipaddr from 'ipaddr.js'
import * as z from 'zod/mini'
import type { Caller, CallerValues, Credential } from '../callers/caller.ts'
import { type Bindings, checkSettings, oncePerIsolate } from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import type { Answer } from './endpoint.ts'

/** Counters. One that is not bound, or fails, allows every request. wrangler.toml says how many they allow. */
export interface Limiters {
  readonly address: RateLimit | undefined
  readonly apiKey: RateLimit | undefined
  readonly failures: RateLimit | undefined
}

/** The period of each counter in seconds, as in wrangler.toml: the Worker cannot read it. */
export const LIMITERS = {
  address: { binding: 'LIMIT_ADDRESS', periodSeconds: 10 },
  apiKey: { binding: 'LIMIT_API_KEY', periodSeconds: 10 },
  failures: { binding: 'LIMIT_FAILURES', periodSeconds: 60 },
} as const satisfies Record<keyof Limiters, { binding: string; periodSeconds: number }>

/** Answers to callers that are unknown or not permitted. A client that guesses contract keys gets 1200. */
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

const schema = z.object({
  RATE_LIMITS: z._default(z.enum(['on', 'off'], 'is neither "on" nor "off"'), 'on'),
  LIMIT_ADDRESS: limiter,
  LIMIT_API_KEY: limiter,
  LIMIT_FAILURES: limiter,
})

/** The settings of this file: `RATE_LIMITS = "off"` switches all counters off. */
export const limiters = oncePerIsolate((bindings): Limiters => {
  const found = checkSettings(schema, bindings)
  const isOn = found.RATE_LIMITS === 'on'
  return {
    address: isOn ? found.LIMIT_ADDRESS : undefined,
    apiKey: isOn ? found.LIMIT_API_KEY : undefined,
    failures: isOn ? found.LIMIT_FAILURES : undefined,
  }
})

/**
 * Counts a request by its address, before anything else is done for it.
 *
 * @param address as Cloudflare saw it; null where it is unknown: then nothing is counted
 */
export async function isAddressExceeded(
  env: Bindings,
  { access }: Caller,
  address: string | null,
): Promise<boolean> {
  if (address === null || access === 'provider') return false
  return isExceeded(limiters(env).address, `address:${rateLimitKeyFor(address)}`)
}

/** Counts a request by its API key, unless many copies of the software share the key. */
export async function isCallerExceeded(
  env: Bindings,
  credential: Credential | undefined,
  values: CallerValues,
): Promise<boolean> {
  const key = credential?.limitKey?.(values)
  return key !== undefined && isExceeded(limiters(env).apiKey, key)
}

/**
 * Counts an answer that refuses its caller. After too many of them 2429 takes their place, which no longer reveals
 * whether a key exists.
 *
 * @param code the answer's
 * @param address as Cloudflare saw it; null where it is unknown: then nothing is counted
 */
export async function isFailureExceeded(
  env: Bindings,
  { code }: Code,
  address: string | null,
): Promise<boolean> {
  if (address === null || !FAILURES.has(code)) return false
  return isExceeded(limiters(env).failures, `failures:${rateLimitKeyFor(address)}`)
}

/**
 * The answer to a caller that asks too often. Nothing was done: the same request may be sent again, under the same
 * `Idempotency-Key` (RFC 6585 section 4).
 *
 * @param exceeded which counter said so
 */
export function tooManyRequests(exceeded: keyof Limiters): Answer {
  const { periodSeconds } = LIMITERS[exceeded]
  return { code: CODES.tooManyRequests, headers: { 'Retry-After': String(periodSeconds) } }
}

/** If the limiter fails, the request is allowed: it is there to keep the service up, not to take it down. */
async function isExceeded(limiter: RateLimit | undefined, key: string): Promise<boolean> {
  if (!limiter) return false
  try {
    return !(await limiter.limit({ key })).success
  } catch {
    return false
  }
}

/** One IPv4 address, or the first 64 bits of an IPv6 address: a household or a server has all addresses behind them. */
function rateLimitKeyFor(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : parsed.toString()
}
