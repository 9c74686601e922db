/** `/admin/v1/deliveries`: webhooks, e-mails and callbacks, and what became of them. */
import { operatorAuthority } from '../../callers/operators.ts'
import { defineQuery, runQuery } from '../../callers/query.ts'
import { CHANNELS, DELIVERY_STATUSES } from '../../db/schema/index.ts'
import { choice, optional } from '../../protocol/fields.ts'
import { page } from '../cursor.ts'
import { adminEndpoint } from '../endpoint.ts'
import { id, yesOrNo } from '../fields.ts'
import { DELIVERY, DELIVERY_JOINS, type Delivery, deliveryBody } from './delivery.ts'
import { type Newest, newest, newestBody, newestValues } from './newest.ts'

const RIGHTS = { role: 'viewer' } as const
const AUTHORITY = operatorAuthority(RIGHTS)

type Listed = { readonly kind: 'listed' } & Newest<Delivery>

/** The deliveries of the license's order, and its own. */
const IS_OF_LICENSE = `deliveries.id in (
  select delivery.id from license_keys cross join deliveries as delivery on delivery.issuance_id = license_keys.issuance_id
    where license_keys.id = :licenseId and coalesce(delivery.license_key_id, :licenseId) = :licenseId
  union select delivery.id from deliveries as delivery where delivery.license_key_id = :licenseId)`

const FILTER = `(:status is null or deliveries.status = :status) and (:channel is null or deliveries.channel = :channel)
  and (:isBounced is null or (deliveries.bounced_at is not null) = :isBounced)`

/** @param filter further SQL */
function defineList(place: string, where: string) {
  return defineQuery<Listed>(
    AUTHORITY,
    `json_object('kind', 'listed')`,
    newest({
      table: 'deliveries',
      place: `deliveries.${place}`,
      where,
      joins: DELIVERY_JOINS,
      filter: FILTER,
      item: DELIVERY,
    }),
  )
}

/** The order of the list follows the index that finds few rows. */
const LISTS = {
  newest: defineList('id', 'true'),
  license: defineList('id', IS_OF_LICENSE),
  failed: defineList('updated_at', `deliveries.status = 'failed'`),
  pending: defineList('due_at', `deliveries.status = 'pending'`),
  bounced: defineList('bounced_at', 'deliveries.bounced_at is not null'),
}

export const listDeliveries = adminEndpoint({
  method: 'GET',
  path: '/deliveries',
  summary: 'List deliveries',
  ...RIGHTS,
  query: () => ({
    status: optional(choice('status', DELIVERY_STATUSES)),
    channel: optional(choice('channel', CHANNELS)),
    license_id: optional(id('license_id')),
    bounced: optional(yesOrNo('bounced')),
    ...page(),
  }),
  problems: {},
  handle(call) {
    const { status, channel, license_id: licenseId, bounced } = call.query
    const isBounced = bounced === undefined ? null : Number(bounced)
    const filters = { status: status ?? null, channel: channel ?? null, isBounced }
    const values = { ...newestValues(call.query, filters), licenseId: licenseId ?? null }
    return runQuery(call, LISTS[listFor(call.query)], values)
  },
  answer: (listed, { call, role }) => ({
    body: newestBody(listed, call.query, (delivery) => deliveryBody(delivery, role)),
  }),
})

interface ListQuery {
  readonly status?: (typeof DELIVERY_STATUSES)[number] | undefined
  readonly license_id?: number | undefined
  readonly bounced?: boolean | undefined
}

function listFor({ status, license_id: licenseId, bounced }: ListQuery): keyof typeof LISTS {
  if (licenseId !== undefined) return 'license'
  if (bounced) return 'bounced'
  return status === 'failed' || status === 'pending' ? status : 'newest'
}

type Shown = { readonly kind: 'found'; readonly delivery: Delivery } | { readonly kind: 'not-found' }

const selectDelivery = defineQuery<Shown>(
  AUTHORITY,
  `coalesce((select json_object('kind', 'found', 'delivery', ${DELIVERY}) from deliveries ${DELIVERY_JOINS}
    where deliveries.id = :id), json_object('kind', 'not-found'))`,
)

export const showDelivery = adminEndpoint({
  method: 'GET',
  path: '/deliveries/:id',
  summary: 'Show a delivery',
  ...RIGHTS,
  problems: { 'not-found': 'not-found' },
  handle: (call) => runQuery(call, selectDelivery, { id: call.path.id }),
  answer: ({ delivery }, { role }) => ({ body: deliveryBody(delivery, role) }),
})
