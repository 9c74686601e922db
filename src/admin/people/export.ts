/** `GET /admin/v1/people?email=`: all that is stored about an e-mail address. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { type CursorValue, encodeCursor, limitOf, page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { needlesOf } from './erasing-texts.ts'
import { withIsoInstants } from './export-body.ts'
import { SEARCHED_MAX, SECTIONS } from './export-sql.ts'
import { personEmail } from './fields.ts'

const RIGHTS = { role: 'owner' } as const

type Item = Readonly<Record<string, unknown>> & { readonly id: number }
type License = Item & { readonly order_id: number }

type Event = Item & { readonly received_at: number }

/** The last row that was searched, and how many were. */
interface Searched {
  readonly count: number
}

interface Found {
  readonly kind: 'found'
  readonly orders: readonly Item[]
  readonly orderedLicenses: readonly License[]
  readonly ownLicenses: readonly Item[]
  readonly queuedOrders: readonly Item[]
  readonly deliveries: readonly Item[]
  readonly events: readonly Event[]
  readonly audit: readonly Item[]
  readonly operators: readonly Item[]
  readonly eventsSearched: readonly (Event & Searched)[]
  readonly auditSearched: readonly (Item & Searched)[]
}

const select = defineQuery<Found>(operatorAuthority(RIGHTS), `json_object('kind', 'found')`, SECTIONS)

/** The positions of a cursor, which all begin at 0. */
const POSITIONS = [
  'ordersAfter',
  'licensesOrder',
  'licensesAfter',
  'ownLicensesAfter',
  'queuedOrdersAfter',
  'deliveriesAfter',
  'eventsAt',
  'eventsAfter',
  'auditAfter',
  'operatorsAfter',
] as const
type Positions = Record<(typeof POSITIONS)[number], CursorValue>

function positionsOf(cursor: readonly CursorValue[] | undefined): Positions {
  const positions = POSITIONS.map((name, index) => [name, cursor?.[index] ?? 0])
  return Object.fromEntries(positions) as Positions
}

export const exportPerson = adminEndpoint({
  method: 'GET',
  path: '/people',
  summary: 'Export what is stored about a person',
  ...RIGHTS,
  query: () => ({ email: personEmail, ...page() }),
  problems: {},
  handle: (call) => {
    const { email, cursor } = call.query
    const values = { email, needles: needlesOf(email), limit: limitOf(call.query), ...positionsOf(cursor) }
    return runQuery(call, select, values)
  },
  answer: (found, { call }) => ({
    body: {
      email: call.query.email,
      orders: found.orders.map(withIsoInstants),
      licenses: [...found.orderedLicenses, ...found.ownLicenses].map(withIsoInstants),
      queued_orders: found.queuedOrders.map(withIsoInstants),
      deliveries: found.deliveries.map(withIsoInstants),
      events: found.events.map(withIsoInstants),
      audit_entries: found.audit.map(withIsoInstants),
      operators: found.operators.map(withIsoInstants),
      next_cursor: nextCursor(found, positionsOf(call.query.cursor), limitOf(call.query)),
    },
  }),
})

/** @returns null if no section can have more */
function nextCursor(found: Found, positions: Positions, limit: number): string | null {
  const { orders, orderedLicenses, ownLicenses, queuedOrders, deliveries, events, audit, operators } = found
  const lists = [orders, orderedLicenses, ownLicenses, queuedOrders, deliveries, events, audit, operators]
  const searches = [...found.eventsSearched, ...found.auditSearched]
  const hasMore =
    lists.some(({ length }) => length === limit) || searches.some((search) => search.count === SEARCHED_MAX)
  if (!hasMore) return null
  const next: Partial<Positions> = {
    ...positionIn(orders, ({ id }) => ({ ordersAfter: id })),
    ...positionIn(orderedLicenses, ({ id, order_id }) => ({ licensesOrder: order_id, licensesAfter: id })),
    ...positionIn(ownLicenses, ({ id }) => ({ ownLicensesAfter: id })),
    ...positionIn(queuedOrders, ({ id }) => ({ queuedOrdersAfter: id })),
    ...positionIn(deliveries, ({ id }) => ({ deliveriesAfter: id })),
    // A full list may not have all that was searched.
    ...positionIn(events.length === limit ? events : found.eventsSearched, ({ id, received_at }) => ({
      eventsAt: received_at,
      eventsAfter: id,
    })),
    ...positionIn(audit.length === limit ? audit : found.auditSearched, ({ id }) => ({ auditAfter: id })),
    ...positionIn(operators, ({ id }) => ({ operatorsAfter: id })),
  }
  return encodeCursor(POSITIONS.map((name) => next[name] ?? positions[name]))
}

/** The position after a list, or nothing if it is empty, so that the position before stays. */
function positionIn<Row, Position extends object>(
  list: readonly Row[],
  positionOf: (last: Row) => Position,
): Partial<Position> {
  return list.length === 0 ? {} : positionOf(list.at(-1) as Row)
}
