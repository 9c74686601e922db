/** What an operation takes: the very rules that the endpoint checks, as JSON Schema. */
import * as z from 'zod'
import type { Endpoint } from '../../src/api/endpoint.ts'
import { readSettings } from '../../src/env.ts'
import type { JsonSchema, Media, Parameter, Reference } from './document.ts'
import type { Example, OperationText } from './operation.ts'
import { credentialOf } from './security.ts'

/** The settings of a fresh deployment: what they limit is limited so in the description. */
const settings = readSettings({ DB: {} })

/** @returns the schema of the parameters, or undefined where there are no rules */
export function parametersOf(endpoint: Endpoint): JsonSchema | undefined {
  if (!endpoint.parameters) return undefined
  const { $schema, ...schema } = z.toJSONSchema(endpoint.parameters(settings), {
    io: 'input',
    unrepresentable: 'any',
  })
  return schema as JsonSchema
}

/** The parameters that are not in a body. */
export function parameterList(
  endpoint: Endpoint,
  { isReading, example }: OperationText,
): (Parameter | Reference)[] {
  if (endpoint.method === 'GET') return queryOf(parametersOf(endpoint), example)
  const isRepeatable = credentialOf(endpoint) !== undefined && !isReading
  return isRepeatable ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []
}

function queryOf(schema: JsonSchema = {}, example?: Example): Parameter[] {
  return Object.entries(schema.properties ?? {}).map(([name, { description, ...rule }]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    ...(description !== undefined && { description }),
    schema: rule,
    ...(name in (example?.request ?? {}) && { example: example?.request[name] }),
  }))
}

/** The schema of a body: the parameters, and the field for whoever can not send a bearer token. */
export function bodySchema(endpoint: Endpoint): JsonSchema {
  const schema = parametersOf(endpoint) ?? { type: 'object' }
  const credential = credentialOf(endpoint)
  if (!credential) return schema
  const field = { type: 'string', description: `${credential.title}, where no bearer token is sent` }
  return { ...schema, properties: { [credential.field]: field, ...schema.properties } }
}

/** The same fields in either of the two formats. */
export function bodyOf(operationId: string, { example }: OperationText): Readonly<Record<string, Media>> {
  const schema = { $ref: `#/components/schemas/${operationId}` }
  return {
    'application/json': { schema, ...(example && { example: example.request }) },
    'application/x-www-form-urlencoded': { schema, ...(example && { example: formFields(example.request) }) },
  }
}

/** Fields as a form has them: lists are JSON. */
export function formFields(request: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request).map(([name, value]) => [
      name,
      Array.isArray(value) ? JSON.stringify(value) : String(value),
    ]),
  )
}

export const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Asked again with the same key, it is not done again, and the same bytes come back. With other parameters: code 2422.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  example: 'order-1001',
}
