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
import { KEY_SCHEMAS } from './key-schemas.ts'
import type { OperationText } from './operation.ts'
import { OPERATIONS } from './operations/index.ts'
import { EXAMPLE_HOST } from './page-example.ts'
import { bodyOf, bodySchema, PARAMETERS, parameterList } from './requests.ts'
import { codeSchemas, codesOf, HEADERS, responseComponents, responsesOf } from './responses.ts'
import { callersOf, SECURITY_SCHEMES, securityOf } from './security.ts'

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

/** As src/envelope/envelope.ts has it. */
const UNSIGNED = 'Private key not set'

const ABOUT = `A license-key server that runs at the edge: issues keys in bulk, exactly once, and signs every answer. \
It speaks the KeyManager/Keevault API v1.

Every answer but a public key is an envelope, failures too. The signature is over the characters of \
\`response_base64\`: verify it, then decode \`response_base64\` and use what is in there. It is RSASSA-PKCS1-v1_5 with SHA-256 (RS256, RFC 8017), or Ed25519 \
(EdDSA, RFC 8032) where the seller has chosen a key of that kind, for a product or for everything. The header \
\`X-Signing-Key-Id\` names the key by its \`kid\` in [/.well-known/jwks.json](#wellKnownJwksJson), where the keys that \
sign, come next and are retired stand: which algorithm it is for, the key says itself. A server without a usable key \
answers 2500, and says \`"signature":"${UNSIGNED}"\`, without that header: believe none of it.

The code decides, not the HTTP status: the protocol answers most of what it refuses with HTTP 200. Fields that are \
unknown are ignored, and what is empty counts as left out. /v1 is an alias of /api/v1.

In the examples, put your server's address in place of \`${EXAMPLE_HOST}\`, and your keys in place of \`$API_KEY\` and \
\`$CONTRACT_KEY\`. What \`npm start\` has started is \`http://127.0.0.1:8787\`, with the API key \`demo-api-key\`.`

const ENVELOPE: JsonSchema = {
  type: 'object',
  required: ['response', 'response_base64', 'private_key_used', 'signature'],
  properties: {
    response: { type: 'object' },
    response_base64: { type: 'string', contentEncoding: 'base64', description: 'The text of response' },
    private_key_used: { enum: ['global', 'product'], description: 'Whose key signed' },
    signature: {
      type: 'string',
      description:
        'The base64 of the signature over the characters of response_base64: RS256, or EdDSA where the key that ' +
        `X-Signing-Key-Id names is of Ed25519. ${UNSIGNED}: no key is usable, and nothing is signed`,
      anyOf: [
        { type: 'string', contentEncoding: 'base64', pattern: '^[A-Za-z0-9+/]+={0,2}$' },
        { const: UNSIGNED },
      ],
    },
  },
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
        ...KEY_SCHEMAS,
        ...Object.fromEntries(
          posts.map(([endpoint, text]) => [requestName(endpoint), bodySchema(endpoint, text)]),
        ),
        ...codeSchemas(names),
      },
      responses: responseComponents(operations),
      parameters: PARAMETERS,
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
    description: `${text.details}\n\n**Who may call:** ${callersOf(endpoint)}`,
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
    ? {
        'application/json': {
          schema: { type: 'object' },
          ...(text.event && { example: text.event.payload }),
        },
      }
    : bodyOf(requestName(endpoint), text)
}

function requestName({ path }: Endpoint): string {
  return `${capitalised(operationIdOf(path))}Request`
}
