/** The application: all endpoints, and all settings that are checked before a request is served. */

import { ADMIN_PATH, createAdminApp } from './admin/app.ts'
import { ADMIN_ENDPOINTS } from './admin/endpoints.ts'
import { auditDays } from './admin/people/audit-retention.ts'
import { deliverySettings } from './deliveries/settings.ts'
import { ENDPOINTS } from './endpoints.ts'
import { createApp } from './http/app.ts'
import type { Endpoint } from './http/endpoint.ts'
import { limiters } from './http/limits.ts'
import { quantityMax } from './issuing/order.ts'
import { activationsMax } from './keys/devices/activation-limit.ts'
import { releasesMax } from './keys/devices/release-device.ts'
import { licenseFileDaysMax } from './keys/license-files.ts'
import { PAGES } from './pages.ts'
import { paymentSettings } from './payments/settings.ts'
import { type Bindings, settingError } from './platform/settings.ts'
import { webhookHttpHosts } from './platform/target.ts'
import { queueSettings } from './queue/enqueue.ts'
import { databaseLimitBytes } from './service/cron-runs.ts'

/** If any setting is missing or wrong, no request is served. The log names the first one. */
const SETTINGS = [
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

function database({ DB }: Bindings): void {
  if (typeof DB !== 'object' || DB === null) throw settingError('DB', 'is not bound')
}

/** All that the Worker serves, apart from the admin API. */
export const ROUTES: readonly Endpoint[] = [...ENDPOINTS, ...PAGES]

export const app = createApp(ROUTES, checkAllSettings, { [ADMIN_PATH]: createAdminApp(ADMIN_ENDPOINTS) })
