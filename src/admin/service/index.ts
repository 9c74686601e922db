/** The admin endpoints about the service itself. */
import { me } from './me.ts'
import { showStatistics } from './statistics.ts'
import { showStatus } from './status.ts'

export const SERVICE_ENDPOINTS = [me, showStatistics, showStatus]
