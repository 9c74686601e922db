/** `POST /webhooks/<provider>`: what payment providers deliver to. */
import { metered } from '../db/metered.ts'
import { readBytes } from '../http/body.ts'
import { CODES } from '../protocol/codes.ts'
import type { Answer, Call, Endpoint } from '../protocol/endpoint.ts'
import type { Provider } from './provider.ts'
import { PROVIDERS } from './providers/index.ts'
import { receive } from './receive.ts'

/** 1 MB: more than any provider sends, and half of what D1 stores in a row. */
const BODY_BYTES_MAX = 1_000_000

/** Providers look at the status alone: 200 says that the event is stored, whatever became of it. */
async function handle(provider: Provider, { request, settings, now, record }: Call): Promise<Answer> {
  const body = await readBytes(request, BODY_BYTES_MAX)
  if (body === undefined) return { code: CODES.bodyTooLarge }
  const delivery = { headers: request.headers, body }
  const observed = { ...settings, db: metered(settings.db, record) }
  const reception = await receive(provider, delivery, observed, now)
  switch (reception.kind) {
    case 'not-configured':
      return { code: CODES.notFound }
    case 'signature-invalid':
      return { code: CODES.signatureInvalid }
    case 'received':
      record.outcome = reception.outcome
      return { code: CODES.webhookReceived, fields: { outcome: reception.outcome } }
  }
}

export const webhooks: readonly Endpoint[] = PROVIDERS.map((provider) => ({
  method: 'POST',
  path: `/webhooks/${provider.name}`,
  access: 'provider',
  handle: (call) => handle(provider, call),
}))
