import type { Endpoint } from './http/endpoint.ts'
import { offlineFile, offlineForm } from './pages/offline.ts'

/**
 * The endpoints for people. They are apart from `ENDPOINTS`, which the description of the API lists, and which Node.js loads
 * without support for JSX.
 */
export const PAGES: readonly Endpoint[] = [offlineForm, offlineFile]
