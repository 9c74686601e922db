/**
 * Sample events of the payment providers, signed with public demo secrets, for demonstrations and tests. They
 * run in Node and in the Workers runtime.
 */
import type { ProviderName } from '../../src/payments/provider.ts'
import { DAY_MILLISECONDS } from '../../src/protocol/dates.ts'

export interface SampleOrder {
  /** Part of the names in the events. A number for Lemon Squeezy, Shopify and WooCommerce. */
  readonly order: string
  /** The external id of the offer. */
  readonly externalId: string
  readonly quantity?: unknown
  readonly name?: string | null
  readonly email?: string | null
  /** Used if the provider's events contain it. */
  readonly isTest?: boolean
  /** If set, the order belongs to this subscription. */
  readonly subscription?: string
  /** The billing period that a renewal pays for. The purchase pays for period 0. */
  readonly period?: number
  /** The time of the event, milliseconds UTC. */
  readonly now?: number
  /** Default: a new id. */
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

/** All events of an order are built from the same `SampleOrder`. */
export interface ProviderSamples {
  readonly provider: ProviderName
  readonly secret: string
  /** @returns the headers of the provider's request */
  readonly sign: (event: SampleEvent, secret: string, nowSeconds: number) => Promise<Record<string, string>>
  /** The name under which the server stores the order. */
  readonly orderName: (o: SampleOrder) => string
  /** Each call creates a new event, as if the seller resent the event in the provider's dashboard. */
  readonly purchase: (o: SampleOrder) => SampleEvent
  /** Sent with the purchase of a subscription. They link the purchase and the subscription. */
  readonly relatedEvents?: (o: SampleOrder) => SampleEvent[]
  /** A purchase without the details to look up, and the response of the provider's API. */
  readonly purchaseToLookUp?: (o: SampleOrder) => SampleEvent
  readonly lookUpResponse?: (o: SampleOrder) => unknown
  readonly purchaseOfLines?: (o: SampleOrder, lines: readonly SampleLine[]) => SampleEvent
  /** Refunds the whole order, or with a later period the payment for that one. */
  readonly refund: (o: SampleOrder) => SampleEvent
  /** Refunds an amount without naming a line. */
  readonly partialRefund?: (o: SampleOrder) => SampleEvent
  /** Refunds the first line, or one unit of it if the provider sends a quantity. */
  readonly lineRefund?: (o: SampleOrder) => SampleEvent
  /** Reports that `refund` failed. */
  readonly refundFailed?: (o: SampleOrder) => SampleEvent
  readonly disputeOpened?: (o: SampleOrder) => SampleEvent
  readonly disputeWon?: (o: SampleOrder) => SampleEvent
  readonly disputeLost?: (o: SampleOrder) => SampleEvent
  readonly renewal?: (o: SampleOrder) => SampleEvent
  /** The purchase of a subscription with a trial of 14 days from the start of period 0. */
  readonly trial?: (o: SampleOrder) => SampleEvent
  /** The trial is an event of the subscription, and the purchase another one. */
  readonly hasOrderBesideTrial?: true
  /** The subscription consists of this line from `o.now` on. */
  readonly planChange?: (o: SampleOrder, to: SampleLine) => SampleEvent
  /** The subscription ended at `o.now`. */
  readonly ended?: (o: SampleOrder) => SampleEvent
  /** An event of an unknown type. */
  readonly unknown: () => SampleEvent
}

const DAYS_PER_PERIOD = 30
const TRIAL_DAYS = 14

/** Without hyphens, like the ids of most providers. */
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

/** @returns the start of a billing period, milliseconds UTC. Period 0 starts on January 1, 2026 */
export function periodStart(period: number): number {
  return Date.UTC(2026, 0, 1) + period * DAYS_PER_PERIOD * DAY_MILLISECONDS
}

/** @returns the end of a trial, milliseconds UTC */
export function trialEnd(): number {
  return periodStart(0) + TRIAL_DAYS * DAY_MILLISECONDS
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** Converts numeric ids to numbers, as the provider sends them. */
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

/** HMAC-SHA-256 (RFC 2104) of a text's UTF-8 bytes, in base64. */
export async function hmacBase64(secret: string, text: string): Promise<string> {
  return btoa(String.fromCharCode(...(await hmac(new TextEncoder().encode(secret), text))))
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
