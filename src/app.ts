/** The application: all endpoints. */

import { ADMIN_PATH, createAdminApp } from './admin/app.ts'
import { ADMIN_ENDPOINTS } from './admin/endpoints.ts'
import { ENDPOINTS } from './endpoints.ts'
import { createApp } from './http/app.ts'
import type { Endpoint } from './http/endpoint.ts'
import { PAGES } from './pages.ts'
import { checkAllSettings } from './settings.ts'

/** All that the Worker serves, apart from the admin API. */
export const ROUTES: readonly Endpoint[] = [...ENDPOINTS, ...PAGES]

export const app = createApp(ROUTES, checkAllSettings, { [ADMIN_PATH]: createAdminApp(ADMIN_ENDPOINTS) })
