/**
 * Refunds, disputes and their ends, and the state of license keys, renewals and deliveries as it follows from the facts:
 * from what was sold, taken back, given back and renewed.
 *
 * Guarantees: every event that adds a fact settles the orders it touches, in its own batch. So it does not matter in
 * which order the facts arrive, and settling twice changes nothing.
 *
 * CROSS JOIN, here and elsewhere, means that SQLite reads the tables in the order in which they are written: it has no
 * statistics to choose by, and would begin with all rows of a provider.
 *
 * Placeholders: `provider`, `names` (a JSON list of names of orders and subscriptions) and `now`; for reversals also
 * `reversal`, `order`, `lines` (JSON or null), `isActive`, `occurredAt`, `phase` and `nonce`.
 */
import { compileText } from '../db/batch.ts'

/** The orders that have one of the names, and those whose subscription a renewal of that name has extended. */
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

/** How many units of a line a reversal takes back: all of them, or those that it names. */
const UNITS_OF_A_REVERSAL = `
case when reversals.lines is null then order_lines.units else (
  select coalesce(sum(coalesce(item.value ->> 'quantity', order_lines.units)), 0)
  from json_each(reversals.lines) as item where item.value ->> 'id' = order_lines.line
) end`

const UNITS_TAKEN_BACK = `
select coalesce(sum(${UNITS_OF_A_REVERSAL}), 0) from order_references
cross join reversals on reversals.provider = order_references.provider
  and reversals.reference = order_references.reference and reversals.is_active = 1
where order_references.provider = order_lines.provider and order_references.order_id = order_lines.order_id`

/** How many billing periods of the order's subscription were paid, without the first and without refunded ones. */
const PERIODS = `
select count(distinct renewals.period) from order_references
cross join renewals on renewals.provider = order_references.provider and renewals.subscription = order_references.reference
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
 * The affected lines. As many keys of a line are blocked as belong to the units taken back. A single key for several
 * seats is blocked only when all of them are taken back.
 */
const AFFECTED_LINES = `with ${AFFECTED_ORDERS},
counted as (
  select order_lines.issuance_id, order_lines.units, order_lines.renewed_periods, issuances.quantity,
    issuances.validity_days, (${UNITS_TAKEN_BACK}) as units_taken_back, (${PERIODS}) as periods
  from order_lines cross join issuances on issuances.id = order_lines.issuance_id
  where order_lines.provider = :provider and order_lines.order_id in (select order_id from affected)
),
lines as (select *, min(units_taken_back, units) * quantity / units as keys_blocked from counted)`

/**
 * The issuances whose keys belong to the affected lines: the order's own, and those that reissued one of its keys, with
 * the place that the new key takes. Materialized, because SQLite would otherwise begin with all license keys.
 */
const STANDING = `${AFFECTED_LINES},
standing as materialized (
  select lines.issuance_id as standing_id, null as place_id, lines.* from lines
  union all
  select reissues.issuance_id, reissues.place_id, lines.*
  from lines cross join reissues on reissues.order_issuance_id = lines.issuance_id
)`

/**
 * Blocks the latest places of a line first, each with all of its keys. A key that is given back gets the status that it
 * had: a key that a reissue has blocked stays blocked. Only keys whose state is wrong are updated.
 */
const blockOrRestore = compileText(`${STANDING},
ranked as (
  select license_keys.id, license_keys.status_before_reversal is not null as is_blocked,
    dense_rank() over (partition by standing.issuance_id
      order by coalesce(standing.place_id, license_keys.id) desc) <= standing.keys_blocked as is_to_be_blocked
  from standing cross join license_keys on license_keys.issuance_id = standing.standing_id
)
update license_keys set status = coalesce(status_before_reversal, 'blocked'),
  status_before_reversal = case when status_before_reversal is null then status end, updated_at = :now
where id in (select id from ranked where is_blocked <> is_to_be_blocked)`)

/** By the validity that was bought, once for each period. A key that never expires is not changed. */
const extend = compileText(`${STANDING}
update license_keys set updated_at = :now, validity_days = max(1, min(36500,
  license_keys.validity_days + standing.validity_days * (standing.periods - standing.renewed_periods)))
from standing where license_keys.issuance_id = standing.standing_id
  and standing.periods <> standing.renewed_periods and standing.validity_days > 0 and license_keys.validity_days > 0`)

const noteExtension = compileText(`${AFFECTED_LINES}
update order_lines set renewed_periods = lines.periods
from lines where order_lines.issuance_id = lines.issuance_id and order_lines.renewed_periods <> lines.periods`)

/** Keys that were all taken back are not sent. Keys that were given back are, unless they were sent before. */
const cancelOrResumeDeliveries = compileText(`${AFFECTED_LINES},
states as (
  select issuance_id, not exists (select 1 from license_keys
    where license_keys.issuance_id = lines.issuance_id and status_before_reversal is null) as is_taken_back
  from lines
)
update deliveries set status = case deliveries.status when 'pending' then 'cancelled' else 'pending' end,
  due_at = :now, updated_at = :now
from states where deliveries.issuance_id = states.issuance_id
  and deliveries.status in ('pending', 'cancelled')
  and (deliveries.status = 'cancelled') <> states.is_taken_back`)

/** In this order: deliveries follow from the keys, and the extension is noted after it. */
export const SETTLE = [blockOrRestore, extend, noteExtension, cancelOrResumeDeliveries] as const

/**
 * One row for each reversal, which says whether it holds. Of several events about one reversal the latest is kept, in
 * whatever order they arrive, even before the order is known.
 */
export const upsertReversal = compileText(`
insert into reversals (provider, reversal_id, reference, lines, is_active, occurred_at, phase, nonce)
values (:provider, :reversal, :order, :lines, :isActive, :occurredAt, :phase, :nonce)
on conflict (provider, reversal_id) do update set
  reference = excluded.reference, lines = excluded.lines, is_active = excluded.is_active,
  occurred_at = excluded.occurred_at, phase = excluded.phase, nonce = excluded.nonce
where (excluded.occurred_at, excluded.phase) > (reversals.occurred_at, reversals.phase)`)

const IS_NEWS = `exists (select 1 from reversals
  where provider = :provider and reversal_id = :reversal and nonce = :nonce)`

const IS_ORDER_KNOWN = `exists (${AFFECTED_LINES} select 1 from lines)`

/** A part of a key for several seats, or of a line that is not known, blocks nothing. */
const HAS_EFFECT = `exists (${AFFECTED_LINES} select 1 from lines where keys_blocked > 0)
  or exists (${AFFECTED_LINES} select 1 from named
    cross join renewals on renewals.provider = :provider and renewals.order_id = named.order_id
    where renewals.is_first = 0)`

export const REFUND_OUTCOME = `case when not ${IS_NEWS} then 'duplicate'
  when ${IS_ORDER_KNOWN} and not (${HAS_EFFECT}) then 'flagged' else 'revoked' end`

export const REINSTATEMENT_OUTCOME = `case when ${IS_NEWS} then 'reinstated' else 'duplicate' end`

export const REVERSAL_NOTE = `case when not ${IS_ORDER_KNOWN} then 'of an order that is not known yet' end`
