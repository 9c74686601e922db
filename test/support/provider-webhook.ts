/** Sends the sample events of payment providers to the whole Worker. */
import { expect } from 'vitest'
import type { ProviderSamples, SampleEvent } from '../../scripts/webhook-samples/index.ts'
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
