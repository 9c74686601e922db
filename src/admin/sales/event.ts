/** A payment event as the admin API tells it. */
import type { Outcome } from '../../db/schema/index.ts'
import { isoInstant } from '../fields.ts'

/** Times are in milliseconds UTC. */
export interface PaymentEventRow {
  readonly id: number
  readonly provider: string
  readonly eventId: string
  readonly type: string
  readonly orderId: string | null
  readonly mode: 'live' | 'test'
  readonly outcome: Outcome
  readonly note: string | null
  readonly attempts: number
  readonly dueAt: number | null
  readonly receivedAt: number
}

/** SQL: a `PaymentEventRow` as JSON. */
export const EVENT = `json_object('id', webhook_events.id, 'provider', webhook_events.provider,
  'eventId', webhook_events.event_id, 'type', webhook_events.type, 'orderId', webhook_events.order_id,
  'mode', webhook_events.mode, 'outcome', webhook_events.outcome, 'note', webhook_events.note,
  'attempts', webhook_events.attempts, 'dueAt', webhook_events.due_at, 'receivedAt', webhook_events.received_at)`

export function eventBody(event: PaymentEventRow) {
  return {
    id: event.id,
    provider: event.provider,
    event_id: event.eventId,
    type: event.type,
    order: event.orderId,
    mode: event.mode,
    outcome: event.outcome,
    note: event.note,
    attempts: event.attempts,
    due_at: isoInstant(event.dueAt),
    received_at: isoInstant(event.receivedAt),
  }
}
