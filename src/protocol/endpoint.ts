/** What an endpoint is: a method, a path, who may call it, and a function from a request to an answer. */
import type * as z from 'zod/mini'
import type { Capability } from '../callers/api-keys.ts'
import type { Settings } from '../env.ts'
import type { RequestRecord } from '../http/request-record.ts'
import type { SigningKey } from '../signing/signing-keys.ts'
import type { Code } from './codes.ts'

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
  /** The id of the product it is about, for the log. */
  readonly product?: number | null | undefined
}

/** What an endpoint sees of a request. */
export interface Call {
  readonly request: Request
  readonly settings: Settings
  /** When the request came in, in milliseconds UTC. */
  readonly now: number
  /** What is noted of it for the log. */
  readonly record: RequestRecord
}

export interface Endpoint {
  readonly method: 'GET' | 'POST'
  readonly path: `/${string}`
  /**
   * The capability an API key needs; `contract-holder`: a contract key; `provider`: a payment provider's signature;
   * `public`: nothing; `monitor`: nothing either, and is told only whether the service works.
   */
  readonly access: Capability | 'contract-holder' | 'provider' | 'public' | 'monitor'
  /** The rules of the parameters, where there are any: the API's description is made of them. */
  readonly parameters?: (settings: Settings) => z.core.$ZodType
  /** A `Response` is sent as it is, an `Answer` sealed. */
  readonly handle: (call: Call) => Promise<Answer | Response>
}
