/**
 * The sections of what is stored about a person. Each is a list in a fixed order, of which a page reads the next part after
 * its position. So a page is bounded, and the pages together are complete.
 *
 * Placeholders: `email`, `needles`, `limit` (the most items of a section), and the positions.
 */
import type { ListSql } from '../../callers/query.ts'
import { EXPIRES_AT } from '../../issuing/expiry.ts'

const IS_PERSONS = 'owner_email = :email collate nocase'

/** The most bytes of the devices, and of the metadata, of a license. Metadata has up to 40,000 bytes an entry. */
const LIST_BYTES_MAX = 300_000
/** The most rows that a section searches for texts in a page. */
export const SEARCHED_MAX = 2_000
/** Payloads that are longer are left out. `GET /events/:id` has them. */
const PAYLOAD_BYTES_MAX = 10_000

/** SQL: rows that belong to the license key, as a JSON list. @param text the only column of any length */
function listOf(table: string, text: string, object: string): string {
  return `(select json_group_array(${object}) from (
    select *, sum(octet_length(${text}) + 100) over (order by id) as bytes from ${table}
    where license_key_id = license_keys.id) where bytes <= ${LIST_BYTES_MAX})`
}

function countOf(table: string): string {
  return `(select count(*) from ${table} where license_key_id = license_keys.id)`
}

/** `recipient`: null for the owner's address. */
const DELIVERY = `json_object('id', deliveries.id, 'channel', channel, 'recipient', recipient,
  'status', deliveries.status, 'attempts', attempts, 'result', last_result, 'arrived_at', arrived_at, 'bounce', bounce,
  'created_at', deliveries.created_at, 'updated_at', deliveries.updated_at)`

/** @param of an SQL condition on `deliveries` */
function deliveriesOf(of: string): string {
  return `(select json_group_array(${DELIVERY}) from deliveries where ${of})`
}

const LICENSE = `json_object('id', license_keys.id, 'license_key', license_key, 'product_id', license_keys.product_id,
  'status', status, 'order_id', issuance_id, 'owner_name', license_keys.owner_name, 'owner_email', license_keys.owner_email,
  'activation_limit', license_keys.activation_limit, 'assigned_at', assigned_at, 'expires_at', ${EXPIRES_AT},
  'deliveries', ${deliveriesOf('deliveries.license_key_id = license_keys.id')},
  'devices', ${listOf('activations', 'identifier', `json_object('id', id, 'identifier', identifier, 'activated_at', created_at, 'last_seen_at', last_seen_at)`)},
  'devices_count', ${countOf('activations')},
  'freed_devices', ${listOf('released_devices', 'identifier', `json_object('identifier', identifier, 'freed_at', released_at)`)},
  'metadata', ${listOf('license_key_metadata', 'value', `json_object('name', key, 'value', value)`)},
  'metadata_count', ${countOf('license_key_metadata')})`

const orders: ListSql = (allowed) => `
  select id as place, json_object('id', id, 'source', source, 'reference', reference, 'product_id', product_id,
    'quantity', quantity, 'owner_name', owner_name, 'owner_email', owner_email, 'ordered_at', created_at,
    'line', (select json_object('provider', provider, 'order', order_id, 'line', line, 'subscription', subscription)
      from order_lines where order_lines.issuance_id = issuances.id),
    'deliveries', ${deliveriesOf('deliveries.issuance_id = issuances.id')}) as item
  from ${allowed} cross join issuances where ${IS_PERSONS} and id > :ordersAfter order by id limit :limit`

/** The license keys of the person's orders, unless their owner was changed. */
const orderedLicenses: ListSql = (allowed) => `
  select row_number() over (order by issuance_id, license_keys.id) as place, ${LICENSE} as item
  from ${allowed} cross join (
    select license_keys.* from issuances cross join license_keys on license_keys.issuance_id = issuances.id
    where issuances.owner_email = :email collate nocase and issuances.id >= :licensesOrder
      and (issuances.id, license_keys.id) > (:licensesOrder, :licensesAfter) and license_keys.has_new_owner is null
    order by issuances.id, license_keys.id limit :limit) as license_keys`

/** The license keys that have an owner of their own. */
const ownLicenses: ListSql = (allowed) => `
  select id as place, ${LICENSE} as item from ${allowed} cross join license_keys
  where (issuance_id is null or has_new_owner = 1) and ${IS_PERSONS} and id > :ownLicensesAfter
  order by id limit :limit`

const queuedOrders: ListSql = (allowed) => `
  select id as place, json_object('id', id, 'source', source, 'reference', identifier, 'product_id', product_id,
    'quantity', quantity, 'status', status, 'owner_name', owner_name, 'owner_email', owner_email, 'ordered_at', created_at,
    'deliveries', ${deliveriesOf('deliveries.queued_order_id = queued_orders.id')}) as item
  from ${allowed} cross join queued_orders where ${IS_PERSONS} and id > :queuedOrdersAfter order by id limit :limit`

/** What was sent to the address instead of the owner's. */
const deliveries: ListSql = (allowed) => `
  select id as place, ${DELIVERY} as item from ${allowed} cross join deliveries
  where recipient = :email collate nocase and id > :deliveriesAfter order by id limit :limit`

/** An SQL condition. @param texts SQL of each text that may contain the address */
function contains(...texts: readonly string[]): string {
  const conditions = texts.map((text) => `instr(lower(${text}), needle.value) > 0`)
  return `exists (select 1 from json_each(:needles) as needle where ${conditions.join(' or ')})`
}

const SEARCHED_EVENTS = `(select * from webhook_events
  where payload is not null and (received_at, id) > (:eventsAt, :eventsAfter)
  order by received_at, id limit ${SEARCHED_MAX}) as webhook_events`

/** An event without a payload contains nothing of a person. */
const events: ListSql = (allowed) => `
  select row_number() over (order by received_at, id) as place, json_object('id', id, 'provider', provider,
    'event_id', event_id, 'type', type, 'order', order_id, 'outcome', outcome, 'received_at', received_at,
    'payload', iif(octet_length(payload) <= ${PAYLOAD_BYTES_MAX}, payload, null)) as item
  from ${allowed} cross join ${SEARCHED_EVENTS}
  where ${contains('payload')} or exists (select 1 from order_references
      cross join order_lines on order_lines.provider = order_references.provider
        and order_lines.order_id = order_references.order_id
      cross join issuances on issuances.id = order_lines.issuance_id
      where order_references.provider = webhook_events.provider
        and order_references.reference = webhook_events.order_id and issuances.owner_email = :email collate nocase)
  order by received_at, id limit :limit`

const SEARCHED_ENTRIES = `(select * from audit_entries where id > :auditAfter order by id limit ${SEARCHED_MAX})
  as audit_entries`

const audit: ListSql = (allowed) => `
  select id as place, json_object('id', id, 'at', at, 'actor', actor, 'action', action, 'subject', subject,
    'reason', reason, 'before', json(before), 'after', json(after)) as item
  from ${allowed} cross join ${SEARCHED_ENTRIES} where ${contains('reason', 'before', 'after')}
  order by id limit :limit`

const operators: ListSql = (allowed) => `
  select id as place, json_object('id', id, 'name', name, 'email', email, 'role', role, 'status', status,
    'last_used_at', last_used_at, 'created_at', created_at) as item
  from ${allowed} cross join operators where email = :email collate nocase and id > :operatorsAfter
  order by id limit :limit`

/** How far texts were searched: one item, or none if there was nothing to search. */
const eventsSearched: ListSql = (allowed) => `
  select 1 as place, json_object('id', id, 'received_at', received_at, 'count', count(*) over ()) as item
  from ${allowed} cross join ${SEARCHED_EVENTS} order by received_at desc, id desc limit 1`

const auditSearched: ListSql = (allowed) => `
  select 1 as place, json_object('id', id, 'count', count(*) over ()) as item
  from ${allowed} cross join ${SEARCHED_ENTRIES} order by id desc limit 1`

export const SECTIONS = {
  orders,
  orderedLicenses,
  ownLicenses,
  queuedOrders,
  deliveries,
  events,
  audit,
  operators,
  eventsSearched,
  auditSearched,
}
