/** The parameters of an operation: the endpoint's own rules, as JSON Schema. */
import * as z from 'zod'
import { CONTRACT_FIELDS } from '../../src/contracts/contract-fields.ts'
import type { Example } from '../../src/http/docs.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { QUANTITY_LIMIT } from '../../src/issuing/inserts.ts'
import { quantityMax } from '../../src/issuing/order.ts'
import type { Settings } from '../../src/platform/settings.ts'
import type { JsonSchema, Media, Parameter, Reference } from './document.ts'
import { withMeanings } from './fields.ts'
import { withLimitedDigits } from './number-texts.ts'
import type { OperationText } from './operation.ts'
import { credentialOf, isRepeatable } from './security.ts'
import { signedHeaders } from './signature-headers.ts'

/** The highest limits that a deployment can configure. Descriptions mention the configured limit. */
export const settings: Settings = { MAX_QUANTITY: String(QUANTITY_LIMIT) }

/** @returns the schema of the parameters, or undefined if there are no rules */
export function parametersOf(text: OperationText): JsonSchema | undefined {
  const { endpoint } = text
  const schema = rulesOf(endpoint, settings)
  if (!schema) return undefined
  const rulesWithLowLimit = rulesOf(endpoint, { MAX_QUANTITY: '1' })?.properties
  const properties = Object.entries(schema.properties ?? {}).map(([name, rule]) => {
    const hasSetting = JSON.stringify(rule) !== JSON.stringify(rulesWithLowLimit?.[name])
    return [name, withLimitedDigits(hasSetting ? withSetting(rule) : rule)]
  })
  // API reference pages list the alternatives by title.
  const alternatives = schema.anyOf?.map((rule) => ({ title: `With ${rule.required?.join(', ')}`, ...rule }))
  return withMeanings(
    { ...schema, properties: Object.fromEntries(properties), ...(alternatives && { anyOf: alternatives }) },
    text,
  )
}

function rulesOf(endpoint: Endpoint, limits: Settings): JsonSchema | undefined {
  if (!endpoint.parameters) return undefined
  return schemaOfRule(endpoint.parameters(limits))
}

function schemaOfRule(rule: z.core.$ZodType): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(rule, { io: 'input', unrepresentable: 'any' })
  return schema as JsonSchema
}

/** Mentions the setting that limits the value. */
function withSetting(rule: JsonSchema): JsonSchema {
  const range = `default ${quantityMax({})}, at most ${QUANTITY_LIMIT}`
  const limit = `MAX_QUANTITY, a setting of the server (${range});`
  return { ...rule, description: rule.description?.replace(`${QUANTITY_LIMIT},`, limit) ?? '' }
}

/** The parameters that are not in a body. */
export function parameterList(text: OperationText): (Parameter | Reference)[] {
  const { endpoint } = text
  if (endpoint.caller.access === 'provider') return signedHeaders(endpoint.path, text.event)
  if (endpoint.method === 'GET') {
    const conditional = endpoint.caller.access === 'public' ? [reference('IfNoneMatch')] : []
    return [...queryOf(parametersOf(text), text.example), ...conditional]
  }
  return isRepeatable(endpoint) ? [reference('IdempotencyKey')] : []
}

function reference(name: keyof typeof PARAMETERS): Reference {
  return { $ref: `#/components/parameters/${name}` }
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

/** API keys have no pattern. Contract keys are chosen by the seller. */
const CREDENTIAL_RULES: Readonly<Record<string, JsonSchema>> = {
  api_key: { type: 'string', minLength: 1 },
  contract_key: schemaOfRule(CONTRACT_FIELDS.contract_key),
}

/** The schema of a body: the parameters, and the key for clients that cannot send a bearer token. */
export function bodySchema(text: OperationText): JsonSchema {
  const schema = parametersOf(text) ?? { type: 'object' }
  const credential = credentialOf(text.endpoint)
  if (!credential) return schema
  const description = `${credential.title}, if you send no bearer token. If both are missing, the code is 100`
  const field = { ...CREDENTIAL_RULES[credential.field], description }
  return { ...schema, properties: { [credential.field]: field, ...schema.properties } }
}

/** The fields in both formats. */
export function bodyOf(operationId: string, { example }: OperationText): Readonly<Record<string, Media>> {
  const schema = { $ref: `#/components/schemas/${operationId}` }
  return {
    'application/json': { schema, ...(example && { example: example.request }) },
    'application/x-www-form-urlencoded': { schema, ...(example && { example: formFields(example.request) }) },
  }
}

/** Form fields. Lists are JSON. */
export function formFields(request: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request).map(([name, value]) => [
      name,
      Array.isArray(value) ? JSON.stringify(value) : String(value),
    ]),
  )
}

/** Parameters that many operations share. */
export const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      '1 to 255 visible ASCII characters. If you repeat a request with the same key, it is not carried out again, and ' +
      'the answer has the same bytes, except that a license file is made anew. If the parameters differ, the code is 2422',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
    example: 'order-1001',
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'The `ETag` of an earlier answer. If it is still current, the HTTP status is 304',
    schema: { type: 'string' },
  },
} satisfies Record<string, Parameter>
