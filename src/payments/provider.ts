/** The interface of a payment provider: its signatures, its events, and look-ups of missing details. */
import type { SignatureScheme } from '../http/signatures.ts'
import type { PaymentEvent } from './payment-event.ts'

export interface Provider {
  /** Used in the path `/webhooks/<name>` and in the database. */
  readonly name: ProviderName
  readonly signatures: SignatureScheme
  /**
   * The events of a body that can contain several. Each is then described, interpreted and stored by itself.
   * None if the body is an event, or cannot be parsed.
   */
  readonly split?: (payload: unknown) => readonly unknown[]
  /** @throws z.ZodError if the body is not an event of this provider */
  readonly describe: (payload: unknown, headers: Headers) => EventDescription
  /**
   * @param payload the parsed body
   * @param found the parsed response of the look-up, if one was made
   * @throws z.ZodError if a known event does not match its schema
   */
  readonly interpret: (payload: unknown, found?: unknown) => PaymentEvent
  /** The name of the order in an event that does not match its schema. Default: the id of the event's object. */
  readonly orderOf?: (payload: unknown) => string | undefined
  /**
   * A malformed event is answered 422, so that the sender notices. Others get 200, since providers repeat what
   * was refused, and some then disable the endpoint.
   */
  readonly refusesMalformed?: true
  readonly lookUp?: LookUp
  /** Whether the body of an unsigned request only tests the address. It gets the answer of an ignored event. */
  readonly isPing?: (body: Uint8Array) => boolean
}

/** In alphabetical order, except the last, which is any sender of Standard Webhooks. */
export const PROVIDER_NAMES = [
  'creem',
  'dodo',
  'fastspring',
  'lemon-squeezy',
  'paddle',
  'polar',
  'shopify',
  'stripe',
  'woocommerce',
  'standard',
] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

export interface EventDescription {
  /** The same in each delivery of the event. If undefined, the hash of its JSON is used. */
  readonly id: string | undefined
  readonly type: string
  /** undefined if the event does not contain it. */
  readonly isTest: boolean | undefined
}

/** Requests missing details from the provider. This happens in the queue, never while the provider waits. */
export interface LookUp {
  /** The secret with the API key. Without it, nothing is looked up. */
  readonly setting: LookUpSetting
  /** The URL to GET with the API key as a bearer token; undefined if the event needs no look-up. */
  readonly url: (payload: unknown, apiKey: string) => string | undefined
}

export const LOOK_UP_SETTINGS = ['STRIPE_API_KEY', 'PADDLE_API_KEY'] as const
export type LookUpSetting = (typeof LOOK_UP_SETTINGS)[number]

/** Part of the note of an event whose look-up was rejected. `keyseal doctor` finds the event by it. */
export function rejectedKeyFault(setting: LookUpSetting): string {
  return `${setting} is wrong, expired or lacks a permission`
}
