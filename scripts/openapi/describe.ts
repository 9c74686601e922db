/** Generates the description from the endpoints, their rules, the codes and the texts in this folder. */
import type { Caller } from '../../src/callers/caller.ts'
import { NO_SIGNATURE } from '../../src/protocol/envelope.ts'
import { ADMIN_SCHEMAS, ADMIN_SECURITY, ADMIN_TAGS, adminPaths } from './admin.ts'
import {
  capitalize,
  type JsonSchema,
  type OpenApiDocument,
  type Operation,
  operationIdOf,
} from './document.ts'
import { KEY_SCHEMAS } from './key-schemas.ts'
import type { OperationText } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { bodyOf, bodySchema, PARAMETERS, parameterList } from './requests.ts'
import { codeSchemas, codesOf, HEADERS, responseComponents, responsesOf } from './responses.ts'
import { callersOf, SECURITY_SCHEMES, securityOf } from './security.ts'

/** Tags by `access`. */
export const TAGS: Readonly<
  Record<Caller['access'], { readonly name: string; readonly description: string }>
> = {
  use: {
    name: 'Use license keys',
    description: 'Your software sends these requests. It needs an API key with the capability `use`.',
  },
  assign: {
    name: 'Assign license keys',
    description: 'Your shop sends these requests. It needs an API key with the capability `assign`.',
  },
  stock: {
    name: 'Stock and generators',
    description: 'Needs an API key with the capability `stock`.',
  },
  products: { name: 'Products', description: 'Needs an API key with the capability `products`.' },
  contracts: {
    name: 'Contracts',
    description:
      'A contract lets another party, such as a reseller, generate license keys of a product. Managing contracts ' +
      'needs an API key with the capability `contracts`.',
  },
  'contract-holder': {
    name: 'Contract holders',
    description: 'The holder of a contract sends these requests. They need the contract key.',
  },
  public: {
    name: 'Public keys',
    description: 'The keys that verify responses and license files. No credential is needed.',
  },
  monitor: { name: 'Health', description: 'Shows whether the service works. No credential is needed.' },
  provider: {
    name: 'Payment webhooks',
    description: 'Payment providers send these requests and sign them with the secret of the webhook.',
  },
}

const ABOUT = `Keyseal issues license keys, exactly once for each order, and signs every answer. It implements \
the KeyManager/Keevault API v1.

To try it, run \`npm start\`, open /docs of that service, and enter the API key \`demo-api-key\` under \
Authentication. Every operation has a button that sends it.

## Codes

Read \`code\`, not the HTTP status: the protocol answers most refusals with HTTP 200. Unknown fields are ignored, and \
an empty field counts as missing. /v1 is an alias of /api/v1.

## Signatures

Every answer except a public key is an envelope, including refusals. The signature covers the characters of \
\`response_base64\`. Verify it, then decode \`response_base64\` and use only that. The algorithm is RSASSA-PKCS1-v1_5 \
with SHA-256 (RS256, RFC 8017), or Ed25519 (EdDSA, RFC 8032) if the seller chose an Ed25519 key, for one product or for \
all answers.

The header \`X-Signing-Key-Id\` is the \`kid\` of the key that signed. [/.well-known/jwks.json](/.well-known/jwks.json) \
lists the keys that sign now, come next or are retired, each with its algorithm. A server without a usable key answers \
2500 with \`"signature":"${NO_SIGNATURE}"\` and without that header: do not trust that answer.

The examples here are signed too. The examples of the two public-key operations contain the key that verifies them.`

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
      description: 'The key that signed: the global key, or the key of the product',
    },
    signature: {
      type: 'string',
      description:
        'The base64 of the signature over the characters of `response_base64`: RS256, or EdDSA if the key that ' +
        `X-Signing-Key-Id names is an Ed25519 key. "${NO_SIGNATURE}" if the server has no usable key`,
      pattern: `^([A-Za-z0-9+/]+={0,2}|${NO_SIGNATURE})$`,
    },
  },
}

/** @param version of this server */
export function describeApi(version: string): OpenApiDocument {
  const names = new Set(OPERATIONS.flatMap(codesOf))
  const posts = OPERATIONS.filter(
    ({ endpoint: { method, caller } }) => method === 'POST' && caller.access !== 'provider',
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
    tags: [...Object.values(TAGS), ...ADMIN_TAGS],
    paths: {
      ...Object.fromEntries(
        OPERATIONS.map((text) => [
          text.endpoint.path,
          { [text.endpoint.method.toLowerCase()]: operationOf(text) },
        ]),
      ),
      ...adminPaths(),
    },
    components: {
      schemas: {
        Envelope: ENVELOPE,
        ...KEY_SCHEMAS,
        ...ADMIN_SCHEMAS,
        ...Object.fromEntries(posts.map((text) => [requestName(text), bodySchema(text)])),
        ...codeSchemas(names),
      },
      responses: responseComponents(OPERATIONS),
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: { ...SECURITY_SCHEMES, ...ADMIN_SECURITY },
    },
  }
}

function operationOf(text: OperationText): Operation {
  const { endpoint, details } = text
  const parameters = parameterList(text)
  return {
    operationId: operationIdOf(endpoint.path),
    tags: [TAGS[endpoint.caller.access].name],
    summary: endpoint.summary,
    description: `${details || `${endpoint.summary}.`}\n\n**Who may call:** ${callersOf(endpoint)}`,
    security: securityOf(endpoint),
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint.method === 'POST' && {
      requestBody: { required: true, content: contentOf(text) },
    }),
    responses: responsesOf(text),
  }
}

/** The provider documents the body. */
function contentOf(text: OperationText) {
  return text.endpoint.caller.access === 'provider'
    ? {
        'application/json': {
          schema: { type: 'object' },
          ...(text.event && { example: text.event.payload }),
        },
      }
    : bodyOf(requestName(text), text)
}

function requestName({ endpoint: { path } }: OperationText): string {
  return `${capitalize(operationIdOf(path))}Request`
}
