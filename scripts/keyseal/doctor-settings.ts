/** What `keyseal doctor` checks in the settings of deliveries and e-mail, with the Worker's own code. */
import { deliverySettings } from '../../src/deliveries/settings.ts'
import { SECRET_CHARACTERS_MIN } from '../../src/http/signatures.ts'
import { PROVIDER_NAMES } from '../../src/payments/provider.ts'
import { MODES, paymentSettings, webhookSecretName } from '../../src/payments/settings.ts'
import { SettingError } from '../../src/platform/settings.ts'
import { webhookHttpHosts } from '../../src/platform/target.ts'
import type { Configuration } from '../configuration.ts'
import type { Place } from '../database.ts'
import { readDevVars } from '../dev-vars.ts'
import { type Finding, wrong } from './doctor-finding.ts'

/**
 * Locally it checks the variables of `wrangler.toml` and all of `.dev.vars`. In production it checks the variables only:
 * nobody can read secrets there, so it assumes that something can send.
 *
 * @returns the first setting that is wrong, or nothing
 */
export function checkDeliverySettings(place: Place, { vars, send_email = [] }: Configuration): Finding[] {
  const devVars = place === 'local' ? readDevVars() : {}
  const canSend = place === 'remote' || send_email.some(({ name }) => name === 'EMAIL')
  try {
    const settings = { ...vars, ...devVars, ...(canSend && { EMAIL: {} }) }
    deliverySettings(settings)
    webhookHttpHosts(settings)
    return []
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    const { fault, remedy } = error
    if (place === 'remote') return [wrong('settings', fault, remedy)]
    const isInDevVars = Object.keys(devVars).some((name) => fault.startsWith(`${name} `))
    if (isInDevVars)
      return [wrong('settings', `.dev.vars: ${fault}`, 'correct it in .dev.vars, then npm start')]
    // The Worker's remedies are for production.
    const isSecret = remedy.includes('wrangler secret put')
    const local = isSecret
      ? 'set it in .dev.vars, then npm start'
      : remedy.replace('npm run deploy', 'npm start')
    return [wrong('settings', fault, local)]
  }
}

/** @returns the webhook secrets in `.dev.vars` that are too short. Secrets in production cannot be read */
export function checkWebhookSecrets(place: Place): Finding[] {
  if (place === 'remote') return []
  const { secrets } = paymentSettings(readDevVars())
  return PROVIDER_NAMES.flatMap((name) =>
    MODES.filter((mode) => secrets[name][mode].some((secret) => secret.length < SECRET_CHARACTERS_MIN)).map(
      (mode) => {
        const fault = `${webhookSecretName(name, mode)} has less than ${SECRET_CHARACTERS_MIN} characters`
        return wrong('settings', `.dev.vars: ${fault}`, 'correct it in .dev.vars, then npm start')
      },
    ),
  )
}
