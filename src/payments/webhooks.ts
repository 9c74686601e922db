/**
 * `POST /webhooks/<provider>`. Providers check only the status: 200 means that the event is stored. A malformed
 * event of Standard Webhooks is stored too, and its sender gets 422 with the fields to correct.
 */
import { done, PROVIDER } from '../callers/caller.ts'
import { readBytes } from '../http/body.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import type { FieldErrors } from '../protocol/fields.ts'
import type { ProviderName } from './provider.ts'
import { PROVIDERS } from './providers/index.ts'
import { type Reception, receive } from './receive.ts'

/** 1 MB: more than any provider sends, and half of what D1 stores in a row. */
const BODY_BYTES_MAX = 1_000_000

const TITLES: Readonly<Record<ProviderName, string>> = {
  creem: 'Creem',
  dodo: 'Dodo',
  fastspring: 'FastSpring',
  'lemon-squeezy': 'Lemon Squeezy',
  paddle: 'Paddle',
  polar: 'Polar',
  shopify: 'Shopify',
  stripe: 'Stripe',
  woocommerce: 'WooCommerce',
  standard: 'Standard Webhooks',
}

type Received = Reception | { readonly kind: 'too-large' }

export const webhooks: readonly Endpoint[] = PROVIDERS.map((provider) =>
  endpoint({
    path: `/webhooks/${provider.name}`,
    summary: `Receive ${TITLES[provider.name]} events`,
    caller: PROVIDER,
    outcomes: {
      received: CODES.webhookReceived,
      malformed: provider.refusesMalformed ? CODES.incorrectData : CODES.webhookReceived,
      'not-configured': CODES.notFound,
      'signature-invalid': CODES.signatureInvalid,
      'too-large': CODES.bodyTooLarge,
    },
    async handle({ request, env, db, now }) {
      const body = await readBytes(request, BODY_BYTES_MAX)
      if (body === undefined) return done<Received>({ kind: 'too-large' }, now)
      const webhook = { headers: request.headers, body }
      return done<Received>(await receive(provider, webhook, { env, db }, now), now)
    },
    answer: (received) => {
      if (!('outcome' in received)) return {}
      const { outcome } = received
      const isRefused = received.kind === 'malformed' && provider.refusesMalformed === true
      return { fields: isRefused ? { errors: errorsOf(received.faults) } : { outcome }, log: { outcome } }
    },
  }),
)

function errorsOf(faults: readonly string[]): FieldErrors {
  return Object.fromEntries(faults.map((field) => [field, [`The ${field} field is missing or invalid.`]]))
}
