/**
 * Events as the payment providers send them, made up and signed with a secret that is no secret: for trying
 * out a server, and for the tests. Pure functions; they run in Node and in the Workers runtime.
 */
import type { ProviderName } from '../../src/payments/provider.ts'

export interface SampleOrder {
  /** Names the order; the provider's own names are made of it. Of Lemon Squeezy a number. */
  readonly order: string
  /** What the seller's offer is called at the provider. */
  readonly externalId: string
  readonly quantity?: unknown
  readonly name?: string | null
  readonly email?: string | null
  /** Where the provider's events tell it. */
  readonly isTest?: boolean
  /** Given: the order is a subscription's. */
  readonly subscription?: string
  /** Which billing period a renewal pays for; 0 is the one that the purchase pays for. */
  readonly period?: number
  /** When it happens, milliseconds UTC. */
  readonly now?: number
  /** Else a fresh one. */
  readonly eventId?: string
}

export interface SampleLine {
  readonly externalId: string
  readonly quantity: unknown
}

export interface SampleEvent {
  readonly id: string
  readonly body: string
}

/** All events of one order are made from the same fields. */
export interface ProviderSamples {
  readonly provider: ProviderName
  readonly secret: string
  /** @returns the headers with which the provider sends the event */
  readonly sign: (event: SampleEvent, secret: string, nowSeconds: number) => Promise<Record<string, string>>
  /** The name of the order, as the server knows it. */
  readonly orderName: (o: SampleOrder) => string
  /** Each call is an event of its own, as when a seller sends it again by hand. */
  readonly purchase: (o: SampleOrder) => SampleEvent
  /** What is sent besides with a subscription's purchase, in any order: it ties the names of the two. */
  readonly besides?: (o: SampleOrder) => SampleEvent[]
  /** A purchase that leaves out what is looked up, and the answer of the provider's API. */
  readonly purchaseToLookUp?: (o: SampleOrder) => SampleEvent
  readonly lookUpAnswer?: (o: SampleOrder) => unknown
  readonly purchaseOfLines?: (o: SampleOrder, lines: readonly SampleLine[]) => SampleEvent
  /** Of the whole order. */
  readonly refund: (o: SampleOrder) => SampleEvent
  /** Of an amount that names no line. */
  readonly partialRefund?: (o: SampleOrder) => SampleEvent
  /** Of the first line; where the provider tells a quantity, of one unit of it. */
  readonly lineRefund?: (o: SampleOrder) => SampleEvent
  /** What `refund` told has failed. */
  readonly refundFailed?: (o: SampleOrder) => SampleEvent
  readonly disputeOpened?: (o: SampleOrder) => SampleEvent
  readonly disputeWon?: (o: SampleOrder) => SampleEvent
  readonly disputeLost?: (o: SampleOrder) => SampleEvent
  readonly renewal?: (o: SampleOrder) => SampleEvent
  /** Of a type that nobody knows. */
  readonly unknown: () => SampleEvent
}

const DAYS_PER_PERIOD = 30
const MS_PER_DAY = 86_400_000

/** Without hyphens, as most providers write them. */
export function freshId(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`
}

export function ownerOf({ name, email }: SampleOrder): { name: string | null; email: string | null } {
  return {
    name: name === undefined ? 'Ada Lovelace' : name,
    email: email === undefined ? 'ada@example.com' : email,
  }
}

export function quantityOf({ quantity }: SampleOrder): unknown {
  return quantity === undefined ? 1 : quantity
}

export function nowOf({ now }: SampleOrder): number {
  return now ?? Date.now()
}

/** @returns when a billing period begins, milliseconds UTC: the first one on the first of January 2026 */
export function periodStart(period: number): number {
  return Date.UTC(2026, 0, 1) + period * DAYS_PER_PERIOD * MS_PER_DAY
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** As the provider writes a number where it is one. */
export function numberOrText(text: string): number | string {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : text
}

export function eventOf(id: string, body: unknown): SampleEvent {
  return { id, body: JSON.stringify(body) }
}

/** HMAC-SHA-256 (RFC 2104) of a text's UTF-8 bytes, in hex. */
export async function hmacHex(secret: string, text: string): Promise<string> {
  const digest = await hmac(new TextEncoder().encode(secret), text)
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The headers of Standard Webhooks. */
export async function standardHeaders(
  { id, body }: SampleEvent,
  secret: string,
  nowSeconds: number,
): Promise<Record<string, string>> {
  const key = Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (character) => character.charCodeAt(0))
  const digest = await hmac(key, `${id}.${nowSeconds}.${body}`)
  return {
    'Content-Type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(nowSeconds),
    'webhook-signature': `v1,${btoa(String.fromCharCode(...digest))}`,
  }
}

async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', new Uint8Array(key), algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign(algorithm, imported, new TextEncoder().encode(text)))
}
