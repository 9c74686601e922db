/** All endpoints of the admin API. */
import { API_KEY_ENDPOINTS } from './access/api-keys.ts'
import { BLOCKLIST_ENDPOINTS } from './access/blocklist.ts'
import { CONTRACT_ENDPOINTS } from './access/contracts.ts'
import { OPERATOR_ENDPOINTS } from './access/operators.ts'
import { CATALOG_ENDPOINTS } from './catalog/index.ts'
import type { AdminEndpoint } from './endpoint.ts'
import { IMPORT_ENDPOINTS } from './imports/index.ts'
import { LICENSE_ENDPOINTS } from './licenses/index.ts'
import { PEOPLE_ENDPOINTS } from './people/index.ts'
import { SALES_ENDPOINTS } from './sales/index.ts'
import { SERVICE_ENDPOINTS } from './service/index.ts'

export const ADMIN_ENDPOINTS: readonly AdminEndpoint[] = [
  ...SERVICE_ENDPOINTS,
  ...LICENSE_ENDPOINTS,
  ...SALES_ENDPOINTS,
  ...CATALOG_ENDPOINTS,
  ...OPERATOR_ENDPOINTS,
  ...API_KEY_ENDPOINTS,
  ...CONTRACT_ENDPOINTS,
  ...BLOCKLIST_ENDPOINTS,
  ...PEOPLE_ENDPOINTS,
  ...IMPORT_ENDPOINTS,
]
