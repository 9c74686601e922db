/**
 * Derives the state of license keys and deliveries from the stored sales, refunds, disputes and renewals.
 *
 * Guarantees: every event that adds a fact settles the affected orders in the same batch. So facts may arrive
 * in any order, and settling twice changes nothing.
 *
 * CROSS JOIN makes SQLite read the tables in the written order. It has no statistics and would otherwise
 * start with all rows of a provider.
 *
 * Placeholders: `provider`, `names` (a JSON list of names of orders and subscriptions) and `now`; for
 * reversals also `reversal`, `order`, `lines` (JSON or null), `isActive`, `occurredAt`, `phase` and `nonce`.
 */
import { compileText } from '../db/batch.ts'

/** The orders with one of the names, and the orders of subscriptions that a renewal with it extended. */
const AFFECTED_ORDERS = `
named as (
  select order_references.order_id from json_each(:names) as names
  cross join order_references on order_references.provider = :provider
    and order_references.reference = names.value
),
affected as (
  select order_id from named
  union
  select order_references.order_id from named
  cross join renewals on renewals.provider = :provider and renewals.order_id = named.order_id
  cross join order_references on order_references.provider = renewals.provider
    and order_references.reference = renewals.subscription
)`

/** The number of units of a line that a reversal covers: all, or those that it lists. */
const REVERSED_UNITS = `
case when reversals.lines is null then order_lines.units else (
  select coalesce(sum(coalesce(item.value ->> 'quantity', order_lines.units)), 0)
  from json_each(reversals.lines) as item where item.value ->> 'id' = order_lines.line
) end`

const TOTAL_REVERSED_UNITS = `
select coalesce(sum(${REVERSED_UNITS}), 0) from order_references
cross join reversals on reversals.provider = order_references.provider
  and reversals.reference = order_references.reference and reversals.is_active = 1
where order_references.provider = order_lines.provider and order_references.order_id = order_lines.order_id`

/** The number of paid periods of the order's subscription, without the first one and refunded ones. */
const PERIODS = `
select count(distinct renewals.period) from order_references
cross join renewals on renewals.provider = order_references.provider
  and renewals.subscription = order_references.reference
where order_references.provider = order_lines.provider and order_references.order_id = order_lines.order_id
  and not exists (
    select 1 from renewals as same
    where same.provider = renewals.provider and same.subscription = renewals.subscription
      and same.period = renewals.period and (same.is_first = 1 or exists (
        select 1 from order_references as names_of_renewal
        cross join reversals on reversals.provider = names_of_renewal.provider
          and reversals.reference = names_of_renewal.reference
        where names_of_renewal.provider = same.provider and names_of_renewal.order_id = same.order_id
          and reversals.is_active = 1 and reversals.lines is null)))`

/**
 * The affected lines. The number of blocked keys follows from the reversed units. A single key for several
 * seats is blocked only if all seats are reversed.
 */
const AFFECTED_LINES = `with ${AFFECTED_ORDERS},
counted as (
  select order_lines.issuance_id, order_lines.units, order_lines.renewed_periods, issuances.quantity,
    issuances.validity_days, (${TOTAL_REVERSED_UNITS}) as reversed_units, (${PERIODS}) as periods
  from order_lines cross join issuances on issuances.id = order_lines.issuance_id
  where order_lines.provider = :provider and order_lines.order_id in (select order_id from affected)
),
lines as (select *, min(reversed_units, units) * quantity / units as keys_blocked from counted)`

/**
 * The issuances whose keys belong to the affected lines: the order's own, and reissues with the place of the
 * key that they replace. Materialized, because SQLite would otherwise start with all license keys.
 */
const KEY_ISSUANCES = `${AFFECTED_LINES},
key_issuances as materialized (
  select lines.issuance_id as key_issuance_id, null as place_id, lines.* from lines
  union all
  select reissues.issuance_id, reissues.place_id, lines.*
  from lines cross join reissues on reissues.order_issuance_id = lines.issuance_id
)`

/**
 * Blocks the last places of a line first, each with all of its keys. A restored key gets its previous status,
 * so a key that a reissue blocked stays blocked. Updates only keys whose state changes.
 */
const blockOrRestore = compileText(`${KEY_ISSUANCES},
ranked as (
  select license_keys.id, license_keys.status_before_reversal is not null as is_blocked,
    dense_rank() over (partition by key_issuances.issuance_id
      order by coalesce(key_issuances.place_id, license_keys.id) desc) <= key_issuances.keys_blocked as should_be_blocked
  from key_issuances cross join license_keys on license_keys.issuance_id = key_issuances.key_issuance_id
)
update license_keys set status = coalesce(status_before_reversal, 'blocked'),
  status_before_reversal = case when status_before_reversal is null then status end, updated_at = :now
where id in (select id from ranked where is_blocked <> should_be_blocked)`)

/** Adds the purchased validity once for each period. Keys that never expire do not change. */
const extend = compileText(`${KEY_ISSUANCES}
update license_keys set updated_at = :now, validity_days = max(1, min(36500,
  license_keys.validity_days + key_issuances.validity_days * (key_issuances.periods - key_issuances.renewed_periods)))
from key_issuances where license_keys.issuance_id = key_issuances.key_issuance_id
  and key_issuances.periods <> key_issuances.renewed_periods
  and key_issuances.validity_days > 0 and license_keys.validity_days > 0`)

const recordExtension = compileText(`${AFFECTED_LINES}
update order_lines set renewed_periods = lines.periods
from lines where order_lines.issuance_id = lines.issuance_id and order_lines.renewed_periods <> lines.periods`)

/** Cancels deliveries if all keys are reversed. Resumes them if keys are restored in time. */
const cancelOrResumeDeliveries = compileText(`${AFFECTED_LINES},
states as (
  select issuance_id, not exists (select 1 from license_keys
    where license_keys.issuance_id = lines.issuance_id and status_before_reversal is null) as is_reversed
  from lines
)
update deliveries set status = case deliveries.status when 'pending' then 'cancelled' else 'pending' end,
  due_at = :now, updated_at = :now
from states where deliveries.issuance_id = states.issuance_id
  and deliveries.status in ('pending', 'cancelled')
  and (deliveries.status = 'cancelled') <> states.is_reversed`)

/** The order matters: `recordExtension` follows `extend`, and deliveries depend on the keys. */
export const SETTLE = [blockOrRestore, extend, recordExtension, cancelOrResumeDeliveries] as const

/**
 * One row for each reversal. It keeps the state of the latest event about the reversal, even if events arrive
 * out of order or before the sale.
 */
export const upsertReversal = compileText(`
insert into reversals (provider, reversal_id, reference, lines, is_active, occurred_at, phase, nonce)
values (:provider, :reversal, :order, :lines, :isActive, :occurredAt, :phase, :nonce)
on conflict (provider, reversal_id) do update set
  reference = excluded.reference, lines = excluded.lines, is_active = excluded.is_active,
  occurred_at = excluded.occurred_at, phase = excluded.phase, nonce = excluded.nonce
where (excluded.occurred_at, excluded.phase) > (reversals.occurred_at, reversals.phase)`)

const IS_NEW_STATE = `exists (select 1 from reversals
  where provider = :provider and reversal_id = :reversal and nonce = :nonce)`

const IS_ORDER_KNOWN = `exists (${AFFECTED_LINES} select 1 from lines)`

/** A partial reversal of a key with several seats, or of an unknown line, blocks nothing. */
const HAS_EFFECT = `exists (${AFFECTED_LINES} select 1 from lines where keys_blocked > 0)
  or exists (${AFFECTED_LINES} select 1 from named
    cross join renewals on renewals.provider = :provider and renewals.order_id = named.order_id
    where renewals.is_first = 0)`

export const REFUND_OUTCOME = `case when not ${IS_NEW_STATE} then 'duplicate'
  when ${IS_ORDER_KNOWN} and not (${HAS_EFFECT}) then 'flagged' else 'revoked' end`

export const REINSTATEMENT_OUTCOME = `case when ${IS_NEW_STATE} then 'reinstated' else 'duplicate' end`

export const REVERSAL_NOTE = `case when not ${IS_ORDER_KNOWN} then 'unknown order' end`
