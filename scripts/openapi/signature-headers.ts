/** The headers with which payment providers and Resend sign their requests. */

import { TOLERANCE_SECONDS } from '../../src/http/signatures.ts'
import { PROVIDER_NAMES } from '../../src/payments/provider.ts'
import type { Parameter } from './document.ts'
import type { ProviderEvent } from './operation.ts'

/** The senders of signed webhooks: payment providers, and the e-mail service. */
export const SENDERS = [...PROVIDER_NAMES, 'resend'] as const
export type Sender = (typeof SENDERS)[number]

type SignatureHeader = Pick<Parameter, 'name' | 'description'>

const HMAC = 'HMAC-SHA-256 with the secret of the webhook'
const TIMELY = `Unix seconds, at most ${TOLERANCE_SECONDS} from now`

/** Standard Webhooks 1.0. @param prefix of the names of its headers */
function standardHeaders(prefix: 'webhook' | 'svix'): readonly [SignatureHeader, ...SignatureHeader[]] {
  return [
    {
      name: `${prefix}-signature`,
      description: `\`v1,\` and the base64 of the ${HMAC} over id, time and body, joined by dots. Several are separated by spaces`,
    },
    { name: `${prefix}-id`, description: 'The id of the event, the same in each attempt' },
    { name: `${prefix}-timestamp`, description: `When it was sent: ${TIMELY}` },
  ]
}

const STANDARD = standardHeaders('webhook')

/** The first header is the signature. */
const HEADERS: Readonly<Record<Sender, readonly [SignatureHeader, ...SignatureHeader[]]>> = {
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
  resend: standardHeaders('svix'),
}

/** @returns the header of the signature */
export function signatureHeaderOf(sender: Sender): SignatureHeader {
  return HEADERS[sender][0]
}

/** @throws Error if the path is not a sender's */
export function senderAt(path: string): Sender {
  const sender = SENDERS.find((name) => path === `/webhooks/${name}`)
  if (!sender) throw new Error(`${path} is not the path of a sender of webhooks.`)
  return sender
}

/** The required and verified headers, the signature first. */
export function verifiedHeaders(path: string): string[] {
  return HEADERS[senderAt(path)].map(({ name }) => name)
}

/** The headers except the signature, which is the credential of the operation. */
export function signedHeaders(path: string, event?: ProviderEvent): Parameter[] {
  const [, ...others] = HEADERS[senderAt(path)]
  return others.map((header) => ({
    ...header,
    in: 'header',
    required: true,
    schema: { type: 'string' },
    ...(event && { example: event.headers[header.name] }),
  }))
}
