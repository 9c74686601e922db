/** What an endpoint is: a method, a path, who may call it, and a function from a request to an answer. */
import type { Capability } from '../auth/api-keys.ts'
import type { Settings } from '../env.ts'
import type { Code } from '../envelope/codes.ts'
import type { SigningKey } from '../envelope/signing-keys.ts'

/** An answer that will be sealed. */
export interface Answer {
  readonly code: Code
  /** The endpoint's own fields of `response`, in their order. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Unix seconds; the time of the request where it is left out. */
  readonly timestamp?: number
  /** The global key where it is left out. */
  readonly signingKey?: SigningKey
  readonly headers?: Readonly<Record<string, string>>
}

/** What an endpoint sees of a request. */
export interface Call {
  readonly request: Request
  readonly settings: Settings
  /** When the request came in, in milliseconds UTC. */
  readonly now: number
}

export interface Endpoint {
  readonly method: 'GET' | 'POST'
  readonly path: `/${string}`
  /**
   * The capability an API key needs; `contract-holder`: a contract key; `provider`: a payment provider's signature;
   * `public`: nothing.
   */
  readonly access: Capability | 'contract-holder' | 'provider' | 'public'
  /** A `Response` is sent as it is, an `Answer` sealed. */
  readonly handle: (call: Call) => Promise<Answer | Response>
}
