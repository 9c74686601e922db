/** What a payment provider is: how it signs, what its events say, and what they leave out. */
import type { PaymentEvent } from './payment-event.ts'

export interface Provider {
  /** As in the path `/webhooks/<name>` and in the database. */
  readonly name: ProviderName
  readonly signatures: SignatureScheme
  /**
   * What every event of the provider says about itself.
   *
   * @throws z.ZodError where the body is no event of this provider at all
   */
  readonly describe: (payload: unknown, headers: Headers) => EventDescription
  /**
   * What the event says.
   *
   * @param payload the parsed body
   * @param found the parsed answer of the look-up, where one was made
   * @throws z.ZodError where a known event does not match its schema
   */
  readonly interpret: (payload: unknown, found?: unknown) => PaymentEvent
  readonly lookUp?: LookUp
}

/** In alphabetical order, but for the last: any shop that signs by Standard Webhooks. */
export const PROVIDER_NAMES = ['dodo', 'lemon-squeezy', 'paddle', 'polar', 'stripe', 'standard'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

export interface EventDescription {
  /** The same each time the event is delivered; undefined where the provider has none: then the body's hash is used. */
  readonly id: string | undefined
  readonly type: string
  /** undefined where the provider's events do not say. */
  readonly isTest: boolean | undefined
}

/** What an event leaves out is asked of the provider later, in the queue: never while it waits for an answer. */
export interface LookUp {
  /** The secret that holds the API key. Without it nothing is looked up. */
  readonly setting: LookUpSetting
  /** What to GET, with the API key as a bearer token; undefined where this event needs nothing. */
  readonly url: (payload: unknown, apiKey: string) => string | undefined
}

export const LOOK_UP_SETTINGS = ['STRIPE_API_KEY', 'PADDLE_API_KEY'] as const
export type LookUpSetting = (typeof LOOK_UP_SETTINGS)[number]

/** How a provider signs its webhooks: HMAC-SHA-256 over a prefix and the raw bytes of the body. */
export interface SignatureScheme {
  /** The HMAC keys that a secret may stand for; none where it cannot be a secret of this provider. */
  readonly keys: (secret: string) => Uint8Array[]
  /** What the headers claim, or undefined where they claim nothing that could be verified. */
  readonly claim: (headers: Headers) => Claim | undefined
}

export interface Claim {
  /** Signed before the body. */
  readonly prefix: string
  /** Unix seconds; undefined where the provider signs none. */
  readonly timestamp: number | undefined
  /** Any one of them is enough. */
  readonly signatures: readonly Uint8Array[]
}
