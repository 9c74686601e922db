/** All endpoints of the admin API. */
import { OPERATOR_ENDPOINTS } from './access/operators.ts'
import type { AdminEndpoint } from './endpoint.ts'
import { me } from './service/me.ts'

export const ADMIN_ENDPOINTS: readonly AdminEndpoint[] = [me, ...OPERATOR_ENDPOINTS]
