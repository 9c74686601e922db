/** All settings that are checked before a request is served. */
import { auditDays } from './admin/people/audit-retention.ts'
import { deliverySettings } from './deliveries/settings.ts'
import { limiters } from './http/limits.ts'
import { quantityMax } from './issuing/order.ts'
import { activationsMax } from './keys/devices/activation-limit.ts'
import { releasesMax } from './keys/devices/release-device.ts'
import { licenseFileDaysMax } from './keys/license-files.ts'
import { paymentSettings } from './payments/settings.ts'
import { type Bindings, SettingError, settingError } from './platform/settings.ts'
import { webhookHttpHosts } from './platform/target.ts'
import { queueSettings } from './queue/enqueue.ts'
import { databaseLimitBytes } from './service/cron-runs.ts'

/** If any setting is missing or wrong, no request is served, except by the admin API. The log names the first one. */
const SETTINGS: readonly ((env: Bindings) => unknown)[] = [
  database,
  quantityMax,
  activationsMax,
  releasesMax,
  licenseFileDaysMax,
  queueSettings,
  paymentSettings,
  deliverySettings,
  webhookHttpHosts,
  limiters,
  databaseLimitBytes,
  auditDays,
]

/** @throws SettingError */
export function checkAllSettings(env: Bindings): void {
  for (const check of SETTINGS) check(env)
}

/** What is missing or wrong: one fault of each group of settings. */
export function settingFaults(env: Bindings): SettingError[] {
  return SETTINGS.flatMap((check) => {
    try {
      check(env)
      return []
    } catch (error) {
      if (error instanceof SettingError) return [error]
      throw error
    }
  })
}

function database({ DB }: Bindings): void {
  if (typeof DB !== 'object' || DB === null) throw settingError('DB', 'is not bound')
}
