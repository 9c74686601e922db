/** An endpoint as the description shows it: its declaration and its docs together. */
import type { EndpointDocs } from '../../src/http/docs.ts'
import type { CodeName } from './answers.ts'
import type { JsonSchema } from './document.ts'

export interface OperationText extends EndpointDocs {
  /** As in `ENDPOINTS`. */
  readonly path: `/${string}`
  /** In the imperative, at most 40 characters: it is a line of the sidebar. */
  readonly summary: string
  /** The codes of its outcomes; the first one is that of the example. */
  readonly codes: readonly CodeName[]
  /** What is answered in place of an envelope. */
  readonly document?: {
    readonly contentType: string
    readonly description: string
    readonly schema: JsonSchema
    readonly example: string | object
  }
  /** Where nothing changes, an `Idempotency-Key` is of no use. */
  readonly isReading?: true
  /** What a payment provider sends. */
  readonly event?: ProviderEvent
}

/** An event as its provider sends it, signed with a secret that everybody may know. */
export interface ProviderEvent {
  readonly headers: Readonly<Record<string, string>>
  readonly payload: object
  /** As of an `Example`. */
  readonly fields: Readonly<Record<string, unknown>>
}
