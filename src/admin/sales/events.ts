/** `/admin/v1/events`: what payment providers reported, and what became of it. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { OUTCOMES, type Outcome } from '../../db/schema/index.ts'
import { MAY_LACK_OFFER } from '../../payments/events.ts'
import { PROVIDER_NAMES } from '../../payments/provider.ts'
import { choice, optional, plainText } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { EVENT, eventBody, type PaymentEventRow } from './event.ts'
import { type Newest, newest, newestBody, newestValues } from './newest.ts'

const RIGHTS = { role: 'viewer' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

type Listed = { readonly kind: 'listed' } & Newest<PaymentEventRow>

const FILTER = `(:outcome is null or outcome = :outcome) and (:provider is null or provider = :provider)`

function defineList(place: string, where: string) {
  return defineQuery<Listed>(
    AUTHORITY,
    `json_object('kind', 'listed')`,
    newest({
      table: 'webhook_events',
      place: `webhook_events.${place}`,
      where,
      joins: '',
      filter: FILTER,
      item: EVENT,
    }),
  )
}

/** The order of the list follows the index that finds few rows. */
const LISTS = {
  newest: defineList('id', 'true'),
  order: defineList('id', 'order_id = :order'),
  failed: defineList('updated_at', `outcome = 'failed'`),
  waiting: defineList('due_at', `outcome = 'waiting'`),
  unmapped: defineList('updated_at', MAY_LACK_OFFER),
}

export const listEvents = adminEndpoint({
  method: 'GET',
  path: '/events',
  summary: 'List payment events',
  ...RIGHTS,
  query: () => ({
    provider: optional(choice('provider', PROVIDER_NAMES)),
    outcome: optional(choice('outcome', OUTCOMES)),
    order: optional(plainText('order', 255)),
    ...page(),
  }),
  problems: {},
  handle(call) {
    const { provider, outcome, order } = call.query
    const filters = { provider: provider ?? null, outcome: outcome ?? null }
    const list = order === undefined ? listFor(outcome) : 'order'
    return runQuery(call, LISTS[list], { ...newestValues(call.query, filters), order: order ?? null })
  },
  answer: (listed, { call }) => ({ body: newestBody(listed, call.query, eventBody) }),
})

function listFor(outcome: Outcome | undefined): keyof typeof LISTS {
  return outcome === 'failed' || outcome === 'waiting' || outcome === 'unmapped' ? outcome : 'newest'
}

type Shown =
  | {
      readonly kind: 'found'
      readonly event: PaymentEventRow
      readonly hasPayload: 0 | 1
      readonly pieces: readonly string[]
    }
  | { readonly kind: 'not-found' }

/** A payload with 1 MB could have more than the 2 MB that D1 returns as one value, once it is escaped. */
const PIECE_CHARACTERS = 10_000

const selectEvent = defineQuery<Shown>(
  AUTHORITY,
  `coalesce((select json_object('kind', 'found', 'event', ${EVENT}, 'hasPayload', payload is not null)
    from webhook_events where id = :id), json_object('kind', 'not-found'))`,
  {
    pieces: (allowed) => `
      select number as place, json_quote(substr(payload, number * ${PIECE_CHARACTERS} + 1, ${PIECE_CHARACTERS})) as item
      from ${allowed} cross join webhook_events cross join (
        with recursive numbers (number) as (select 0 union all select number + 1 from numbers where number < 100)
        select number from numbers)
      where webhook_events.id = :id and number * ${PIECE_CHARACTERS} < length(payload)`,
  },
)

export const showEvent = adminEndpoint({
  method: 'GET',
  path: '/events/:id',
  summary: 'Show a payment event',
  ...RIGHTS,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectEvent, { id: call.path.id }),
  answer: ({ event, hasPayload, pieces }, { role }) => ({
    body: { ...eventBody(event), payload: hasPayload && role !== 'viewer' ? pieces.join('') : null },
  }),
})
