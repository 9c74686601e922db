/**
 * The audit: who changed what, when and why. An entry is written in the batch that makes the change, so there is no change
 * without its entry, and no entry without its change.
 */

export type SubjectKind =
  | 'api-key'
  | 'blocklist'
  | 'contract'
  | 'delivery'
  | 'event'
  | 'generator'
  | 'import'
  | 'issuance'
  | 'license'
  | 'offer'
  | 'operator'
  | 'product'

/** SQL for the name of what is changed, such as `license:7`. @param id SQL */
export function auditSubject(kind: SubjectKind, id: string): string {
  // D1 binds numbers as REAL, whose text is `7.0`.
  return `('${kind}:' || cast(${id} as integer))`
}

export interface AuditSql {
  /** SQL for what is changed, mostly by `auditSubject`. It may be null until the writes have created it. */
  readonly subject: string
  /** SQL for a JSON object with the state of the subject, without keys and secrets, or for null if it does not exist. */
  readonly state: string
  /** SQL for the reason, or null. Default: none. */
  readonly reason?: string
}

/**
 * For a change of many license keys of a product.
 *
 * @param productId SQL
 * @param name of the count
 * @param count SQL, null until the writes have made the change
 */
export function countAudit(productId: string, name: string, count: string): AuditSql {
  return {
    subject: auditSubject('product', productId),
    state: `iif(${count} is null, null, json_object('${name}', ${count}))`,
  }
}

/** The row that makes the change the caller's own, in the attempt with this nonce. */
interface OwnRowSql {
  readonly from: string
  readonly where: string
  readonly actor: string
  readonly action: string
}

/** @returns the writes, with the statements that record them before and after */
export function audited<Write>(own: OwnRowSql, sql: AuditSql, writes: readonly Write[]): (string | Write)[] {
  return [insertEntry(own, sql), ...writes, completeEntry(sql)]
}

/** Records the state before the change. Placeholders: `nonce` and `now`. */
function insertEntry(
  { from, where, actor, action }: OwnRowSql,
  { subject, state, reason }: AuditSql,
): string {
  return `insert into audit_entries (at, actor, action, subject, reason, before, nonce)
    select :now, ${actor}, ${action}, ${subject}, ${reason ?? 'null'}, ${state}, :nonce from ${from} where ${where}`
}

/** Adds the state after the change. The entry of this batch is the newest one. */
function completeEntry({ subject, state }: AuditSql): string {
  return `update audit_entries set subject = coalesce(subject, ${subject}), after = ${state}
    where id = (select max(id) from audit_entries) and nonce = :nonce`
}
