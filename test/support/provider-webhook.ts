/** Sends the sample events of payment providers to the whole Worker. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import {
  PROVIDER_SAMPLES,
  type ProviderSamples,
  type SampleEvent,
} from '../../scripts/webhook-samples/index.ts'
import type { ProviderName } from '../../src/payments/provider.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { type ApiResponse, readEnvelope, send } from './client.ts'

export interface DeliverOptions {
  readonly secret?: string
  readonly bindings?: object
  readonly headers?: Record<string, string>
}

/** Sends a signed event to a Worker that has the provider's secret. */
export async function deliver(
  samples: ProviderSamples,
  event: SampleEvent,
  { secret = samples.secret, bindings, headers }: DeliverOptions = {},
): Promise<ApiResponse> {
  const signed = await samples.sign(event, secret, Math.floor(Date.now() / 1000))
  return readEnvelope(
    await send({
      path: `/webhooks/${samples.provider}`,
      method: 'POST',
      headers: { ...signed, ...headers },
      body: event.body,
      // No look-ups here: waiting-events.test.ts tests them.
      bindings: {
        STRIPE_API_KEY: undefined,
        PADDLE_API_KEY: undefined,
        [webhookSecretName(samples.provider)]: samples.secret,
        ...bindings,
      },
    }),
  )
}

/** Expects that the event was stored. */
export async function outcomeOf(
  samples: ProviderSamples,
  event: SampleEvent,
  options?: DeliverOptions,
): Promise<string> {
  const answer = await deliver(samples, event, options)
  expect(answer).toMatchObject({ status: 200, response: { code: 2200 } })
  return answer.response.outcome
}

export function samplesOf(name: ProviderName): ProviderSamples {
  const found = PROVIDER_SAMPLES.find(({ provider }) => provider === name)
  if (!found) throw new Error(`There are no samples of ${name}.`)
  return found
}

export interface StoredEvent {
  readonly id: number
  readonly outcome: string
  readonly note: string | null
  readonly orderName: string | null
}

/** The event that was stored last. */
export async function latestEvent(): Promise<StoredEvent> {
  const query = 'select id, outcome, note, order_id as orderName from webhook_events order by id desc limit 1'
  const stored = await env.DB.prepare(query).first<StoredEvent>()
  if (!stored) throw new Error('No event is stored.')
  return stored
}
