/** `GET /admin/v1/licenses/:id/timeline`: what happened to a license, in the order of time. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { limitOf, page, pageOf } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { summaryOf, type TimelineEvent } from './summaries.ts'
import { timelineEvents } from './timeline-sql.ts'

const RIGHTS = { role: 'viewer' } as const

type Timeline =
  | { readonly kind: 'found'; readonly events: readonly TimelineEvent[] }
  | { readonly kind: 'not-found' }

const select = defineQuery<Timeline>(
  operatorAuthority(RIGHTS),
  `json_object('kind', iif(exists (select 1 from license_keys where license_keys.id = :id), 'found', 'not-found'))`,
  { events: timelineEvents },
)

export const licenseTimeline = adminEndpoint({
  method: 'GET',
  path: '/licenses/:id/timeline',
  summary: 'Show what happened to a license',
  ...RIGHTS,
  query: () => page(),
  problems: { 'not-found': 'not-found' },
  handle(call) {
    const [afterAt = -1, afterRank = 0, afterId = 0] = call.query.cursor ?? []
    return runQuery(call, select, {
      id: call.path.id,
      ...{ afterAt, afterRank, afterId },
      limit: limitOf(call.query),
    })
  },
  answer: ({ events }, { call, role }) => ({
    body: pageOf(
      events,
      call.query,
      (event) => entryOf(role === 'viewer' ? masked(event) : event),
      ({ at, rank, id }) => [at, rank, id],
    ),
  }),
})

function entryOf(event: TimelineEvent) {
  const { at, actor, actorName, details } = event
  const { kind, summary } = summaryOf(event)
  return { at: isoInstant(at), kind, summary, by: actorName ?? actor, details: withInstants(details) }
}

/** What viewers do not see: the owner, and texts that may name the owner. */
const MASKED = ['recipient', 'reason', 'before', 'after']

function masked(event: TimelineEvent): TimelineEvent {
  const details = Object.entries(event.details).map(([name, value]) => [
    name,
    MASKED.includes(name) ? null : value,
  ])
  return { ...event, details: Object.fromEntries(details) }
}

const INSTANTS = ['period_ends_at', 'seat_taken_until']

function withInstants(details: TimelineEvent['details']): object {
  const entries = Object.entries(details).map(([name, value]) => [
    name,
    INSTANTS.includes(name) && typeof value === 'number' ? isoInstant(value) : value,
  ])
  return Object.fromEntries(entries)
}
