/**
 * Endpoint declarations. Each endpoint is declared once, in the folder of its domain. The routes, the guard,
 * the OpenAPI description and the tables of the documentation are derived from it.
 */
import type * as z from 'zod/mini'
import type { Caller, CallerValues, OperatorRefusal, Refusal, Refused, Result } from '../callers/caller.ts'
import { type Bindings, oncePerIsolate, type Settings } from '../platform/settings.ts'
import { CODES, type Code } from '../protocol/codes.ts'
import { unixSeconds } from '../protocol/dates.ts'
import type { FieldErrors } from '../protocol/fields.ts'
import type { ProofFacts } from '../protocol/proof.ts'

export interface Call<Parameters> {
  /** The original request. Its body is already consumed, unless the endpoint has no parameters. */
  readonly request: Request
  readonly env: Bindings
  /** The primary database. Its usage is counted for the log. */
  readonly db: D1Database
  /** When the request arrived, in milliseconds UTC. */
  readonly now: number
  /** As claimed by the request, not yet authenticated. */
  readonly caller: CallerValues
  readonly parameters: Parameters
  /** The header `Idempotency-Key`: 1 to 255 visible ASCII characters. */
  readonly idempotencyKey: string | undefined
  readonly requestId: string
}

/** The content of a response, before it is signed. */
export interface Answer {
  readonly code: Code
  /** The endpoint's own fields of `response`, in order. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** Unix seconds. Default: the time of the request. */
  readonly timestamp?: number
  /** The id of the product whose key signs. Omitted or null: the global key signs. */
  readonly signedBy?: number | null | undefined
  /** The id of the row of a caller that was not refused. */
  readonly callerId?: number | null
  /** For a request with a nonce. */
  readonly proof?: ProofFacts | null | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Fields for the log line. */
  readonly log?: {
    readonly product?: number | null | undefined
    readonly apiKeyId?: number | null
    readonly contractId?: number | null
    /** The outcome of a webhook event. */
    readonly outcome?: string
  }
}

/** An answer for people, in place of an envelope. */
export interface Page {
  /** HTML, or a file to download. */
  readonly body: string
  /** With `Content-Type` and `Content-Security-Policy`. They replace those of other answers. */
  readonly headers: Readonly<Record<string, string>>
}

/** What depends on the outcome, except the code. `log.product` defaults to `signedBy`. */
export type AnswerContents = Pick<Answer, 'fields' | 'signedBy' | 'log'>

interface Outcome {
  readonly kind: string
  /** The product whose key signs the response. */
  readonly productId?: number | null
  /** What the proof of the answer states, if the request asked for one. */
  readonly proof?: ProofFacts | null
}

export interface Declaration<Shape extends z.core.$ZodShape, Of extends Outcome> {
  /** Default: POST. A GET has its parameters in the query. */
  readonly method?: 'GET' | 'POST'
  readonly path: `/${string}`
  /** At most 40 characters, for a sidebar: "Verify a license key". */
  readonly summary: string
  /** Marks a POST that changes nothing and needs no `Idempotency-Key`. */
  readonly isReadOnly?: true
  /** A repeated request gets the state now instead of the first answer. It makes no change again. */
  readonly answersCurrentState?: true
  /** Marks a POST that ignores `Idempotency-Key`, because a repeated request never makes its change again. */
  readonly isIdempotent?: true
  /** A rate limit of its own for each address (limits.ts). */
  readonly addressLimit?: 'trials'
  readonly caller: Caller
  /** Whether scripts on any web page may call the endpoint (CORS). */
  readonly cors?: true
  /** The rules of the parameters, built once per isolate. Omitted: the endpoint reads the request itself. */
  readonly parameters?: (settings: Settings) => z.ZodMiniObject<Shape>
  /** The code for invalid parameters. Default: 804. */
  readonly invalidParametersCode?: Code
  /** The value of `errors` for invalid parameters. Default: a list of messages for each field. */
  readonly describeErrors?: (errors: FieldErrors) => Readonly<Record<string, unknown>>
  /** Default: `BODY_BYTES_MAX`. */
  readonly bodyBytesMax?: number
  /** The device or domain of the request, which is checked against the blocklist. */
  readonly deviceIdentifier?: (parameters: z.output<z.ZodMiniObject<Shape>>) => string | undefined
  /** The code of each outcome. The first one means success. */
  readonly outcomes: { readonly [Kind in Of['kind']]: Code }
  /**
   * The outcome for a license key that is unknown. An API key for other products gets its code too, so that it cannot
   * find out which license keys exist.
   */
  readonly unknownLicenseKey?: NoInfer<Of['kind']>
  /** The fields of the unsigned response if there is no usable signing key. */
  readonly fieldsWithoutSigningKey?: Readonly<Record<string, unknown>>
  /** A `Response` is sent unchanged. */
  readonly handle: (call: Call<z.output<z.ZodMiniObject<Shape>>>) => Promise<Result<Of> | Response>
  /** Shows every answer as a page, also refusals and errors. An unknown path keeps its envelope. */
  readonly page?: (answer: Answer, env: Bindings) => Page
  /** Default: no fields, signed by the key of the outcome's product. */
  readonly answer?: (outcome: Of) => AnswerContents
}

/** A declared endpoint, without the types of its parameters and outcomes. */
export interface Endpoint
  extends Pick<
    Declaration<z.core.$ZodShape, Outcome>,
    | 'path'
    | 'summary'
    | 'isReadOnly'
    | 'answersCurrentState'
    | 'isIdempotent'
    | 'addressLimit'
    | 'caller'
    | 'bodyBytesMax'
    | 'fieldsWithoutSigningKey'
    | 'page'
  > {
  readonly method: 'GET' | 'POST'
  readonly cors: boolean
  readonly parameters?: (settings: Settings) => z.ZodMiniObject
  readonly deviceIdentifier?: (parameters: never) => string | undefined
  /** The codes of its outcomes and of invalid parameters, without the codes that every endpoint has. */
  readonly codes: readonly Code[]
  readonly rejectParameters: (errors: FieldErrors) => Answer
  readonly respond: (call: Call<never>) => Promise<Answer | Response>
}

const REFUSALS: Readonly<Record<Exclude<Refusal, OperatorRefusal>, Code>> = {
  'access-denied': CODES.accessDenied,
  'api-key-unknown': CODES.apiKeyUnknown,
  'api-key-inactive': CODES.apiKeyInactive,
  'capability-missing': CODES.capabilityMissing,
  'address-not-allowed': CODES.addressNotAllowed,
  'product-of-others': CODES.capabilityMissing,
  'license-key-of-others': CODES.capabilityMissing,
  'contract-not-found': CODES.contractNotFound,
  'permission-missing': CODES.capabilityMissing,
  'idempotency-key-reused': CODES.idempotencyKeyReused,
  'turned-off': CODES.notFound,
  'too-many-requests': CODES.tooManyRequests,
  'license-key-unknown': CODES.licenseKeyInvalid,
}

/**
 * The answer to a caller that the database refuses.
 *
 * @param unknownLicenseKey the code for an unknown license key, if the endpoint hides those of other products
 */
export function refusedAnswer({ credential }: Caller, refused: Refused, unknownLicenseKey?: Code): Answer {
  const { reason, callerId, retryAfterSeconds } = refused
  return {
    // The admin API answers operators (src/admin/app.ts).
    code:
      (reason === 'license-key-of-others' && unknownLicenseKey) ||
      REFUSALS[reason as Exclude<Refusal, OperatorRefusal>],
    ...(retryAfterSeconds !== undefined && { headers: { 'Retry-After': String(retryAfterSeconds) } }),
    log: credential ? { [credential.logName]: callerId } : {},
  }
}

const REPLAYED = { 'Idempotent-Replayed': 'true' } as const

export function endpoint<Shape extends z.core.$ZodShape, Of extends Outcome>(
  declaration: Declaration<Shape, Of>,
): Endpoint {
  const {
    method = 'POST',
    cors = false,
    parameters,
    outcomes,
    invalidParametersCode,
    unknownLicenseKey,
    handle,
    ...others
  } = declaration
  const {
    caller,
    describeErrors = (errors) => errors,
    answer = ({ productId }): AnswerContents => ({ signedBy: productId }),
  } = declaration

  const unknownCode = unknownLicenseKey && outcomes[unknownLicenseKey]

  async function respond(call: Call<z.output<z.ZodMiniObject<Shape>>>): Promise<Answer | Response> {
    const result = await handle(call)
    if (result instanceof Response) return result
    if (result.kind === 'refused') return refusedAnswer(caller, result, unknownCode)
    const callerId = caller.credential ? { [caller.credential.logName]: result.callerId } : {}
    const { fields, signedBy, log } = answer(result.outcome)
    return {
      code: outcomes[result.outcome.kind as Of['kind']],
      ...(fields && { fields }),
      signedBy,
      callerId: result.callerId,
      proof: result.outcome.proof,
      timestamp: unixSeconds(result.doneAt),
      ...(result.isReplay && { headers: REPLAYED }),
      log: { product: signedBy ?? null, ...callerId, ...log },
    }
  }

  return {
    ...others,
    method,
    cors,
    ...(parameters && { parameters: oncePerIsolate(parameters) as NonNullable<Endpoint['parameters']> }),
    codes: [
      ...new Set([
        ...Object.values<Code>(outcomes),
        ...(invalidParametersCode ? [invalidParametersCode] : []),
      ]),
    ],
    rejectParameters: (errors) => ({
      code: invalidParametersCode ?? CODES.incorrectData,
      fields: { errors: describeErrors(errors) },
    }),
    respond,
  }
}
