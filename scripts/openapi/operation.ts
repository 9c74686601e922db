/** An endpoint as the description shows it: its declaration and its docs together. */
import type { EndpointDocs } from '../../src/http/docs.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { CodeName } from './answers.ts'
import type { JsonSchema } from './document.ts'

export interface OperationText extends EndpointDocs {
  readonly endpoint: Endpoint
  /** The codes of its outcomes; the first one is that of the example. */
  readonly codes: readonly CodeName[]
  /** What is answered in place of an envelope. */
  readonly document?: {
    readonly contentType: string
    readonly description: string
    readonly schema: JsonSchema
    readonly example: string | object
  }
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
