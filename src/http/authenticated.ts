/**
 * What every endpoint behind an API key does first, in this order: size, type, parse, an API key given at all
 * (100), parameters (804 unless the endpoint has a code of its own). Whether the API key is good is decided in the
 * endpoint's own database batch.
 */
import * as z from 'zod/mini'
import { type ApiCaller, type Capability, callerValues, hashApiKey } from '../callers/api-keys.ts'
import { presentedApiKey } from '../callers/credentials.ts'
import { networksContaining } from '../callers/networks.ts'
import type { OperationRequest } from '../callers/operation.ts'
import { metered } from '../db/metered.ts'
import type { Settings } from '../env.ts'
import { CODES } from '../protocol/codes.ts'
import type { Answer, Call, Endpoint } from '../protocol/endpoint.ts'
import { type Checked, checkFields, type FieldErrors } from '../protocol/fields.ts'
import { isApiKeyExceeded } from './limits.ts'
import { idempotencyKeyOf, incorrectData, receive } from './received.ts'
import { noteParameters } from './request-record.ts'
import { tooManyRequests } from './too-many-requests.ts'

/** What an endpoint behind an API key is given. */
export interface AuthenticatedCall<Parameters> {
  readonly settings: Settings
  /** Milliseconds UTC. */
  readonly now: number
  readonly caller: ApiCaller
  readonly parameters: Parameters
  /** The header `Idempotency-Key`: 1 to 255 visible ASCII characters. */
  readonly idempotencyKey: string | undefined
  /** All of this as the domain's operations want it. */
  readonly request: OperationRequest
}

interface Definition<Shape extends z.core.$ZodShape> {
  /** POST unless it is given; a GET has its parameters in the query. */
  readonly method?: 'GET' | 'POST'
  readonly path: `/${string}`
  readonly access: Capability
  /** The rules of the parameters; called once for each settings. */
  readonly parameters: (settings: Settings) => z.ZodMiniObject<Shape>
  /** The answer to wrong parameters, where it is not 804. */
  readonly incorrect?: (errors: FieldErrors) => Answer
  readonly bodyBytesMax?: number
  /** The device or domain that the request speaks for: the blocklist may name it. */
  readonly deviceIdentifier?: (parameters: z.output<z.ZodMiniObject<Shape>>) => string | undefined
  readonly handle: (call: AuthenticatedCall<z.output<z.ZodMiniObject<Shape>>>) => Promise<Answer>
}

const API_KEY = z.object({ api_key: z.nullish(z.string({ error: 'The api_key field must be text.' })) })

/** An endpoint that takes an API key. */
export function authenticatedEndpoint<Shape extends z.core.$ZodShape>(
  definition: Definition<Shape>,
): Endpoint {
  const { method = 'POST', path, access, parameters, incorrect = incorrectData, handle } = definition
  const schemas = new WeakMap<Settings, z.ZodMiniObject<Shape>>()

  function schemaFor(settings: Settings): z.ZodMiniObject<Shape> {
    const schema = schemas.get(settings) ?? parameters(settings)
    schemas.set(settings, schema)
    return schema
  }

  async function handleCall({ request, settings, now, record }: Call): Promise<Answer> {
    const received = await receive(request, definition.bodyBytesMax)
    if (received.kind === 'unreadable') return received.answer
    const { fields } = received
    const apiKey = presentedApiKey(request.headers.get('Authorization'), fields.values.api_key)
    if (apiKey === undefined) return { code: CODES.apiKeyUnknown }

    const checked = checkFields(schemaFor(settings), fields)
    const header = idempotencyKeyOf(request)
    const commonErrors = { ...errorsOf(checkFields(API_KEY, fields)), ...errorsOf(header) }
    if (checked.kind === 'invalid') return incorrect({ ...commonErrors, ...checked.errors })
    if (header.kind === 'invalid' || Object.keys(commonErrors).length > 0) return incorrect(commonErrors)

    noteParameters(record, checked.parameters)
    const apiKeyHash = await hashApiKey(apiKey)
    if (await isApiKeyExceeded(settings.limiters, access, apiKeyHash)) return tooManyRequests('apiKey')

    const caller: ApiCaller = {
      apiKeyHash,
      capability: access,
      networks: networksContaining(request.headers.get('CF-Connecting-IP')),
      deviceIdentifier: definition.deviceIdentifier?.(checked.parameters) ?? null,
    }
    const idempotencyKey = header.parameters['Idempotency-Key']
    return handle({
      settings: { ...settings, db: metered(settings.db, record) },
      now,
      caller,
      parameters: checked.parameters,
      idempotencyKey,
      request: {
        callerValues: callerValues(caller),
        idempotencyKey,
        parameters: checked.parameters,
        now,
      },
    })
  }

  return { method, path, access, parameters, handle: handleCall }
}

function errorsOf(checked: Checked<unknown>): FieldErrors {
  return checked.kind === 'invalid' ? checked.errors : {}
}
