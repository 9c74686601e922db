/** How long entries of the audit are kept. */
import * as z from 'zod/mini'
import { bind, compileDeleteOldest, runInPieces } from '../../db/batch.ts'
import { type Bindings, checkSettings, numberSetting, oncePerIsolate } from '../../platform/settings.ts'
import { DAY_MILLISECONDS } from '../../protocol/dates.ts'

const DAYS_DEFAULT = 365

const settings = z.object({
  AUDIT_DAYS: numberSetting(
    /^([3-9]\d|[1-9]\d\d|[12]\d{3}|3[0-5]\d\d|36[0-4]\d|3650)$/,
    'is not a whole number from 30 to 3650',
    DAYS_DEFAULT,
  ),
})

export const auditDays = oncePerIsolate((bindings) => checkSettings(settings, bindings).AUDIT_DAYS)

const deleteOldest = compileDeleteOldest('audit_entries', 'at < :before')

/** @param now milliseconds UTC */
export async function deleteOldAudit(env: Bindings, now: number): Promise<void> {
  await runInPieces(env.DB, bind(deleteOldest, { before: now - auditDays(env) * DAY_MILLISECONDS }))
}
