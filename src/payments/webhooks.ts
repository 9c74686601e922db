/** `POST /webhooks/<provider>`. Providers check only the status: 200 means that the event is stored. */
import { done, PROVIDER } from '../callers/caller.ts'
import { readBytes } from '../http/body.ts'
import { type Endpoint, endpoint } from '../http/endpoint.ts'
import { CODES } from '../protocol/codes.ts'
import type { ProviderName } from './provider.ts'
import { PROVIDERS } from './providers/index.ts'
import { type Reception, receive } from './receive.ts'

/** 1 MB: more than any provider sends, and half of what D1 stores in a row. */
const BODY_BYTES_MAX = 1_000_000

const TITLES: Readonly<Record<ProviderName, string>> = {
  dodo: 'Dodo',
  'lemon-squeezy': 'Lemon Squeezy',
  paddle: 'Paddle',
  polar: 'Polar',
  stripe: 'Stripe',
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
    answer: (received) =>
      received.kind === 'received'
        ? { fields: { outcome: received.outcome }, log: { outcome: received.outcome } }
        : {},
  }),
)
