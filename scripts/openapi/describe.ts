/** The whole description, made of the endpoints, their rules, the codes and the texts beside this file. */
import type { Endpoint } from '../../src/api/endpoint.ts'
import { ENDPOINTS } from '../../src/api/v1.ts'
import {
  capitalised,
  type JsonSchema,
  type OpenApiDocument,
  type Operation,
  operationIdOf,
} from './document.ts'
import type { OperationText } from './operation.ts'
import { OPERATIONS } from './operations/index.ts'
import { bodyOf, bodySchema, IDEMPOTENCY_KEY, parameterList } from './requests.ts'
import { codeSchemas, codesOf, responseComponents, responsesOf } from './responses.ts'
import { SECURITY_SCHEMES, securityOf } from './security.ts'

/** By `access`. */
const TAGS: Readonly<Record<Endpoint['access'], { readonly name: string; readonly description: string }>> = {
  use: { name: 'Use a license key', description: 'With an API key that may "use".' },
  assign: { name: 'Assign license keys', description: 'With an API key that may "assign".' },
  stock: { name: 'Stock, corrections and generators', description: 'With an API key that may "stock".' },
  products: { name: 'Products', description: 'With an API key that may "products".' },
  contracts: { name: 'Contracts', description: 'With an API key that may "contracts".' },
  'contract-holder': { name: 'Holders of a contract', description: 'With the key of a contract.' },
  public: { name: 'Public keys', description: 'For anyone.' },
  monitor: { name: 'Health', description: 'For anyone; told is only whether the service works.' },
  provider: { name: 'Payment providers', description: 'For whoever signs with the secret of a provider.' },
}

const ABOUT = `A license-key server that runs at the edge: issues keys in bulk, exactly once, and signs every answer. \
It speaks the KeyManager/Keevault API v1.

Every answer is an envelope, failures too. The signature is RSASSA-PKCS1-v1_5 with SHA-256 over the characters of \
response_base64: verify it, then decode response_base64 and use what is in there. The code decides, not the HTTP \
status: the protocol answers most of what it refuses with HTTP 200. Fields that are unknown are ignored, and what is \
empty counts as left out. /v1 is an alias of /api/v1.`

const ENVELOPE: JsonSchema = {
  type: 'object',
  required: ['response', 'response_base64', 'private_key_used', 'signature'],
  properties: {
    response: { type: 'object' },
    response_base64: { type: 'string', contentEncoding: 'base64', description: 'The text of response' },
    private_key_used: { enum: ['global', 'product'], description: 'Whose key signed' },
    signature: { type: 'string', contentEncoding: 'base64', description: 'RS256 of response_base64' },
  },
}

const HEADERS = {
  RequestId: { description: 'Names the answer in the log.', schema: { type: 'string', format: 'uuid' } },
  Replayed: { description: 'The answer repeats an earlier one.', schema: { const: 'true' } },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'string', pattern: '^[0-9]+$' } },
}

/**
 * @param version of this server
 * @throws Error where an endpoint has no text, or a text no endpoint
 */
export function describeApi(version: string): OpenApiDocument {
  const operations = textsOfEndpoints()
  const names = new Set(operations.flatMap(([endpoint, text]) => codesOf(endpoint, text)))
  const posts = operations.filter(([{ method, access }]) => method === 'POST' && access !== 'provider')
  return {
    openapi: '3.1.0',
    info: {
      title: 'Keyseal',
      version,
      description: ABOUT,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server that this description is read from' }],
    tags: Object.values(TAGS),
    paths: Object.fromEntries(
      operations.map(([endpoint, text]) => [
        endpoint.path,
        { [endpoint.method.toLowerCase()]: operationOf(endpoint, text) },
      ]),
    ),
    components: {
      schemas: {
        Envelope: ENVELOPE,
        ...Object.fromEntries(posts.map(([endpoint]) => [requestName(endpoint), bodySchema(endpoint)])),
        ...codeSchemas(names),
      },
      responses: responseComponents(operations),
      parameters: { IdempotencyKey: IDEMPOTENCY_KEY },
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  }
}

function textsOfEndpoints(): (readonly [Endpoint, OperationText])[] {
  const stray = OPERATIONS.find(({ path }) => ENDPOINTS.every((endpoint) => endpoint.path !== path))
  if (stray) throw new Error(`There is no endpoint ${stray.path}: take it out of scripts/openapi/operations.`)
  return ENDPOINTS.map((endpoint) => {
    const text = OPERATIONS.find(({ path }) => path === endpoint.path)
    if (!text) throw new Error(`Describe ${endpoint.path} in scripts/openapi/operations.`)
    return [endpoint, text]
  })
}

function operationOf(endpoint: Endpoint, text: OperationText): Operation {
  const parameters = parameterList(endpoint, text)
  return {
    operationId: operationIdOf(endpoint.path),
    tags: [TAGS[endpoint.access].name],
    summary: text.summary,
    security: securityOf(endpoint),
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint.method === 'POST' && {
      requestBody: { required: true, content: contentOf(endpoint, text) },
    }),
    responses: responsesOf(endpoint, text),
  }
}

/** What a provider sends is its own to describe. */
function contentOf(endpoint: Endpoint, text: OperationText) {
  return endpoint.access === 'provider'
    ? { 'application/json': { schema: { type: 'object' } } }
    : bodyOf(requestName(endpoint), text)
}

function requestName({ path }: Endpoint): string {
  return `${capitalised(operationIdOf(path))}Request`
}
