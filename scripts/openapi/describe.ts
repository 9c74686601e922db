/** The whole description, made of the endpoints, their rules, the codes and the texts beside this file. */
import type { Caller } from '../../src/callers/caller.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import {
  capitalised,
  type JsonSchema,
  type OpenApiDocument,
  type Operation,
  operationIdOf,
} from './document.ts'
import { KEY_SCHEMAS } from './key-schemas.ts'
import type { OperationText } from './operation.ts'
import { DOCS, OPERATIONS } from './operations.ts'
import { bodyOf, bodySchema, PARAMETERS, parameterList } from './requests.ts'
import { codeSchemas, codesOf, HEADERS, responseComponents, responsesOf } from './responses.ts'
import { callersOf, SECURITY_SCHEMES, securityOf } from './security.ts'

/** By `access`. */
export const TAGS: Readonly<
  Record<Caller['access'], { readonly name: string; readonly description: string }>
> = {
  use: {
    name: 'Use license keys',
    description: 'What your software asks. It needs an API key with the capability `use`.',
  },
  assign: {
    name: 'Assign license keys',
    description: 'What your shop asks. It needs an API key with the capability `assign`.',
  },
  stock: {
    name: 'Stock and generators',
    description: 'Needs an API key with the capability `stock`.',
  },
  products: { name: 'Products', description: 'Needs an API key with the capability `products`.' },
  contracts: {
    name: 'Contracts',
    description:
      'A contract lets somebody else generate license keys of a product, such as a reseller. Managing contracts ' +
      'needs an API key with the capability `contracts`.',
  },
  'contract-holder': {
    name: 'Contract holders',
    description: 'What the holder of a contract asks. It needs the contract key.',
  },
  public: { name: 'Public keys', description: 'The keys that verify answers. Needs no credential.' },
  monitor: { name: 'Health', description: 'Whether the service works. Needs no credential.' },
  provider: {
    name: 'Payment webhooks',
    description: 'What payment providers send. They sign with the secret of the webhook.',
  },
}

/** As src/envelope/envelope.ts has it. */
const UNSIGNED = 'Private key not set'

const ABOUT = `Keyseal issues license keys, exactly once for each order, and signs every answer. It speaks the \
KeyManager/Keevault API v1.

To try it, run \`npm start\`, open /docs of that service, and enter the API key \`demo-api-key\` under \
Authentication. Every operation has a button that sends it.

## Codes

Read \`code\`, not the HTTP status: the protocol answers most refusals with HTTP 200. Unknown fields are ignored, and \
an empty field counts as missing. /v1 is an alias of /api/v1.

## Signatures

Every answer except a public key is an envelope, refusals too. The signature covers the characters of \
\`response_base64\`. Verify it, then decode \`response_base64\` and use only that. The algorithm is RSASSA-PKCS1-v1_5 \
with SHA-256 (RS256, RFC 8017), or Ed25519 (EdDSA, RFC 8032) if the seller chose an Ed25519 key, for one product or for \
all answers.

The header \`X-Signing-Key-Id\` is the \`kid\` of the key that signed. [/.well-known/jwks.json](/.well-known/jwks.json) \
lists the keys that sign now, come next or are retired, each with its algorithm. A server without a usable key answers \
2500 with \`"signature":"${UNSIGNED}"\` and without that header: do not trust that answer.

The examples here are signed too. The example answers of the two public-key operations hold the key that verifies them.`

const ENVELOPE: JsonSchema = {
  type: 'object',
  required: ['response', 'response_base64', 'private_key_used', 'signature'],
  properties: {
    response: { type: 'object' },
    response_base64: {
      type: 'string',
      contentEncoding: 'base64',
      description: 'The base64 of the text of `response`',
    },
    private_key_used: {
      enum: ['global', 'product'],
      description: 'Which key signed: the one for all answers, or the one of the product',
    },
    signature: {
      type: 'string',
      description:
        'The base64 of the signature over the characters of `response_base64`: RS256, or EdDSA if the key that ' +
        `X-Signing-Key-Id names is an Ed25519 key. "${UNSIGNED}" if the server has no usable key`,
      pattern: `^([A-Za-z0-9+/]+={0,2}|${UNSIGNED})$`,
    },
  },
}

/**
 * @param version of this server
 * @throws Error where a docs.ts describes no endpoint
 */
export function describeApi(version: string): OpenApiDocument {
  const operations = textsOfEndpoints()
  const names = new Set(operations.flatMap(([endpoint, text]) => codesOf(endpoint, text)))
  const posts = operations.filter(
    ([
      {
        method,
        caller: { access },
      },
    ]) => method === 'POST' && access !== 'provider',
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Keyseal',
      version,
      description: ABOUT,
      contact: { name: 'The operator of this server' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server that served this description' }],
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
  const texts = new Map(OPERATIONS.map((text) => [text.path, text]))
  const stray = Object.keys(DOCS).find((path) => !texts.has(path as `/${string}`))
  if (stray) throw new Error(`No endpoint has the path ${stray}. Remove it from the docs.ts of its folder.`)
  return ENDPOINTS.map((endpoint) => [endpoint, texts.get(endpoint.path) as OperationText])
}

function operationOf(endpoint: Endpoint, text: OperationText): Operation {
  const parameters = parameterList(endpoint, text)
  return {
    operationId: operationIdOf(endpoint.path),
    tags: [TAGS[endpoint.caller.access].name],
    summary: text.summary,
    description: `${text.details || `${text.summary}.`}\n\n**Who may call:** ${callersOf(endpoint)}`,
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
  return endpoint.caller.access === 'provider'
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
