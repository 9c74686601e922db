/** An endpoint with its declaration and its docs. */
import type { EndpointDocs } from '../../src/http/docs.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { CodeName } from './answers.ts'
import type { JsonSchema } from './document.ts'

export interface OperationText extends EndpointDocs {
  readonly endpoint: Endpoint
  /** The codes of its outcomes. The first one is used by the example. */
  readonly codes: readonly CodeName[]
  /** The response of an endpoint that has no envelope. */
  readonly document?: {
    readonly contentType: string
    readonly description: string
    readonly schema: JsonSchema
    readonly example: string | object
  }
  /** A sample event of a payment provider. */
  readonly event?: ProviderEvent
}

/** A provider's event, signed with a public sample secret. */
export interface ProviderEvent {
  readonly headers: Readonly<Record<string, string>>
  readonly payload: object
  /** As of an `Example`. */
  readonly fields: Readonly<Record<string, unknown>>
}
