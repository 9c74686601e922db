/** What an operation answers: by HTTP status, the envelopes of all codes that it can carry. */
import * as z from 'zod'
import type { Endpoint } from '../../src/api/endpoint.ts'
import { CODES } from '../../src/envelope/codes.ts'
import { type CodeName, responseSchema } from './answers.ts'
import { capitalised, type JsonSchema, type Reference, type ResponseObject } from './document.ts'
import type { OperationText } from './operation.ts'
import { credentialOf } from './security.ts'

/** The time of all examples, in Unix seconds. */
const EXAMPLE_TIMESTAMP = 1_795_509_000

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

/** @returns every code that the operation can answer, those first that are its own */
export function codesOf(endpoint: Endpoint, { codes, isReading }: OperationText): CodeName[] {
  return [...new Set([...codes, ...commonCodes(endpoint, isReading === true)])]
}

function commonCodes(endpoint: Endpoint, isReading: boolean): CodeName[] {
  if (endpoint.access === 'provider') return ['bodyTooLarge', 'serviceUnavailable']
  const always: CodeName[] = ['tooManyRequests', 'internalError', 'serviceUnavailable']
  const credential = credentialOf(endpoint)
  if (!credential) return always
  const refusals = credential.scheme === 'apiKey' ? API_KEY_REFUSALS : CONTRACT_KEY_REFUSALS
  const ofBody: CodeName[] = endpoint.method === 'POST' ? ['bodyTooLarge', 'unsupportedMediaType'] : []
  const ofRepetition: CodeName[] = endpoint.method === 'POST' && !isReading ? ['idempotencyKeyReused'] : []
  return [...refusals, 'incorrectData', ...ofRepetition, ...ofBody, ...always]
}

/** @returns the responses by status; what many operations share is a reference into `responseComponents` */
export function responsesOf(
  endpoint: Endpoint,
  text: OperationText,
): Record<string, ResponseObject | Reference> {
  const responses: Record<string, ResponseObject | Reference> = {}
  for (const [status, names] of byStatus(codesOf(endpoint, text))) {
    responses[status] =
      status === '200'
        ? successOf(endpoint, text, names)
        : { $ref: `#/components/responses/${componentName(names)}` }
  }
  return text.document ? { '200': documentOf(text.document), ...responses } : responses
}

/** @returns the shared responses of these operations by their names */
export function responseComponents(
  operations: readonly (readonly [Endpoint, OperationText])[],
): Record<string, ResponseObject> {
  const components: Record<string, ResponseObject> = {}
  for (const [endpoint, text] of operations) {
    for (const [status, names] of byStatus(codesOf(endpoint, text))) {
      if (status !== '200') components[componentName(names)] = envelopeOf(names, status)
    }
  }
  return components
}

/** @returns the schema of `response` for each code that these operations answer */
export function codeSchemas(names: Iterable<CodeName>): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {}
  for (const name of names) {
    const { $schema, ...schema } = z.toJSONSchema(responseSchema(name, CODES[name]), { io: 'output' })
    schemas[capitalised(name)] = schema as JsonSchema
  }
  return schemas
}

function byStatus(names: readonly CodeName[]): Map<string, CodeName[]> {
  const found = new Map<string, CodeName[]>()
  for (const name of names) {
    const status = String(CODES[name].status)
    found.set(status, [...(found.get(status) ?? []), name].sort(byCode))
  }
  return found
}

/** The first one stays the example's. */
function successOf(endpoint: Endpoint, text: OperationText, names: readonly CodeName[]): ResponseObject {
  const isRepeatable = endpoint.method === 'POST' && credentialOf(endpoint) !== undefined && !text.isReading
  const [first] = text.codes
  const example = text.example && first ? exampleAnswer(first, text.example.fields) : undefined
  return envelopeOf(names, '200', isRepeatable, example)
}

function byCode(one: CodeName, other: CodeName): number {
  return Number(CODES[one].code) - Number(CODES[other].code)
}

function componentName(names: readonly CodeName[]): string {
  return names.map(capitalised).join('-')
}

function envelopeOf(
  names: readonly CodeName[],
  status: string,
  isRepeatable = false,
  example?: object,
): ResponseObject {
  const references = names.map((name) => ({ $ref: `#/components/schemas/${capitalised(name)}` }))
  const response = references.length === 1 ? references[0] : { oneOf: references }
  const schema: JsonSchema = {
    allOf: [{ $ref: '#/components/schemas/Envelope' }],
    properties: { response: response as JsonSchema },
  }
  return {
    description: names.map((name) => `${CODES[name].code}: ${CODES[name].message}`).join('; '),
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(isRepeatable && { 'Idempotent-Replayed': { $ref: '#/components/headers/Replayed' } }),
      ...((status === '503' || status === '429') && {
        'Retry-After': { $ref: '#/components/headers/RetryAfter' },
      }),
    },
    content: { 'application/json': { schema, ...(example && { example }) } },
  }
}

function documentOf({ contentType, example }: NonNullable<OperationText['document']>): ResponseObject {
  const schema = { type: typeof example === 'string' ? 'string' : 'object' }
  return {
    description: 'May be cached for five minutes',
    headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
    content: { [contentType]: { schema, example } },
  }
}

/** The envelope of an example; what no reader could compare is shortened. */
function exampleAnswer(name: CodeName, fields: Readonly<Record<string, unknown>> = {}): object {
  const { code, message } = CODES[name]
  const response = { code, message, ...fields, timestamp: EXAMPLE_TIMESTAMP }
  return {
    response,
    response_base64: `${btoa(JSON.stringify(response)).slice(0, 32)}...`,
    private_key_used: 'global',
    signature: 'WIN8PNdudX1gYgUu4tBgndHrdCrby7Wv...',
  }
}
