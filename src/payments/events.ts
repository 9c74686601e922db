/**
 * Stores the events of providers: one row for each authentic event, with its outcome. A final outcome never
 * changes. An event that is waiting, failed, unmapped or incomplete is updated by the next redelivery, retry or
 * look-up.
 */
import { bind, compileText, runBatch, type Statement } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Outcome } from '../db/schema/index.ts'
import type { Bindings } from '../platform/settings.ts'
import { enqueue } from '../queue/enqueue.ts'
import type { Mode } from './settings.ts'
import { NO_OFFER } from './subscriptions.ts'

export interface Context {
  readonly env: Bindings
  /** The primary database. In a request, its usage is counted for the log. */
  readonly db: D1Database
}

export interface EventRecord {
  readonly provider: string
  readonly eventId: string
  readonly type: string
  /** The mode of the secret that signed it. */
  readonly mode: Mode
  readonly receivedAt: number
  readonly payload: string
}

export interface RecordedEvent {
  readonly id: number
  readonly outcome: Outcome
  /** The ids of deliveries of the affected orders that are due now, as JSON. */
  readonly deliveries: string
}

/**
 * SQL condition on `webhook_events`. The note of an issued event names lines that got no keys. The note of a
 * flagged change of plan names items without an offer.
 */
export const IS_RETRYABLE = `(outcome in ('unmapped', 'failed') or outcome = 'issued' and note is not null
  or outcome = 'flagged' and note like '${NO_OFFER}%')`

/** An SQL condition: the owner of the event's order was erased. Its payload is not kept, since it names the person again. */
const IS_ERASED_ORDER = `exists (select 1 from order_references
    cross join order_lines on order_lines.provider = order_references.provider
      and order_lines.order_id = order_references.order_id
    cross join issuances on issuances.id = order_lines.issuance_id and issuances.erasure_id is not null
    where order_references.provider = :provider and order_references.reference = :order)`

/** An SQL condition: the payload of the same event was erased, so that a repetition must not sell to its buyer. */
export const IS_ERASED_EVENT = `exists (select 1 from webhook_events where webhook_events.provider = :provider
  and webhook_events.event_id = :eventId and webhook_events.erasure_id is not null)`

/** SQL condition on `webhook_events`, as in the index webhook_events_unmapped: the event may lack an offer. */
export const MAY_LACK_OFFER = `(outcome = 'unmapped' or outcome in ('issued', 'flagged') and note is not null)`

/** SQL condition on `webhook_events`: a line of the event has no offer. Adding it and a retry issue its keys. */
export const LACKS_OFFER = `(${MAY_LACK_OFFER} and (outcome = 'unmapped' or instr(note, '${NO_OFFER}') > 0))`

/** A note is for people. A sale of many lines may have thousands of reasons. */
const NOTE_CHARACTERS_MAX = 1000

/**
 * A statement that records an event, or updates one without a final outcome.
 *
 * @param outcome SQL for the outcome, evaluated after all effects were written
 * @param note SQL for the reason, or null
 */
export function recordEvent(outcome: string, note: string): Statement<never> {
  return compileText(`
insert into webhook_events (provider, event_id, type, order_id, mode, received_at, outcome, note, payload, updated_at)
select :provider, :eventId, :type, :order, :mode, :receivedAt, ${outcome},
  substr(${note}, 1, ${NOTE_CHARACTERS_MAX}),
  iif(${IS_ERASED_ORDER}, null, :payload), :now where true
on conflict (provider, event_id) do update set
  outcome = excluded.outcome, note = excluded.note, order_id = excluded.order_id, due_at = null, updated_at = :now,
  payload = iif(${IS_ERASED_ORDER}, null, payload)
where (outcome = 'waiting' or ${IS_RETRYABLE}) and erasure_id is null`)
}

/** Leaves an event to the queue until it is due. If it is already waiting, it keeps its due time and attempts. */
const recordWaiting = compileText(`
insert into webhook_events (provider, event_id, type, order_id, mode, received_at, outcome, payload, due_at)
values (:provider, :eventId, :type, :order, :mode, :receivedAt, 'waiting', :payload, :dueAt)
on conflict (provider, event_id) do update set
  outcome = 'waiting', note = null, due_at = excluded.due_at, attempts = 0, payload = excluded.payload
where ${IS_RETRYABLE} and erasure_id is null`)

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

/**
 * @param order the name of the order, so that the event names it even if it fails
 * @param dueAt milliseconds UTC. Until then, the event waits for another one to make it unnecessary
 */
export async function wait(
  { env, db }: Context,
  event: EventRecord,
  order: string | undefined,
  dueAt: number,
): Promise<Outcome> {
  const values = { ...event, order: order ?? null, dueAt, now: event.receivedAt, names: '[]' }
  const [, [recorded]] = await withRetries(() =>
    runBatch(db, [bind(recordWaiting, values), bind(selectRecorded, values)]),
  )
  if (!recorded) throw new Error('Expected exactly one result row.')
  const delaySeconds = Math.ceil((dueAt - event.receivedAt) / 1000)
  if (recorded.outcome === 'waiting') await enqueue(env, [{ kind: 'event', id: recorded.id }], delaySeconds)
  return recorded.outcome
}
