/**
 * What every endpoint behind an API key does first, in this order: size, type, parse, an API key given at all
 * (100), parameters (804). Whether the API key is good is decided in the endpoint's own database batch.
 */
import * as z from 'zod'
import { type ApiCaller, type Capability, hashApiKey } from '../auth/api-keys.ts'
import { presentedApiKey } from '../auth/credentials.ts'
import { networksContaining } from '../auth/ip-allowlist.ts'
import type { Settings } from '../env.ts'
import { CODES } from '../envelope/codes.ts'
import type { Answer, Call, Endpoint } from './endpoint.ts'
import { type Checked, checkFields, type FieldErrors } from './parameters.ts'
import { readBody } from './request-body.ts'

/** What an endpoint behind an API key is given. */
export interface AuthenticatedCall<Parameters> {
  readonly settings: Settings
  /** Milliseconds UTC. */
  readonly now: number
  readonly caller: ApiCaller
  readonly parameters: Parameters
  /** The header `Idempotency-Key`: 1 to 255 visible ASCII characters. */
  readonly idempotencyKey: string | undefined
}

interface Definition<Shape extends z.ZodRawShape> {
  readonly path: `/${string}`
  readonly access: Capability
  /** The rules of the parameters; called once for each settings. */
  readonly parameters: (settings: Settings) => z.ZodObject<Shape>
  readonly handle: (call: AuthenticatedCall<z.output<z.ZodObject<Shape>>>) => Promise<Answer>
}

const API_KEY = z.object({ api_key: z.string({ error: 'The api_key field must be text.' }).nullish() })

const HEADERS = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'The Idempotency-Key header must be 1 to 255 visible ASCII characters.')
    .optional(),
})

const NONE: ReadonlySet<string> = new Set()

/** An endpoint that takes a POST with an API key. */
export function authenticatedEndpoint<Shape extends z.ZodRawShape>(definition: Definition<Shape>): Endpoint {
  const { path, access, parameters, handle } = definition
  const schemas = new WeakMap<Settings, z.ZodObject<Shape>>()

  function schemaFor(settings: Settings): z.ZodObject<Shape> {
    const schema = schemas.get(settings) ?? parameters(settings)
    schemas.set(settings, schema)
    return schema
  }

  async function handleCall({ request, settings, now }: Call): Promise<Answer> {
    const body = await readBody(request)
    if (body.kind === 'too-large') return { code: CODES.bodyTooLarge }
    if (body.kind === 'unsupported-type') return { code: CODES.unsupportedMediaType }
    if (body.kind === 'unreadable') return incorrectData({ body: [body.reason] })

    const apiKey = presentedApiKey(request.headers.get('Authorization'), body.fields.values.api_key)
    if (apiKey === undefined) return { code: CODES.apiKeyUnknown }

    const idempotencyKey = request.headers.get('Idempotency-Key') ?? undefined
    const checked = checkFields(schemaFor(settings), body.fields)
    const errors = {
      ...errorsOf(checkFields(API_KEY, body.fields)),
      ...errorsOf(checked),
      ...errorsOf(checkFields(HEADERS, { values: { 'Idempotency-Key': idempotencyKey }, repeated: NONE })),
    }
    if (checked.kind === 'invalid' || Object.keys(errors).length > 0) return incorrectData(errors)

    const caller: ApiCaller = {
      apiKeyHash: await hashApiKey(apiKey),
      capability: access,
      networks: networksContaining(request.headers.get('CF-Connecting-IP')),
    }
    return handle({ settings, now, caller, parameters: checked.parameters, idempotencyKey })
  }

  return { method: 'POST', path, access, handle: handleCall }
}

function errorsOf(checked: Checked<unknown>): FieldErrors {
  return checked.kind === 'invalid' ? checked.errors : {}
}

function incorrectData(errors: FieldErrors): Answer {
  return { code: CODES.incorrectData, fields: { errors } }
}
