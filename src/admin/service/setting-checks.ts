/** Checks of settings and secrets. They need no database, and no value of a secret leaves them. */
import { adminTokenFault } from '../../callers/operators.ts'
import { deliverySettings } from '../../deliveries/settings.ts'
import { SECRET_CHARACTERS_MIN } from '../../http/signatures.ts'
import { LOOK_UP_SETTINGS, PROVIDER_NAMES, type ProviderName } from '../../payments/provider.ts'
import { MODES, paymentSettings, webhookSecretName } from '../../payments/settings.ts'
import { type Bindings, SettingError } from '../../platform/settings.ts'
import type { InspectedKeys } from '../../service/inspect-signing-keys.ts'
import { settingFaults } from '../../settings.ts'
import { FILE_KEYS, fileSigningSecrets } from '../../signing/file-keys.ts'
import { GLOBAL_KEY_NAME, newKeyRemedy, signingSecrets } from '../../signing/signing-keys.ts'
import { type Check, error, ok, settingCheck, settingRemedy, warning } from './checks.ts'

export function checkSigningKeys(env: Bindings, { responseKeys, fileKeys, faults }: InspectedKeys): Check[] {
  const name = 'signing keys'
  const wrong = faults.map((fault) => settingCheck(env, name, fault))
  const fileKey = FILE_KEYS.ed25519
  const missing =
    fileSigningSecrets(env)[fileKey.setting] === undefined
      ? [
          warning(
            name,
            `${fileKey.setting} is not set, so software cannot check out license files`,
            settingRemedy(env, newKeyRemedy(fileKey.setting, fileKey.command)),
          ),
        ]
      : []
  if (wrong.length > 0) return [...wrong, ...missing]
  const usable = responseKeys.length + fileKeys.length
  return [ok(name, `All signing keys are usable and published: ${usable}`), ...missing]
}

export function checkSettings(env: Bindings): Check[] {
  const faults = settingFaults(env).map((fault) => settingCheck(env, 'settings', fault))
  const adminToken = adminTokenFault(env)
  return [
    ...(faults.length > 0 ? faults : [ok('settings', 'All settings are usable')]),
    ...(adminToken ? [settingCheck(env, 'settings', adminToken, 'warning')] : []),
  ]
}

export function checkQueues(env: Bindings): Check[] {
  const missing = ['DELIVERIES', 'CALLBACKS'].filter((binding) => !env[binding])
  if (missing.length === 0) return [ok('queues', 'Both queues are bound')]
  const remedy = 'declare it in [[queues.producers]] in wrangler.toml, then npm run deploy'
  return missing.map((binding) => error('queues', `The queue ${binding} is not bound`, remedy))
}

/** @param providers those with offers */
export function checkWebhookSecrets(env: Bindings, providers: readonly string[]): Check[] {
  const { secrets } = paymentSettings(env)
  return PROVIDER_NAMES.flatMap((provider) => {
    const setting = webhookSecretName(provider)
    const put = settingRemedy(env, `npx wrangler secret put ${setting}`)
    const all = MODES.flatMap((mode) => secrets[provider][mode])
    if (all.length === 0) {
      const message = `${setting} is not set, and ${provider} has offers. Its orders are refused`
      return providers.includes(provider) ? [error('webhook secrets', message, put)] : []
    }
    return MODES.filter((mode) => secrets[provider][mode].some(isTooShort)).map((mode) => {
      const name = webhookSecretName(provider, mode)
      const message = `${name} has fewer than ${SECRET_CHARACTERS_MIN} characters`
      return error('webhook secrets', message, settingRemedy(env, `npx wrangler secret put ${name}`))
    })
  })
}

const isTooShort = (secret: string) => secret.length < SECRET_CHARACTERS_MIN

/** Without a channel, buyers get keys only if the seller sends them. */
export function checkDeliveryChannels(
  env: Bindings,
  hasOffers: boolean,
  hasProductWebhooks: boolean,
): Check[] {
  const { sender, webhookUrl } = deliveriesOf(env)
  if (!hasOffers || sender || webhookUrl !== undefined || hasProductWebhooks) return []
  const message =
    'There are offers, but neither EMAIL_FROM nor a webhook is set. Buyers do not get their keys'
  const remedy = 'set [vars] EMAIL_FROM in wrangler.toml to an address of your domain, then npm run deploy'
  return [warning('deliveries', message, settingRemedy(env, remedy))]
}

function deliveriesOf(env: Bindings): Partial<ReturnType<typeof deliverySettings>> {
  try {
    return deliverySettings(env)
  } catch (fault) {
    if (fault instanceof SettingError) return { webhookUrl: '' }
    throw fault
  }
}

export interface SecretState {
  readonly name: string
  readonly state: 'set' | 'missing' | 'wrong'
}

/** All secrets by name, never their values. @param checks that name those that are wrong */
export function secretStates(env: Bindings, checks: readonly Check[]): SecretState[] {
  const { secrets } = paymentSettings(env)
  const names = new Set([
    GLOBAL_KEY_NAME,
    ...Object.keys(signingSecrets(env)),
    FILE_KEYS.ed25519.setting,
    ...Object.keys(fileSigningSecrets(env)),
    'ADMIN_TOKEN',
    ...PROVIDER_NAMES.flatMap((provider: ProviderName) =>
      MODES.filter((mode) => secrets[provider][mode].length > 0).map((mode) =>
        webhookSecretName(provider, mode),
      ),
    ),
    ...LOOK_UP_SETTINGS,
    'RESEND_API_KEY',
    'RESEND_WEBHOOK_SECRET',
    'DELIVERY_WEBHOOK_SECRET',
  ])
  const isWrong = (name: string) =>
    checks.some(({ status, message }) => status !== 'ok' && message.startsWith(`${name} `))
  return [...names].map((name) => {
    const value = env[name]
    const isSet = typeof value === 'string' && value.trim() !== ''
    return { name, state: !isSet ? 'missing' : isWrong(name) ? 'wrong' : 'set' }
  })
}
