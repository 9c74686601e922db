/**
 * `POST /admin/v1/events/:id/retry` and `/events/retry`: processes events again that failed, or whose offers were missing.
 * Nothing is issued twice.
 *
 * A retry commits before it wakes the consumer. If its message is lost, the sweep finds the event.
 */
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { IS_RETRYABLE, LACKS_OFFER } from '../../payments/events.ts'
import type { Bindings } from '../../platform/settings.ts'
import { choice } from '../../protocol/fields.ts'
import { enqueue } from '../../queue/enqueue.ts'
import { adminEndpoint } from '../endpoint.ts'

const RIGHTS = { role: 'support' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

/** The most events of one request. */
const EVENTS_MAX = 1_000

type Retried =
  | { readonly kind: 'retried'; readonly events: readonly number[] }
  | { readonly kind: 'nothing'; readonly events: readonly [] }
  | { readonly kind: 'not-found' | 'final' | 'emptied' }

const RETRY = `update webhook_events set outcome = 'waiting', due_at = :now, attempts = 0, updated_at = :now`

const retryOne = defineOperation<Retried>({
  authority: AUTHORITY,
  name: 'events.retry',
  decision: `coalesce((select json_object('kind', case when not ${IS_RETRYABLE} then 'final'
      when payload is null then 'emptied' else 'retried' end, 'events', json_array(id))
    from webhook_events where id = :id), json_object('kind', 'not-found'))`,
  changes: ['retried'],
  writes: ({ decided }) => [`${RETRY} where id = :id and ${decided('retried')}`],
  audit: () => ({
    subject: auditSubject('event', ':id'),
    state: `(select json_object('outcome', outcome, 'note', note) from webhook_events where id = :id)`,
  }),
})

export const retryEvent = adminEndpoint({
  method: 'POST',
  path: '/events/:id/retry',
  summary: 'Process a payment event again',
  ...RIGHTS,
  problems: {
    'not-found': 'not-found',
    final: {
      code: 'conflict',
      describe: () => ({
        detail: 'The event was processed completely. Only unmapped, failed and incomplete ones are retried.',
      }),
    },
    emptied: {
      code: 'conflict',
      describe: () => ({
        detail: 'The contents of the event were deleted, after 30 days or with the data of its buyer.',
      }),
    },
  },
  async handle(call) {
    const result = await perform(call, retryOne, { id: call.path.id })
    if (result.kind === 'done' && result.outcome.kind === 'retried')
      await wake(call.env, result.outcome.events)
    return result
  },
  answer: (_, { call }) => ({ status: 202, body: { id: call.path.id, outcome: 'waiting' } }),
})

/** SQL: the events that were recorded first. @param where SQL */
function oldest(where: string): string {
  return `(select json_group_array(id) from (
    select id from webhook_events where ${where} and payload is not null order by updated_at, id limit ${EVENTS_MAX}))`
}

const retryAll = defineOperation<Retried>({
  authority: AUTHORITY,
  name: 'events.retry-all',
  decision: `(select json_object('kind', iif(json_array_length(list) = 0, 'nothing', 'retried'), 'events', json(list))
    from (select case :outcome when 'failed' then ${oldest(`outcome = 'failed'`)} else ${oldest(LACKS_OFFER)} end as list))`,
  changes: ['retried'],
  writes: ({ decided, decision }) => [
    `${RETRY} where ${decided('retried')} and id in (select value from json_each(${decision}, '$.events'))`,
  ],
  audit: ({ decision }) => ({ subject: 'null', state: `json_object('events', ${decision} -> '$.events')` }),
})

export const retryEvents = adminEndpoint({
  method: 'POST',
  path: '/events/retry',
  summary: 'Process payment events again',
  ...RIGHTS,
  body: () => ({ outcome: choice('outcome', ['failed', 'unmapped']) }),
  problems: { 'not-found': 'not-found', final: 'conflict', emptied: 'conflict' },
  async handle(call) {
    const result = await perform(call, retryAll, { outcome: call.body.outcome })
    if (result.kind === 'done' && result.outcome.kind === 'retried')
      await wake(call.env, result.outcome.events)
    return result
  },
  answer: ({ events }) => ({ status: 202, body: { retried: events.length } }),
})

function wake(env: Bindings, events: readonly number[]): Promise<void> {
  return enqueue(
    env,
    events.map((id) => ({ kind: 'event', id })),
  )
}
