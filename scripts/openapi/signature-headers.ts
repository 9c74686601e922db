/** The headers with which payment providers sign their requests. */
import { PROVIDER_NAMES, type ProviderName } from '../../src/payments/provider.ts'
import { TOLERANCE_SECONDS } from '../../src/payments/signatures.ts'
import type { Parameter } from './document.ts'
import type { ProviderEvent } from './operation.ts'

type SignatureHeader = Pick<Parameter, 'name' | 'description'>

const HMAC = 'HMAC-SHA-256 with the secret of the webhook'
const TIMELY = `Unix seconds, at most ${TOLERANCE_SECONDS} from now`

/** Standard Webhooks 1.0. */
const STANDARD: readonly [SignatureHeader, ...SignatureHeader[]] = [
  {
    name: 'webhook-signature',
    description: `\`v1,\` and the base64 of the ${HMAC} over id, time and body, joined by dots. Several are separated by spaces`,
  },
  { name: 'webhook-id', description: 'The id of the event, the same in each attempt' },
  { name: 'webhook-timestamp', description: `When it was sent: ${TIMELY}` },
]

/** The first header is the signature. */
const HEADERS: Readonly<Record<ProviderName, readonly [SignatureHeader, ...SignatureHeader[]]>> = {
  creem: [{ name: 'creem-signature', description: `The hex of the ${HMAC} over the body` }],
  dodo: STANDARD,
  fastspring: [{ name: 'X-FS-Signature', description: `The base64 of the ${HMAC} over the body` }],
  'lemon-squeezy': [{ name: 'X-Signature', description: `The hex of the ${HMAC} over the body` }],
  paddle: [
    {
      name: 'Paddle-Signature',
      description: `\`ts=<time>;h1=<hex>\`: the ${HMAC} over time and body, joined by a colon. Time: ${TIMELY}`,
    },
  ],
  polar: STANDARD,
  shopify: [{ name: 'X-Shopify-Hmac-Sha256', description: `The base64 of the ${HMAC} over the body` }],
  stripe: [
    {
      name: 'Stripe-Signature',
      description: `\`t=<time>,v1=<hex>\`: the ${HMAC} over time and body, joined by a dot. Time: ${TIMELY}`,
    },
  ],
  woocommerce: [{ name: 'X-WC-Webhook-Signature', description: `The base64 of the ${HMAC} over the body` }],
  standard: STANDARD,
}

/** @returns the header of the signature */
export function signatureHeaderOf(provider: ProviderName): SignatureHeader {
  return HEADERS[provider][0]
}

/** @throws Error if the path is not a provider's */
export function providerAt(path: string): ProviderName {
  const provider = PROVIDER_NAMES.find((name) => path === `/webhooks/${name}`)
  if (!provider) throw new Error(`${path} is not the path of a payment provider.`)
  return provider
}

/** The required and verified headers, the signature first. */
export function verifiedHeaders(path: string): string[] {
  return HEADERS[providerAt(path)].map(({ name }) => name)
}

/** The headers except the signature, which is the credential of the operation. */
export function signedHeaders(path: string, event?: ProviderEvent): Parameter[] {
  const [, ...others] = HEADERS[providerAt(path)]
  return others.map((header) => ({
    ...header,
    in: 'header',
    required: true,
    schema: { type: 'string' },
    ...(event && { example: event.headers[header.name] }),
  }))
}
