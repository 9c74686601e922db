/** Licenses and audit entries, as the tests of the admin API need them. */
import { env } from 'cloudflare:workers'

export interface AuditRow {
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly reason: string | null
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
}

/** The entries about a subject, the oldest first. */
export async function auditOf(subject: string): Promise<AuditRow[]> {
  const { results } = await env.DB.prepare(
    'select actor, action, subject, reason, before, after from audit_entries where subject = ? order by id',
  )
    .bind(subject)
    .all<Record<keyof AuditRow, string | null>>()
  return results.map((row) => ({
    ...row,
    before: row.before && JSON.parse(row.before),
    after: row.after && JSON.parse(row.after),
  })) as unknown as AuditRow[]
}

export async function licenseIdOf(licenseKey: string | undefined): Promise<number> {
  const row = await env.DB.prepare('select id from license_keys where license_key = ?')
    .bind(licenseKey)
    .first<{ id: number }>()
  if (!row) throw new Error('There is no such license key.')
  return row.id
}
