/** What the description says of an endpoint that the endpoint's own rules do not tell. */
import type { CodeName } from './answers.ts'
import type { JsonSchema } from './document.ts'

export interface OperationText {
  /** As in `ENDPOINTS`. */
  readonly path: `/${string}`
  /** In the imperative, at most 40 characters: it is a line of the sidebar. */
  readonly summary: string
  /** What it does beyond that: CommonMark, for people. */
  readonly details: string
  /** The codes that are this endpoint's own; the first one is that of the example. */
  readonly codes: readonly CodeName[]
  /** What is answered in place of an envelope. */
  readonly document?: {
    readonly contentType: string
    readonly description: string
    readonly schema: JsonSchema
    readonly example: string | object
  }
  readonly example?: Example
  /** Where nothing changes, an `Idempotency-Key` is of no use. */
  readonly isReading?: true
  /** What a payment provider sends. */
  readonly event?: ProviderEvent
}

/** An event as its provider sends it, signed with a secret that is no secret. */
export interface ProviderEvent {
  readonly headers: Readonly<Record<string, string>>
  readonly payload: object
  /** As of an `Example`. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** A request that works on the demo data once all earlier examples were sent, and what is answered. */
export interface Example {
  /** But for the API key. */
  readonly request: Readonly<Record<string, unknown>>
  /** The fields of `response` besides `code`, `message` and `timestamp`. */
  readonly fields?: Readonly<Record<string, unknown>>
}
