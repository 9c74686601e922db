/** All endpoints with their texts and examples. */
import { docs as contracts } from '../../src/contracts/docs.ts'
import { docs as deliveries } from '../../src/deliveries/docs.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import type { DocsByPath } from '../../src/http/docs.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { docs as issuing } from '../../src/issuing/docs.ts'
import { docs as keys } from '../../src/keys/docs.ts'
import { docs as payments } from '../../src/payments/docs.ts'
import { docs as products } from '../../src/products/docs.ts'
import { CODES, type Code } from '../../src/protocol/codes.ts'
import { docs as service } from '../../src/service/docs.ts'
import { DEMO_PRICE } from '../demo-data.ts'
import { PROVIDER_SAMPLES } from '../webhook-samples/index.ts'
import { emailReport, RESEND_SECRET, svixHeaders } from '../webhook-samples/resend.ts'
import type { CodeName } from './answers.ts'
import { EXAMPLE_FILE_KEY_SET, EXAMPLE_KEY_SET, RSA_PEM } from './example-keys.ts'
import type { OperationText, ProviderEvent } from './operation.ts'
import { EXAMPLE_SECONDS } from './responses.ts'

const DOCS: DocsByPath = {
  ...keys,
  ...products,
  ...contracts,
  ...issuing,
  ...service,
  ...payments,
  ...deliveries,
}

/** The order of the examples. Each works on the demo data after the ones before it. */
const EXAMPLE_ORDER: readonly string[] = [
  '/api/v1/create-license-keys',
  '/api/v1/get-available-license-keys-count',
  '/api/v1/update-license-key',
  '/api/v1/delete-license-key',
  '/api/v1/get-all-generators',
  '/api/v1/generate',
  '/api/v1/assign-license-key',
  '/api/v1/assign-and-activate-license-key',
  '/api/v1/random-assign-license-keys',
  '/api/v1/activate',
  '/api/v1/verify',
  '/api/v1/create-license-key-meta',
  '/api/v1/update-license-key-meta',
  '/api/v1/get-license-key-details',
  '/api/v1/delete-license-key-meta',
  '/api/v1/deactivate',
  '/api/v1/get-license-keys',
  '/api/v1/create-product',
  '/api/v1/update-product',
  '/api/v1/create-product-meta',
  '/api/v1/update-product-meta',
  '/api/v1/get-all-products',
  '/api/v1/delete-product-meta',
  '/api/v1/delete-product',
  '/api/v1/create-contract',
  '/api/v1/update-contract',
  '/api/v1/get-all-contracts',
  '/api/v1/contracts/generate',
  '/api/v1/contracts/get-info',
  '/api/v1/contracts/destroy',
  '/api/v1/contracts/destroy-all',
  '/api/v1/delete-contract',
]

/** Responses without an envelope, by path. */
const DOCUMENTS: Readonly<Record<string, NonNullable<OperationText['document']>>> = {
  '/api/v1/public-key': {
    contentType: 'text/plain',
    description: 'The public key, as PEM (RFC 7468 section 13)',
    schema: { type: 'string', pattern: '^-----BEGIN PUBLIC KEY-----\\n' },
    example: RSA_PEM,
  },
  '/.well-known/jwks.json': {
    contentType: 'application/jwk-set+json',
    description: 'The JWK Set',
    schema: { $ref: '#/components/schemas/KeySet' },
    example: EXAMPLE_KEY_SET,
  },
  '/.well-known/license-file-keys.json': {
    contentType: 'application/jwk-set+json',
    description: 'The JWK Set',
    schema: { $ref: '#/components/schemas/FileKeySet' },
    example: EXAMPLE_FILE_KEY_SET,
  },
}

const ORDER = {
  order: '1001',
  externalId: DEMO_PRICE,
  now: EXAMPLE_SECONDS * 1000,
  eventId: 'evt_keyseal_demo',
} as const

/** As in Resend's own documentation. */
const EXAMPLE_MESSAGE_ID = '56761188-7520-42d8-8898-ff6fc54ce618'

const unknownPath = Object.keys(DOCS).find((path) => !ENDPOINTS.some((endpoint) => endpoint.path === path))
if (unknownPath)
  throw new Error(`No endpoint has the path ${unknownPath}. Remove it from the docs.ts of its folder.`)

/** In the order of `ENDPOINTS`. */
export const OPERATIONS: readonly OperationText[] = await Promise.all(ENDPOINTS.map(operationOf))

/** Operations with an example, in the order above; those that it does not list come last. */
export const EXAMPLES: readonly OperationText[] = OPERATIONS.filter(({ example }) => example).sort(
  (one, other) => placeOf(one) - placeOf(other),
)

function placeOf({ endpoint: { path } }: OperationText): number {
  const place = EXAMPLE_ORDER.indexOf(path)
  return place === -1 ? EXAMPLE_ORDER.length : place
}

async function operationOf(endpoint: Endpoint): Promise<OperationText> {
  const { path, codes } = endpoint
  const { details = '', example } = DOCS[path] ?? {}
  const document = DOCUMENTS[path]
  const event = endpoint.caller.access === 'provider' ? await eventOf(path) : undefined
  return {
    endpoint,
    details,
    codes: codes.map(nameOf),
    ...(document && { document }),
    ...(example && { example }),
    ...(event && { event }),
  }
}

function nameOf(code: Code): CodeName {
  const found = Object.entries<Code>(CODES).find(([, known]) => known === code)
  if (!found) throw new Error(`Add the code ${code.code} to src/protocol/codes.ts.`)
  return found[0] as CodeName
}

async function eventOf(path: string): Promise<ProviderEvent> {
  if (path === '/webhooks/resend') {
    const event = emailReport('email.bounced', EXAMPLE_MESSAGE_ID, EXAMPLE_SECONDS * 1000, 'msg_keyseal_demo')
    const headers = await svixHeaders(event, RESEND_SECRET, EXAMPLE_SECONDS)
    return { headers, payload: JSON.parse(event.body), fields: { outcome: 'recorded' } }
  }
  const samples = PROVIDER_SAMPLES.find(({ provider }) => path === `/webhooks/${provider}`)
  if (!samples) throw new Error(`Add samples for ${path} to scripts/webhook-samples.`)
  const event = samples.purchase(ORDER)
  // Replace the random parts of a sample, so that the description stays the same.
  const body = event.body.replaceAll(/_[0-9a-f]{32}\b/g, '_keyseal_demo')
  const headers = await samples.sign({ ...event, body }, samples.secret, EXAMPLE_SECONDS)
  return { headers, payload: JSON.parse(body), fields: { outcome: 'issued' } }
}
