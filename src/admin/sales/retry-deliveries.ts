/**
 * `POST /admin/v1/deliveries/:id/retry` and `/deliveries/retry`: tries failed deliveries again, from the first attempt on.
 *
 * A retry commits before it wakes the consumer. If its message is lost, the sweep finds the delivery.
 */
import { auditSubject } from '../../callers/audit.ts'
import { defineOperation, perform } from '../../callers/operation.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import type { Channel } from '../../db/schema/index.ts'
import type { Bindings } from '../../platform/settings.ts'
import { choice } from '../../protocol/fields.ts'
import { enqueue } from '../../queue/enqueue.ts'
import { adminEndpoint } from '../endpoint.ts'

const RIGHTS = { role: 'support' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

/** The most deliveries of one request. */
const DELIVERIES_MAX = 1_000

/** The id of a delivery, and its channel. */
type ToSend = readonly [id: number, channel: Channel]

type Retried =
  | { readonly kind: 'retried'; readonly deliveries: readonly ToSend[] }
  | { readonly kind: 'nothing'; readonly deliveries: readonly [] }
  | { readonly kind: 'not-found' | 'not-failed' }

const RETRY = `update deliveries set status = 'pending', attempts = 0, timeouts = 0, due_at = :now, updated_at = :now`
const ID_AND_CHANNEL = 'json_array(failed.id, failed.channel)'

const retryOne = defineOperation<Retried>({
  authority: AUTHORITY,
  name: 'deliveries.retry',
  decision: `coalesce((select json_object('kind', iif(failed.status = 'failed', 'retried', 'not-failed'),
      'deliveries', json_array(${ID_AND_CHANNEL}))
    from deliveries as failed where failed.id = :id), json_object('kind', 'not-found'))`,
  changes: ['retried'],
  writes: ({ decided }) => [`${RETRY} where id = :id and status = 'failed' and ${decided('retried')}`],
  audit: () => ({
    subject: auditSubject('delivery', ':id'),
    state: `(select json_object('status', status, 'attempts', attempts, 'last_result', last_result)
      from deliveries where id = :id)`,
  }),
})

export const retryDelivery = adminEndpoint({
  method: 'POST',
  path: '/deliveries/:id/retry',
  summary: 'Try a failed delivery again',
  ...RIGHTS,
  problems: {
    'not-found': 'not-found',
    'not-failed': {
      code: 'conflict',
      describe: () => ({
        detail:
          'The delivery has not failed. To send its license keys once more: POST /admin/v1/licenses/{id}/resend.',
      }),
    },
  },
  async handle(call) {
    const result = await perform(call, retryOne, { id: call.path.id })
    if (result.kind === 'done' && result.outcome.kind === 'retried') {
      await wake(call.env, result.outcome.deliveries)
    }
    return result
  },
  answer: (_, { call }) => ({ status: 202, body: { id: call.path.id, status: 'pending' } }),
})

/** SQL: the deliveries that failed first. */
const OLDEST_FAILED = `(select json_group_array(${ID_AND_CHANNEL}) from (
  select id, channel from deliveries where status = 'failed' order by updated_at, id limit ${DELIVERIES_MAX}) as failed)`

const retryAll = defineOperation<Retried>({
  authority: AUTHORITY,
  name: 'deliveries.retry-all',
  decision: `(select json_object('kind', iif(json_array_length(list) = 0, 'nothing', 'retried'), 'deliveries', json(list))
    from (select ${OLDEST_FAILED} as list))`,
  changes: ['retried'],
  writes: ({ decided, decision }) => [
    `${RETRY} where status = 'failed' and ${decided('retried')}
       and id in (select value ->> 0 from json_each(${decision}, '$.deliveries'))`,
  ],
  audit: ({ decision }) => ({
    subject: 'null',
    state: `json_object('deliveries', ${decision} -> '$.deliveries')`,
  }),
})

export const retryDeliveries = adminEndpoint({
  method: 'POST',
  path: '/deliveries/retry',
  summary: 'Try all failed deliveries again',
  ...RIGHTS,
  body: () => ({ status: choice('status', ['failed']) }),
  problems: { 'not-found': 'not-found', 'not-failed': 'conflict' },
  async handle(call) {
    const result = await perform(call, retryAll, {})
    if (result.kind === 'done' && result.outcome.kind === 'retried') {
      await wake(call.env, result.outcome.deliveries)
    }
    return result
  },
  answer: ({ deliveries }) => ({ status: 202, body: { retried: deliveries.length } }),
})

function wake(env: Bindings, deliveries: readonly ToSend[]): Promise<void> {
  return enqueue(
    env,
    deliveries.map(([id, channel]) => ({ kind: channel === 'callback' ? 'callback' : 'delivery', id })),
  )
}
