/**
 * What an e-mail service reports after it accepted an e-mail: that it arrived, bounced or was reported as spam.
 *
 * Guarantees: the first arrival and the first bounce stay, in whatever order and however often they are reported. A report
 * changes neither the status of the delivery nor anything of an e-mail that Keyseal did not send.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Bounce } from '../db/schema/index.ts'

export interface Report {
  /** As returned by the service when it accepted the e-mail. */
  readonly messageId: string
  /** If the service repeats what was sent with the e-mail: found even before its id was stored. */
  readonly deliveryName?: string | undefined
  readonly kind: 'arrived' | Bounce
  /** The service's text of the time. */
  readonly at: string
}

/** `updated_at` stays, because it tells when the delivery got its status. */
const record = compileText<{ id: number }>(`
  update deliveries set
    arrived_at = coalesce(arrived_at, iif(:bounce is null, :at, null)),
    bounced_at = coalesce(bounced_at, iif(:bounce is null, null, :at)),
    bounce = coalesce(bounce, :bounce)
  where channel = 'email' and id in (
    select id from deliveries where message_id = :messageId
    union select id from deliveries where id = :id and created_at = :createdAt)
  returning id`)

/**
 * @param now milliseconds UTC
 * @returns false if no delivery is known that the report is about
 * @throws DatabaseUnavailableError if it should be reported again
 */
export async function recordReport(db: D1Database, report: Report, now: number): Promise<boolean> {
  const { messageId, deliveryName: name, kind, at } = report
  const [, id = null, createdAt = null] = /^keyseal_delivery_(\d{1,15})_(\d{1,15})$/.exec(name ?? '') ?? []
  const values = {
    messageId,
    id: id === null ? null : Number(id),
    createdAt: createdAt === null ? null : Number(createdAt),
    bounce: kind === 'arrived' ? null : kind,
    at: instantOf(at, now),
  }
  const [rows] = await withRetries(() => runBatch(db, [bind(record, values)]))
  return rows.length > 0
}

/** The time of an unreadable text, or of a clock that is ahead, is now. */
function instantOf(text: string, now: number): number {
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? now : Math.min(instant, now)
}
