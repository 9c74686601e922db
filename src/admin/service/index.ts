/** The admin endpoints about the service itself. */
import { me } from './me.ts'
import { showStatistics } from './statistics.ts'

export const SERVICE_ENDPOINTS = [me, showStatistics]
