/**
 * Rate limits, so that no caller can degrade the service for others.
 *
 * Cloudflare keeps the counters, approximately and separately at each location, so they only bound abuse. The
 * database enforces exact limits (activation limits, quotas of contracts). One caller's abuse must not block
 * a paying customer:
 * - Requests with a valid signature of a payment provider are never limited: checking it needs no database. A
 *   sender of invalid signatures gets 2429 after too many attempts.
 * - Every copy of the software contains the API key for `use`, so its requests are limited by address only.
 * - A valid API key works even from an address that sends many invalid keys: one wrong setting does not block
 *   an office, and a key of 256 random bits cannot be guessed.
 * - License keys from elsewhere may be short enough to guess. After too many wrong ones, an address cannot tell right
 *   from wrong ones for a minute. It can still verify keys on devices where they are active, which a guesser does not
 *   know, so that no customer behind the same address is locked out.
 * - Anyone who takes the software apart can start trials for devices that do not exist, and these stay in the database.
 *   So each address may start only a few in a minute.
 * - Only changes by software are limited by license key. Otherwise someone who knows a license key could keep its
 *   owner from verifying it.
 */
import ipaddr from 'ipaddr.js'
import * as z from 'zod/mini'
import type { Caller, CallerValues, Credential } from '../callers/caller.ts'
import { sha256HexOfText } from '../platform/hash.ts'
import { type Bindings, checkSettings, oncePerIsolate } from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import type { Answer, Endpoint } from './endpoint.ts'

/**
 * The limiters, whose limits wrangler.toml sets. The periods are copied from it, because the Worker cannot read them. A
 * limiter that is not bound, or fails, allows every request.
 */
export const LIMITERS = {
  address: { binding: 'LIMIT_ADDRESS', periodSeconds: 10 },
  apiKey: { binding: 'LIMIT_API_KEY', periodSeconds: 10 },
  licenseKey: { binding: 'LIMIT_LICENSE_KEY', periodSeconds: 60 },
  trials: { binding: 'LIMIT_TRIALS', periodSeconds: 60 },
  failures: { binding: 'LIMIT_FAILURES', periodSeconds: 60 },
  networkFailures: { binding: 'LIMIT_FAILURES_NETWORK', periodSeconds: 60 },
} as const satisfies Record<string, { binding: string; periodSeconds: number }>

export type Limiters = Readonly<Record<keyof typeof LIMITERS, RateLimit | undefined>>

/** The codes for unknown or unauthorized callers, including callers that guess contract keys. */
const FAILURE_CODES: ReadonlySet<Code['code']> = new Set(
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
  RATE_LIMITS: z._default(z.enum(['on', 'off'], 'must be "on" or "off"'), 'on'),
  ...Object.fromEntries(Object.values(LIMITERS).map(({ binding }) => [binding, limiter])),
})

/** `RATE_LIMITS = "off"` disables all limits. */
const areLimitsOn = oncePerIsolate((bindings) => checkSettings(schema, bindings).RATE_LIMITS === 'on')

/** The settings of this file. */
export const limiters = oncePerIsolate((bindings): Limiters => {
  const isOn = areLimitsOn(bindings)
  const bound = Object.entries(LIMITERS).map(([name, { binding }]) => [
    name,
    isOn ? bindings[binding] : undefined,
  ])
  return Object.fromEntries(bound) as Limiters
})

/** @param address as seen by Cloudflare, or null if unknown: then the request is not counted */
export async function isAddressLimitExceeded(
  env: Bindings,
  { access }: Caller,
  address: string | null,
): Promise<boolean> {
  if (address === null || access === 'provider') return false
  return isExceeded(limiters(env).address, `address:${rateLimitKeyFor(address)}`)
}

/** Counts a request by its address, if the endpoint has a limit of its own. */
export async function isEndpointLimitExceeded(
  env: Bindings,
  { addressLimit }: Pick<Endpoint, 'addressLimit'>,
  address: string | null,
): Promise<boolean> {
  if (addressLimit === undefined || address === null) return false
  return isExceeded(limiters(env)[addressLimit], `${addressLimit}:${rateLimitKeyFor(address)}`)
}

/** Counts a request by its API key, unless all copies of the software share the key. */
export async function isCallerLimitExceeded(
  env: Bindings,
  credential: Credential | undefined,
  values: CallerValues,
): Promise<boolean> {
  const key = credential?.limitKey?.(values)
  return key !== undefined && isExceeded(limiters(env).apiKey, key)
}

/**
 * Counts a change that software requests, by its license key in any spelling.
 *
 * @param parameters checked
 */
export async function isLicenseKeyLimitExceeded(
  env: Bindings,
  { caller, isReadOnly }: Pick<Endpoint, 'caller' | 'isReadOnly'>,
  { license_key: licenseKey }: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const { licenseKey: limiter } = limiters(env)
  if (!limiter || caller.access !== 'use' || isReadOnly || typeof licenseKey !== 'string') return false
  const spelling = licenseKey.toUpperCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  // Cloudflare keeps the hash, not the key.
  return isExceeded(limiter, `license-key:${await sha256HexOfText(spelling)}`)
}

/**
 * Counts a response that refuses its caller. After too many of them the caller gets 2429 instead. An IPv6 address
 * counts for its /64 and, with a larger budget, for its /48, since many callers control a whole /48 and can change
 * their /64.
 *
 * @param address as seen by Cloudflare, or null if unknown: then the response is not counted
 */
export async function isFailureLimitExceeded(
  env: Bindings,
  { access }: Caller,
  { code }: Code,
  address: string | null,
): Promise<boolean> {
  if (address === null || !isFailure(access, code)) return false
  // One wrong setting of a shop must not stop the activations at its address.
  const counter = code === CODES.licenseKeyInvalid.code ? GUESSES : 'failures'
  const exceeded = await Promise.all(
    failureCounters(env, counter, address).map(async ([limiter, key]) => {
      const isRefused = await isExceeded(limiter, key)
      if (isRefused && counter === GUESSES) rememberRefusal(limiter, key)
      return isRefused
    }),
  )
  return exceeded.includes(true)
}

/** The counter of wrong license keys. */
const GUESSES = 'license-keys'

/** @returns the limiters that are bound, each with its key */
function failureCounters(env: Bindings, counter: string, address: string): [RateLimit, string][] {
  const { failures, networkFailures } = limiters(env)
  const network = ipv6Network(address, 48)
  return [
    ...(failures ? [[failures, `${counter}:${rateLimitKeyFor(address)}`] as [RateLimit, string]] : []),
    ...(networkFailures && network
      ? [[networkFailures, `${counter}:${network}`] as [RateLimit, string]]
      : []),
  ]
}

/**
 * Whether the address sent too many wrong license keys in the last minute, as far as this isolate knows. Cloudflare's
 * counters cannot be read without counting.
 */
export function isGuessing(env: Bindings, address: string | null): boolean {
  if (address === null) return false
  return failureCounters(env, GUESSES, address).some(
    ([limiter, key]) => (refusedUntil.get(limiter)?.get(key) ?? 0) > Date.now(),
  )
}

/** By limiter and key, in milliseconds UTC. */
const refusedUntil = new WeakMap<RateLimit, Map<string, number>>()
/** A megabyte of memory. */
const REMEMBERED_MAX = 10_000

function rememberRefusal(limiter: RateLimit, key: string): void {
  const keys = refusedUntil.get(limiter) ?? new Map<string, number>()
  if (keys.size >= REMEMBERED_MAX) keys.clear()
  refusedUntil.set(limiter, keys.set(key, Date.now() + LIMITERS.failures.periodSeconds * 1000))
}

/** A shop may ask about many unknown license keys, but software that does so is guessing. */
function isFailure(access: Caller['access'], code: Code['code']): boolean {
  switch (code) {
    case CODES.licenseKeyInvalid.code:
      return access === 'use'
    // Payment providers without a secret get it too.
    case CODES.notFound.code:
      return access !== 'provider'
    default:
      return FAILURE_CODES.has(code)
  }
}

/**
 * The answer to a rate-limited request (RFC 6585 section 4). Nothing was changed, so the caller may send the
 * request again under the same `Idempotency-Key`.
 */
export function tooManyRequests(exceeded: keyof Limiters): Answer {
  const { periodSeconds } = LIMITERS[exceeded]
  return { code: CODES.tooManyRequests, headers: { 'Retry-After': String(periodSeconds) } }
}

/** If the limiter fails, the request is allowed: a broken limiter must not take the service down. */
async function isExceeded(limiter: RateLimit | undefined, key: string): Promise<boolean> {
  if (!limiter) return false
  try {
    return !(await limiter.limit({ key })).success
  } catch {
    return false
  }
}

/**
 * For limits that the database counts.
 *
 * @returns the text that stands for the address; null if it is unknown, or if limits are off
 */
export function countedAddress(env: Bindings, address: string | null): string | null {
  return address === null || !areLimitsOn(env) ? null : rateLimitKeyFor(address)
}

/** The IPv4 address or the IPv6 /64 network, since one user usually controls a whole /64. */
function rateLimitKeyFor(address: string): string {
  if (!ipaddr.isValid(address)) return address
  return ipv6Network(address, 64) ?? ipaddr.process(address).toString()
}

/**
 * @param bits of the prefix, a multiple of 16
 * @returns undefined for other addresses, and for an IPv4 address in IPv6 notation
 */
function ipv6Network(address: string, bits: number): string | undefined {
  if (!ipaddr.isValid(address)) return undefined
  const parsed = ipaddr.process(address)
  if (!(parsed instanceof ipaddr.IPv6)) return undefined
  const groups = parsed.parts.slice(0, bits / 16)
  return groups.map((part) => part.toString(16)).join(':')
}
