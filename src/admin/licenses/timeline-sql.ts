/** SQL that collects what happened to a license from the rows of all tables that know of it. */
import { ORDER_ISSUANCE } from '../../issuing/order-of-key.ts'
import { REISSUED_AS, REISSUED_FROM } from '../../issuing/reissue.ts'

/** SQL for a part of the timeline. Events of the same time are ordered by the rank of their part, and by their id. */
interface Part {
  readonly rank: number
  readonly kind: string
  readonly at: string
  readonly id: string
  readonly actor?: string
  readonly details?: string
  /** `license` has the row of `license_keys`. */
  readonly from: string
  readonly where?: string
}

function part({ rank, kind, at, id, actor = 'null', details = `'{}'`, from, where = 'true' }: Part): string {
  return `select ${at} as at, ${rank} as rank, ${id} as id, ${kind} as kind, ${actor} as actor, ${details} as details
    from license as license_keys ${from} where ${where}`
}

const ISSUANCE = 'cross join issuances on issuances.id = license_keys.issuance_id'

const created = part({
  rank: 1,
  kind: `'created'`,
  at: 'license_keys.created_at',
  id: 'license_keys.id',
  from: 'left join issuances on issuances.id = license_keys.issuance_id',
  where: 'issuances.id is null or license_keys.created_at < issuances.created_at',
})

const ordered = part({
  rank: 2,
  kind: `'ordered'`,
  at: 'queued_orders.created_at',
  id: 'queued_orders.id',
  actor: 'queued_orders.source',
  details: `json_object('quantity', queued_orders.quantity, 'reference', queued_orders.identifier)`,
  from: `${ISSUANCE} and issuances.source like 'queued:%'
    cross join queued_orders on queued_orders.id = cast(substr(issuances.source, 8) as integer)`,
})

const issued = part({
  rank: 3,
  kind: `'issued'`,
  at: 'issuances.created_at',
  id: 'issuances.id',
  actor: 'issuances.source',
  details: `json_object('issuance_id', issuances.id, 'source', issuances.source, 'quantity', issuances.quantity,
    'reference', issuances.reference, 'provider', order_lines.provider, 'order', order_lines.order_id,
    'line', order_lines.line, 'reissued_from', ${REISSUED_FROM})`,
  from: `${ISSUANCE} left join order_lines on order_lines.issuance_id = ${ORDER_ISSUANCE}`,
})

const REISSUE_ACTION = 'licenses.reissue'
const SUBJECT = `'license:' || license_keys.id`

/** Reissues that the audit does not have. */
const reissued = part({
  rank: 4,
  kind: `'reissued'`,
  at: 'issuances.created_at',
  id: 'replacement.id',
  details: `json_object('reissued_as', replacement.id)`,
  from: `cross join license_keys as replacement on replacement.id = ${REISSUED_AS}
    cross join issuances on issuances.id = replacement.issuance_id`,
  where: `not exists (select 1 from audit_entries
    where audit_entries.subject = ${SUBJECT} and audit_entries.action = '${REISSUE_ACTION}')`,
})

const changed = part({
  rank: 5,
  kind: 'audit_entries.action',
  at: 'audit_entries.at',
  id: 'audit_entries.id',
  actor: 'audit_entries.actor',
  details: `json_object('action', audit_entries.action, 'reason', audit_entries.reason,
    'before', json(audit_entries.before), 'after', json(audit_entries.after),
    'reissued_as', iif(audit_entries.action = '${REISSUE_ACTION}', ${REISSUED_AS}, null))`,
  from: `cross join audit_entries on audit_entries.subject in (${SUBJECT}, 'issuance:' || license_keys.issuance_id)`,
  where: `audit_entries.action <> 'licenses.issue'`,
})

/** By issuance, or for the license only. */
const DELIVERIES = `cross join deliveries on deliveries.id in (
    select sent.id from deliveries as sent where sent.issuance_id = license_keys.issuance_id and sent.license_key_id is null
    union all select sent.id from deliveries as sent where sent.license_key_id = license_keys.id)`

const RECIPIENT = `coalesce(deliveries.recipient, iif(deliveries.license_key_id is null,
  (select issuances.owner_email from issuances where issuances.id = deliveries.issuance_id), license_keys.owner_email))`

function delivery(rank: number, kind: string, at: string, where: string): string {
  return part({
    rank,
    kind,
    at,
    id: 'deliveries.id',
    details: `json_object('delivery_id', deliveries.id, 'channel', deliveries.channel, 'serial', deliveries.serial,
      'recipient', iif(deliveries.channel = 'email', ${RECIPIENT}, null),
      'status', deliveries.status, 'result', deliveries.last_result, 'bounce', deliveries.bounce)`,
    from: DELIVERIES,
    where,
  })
}

/** Reports of the e-mail service do not change `updated_at`. */
const sent = delivery(
  6,
  `'delivery-' || deliveries.status`,
  `iif(deliveries.status = 'pending', deliveries.created_at, deliveries.updated_at)`,
  'true',
)
const arrived = delivery(
  7,
  `'delivery-arrived'`,
  'deliveries.arrived_at',
  'deliveries.arrived_at is not null',
)
const bounced = delivery(
  8,
  `'delivery-' || deliveries.bounce`,
  'deliveries.bounced_at',
  'deliveries.bounced_at is not null',
)

const activated = part({
  rank: 9,
  kind: `'activated'`,
  at: 'activations.created_at',
  id: 'activations.id',
  details: `json_object('device_id', activations.id, 'identifier', activations.identifier)`,
  from: 'cross join activations on activations.license_key_id = license_keys.id',
})

/** Those that were freed while their license file was valid. No row is kept of others. */
const freed = part({
  rank: 10,
  kind: `'deactivated'`,
  at: 'released_devices.released_at',
  id: 'released_devices.id',
  details: `json_object('identifier', released_devices.identifier, 'seat_taken_until', released_devices.seat_taken_until)`,
  from: 'cross join released_devices on released_devices.license_key_id = license_keys.id',
})

const NAMES = `cross join order_lines on order_lines.issuance_id = ${ORDER_ISSUANCE}
  cross join order_references as names on names.provider = order_lines.provider
    and names.order_id = order_lines.order_id`

const paid = part({
  rank: 11,
  kind: `'paid'`,
  at: 'paid_periods.paid_at',
  id: 'paid_periods.id',
  details: `json_object('payment', paid_periods.payment, 'subscription', paid_periods.subscription,
    'period_ends_at', paid_periods.ends_at)`,
  from: `${NAMES} cross join paid_periods on paid_periods.provider = names.provider
    and paid_periods.subscription = names.reference`,
})

const refunded = part({
  rank: 12,
  kind: `iif(reversals.is_active, 'refunded', 'refund-ended')`,
  at: 'reversals.occurred_at',
  id: 'reversals.id',
  details: `json_object('reversal', reversals.reversal_id, 'amount', reversals.amount, 'lines', json(reversals.lines))`,
  from: `${NAMES} cross join reversals on reversals.provider = names.provider
    and reversals.reference = names.reference`,
})

const ACTOR_NAME = `case
  when actor like 'operator:%' then (select name from operators where operators.id = cast(substr(actor, 10) as integer))
  when actor like 'api:%' then (select name from api_keys where api_keys.id = cast(substr(actor, 5) as integer))
  when actor like 'contract:%' then (select name from contracts where contracts.id = cast(substr(actor, 10) as integer))
  end`

/** D1 allows five parts of a compound query. */
const PARTS = [
  [created, ordered, issued, reissued, changed],
  [sent, arrived, bounced, activated, freed],
  [paid, refunded],
]
  .map((parts) => `select * from (${parts.join(' union all ')})`)
  .join(' union all ')

/**
 * SQL: the events of the license `:id` after the position (`:afterAt`, `:afterRank`, `:afterId`), and one more than `:limit`.
 *
 * @param allowed SQL: no row if the caller may not read
 */
export function timelineEvents(allowed: string): string {
  return `with license as materialized (
    select license_keys.* from ${allowed} cross join license_keys where license_keys.id = :id)
  select row_number() over (order by at, rank, id) as place, json_object('at', at, 'rank', rank, 'id', id, 'kind', kind,
    'actor', actor, 'actorName', ${ACTOR_NAME}, 'details', json(details)) as item
  from (${PARTS}) where (at, rank, id) > (:afterAt, :afterRank, :afterId) order by at, rank, id limit :limit + 1`
}
