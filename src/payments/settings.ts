/** What is configured for payment providers: their webhook secrets, and the keys to their APIs. */
import { LOOK_UP_SETTINGS, type LookUpSetting, type ProviderName } from './provider.ts'

export interface PaymentSettings {
  /** The secrets of a provider, live and test; none: its address answers 404. */
  readonly secrets: (provider: ProviderName) => WebhookSecrets
  readonly apiKeys: Readonly<Partial<Record<LookUpSetting, string>>>
}

export const MODES = ['live', 'test'] as const
export type Mode = (typeof MODES)[number]

/** Several of a kind while one takes the place of another. */
export type WebhookSecrets = Readonly<Record<Mode, readonly string[]>>

/**
 * @param environment variables and secrets by name: `STRIPE_WEBHOOK_SECRET`, `STRIPE_TEST_WEBHOOK_SECRET` and so
 *   on; several secrets in one are separated by white space
 */
export function paymentSettings(environment: object): PaymentSettings {
  const settings = environment as Record<string, unknown>
  function secretsIn(name: string): string[] {
    const text = settings[name]
    return typeof text === 'string' ? text.split(/\s+/).filter((secret) => secret !== '') : []
  }
  return {
    secrets: (provider) => ({
      live: secretsIn(webhookSecretName(provider)),
      test: secretsIn(webhookSecretName(provider, 'test')),
    }),
    apiKeys: Object.fromEntries(
      LOOK_UP_SETTINGS.flatMap((name) => secretsIn(name).map((key) => [name, key])),
    ),
  }
}

/** `LEMON_SQUEEZY_WEBHOOK_SECRET`; with the mode `test`: `LEMON_SQUEEZY_TEST_WEBHOOK_SECRET`. */
export function webhookSecretName(provider: ProviderName, mode: Mode = 'live'): string {
  const name = provider.toUpperCase().replaceAll('-', '_')
  return mode === 'live' ? `${name}_WEBHOOK_SECRET` : `${name}_TEST_WEBHOOK_SECRET`
}
