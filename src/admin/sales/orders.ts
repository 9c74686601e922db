/** `GET /admin/v1/orders`: the orders of payment providers, newest first, or those with a name. */
import { done } from '../../callers/caller.ts'
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { PROVIDER_NAMES } from '../../payments/provider.ts'
import { ordersNamed } from '../../payments/references.ts'
import { choice, optional, plainText } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { isoInstant } from '../fields.ts'
import { type Newest, newest, newestBody, newestValues } from './newest.ts'

const RIGHTS = { role: 'viewer' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

interface Order {
  readonly provider: string
  readonly order: string
  readonly lines: number
  readonly quantity: number
  readonly ownerName: string
  readonly ownerEmail: string
  readonly issuedAt: number
}

type Listed = ({ readonly kind: 'listed' } & Newest<Order>) | { readonly kind: 'two-names' }

/** SQL: the first of the lines that were issued for an order stands for the order. */
const IS_FIRST = `not exists (select 1 from order_lines as earlier where earlier.provider = order_lines.provider
  and earlier.order_id = order_lines.order_id and earlier.issuance_id < order_lines.issuance_id)`

/** SQL: the lines of the orders to which a provider gave the name `:name`. Placeholder: `providers`. */
const NAMED_LINES = `(
  with ${ordersNamed(':name')}
  select order_lines.issuance_id from orders
  cross join order_lines on order_lines.provider = orders.provider and order_lines.order_id = orders.order_id)`

const OF_ORDER = `order_lines as line where line.provider = order_lines.provider and line.order_id = order_lines.order_id`

const ITEM = `json_object('provider', order_lines.provider, 'order', order_lines.order_id,
  'lines', (select count(*) from ${OF_ORDER}),
  'quantity', (select sum(issued.quantity) from issuances as issued
    where issued.id in (select line.issuance_id from ${OF_ORDER})),
  'ownerName', issuances.owner_name, 'ownerEmail', issuances.owner_email, 'issuedAt', issuances.created_at)`

function defineList(where: string) {
  return defineQuery<Listed>(
    AUTHORITY,
    `json_object('kind', 'listed')`,
    newest({
      table: 'order_lines',
      id: 'issuance_id',
      place: 'order_lines.issuance_id',
      where,
      joins: 'cross join issuances on issuances.id = order_lines.issuance_id',
      filter: `(:provider is null or order_lines.provider = :provider) and ${IS_FIRST}`,
      item: ITEM,
    }),
  )
}

const newestOrders = defineList('true')
const namedOrders = defineList(`order_lines.issuance_id in ${NAMED_LINES}`)

export const listOrders = adminEndpoint({
  method: 'GET',
  path: '/orders',
  summary: 'List orders',
  ...RIGHTS,
  query: () => ({
    provider: optional(choice('provider', PROVIDER_NAMES)),
    order: optional(plainText('order', 255)),
    subscription: optional(plainText('subscription', 255)),
    ...page(),
  }),
  problems: {
    'two-names': {
      code: 'invalid-request',
      describe: () => ({ errors: { subscription: ['Send either order or subscription.'] } }),
    },
  },
  async handle(call) {
    const { provider = null, order, subscription } = call.query
    if (order !== undefined && subscription !== undefined) {
      return done<Listed>({ kind: 'two-names' }, call.now)
    }
    const values = newestValues(call.query, { provider })
    const name = order ?? subscription
    if (name === undefined) return runQuery(call, newestOrders, values)
    return runQuery(call, namedOrders, { ...values, name, providers: JSON.stringify(PROVIDER_NAMES) })
  },
  answer: (listed, { call }) => ({ body: newestBody(listed, call.query, orderBody) }),
})

function orderBody(order: Order) {
  return {
    provider: order.provider,
    order: order.order,
    lines: order.lines,
    quantity: order.quantity,
    owner_name: order.ownerName,
    owner_email: order.ownerEmail,
    issued_at: isoInstant(order.issuedAt),
  }
}
