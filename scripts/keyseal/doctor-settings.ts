/** What `keyseal doctor` checks in the settings of deliveries and e-mail, with the Worker's own code. */
import { deliverySettings } from '../../src/deliveries/settings.ts'
import { SettingError } from '../../src/platform/settings.ts'
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
    deliverySettings({ ...vars, ...devVars, ...(canSend && { EMAIL: {} }) })
    return []
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    const { fault, remedy } = error
    const isInDevVars = Object.keys(devVars).some((name) => fault.startsWith(`${name} `))
    if (!isInDevVars) return [wrong('settings', fault, remedy)]
    return [wrong('settings', `.dev.vars: ${fault}`, 'correct it in .dev.vars, then npm start')]
  }
}
