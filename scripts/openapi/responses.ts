/** The responses of an operation: the possible envelopes by HTTP status. */
import * as z from 'zod'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { CODES } from '../../src/protocol/codes.ts'
import { serializeResponse } from '../../src/protocol/envelope.ts'
import { type CodeName, PROOF, responseSchema } from './answers.ts'
import {
  type BodilessResponse,
  capitalize,
  type JsonSchema,
  type Reference,
  type ResponseObject,
} from './document.ts'
import { EXAMPLE_KEY_ID, signExample } from './example-keys.ts'
import { KEY_ID } from './key-schemas.ts'
import type { OperationText } from './operation.ts'
import { credentialOf, isRepeatable } from './security.ts'

/** The time of all examples, in Unix seconds. */
export const EXAMPLE_SECONDS = 1_795_509_000

/** Response headers, by component name. */
export const HEADERS = {
  RequestId: {
    description: 'The id of this request in the log.',
    schema: { type: 'string', format: 'uuid' },
  },
  SigningKeyId: {
    description:
      'The `kid` of the key in `/.well-known/jwks.json` that signed. Absent if nothing is signed. It helps to find the ' +
      'key; it does not prove that the key is trusted.',
    schema: KEY_ID,
    example: EXAMPLE_KEY_ID,
  },
  Replayed: { description: 'This answer repeats an earlier one.', schema: { const: 'true' } },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'string', pattern: '^[0-9]+$' } },
  Allow: { description: 'The methods of the path.', schema: { type: 'string' } },
  ETag: { description: 'For `If-None-Match`.', schema: { type: 'string' } },
  CacheControl: {
    description: 'Five minutes; `no-store` if one of the keys cannot be read.',
    schema: { type: 'string' },
  },
}

const API_KEY_REFUSALS: readonly CodeName[] = [
  'apiKeyUnknown',
  'apiKeyInactive',
  'capabilityMissing',
  'addressNotAllowed',
  'accessDenied',
]
const CONTRACT_KEY_REFUSALS: readonly CodeName[] = [
  'apiKeyUnknown',
  'capabilityMissing',
  'accessDenied',
  'contractNotFound',
]

/** @returns all possible codes of the operation, its own first */
export function codesOf({ endpoint, codes }: OperationText): CodeName[] {
  return [...new Set([...codes, ...commonCodes(endpoint)])]
}

function commonCodes(endpoint: Endpoint): CodeName[] {
  // Codes for a mistyped address or a wrong method.
  const routing: CodeName[] = ['notFound', 'methodNotAllowed']
  if (endpoint.caller.access === 'provider') return [...routing, 'bodyTooLarge', 'serviceUnavailable']
  const always: CodeName[] = [...routing, 'tooManyRequests', 'internalError', 'serviceUnavailable']
  const credential = credentialOf(endpoint)
  if (!credential) return always
  const refusals = credential.scheme === 'apiKey' ? API_KEY_REFUSALS : CONTRACT_KEY_REFUSALS
  const bodyCodes: CodeName[] = endpoint.method === 'POST' ? ['bodyTooLarge', 'unsupportedMediaType'] : []
  const replayCodes: CodeName[] = isRepeatable(endpoint) ? ['idempotencyKeyReused'] : []
  return [...refusals, 'incorrectData', ...replayCodes, ...bodyCodes, ...always]
}

/** @returns the responses by status. Shared responses are references to `responseComponents` */
export function responsesOf(text: OperationText): Record<string, ResponseObject | Reference> {
  const responses: Record<string, ResponseObject | Reference> = {}
  for (const [status, names] of byStatus(codesOf(text))) {
    responses[status] =
      status === '200' ? successOf(text, names) : { $ref: `#/components/responses/${componentName(names)}` }
  }
  return text.document ? { ...documentsOf(text.document), ...responses } : responses
}

/** @returns the shared responses of these operations, by component name */
export function responseComponents(
  operations: readonly OperationText[],
): Record<string, ResponseObject | BodilessResponse> {
  const components: Record<string, ResponseObject | BodilessResponse> = {
    NotModified: {
      description: 'The answer with the `ETag` in `If-None-Match` is still current. No body',
      headers: documentHeaders(),
    },
  }
  for (const text of operations) {
    for (const [status, names] of byStatus(codesOf(text))) {
      if (status !== '200') components[componentName(names)] = envelopeOf(names, status)
    }
  }
  return components
}

/** @returns the schema of `response` for each code, and that of the proof which every code may have */
export function codeSchemas(names: Iterable<CodeName>): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = { Proof: toJsonSchema(PROOF) }
  for (const name of names) {
    const title = `${CODES[name].code}: ${CODES[name].message}`
    const schema = toJsonSchema(responseSchema(name, CODES[name]), referToProof)
    schemas[capitalize(name)] = { title, ...schema }
  }
  return schemas
}

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>

function toJsonSchema(zodSchema: z.ZodType, override: Override = () => {}): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(zodSchema, {
    io: 'output',
    override(context) {
      removeSafeIntegerLimits(context.jsonSchema)
      override(context)
    },
  })
  return schema as JsonSchema
}

function referToProof({ zodSchema, jsonSchema }: Parameters<Override>[0]): void {
  if (zodSchema !== PROOF) return
  for (const name of Object.keys(jsonSchema)) delete jsonSchema[name]
  jsonSchema.$ref = '#/components/schemas/Proof'
}

/** Removes the limits of safe integers, which zod adds to every number. */
function removeSafeIntegerLimits(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}

function byStatus(names: readonly CodeName[]): Map<string, CodeName[]> {
  const found = new Map<string, CodeName[]>()
  for (const name of names) {
    const status = String(CODES[name].status)
    found.set(status, [...(found.get(status) ?? []), name].sort(byCode))
  }
  return found
}

/** The example uses the operation's first code. */
function successOf(text: OperationText, names: readonly CodeName[]): ResponseObject {
  const [first] = text.codes
  const { fields } = text.event ?? text.example ?? { fields: undefined }
  const example = (text.event ?? text.example) && first ? exampleAnswer(first, fields) : undefined
  return envelopeOf(names, '200', isRepeatable(text.endpoint) && !text.endpoint.answersCurrentState, example)
}

function byCode(one: CodeName, other: CodeName): number {
  return Number(CODES[one].code) - Number(CODES[other].code)
}

function componentName(names: readonly CodeName[]): string {
  return names.map(capitalize).join('-')
}

function envelopeOf(
  names: readonly CodeName[],
  status: string,
  mayBeReplay = false,
  example?: object,
): ResponseObject {
  const references = names.map((name) => ({ $ref: `#/components/schemas/${capitalize(name)}` }))
  const response = references.length === 1 ? references[0] : { oneOf: references }
  const schema: JsonSchema = {
    allOf: [{ $ref: '#/components/schemas/Envelope' }],
    properties: { response: response as JsonSchema },
  }
  return {
    description: names.map((name) => `${CODES[name].code}: ${CODES[name].message}`).join('; '),
    headers: {
      'X-Request-Id': header('RequestId'),
      'X-Signing-Key-Id': header('SigningKeyId'),
      ...(mayBeReplay && { 'Idempotent-Replayed': header('Replayed') }),
      ...(status === '405' && { Allow: header('Allow') }),
      ...((status === '503' || status === '429') && { 'Retry-After': header('RetryAfter') }),
    },
    content: { 'application/json': { schema, ...(example && { example }) } },
  }
}

/** The responses of an endpoint without an envelope: the document, or 304 if the client has it. */
function documentsOf({
  contentType,
  description,
  schema,
  example,
}: NonNullable<OperationText['document']>): Record<string, ResponseObject | Reference> {
  return {
    '200': { description, headers: documentHeaders(), content: { [contentType]: { schema, example } } },
    '304': { $ref: '#/components/responses/NotModified' },
  }
}

function documentHeaders(): Record<string, Reference> {
  return {
    'X-Request-Id': header('RequestId'),
    ETag: header('ETag'),
    'Cache-Control': header('CacheControl'),
  }
}

function header(name: keyof typeof HEADERS): Reference {
  return { $ref: `#/components/headers/${name}` }
}

/** The envelope of an example, encoded and signed like a server's. */
function exampleAnswer(name: CodeName, fields: Readonly<Record<string, unknown>> = {}): object {
  const text = serializeResponse(CODES[name], fields, EXAMPLE_SECONDS)
  const responseBase64 = Buffer.from(text).toString('base64')
  return {
    response: JSON.parse(text),
    response_base64: responseBase64,
    private_key_used: 'global',
    signature: signExample(responseBase64),
  }
}
