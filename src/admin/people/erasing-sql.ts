/**
 * The statements that erase a person. An erasure is a row of `erasures` with the address, until nothing is left.
 *
 * The first piece finds all orders by the address and flags them. From then on, their replays and later events know only
 * the anonymous owner. Each piece erases some of the license keys of the flagged orders, and some events.
 *
 * All functions take SQL for the id of the erasure. If it is null, or the erasure is finished, nothing matches.
 */
import { PIECE_ROWS } from '../../db/batch.ts'
import { ERASED_EMAIL, ERASED_NAME, NOT_SET } from '../../protocol/owner.ts'

const ERASE_OWNER = `owner_name = '${ERASED_NAME}', owner_email = '${ERASED_EMAIL}'`

/** The most issuances and, apart from those of the last issuance, license keys of a piece. */
const PIECE_ISSUANCES = 500
const PIECE_KEYS = 5_000
/** The events and texts that a piece searches, by their ids. */
export const WINDOW = 2_000

/** SQL: the address. Null, which equals nothing, once the erasure is finished. */
function emailOf(erasure: string): string {
  return `(select erasures.email from erasures where erasures.id = ${erasure})`
}

/** An SQL condition on `license_keys`: the key has an owner of its own, who is the person. */
function isOwn(erasure: string): string {
  return `((license_keys.issuance_id is null or license_keys.has_new_owner = 1)
    and license_keys.owner_email = ${emailOf(erasure)} collate nocase)`
}

/** An SQL condition on `deliveries`: it brings the person license keys. Also true if they were sent to another address. */
function isDeliveryOf(erasure: string): string {
  return `(exists (select 1 from issuances
      where issuances.id = deliveries.issuance_id and issuances.erasure_id = ${erasure})
    or exists (select 1 from license_keys where license_keys.id = deliveries.license_key_id and ${isOwn(erasure)}))`
}

/**
 * Starts an erasure, unless it runs already. It will not search what is older than the oldest events, operations and
 * entries. Placeholders: `email` and `now`.
 */
export function startErasure(condition: string): string {
  return `insert into erasures (email, names, started_at, events_done, operations_done, audit_done)
    select :email, '[]', :now,
      coalesce((select min(id) - 1 from (select id from webhook_events where payload is not null
        order by received_at limit ${PIECE_ROWS})), (select max(id) from webhook_events), 0),
      coalesce((select min(id) from operations), 1) - 1, coalesce((select min(id) from audit_entries), 1) - 1
    where ${condition} on conflict do nothing`
}

/** Also flags what was stored since the last piece, by a request that was under way. Placeholder: `now` */
export function flagOrders(erasure: string): readonly string[] {
  const isPersons = `owner_email = ${emailOf(erasure)} collate nocase`
  return [
    `update erasures set names = (select json_group_array(name) from (
        select value as name from json_each(erasures.names)
        union select owner_name from issuances where ${isPersons}
        union select owner_name from queued_orders where ${isPersons}
        union select owner_name from license_keys where ${isOwn(erasure)} and owner_name is not null
        limit 200) where name <> '${NOT_SET}')
      where id = ${erasure} and email is not null`,
    `update issuances set ${ERASE_OWNER}, erasure_id = ${erasure} where ${isPersons}`,
    `update queued_orders set ${ERASE_OWNER}, erasure_id = ${erasure}, updated_at = :now where ${isPersons}`,
    `update deliveries set recipient = '${ERASED_EMAIL}'
      where recipient is not null and (recipient = ${emailOf(erasure)} collate nocase or ${isDeliveryOf(erasure)})`,
    `update deliveries set status = 'cancelled', last_result = 'the owner was erased', updated_at = :now
      where status = 'pending' and channel = 'email'
        and (recipient = '${ERASED_EMAIL}' or ${isDeliveryOf(erasure)})`,
  ]
}

/** A name of one or two characters may be part of any text. */
const IS_NAMED = `(license_keys.owner_name <> '${NOT_SET}'
  and instr(lower(license_key_metadata.value), lower(license_keys.owner_name)) > 0
  and (length(license_keys.owner_name) > 2 or length(license_key_metadata.value) = length(license_keys.owner_name)))`

/** The owner and the metadata of the next keys. A key whose owner was changed is found by its own address only. */
export function eraseKeys(erasure: string): readonly string[] {
  const ownKeys = `(select license_keys.id from license_keys where ${isOwn(erasure)} limit ${PIECE_ROWS})`
  const issuances = `(select id from (
      select id, sum(quantity) over (order by id) - quantity as keys_before from (
        select id, quantity from issuances where erasure_id = ${erasure}
          and id > (select issuances_done from erasures where erasures.id = ${erasure})
        order by id limit ${PIECE_ISSUANCES}))
    where keys_before < ${PIECE_KEYS})`
  const ofKeys = (isKey: string) => [
    `update license_key_metadata set value = '${ERASED_NAME}' where id in (
      select license_key_metadata.id from license_keys
      cross join license_key_metadata on license_key_metadata.license_key_id = license_keys.id
      where ${isKey} and (instr(lower(license_key_metadata.value), lower(${emailOf(erasure)})) > 0 or ${IS_NAMED}))`,
    `update license_keys set ${ERASE_OWNER}, updated_at = max(:now, updated_at + 1) where ${isKey}`,
  ]
  return [
    ...ofKeys(`license_keys.id in ${ownKeys}`),
    ...ofKeys(`license_keys.issuance_id in ${issuances} and license_keys.has_new_owner is null`),
    `update erasures set issuances_done = coalesce((select max(id) from ${issuances}), issuances_done)
      where id = ${erasure}`,
  ]
}

const IS_OPEN = `outcome in ('waiting', 'unmapped', 'failed')`

function eventsDone(erasure: string): string {
  return `(select events_done from erasures where erasures.id = ${erasure})`
}

/**
 * Empties the payloads with the address, and those about orders of the person. Such an event sells nothing from then on.
 * Placeholders: `needles`, the spellings of the address, and `now`.
 */
export function emptyEvents(erasure: string): readonly string[] {
  return [
    `update webhook_events set payload = null, erasure_id = ${erasure}, due_at = null, updated_at = iif(${IS_OPEN}, :now, updated_at),
        outcome = iif(${IS_OPEN}, 'ignored', outcome), note = iif(${IS_OPEN}, 'the buyer was erased', note)
      where id > ${eventsDone(erasure)} and id <= ${eventsDone(erasure)} + ${WINDOW} and payload is not null
        and ${emailOf(erasure)} is not null
        and (exists (select 1 from json_each(:needles) as needle
            where instr(lower(webhook_events.payload), needle.value) > 0)
          or exists (select 1 from order_references
            cross join order_lines on order_lines.provider = order_references.provider
              and order_lines.order_id = order_references.order_id
            cross join issuances on issuances.id = order_lines.issuance_id and issuances.erasure_id = ${erasure}
            where order_references.provider = webhook_events.provider
              and order_references.reference = webhook_events.order_id))`,
    `update erasures set events_done = max(events_done, min(events_done + ${WINDOW},
        (select coalesce(max(id), 0) from webhook_events))) where id = ${erasure}`,
  ]
}

/** Deletes the address from the erasure if nothing is left. @param isTextLeft SQL */
export function finishErasure(erasure: string, isTextLeft: string): string {
  return `update erasures set email = null, names = null, finished_at = :now
    where id = ${erasure} and email is not null
      and not exists (select 1 from license_keys where ${isOwn(erasure)})
      and not exists (select 1 from issuances where issuances.erasure_id = ${erasure}
        and issuances.id > erasures.issuances_done)
      and events_done >= (select coalesce(max(id), 0) from webhook_events) and not ${isTextLeft}`
}
