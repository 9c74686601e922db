/** The settings of payments: the providers' webhook secrets, and the keys to their APIs. */
import { oncePerIsolate, type Settings } from '../platform/settings.ts'
import { LOOK_UP_SETTINGS, type LookUpSetting, PROVIDER_NAMES, type ProviderName } from './provider.ts'

export interface PaymentSettings {
  readonly secrets: Readonly<Record<ProviderName, WebhookSecrets>>
  readonly apiKeys: Readonly<Partial<Record<LookUpSetting, string>>>
}

export const MODES = ['live', 'test'] as const
export type Mode = (typeof MODES)[number]

/** Several secrets of a mode during a rotation. */
export type WebhookSecrets = Readonly<Record<Mode, readonly string[]>>

/** `STRIPE_WEBHOOK_SECRET`, `STRIPE_TEST_WEBHOOK_SECRET` and so on. White space separates several secrets. */
export const paymentSettings = oncePerIsolate((env): PaymentSettings => {
  const secrets = PROVIDER_NAMES.map((name): [ProviderName, WebhookSecrets] => [
    name,
    {
      live: secretsIn(env, webhookSecretName(name)),
      test: secretsIn(env, webhookSecretName(name, 'test')),
    },
  ])
  return {
    secrets: Object.fromEntries(secrets) as Record<ProviderName, WebhookSecrets>,
    apiKeys: Object.fromEntries(
      LOOK_UP_SETTINGS.flatMap((name) => secretsIn(env, name).map((key) => [name, key])),
    ),
  }
})

function secretsIn(env: Settings, setting: string): string[] {
  const text = env[setting]
  return typeof text === 'string' ? text.split(/\s+/).filter((secret) => secret !== '') : []
}

/** `LEMON_SQUEEZY_WEBHOOK_SECRET`; for the mode `test` `LEMON_SQUEEZY_TEST_WEBHOOK_SECRET`. */
export function webhookSecretName(provider: ProviderName, mode: Mode = 'live'): string {
  const name = provider.toUpperCase().replaceAll('-', '_')
  return mode === 'live' ? `${name}_WEBHOOK_SECRET` : `${name}_TEST_WEBHOOK_SECRET`
}
