/**
 * What an endpoint is. Each is declared once, in the folder of its domain; the routes, the guard, the API's description
 * and the tables of the documentation are made from its declaration.
 */
import type * as z from 'zod/mini'
import type { Caller, CallerValues, Refusal, Result } from '../callers/caller.ts'
import { type Bindings, oncePerIsolate, type Settings } from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import type { FieldErrors } from '../protocol/fields.ts'

/** What an endpoint is given. */
export interface Call<Parameters> {
  /** As it was sent. Its body is read already, unless the endpoint has no parameters. */
  readonly request: Request
  readonly env: Bindings
  /** The primary, counted for the log. */
  readonly db: D1Database
  /** When the request came in, in milliseconds UTC. */
  readonly now: number
  /** Who calls, as the request claims. */
  readonly caller: CallerValues
  readonly parameters: Parameters
  /** The header `Idempotency-Key`: 1 to 255 visible ASCII characters. */
  readonly idempotencyKey: string | undefined
  readonly requestId: string
}

/** An answer in the terms of the protocol, before it is sealed. */
export interface Answer {
  readonly code: Code
  /** The endpoint's own fields of `response`, in their order. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Unix seconds; left out: the time of the request. */
  readonly timestamp?: number
  /** The id of the product whose key signs; left out or null: the global key signs. */
  readonly signedBy?: number | null | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** What the log says of it. */
  readonly log?: {
    /** The id of the product that it is about. */
    readonly product?: number | null | undefined
    /** The id of the caller's API key or contract. */
    readonly apiKeyId?: number | null
    readonly contractId?: number | null
    /** What became of a payment provider's event. */
    readonly outcome?: string
  }
}

/** What an endpoint says about an outcome besides its code. `log.product` is `signedBy` where it is left out. */
export type AnswerContents = Pick<Answer, 'fields' | 'signedBy' | 'log'>

interface Outcome {
  readonly kind: string
  /** The product that it is about, whose key signs the answer. */
  readonly productId?: number | null
}

export interface Declaration<Shape extends z.core.$ZodShape, Of extends Outcome> {
  /** POST unless it is given. A GET carries its parameters in the query. */
  readonly method?: 'GET' | 'POST'
  readonly path: `/${string}`
  /** For a sidebar, in at most 40 characters: "Verify a license key". */
  readonly summary: string
  /** Whether a POST changes nothing, so that it needs no `Idempotency-Key`. */
  readonly isReading?: true
  readonly caller: Caller
  /** Whether a program in a browser may call it from any page. */
  readonly browsers?: true
  /** The rules of the parameters, made once per isolate. Left out: the endpoint reads its request itself. */
  readonly parameters?: (settings: Settings) => z.ZodMiniObject<Shape>
  /** The code of wrong parameters, where it is not 804. */
  readonly incorrect?: Code
  /** What `errors` says of wrong parameters, where it is not a list of sentences for each field. */
  readonly describeErrors?: (errors: FieldErrors) => Readonly<Record<string, unknown>>
  /** The longest body, where it is not `BODY_BYTES_MAX`. */
  readonly bodyBytesMax?: number
  /** The device or domain that the request speaks for: the blocklist may name it. */
  readonly deviceIdentifier?: (parameters: z.output<z.ZodMiniObject<Shape>>) => string | undefined
  /** The code of each outcome. The first one is success. */
  readonly outcomes: { readonly [Kind in Of['kind']]: Code }
  /** What the unsigned answer says where there is no usable signing key. */
  readonly fieldsWithoutSigningKey?: Readonly<Record<string, unknown>>
  /** A `Response` is sent as it is. */
  readonly handle: (call: Call<z.output<z.ZodMiniObject<Shape>>>) => Promise<Result<Of> | Response>
  /** Left out: the code alone, signed by the key of the outcome's product. */
  readonly answer?: (outcome: Of) => AnswerContents
}

/** A declaration without the types of its own parameters and outcomes. */
export interface Endpoint
  extends Pick<
    Declaration<z.core.$ZodShape, Outcome>,
    'path' | 'summary' | 'isReading' | 'caller' | 'bodyBytesMax' | 'fieldsWithoutSigningKey'
  > {
  readonly method: 'GET' | 'POST'
  readonly browsers: boolean
  readonly parameters?: (settings: Settings) => z.ZodMiniObject
  readonly deviceIdentifier?: (parameters: never) => string | undefined
  /** The codes of its outcomes and of wrong parameters, but for those that every endpoint has. */
  readonly codes: readonly Code[]
  /** The answer to wrong parameters. */
  readonly incorrect: (errors: FieldErrors) => Answer
  readonly respond: (call: Call<never>) => Promise<Answer | Response>
}

const REFUSALS: Readonly<Record<Refusal, Code>> = {
  'access-denied': CODES.accessDenied,
  'api-key-unknown': CODES.apiKeyUnknown,
  'api-key-inactive': CODES.apiKeyInactive,
  'capability-missing': CODES.capabilityMissing,
  'address-not-allowed': CODES.addressNotAllowed,
  'contract-not-found': CODES.contractNotFound,
  'permission-missing': CODES.capabilityMissing,
  'idempotency-key-reused': CODES.idempotencyKeyReused,
}

/** Marks an answer that repeats an earlier one. */
const REPLAYED = { 'Idempotent-Replayed': 'true' } as const

/** Declares an endpoint. */
export function endpoint<Shape extends z.core.$ZodShape, Of extends Outcome>(
  declaration: Declaration<Shape, Of>,
): Endpoint {
  const {
    method = 'POST',
    browsers = false,
    parameters,
    outcomes,
    incorrect,
    handle,
    ...others
  } = declaration
  const {
    caller,
    describeErrors = (errors) => errors,
    answer = ({ productId }): AnswerContents => ({ signedBy: productId }),
  } = declaration

  async function respond(call: Call<z.output<z.ZodMiniObject<Shape>>>): Promise<Answer | Response> {
    const result = await handle(call)
    if (result instanceof Response) return result
    const callerId = caller.credential ? { [caller.credential.logName]: result.callerId } : {}
    if (result.kind === 'refused') return { code: REFUSALS[result.reason], log: callerId }
    const { fields, signedBy, log } = answer(result.outcome)
    return {
      code: outcomes[result.outcome.kind as Of['kind']],
      ...(fields && { fields }),
      signedBy,
      timestamp: unixSeconds(result.doneAt),
      ...(result.isReplay && { headers: REPLAYED }),
      log: { product: signedBy ?? null, ...callerId, ...log },
    }
  }

  return {
    ...others,
    method,
    browsers,
    ...(parameters && { parameters: oncePerIsolate(parameters) as NonNullable<Endpoint['parameters']> }),
    codes: [...new Set([...Object.values<Code>(outcomes), ...(incorrect ? [incorrect] : [])])],
    incorrect: (errors) => ({
      code: incorrect ?? CODES.incorrectData,
      fields: { errors: describeErrors(errors) },
    }),
    respond,
  }
}
