/**
 * The state of license keys, renewals and deliveries as it follows from the facts: from what was sold, taken
 * back, given back and renewed. Every event that adds a fact settles the orders it touches, in its own batch.
 * So it does not matter in which order the facts arrived, and settling twice changes nothing.
 *
 * CROSS JOIN, here and elsewhere, means that the tables are read in the order in which they are written: SQLite has
 * no statistics to choose by, and would begin with all rows of a provider.
 *
 * Placeholders: `provider`, `names` (a JSON list of names of orders and subscriptions) and `now`.
 */
import { compileText } from '../db/batch.ts'

/** The orders that a name belongs to, and those whose subscription a renewal of that name has extended. */
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

/** How many units of a line a reversal takes back: all of them, or those it names. */
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

/** Billing periods of the order's subscription that were paid for, but for the first and those refunded. */
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
 * The affected lines. Of a line's keys as many are blocked as belong to the units taken back: of a single key
 * for several seats none, until all of them are.
 */
export const AFFECTED_LINES = `with ${AFFECTED_ORDERS},
counted as (
  select order_lines.issuance_id, order_lines.units, order_lines.renewed_periods, issuances.quantity,
    issuances.validity_days, (${UNITS_TAKEN_BACK}) as units_taken_back, (${PERIODS}) as periods
  from order_lines cross join issuances on issuances.id = order_lines.issuance_id
  where order_lines.provider = :provider and order_lines.order_id in (select order_id from affected)
),
lines as (select *, min(units_taken_back, units) * quantity / units as keys_blocked from counted)`

/**
 * The issuances whose keys stand in the affected lines: the order's own, and those that reissued one of its keys, with
 * the place that the new key takes. Materialized, lest SQLite turn it about and begin with all license keys.
 */
const STANDING = `${AFFECTED_LINES},
standing as materialized (
  select lines.issuance_id as standing_id, null as place_id, lines.* from lines
  union all
  select reissues.issuance_id, reissues.place_id, lines.*
  from lines cross join reissues on reissues.order_issuance_id = lines.issuance_id
)`

/**
 * The latest places of a line are blocked first, each with all keys that stand there. Each key is given back what it
 * had: one that a reissue has blocked stays so. Only keys that are not yet as they should be are touched.
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

/** By the validity that was bought, once for each period; what never expires still does not. */
const extend = compileText(`${STANDING}
update license_keys set updated_at = :now, validity_days = max(1, min(36500,
  license_keys.validity_days + standing.validity_days * (standing.periods - standing.renewed_periods)))
from standing where license_keys.issuance_id = standing.standing_id
  and standing.periods <> standing.renewed_periods and standing.validity_days > 0 and license_keys.validity_days > 0`)

const noteExtension = compileText(`${AFFECTED_LINES}
update order_lines set renewed_periods = lines.periods
from lines where order_lines.issuance_id = lines.issuance_id and order_lines.renewed_periods <> lines.periods`)

/** What was taken back whole is not sent; what was given back is sent after all, if it was not before. */
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

/** In this order: deliveries follow from the keys, and the extension is noted when it is done. */
export const SETTLE = [blockOrRestore, extend, noteExtension, cancelOrResumeDeliveries] as const
