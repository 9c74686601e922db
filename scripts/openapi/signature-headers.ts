/** The headers by which a payment provider proves that it is the sender. */
import { PROVIDER_NAMES, type ProviderName } from '../../src/payments/provider.ts'
import { TOLERANCE_SECONDS } from '../../src/payments/signatures.ts'
import type { Parameter } from './document.ts'
import type { ProviderEvent } from './operation.ts'

type SignatureHeader = Pick<Parameter, 'name' | 'description'>

const HMAC = 'HMAC-SHA-256 by the secret of the webhook'
const TIMELY = `Unix seconds, at most ${TOLERANCE_SECONDS} from now`

/** Standard Webhooks 1.0. */
const STANDARD: readonly [SignatureHeader, ...SignatureHeader[]] = [
  {
    name: 'webhook-signature',
    description: `\`v1,\` and the base64 of the ${HMAC}, of id, time and body with dots between; several with spaces between`,
  },
  { name: 'webhook-id', description: 'Names the event: the same each time it is sent' },
  { name: 'webhook-timestamp', description: `When it was sent: ${TIMELY}` },
]

/** The signature first. */
const HEADERS: Readonly<Record<ProviderName, readonly [SignatureHeader, ...SignatureHeader[]]>> = {
  dodo: STANDARD,
  'lemon-squeezy': [{ name: 'X-Signature', description: `The hex of the ${HMAC}, of the body` }],
  paddle: [
    {
      name: 'Paddle-Signature',
      description: `\`ts=<time>;h1=<hex>\`: the ${HMAC}, of time and body with a colon between. Time: ${TIMELY}`,
    },
  ],
  polar: STANDARD,
  stripe: [
    {
      name: 'Stripe-Signature',
      description: `\`t=<time>,v1=<hex>\`: the ${HMAC}, of time and body with a dot between. Time: ${TIMELY}`,
    },
  ],
  standard: STANDARD,
}

/** @returns the header in which the signature itself comes */
export function signatureHeaderOf(provider: ProviderName): string {
  return HEADERS[provider][0].name
}

/** @throws Error where the path is none of a provider's */
export function providerAt(path: string): ProviderName {
  const provider = PROVIDER_NAMES.find((name) => path === `/webhooks/${name}`)
  if (!provider) throw new Error(`${path} is not the path of a payment provider.`)
  return provider
}

/** All headers of a delivery that are verified; each must be there. */
export function signatureHeaders(path: string, event?: ProviderEvent): Parameter[] {
  return HEADERS[providerAt(path)].map((header) => ({
    ...header,
    in: 'header',
    required: true,
    schema: { type: 'string' },
    ...(event && { example: event.headers[header.name] }),
  }))
}
