/** The admin endpoints about people, and the audit. */
import { listAudit } from './audit.ts'
import { erasePerson } from './erase.ts'
import { exportPerson } from './export.ts'

export const PEOPLE_ENDPOINTS = [exportPerson, erasePerson, listAudit] as const
