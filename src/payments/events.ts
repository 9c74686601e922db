/**
 * The record of what providers told: one row for every authenticated event, with what became of it. A row whose
 * outcome is final is never changed; one that waits, failed or was unmapped is settled by whoever comes next, be
 * it a redelivery, a retry or a look-up.
 */
import { compileText, type Statement } from '../db/batch.ts'
import type { Outcome } from '../db/schema/index.ts'
import type { Mode } from './settings.ts'

/** An event as it is recorded. */
export interface EventRecord {
  readonly provider: string
  readonly eventId: string
  readonly type: string
  /** Of the secret that signed it. */
  readonly mode: Mode
  readonly receivedAt: number
  /** As received. */
  readonly payload: string
}

export interface RecordedEvent {
  readonly id: number
  readonly outcome: Outcome
  /** Ids of the deliveries of the orders concerned that are to be sent now, as JSON. */
  readonly deliveries: string
}

/**
 * A statement that records an event, or settles it where it is open.
 *
 * @param outcome SQL for the outcome, evaluated after everything that the event causes was written
 * @param note SQL for why, or null
 */
export function recordEvent(outcome: string, note: string): Statement<never> {
  return compileText(`
insert into webhook_events (provider, event_id, type, order_id, mode, received_at, outcome, note, payload)
select :provider, :eventId, :type, :order, :mode, :receivedAt, ${outcome}, ${note}, :payload where true
on conflict (provider, event_id) do update set
  outcome = excluded.outcome, note = excluded.note, order_id = excluded.order_id, due_at = null
where outcome in ('waiting', 'unmapped', 'failed')`)
}

/** Leaves an event to the queue; one that waits already goes on waiting as it does. */
export const recordWaiting = compileText(`
insert into webhook_events (provider, event_id, type, mode, received_at, outcome, payload, due_at)
values (:provider, :eventId, :type, :mode, :receivedAt, 'waiting', :payload, :now)
on conflict (provider, event_id) do update set
  outcome = 'waiting', note = null, due_at = excluded.due_at, attempts = 0, payload = excluded.payload
where outcome in ('unmapped', 'failed')`)

/** What the record says by now, and what is to be sent because of it. */
export const selectRecorded = compileText<RecordedEvent>(`
select webhook_events.id as id, webhook_events.outcome as outcome, (
  select json_group_array(distinct deliveries.id) from json_each(:names) as names
  cross join order_references on order_references.provider = :provider
    and order_references.reference = names.value
  cross join order_lines on order_lines.provider = order_references.provider
    and order_lines.order_id = order_references.order_id
  cross join deliveries on deliveries.issuance_id = order_lines.issuance_id
  where deliveries.status = 'pending' and deliveries.due_at <= :now
) as deliveries
from webhook_events where webhook_events.provider = :provider and webhook_events.event_id = :eventId`)
