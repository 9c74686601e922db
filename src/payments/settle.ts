/**
 * Derives the state of license keys and deliveries from the stored sales, periods, reports and reversals.
 *
 * Guarantees: every event that adds a fact settles the affected orders in the same batch. So facts may arrive
 * in any order, and settling twice changes nothing. What a caller changed by hand stays: a corrected expiry
 * moves with the subscription, and a corrected limit stays until the plan changes.
 *
 * Placeholders: `provider`, `names` (a JSON list of names of orders, payments and subscriptions), `nonce` and
 * `now`; for reversals also `reversal`, `reversedOrder`, `reversedLines` (JSON or null), `reversedAmount` (or null),
 * `isActive`, `reversedAt` and `phase`.
 */
import { compileText } from '../db/batch.ts'
import { keepAsIssued } from '../issuing/as-issued.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { AFFECTED_ORDERS, EXPIRIES, IS_WHOLE, isOfLine, isRefunded, SPANS } from './paid-until.ts'

const ACTIVATION_LIMIT_MAX = 1_000_000

/**
 * The latest item of the line's subscriptions, as `[offer id, units, external id]`, or null: the one with its
 * external id, or for the only line of an order any item. A report may list only some of the items.
 */
const ITEM_OF_LINE = `(select item.value from subscribed
    cross join subscription_reports as reports on reports.provider = :provider
      and reports.subscription = subscribed.subscription
    cross join json_each(reports.plan) as item
    cross join offers as planned on planned.id = item.value ->> 0
    cross join offers as sold on sold.id = terms.offer_id
    where ${isOfLine('subscribed', 'terms')} and terms.is_one_time = 0
      and (planned.external_id = sold.external_id or terms.is_only_line)
    order by reports.occurred_at desc, reports.report desc, planned.external_id <> sold.external_id, item.key
    limit 1)`

const DERIVED = `with recursive ${AFFECTED_ORDERS}, ${SPANS}, ${EXPIRIES},
planned as (
  select terms.issuance_id, ${ITEM_OF_LINE} as item from terms
),
derived as (
  select terms.issuance_id, expiries.expires_at,
    (select offers.id from offers cross join offers as sold on sold.id = terms.offer_id
      where offers.id = planned.item ->> 0 and offers.external_id <> sold.external_id) as current_offer_id,
    nullif(planned.item ->> 1, terms.units) as current_units
  from terms cross join planned on planned.issuance_id = terms.issuance_id
  left join expiries on expiries.issuance_id = terms.issuance_id
)`

/** Records the derived state of the lines whose state changes. */
export const settleLines = compileText(`${DERIVED}
update order_lines set expires_at = derived.expires_at, current_offer_id = derived.current_offer_id,
  current_units = derived.current_units, settled_by = :nonce,
  is_plan_new = (order_lines.current_offer_id, order_lines.current_units)
    is not (derived.current_offer_id, derived.current_units)
from derived where order_lines.issuance_id = derived.issuance_id
  and (order_lines.expires_at, order_lines.current_offer_id, order_lines.current_units)
    is not (derived.expires_at, derived.current_offer_id, derived.current_units)`)

/** The number of units of a line that a reversal covers: those that it lists, or all if nothing else is paid. */
const REVERSED_UNITS = `
case when reversals.lines is null or ${IS_WHOLE} then iif(${IS_WHOLE} and (order_lines.is_one_time = 1 or not exists (
    select 1 from spans where ${isOfLine('spans', 'order_lines')})), order_lines.units, 0)
else (
  select coalesce(sum(coalesce(item.value ->> 'quantity', order_lines.units)), 0)
  from json_each(reversals.lines) as item where item.value ->> 'id' = order_lines.line
) end`

const TOTAL_REVERSED_UNITS = `
select coalesce(sum(${REVERSED_UNITS}), 0) from order_references
cross join reversals on reversals.provider = order_references.provider
  and reversals.reference = order_references.reference and reversals.is_active = 1
where order_references.provider = order_lines.provider and order_references.order_id = order_lines.order_id`

/**
 * The affected lines. The number of blocked keys follows from the reversed units. A single key for several
 * seats is blocked only if all seats are reversed.
 */
const AFFECTED_LINES = `with ${AFFECTED_ORDERS}, ${SPANS},
counted as (
  select order_lines.issuance_id, order_lines.units, issuances.quantity, (${TOTAL_REVERSED_UNITS}) as reversed_units
  from order_lines cross join issuances on issuances.id = order_lines.issuance_id
  where order_lines.provider = :provider and order_lines.order_id in (select order_id from affected)
),
lines as (select *, min(reversed_units, units) * quantity / units as keys_blocked from counted)`

/**
 * SQL: the issuances whose keys belong to the lines, which are its own and reissues with the place of the key
 * that they replace. Materialized, because SQLite would otherwise start with all license keys.
 */
const KEY_ISSUANCES = `
key_issuances as materialized (
  select lines.issuance_id as key_issuance_id, null as place_id, lines.* from lines
  union all
  select reissues.issuance_id, reissues.place_id, lines.*
  from lines cross join reissues on reissues.order_issuance_id = lines.issuance_id
)`

/**
 * The lines whose derived state this event changed, and their keys' issuances. A key stands for all units or for
 * one, as its sale decided: a plan of another mode changes only the limit of each unit.
 */
const SETTLED = `with ${AFFECTED_ORDERS},
lines as (
  select order_lines.issuance_id, order_lines.expires_at as expiry, order_lines.is_plan_new,
    offers.product_id as planned_product_id,
    min(${ACTIVATION_LIMIT_MAX}, offers.activation_limit * case sold.mode when 'seats'
      then coalesce(order_lines.current_units, order_lines.units) else 1 end) as planned_limit
  from order_lines left join offers on offers.id = coalesce(order_lines.current_offer_id, order_lines.offer_id)
  left join offers as sold on sold.id = order_lines.offer_id
  where order_lines.provider = :provider and order_lines.order_id in (select order_id from affected)
    and order_lines.settled_by = :nonce
),
${KEY_ISSUANCES}`

/** Runs before `updateTerms`, and before the keys of a new sale exist. */
export const keepTermsAsIssued = compileText(
  keepAsIssued(`issuance_id in (${SETTLED} select key_issuance_id from key_issuances where is_plan_new)`),
)

const EXPIRY = `iif(license_keys.correction_days = 0, null,
  key_issuances.expiry + coalesce(license_keys.correction_days, 0) * ${DAY_MILLISECONDS})`

/** Moves the expiry of keys, and gives them the terms of a new plan. */
const updateTerms = compileText(`${SETTLED}
update license_keys set expires_at = ${EXPIRY}, updated_at = :now,
  product_id = iif(key_issuances.is_plan_new, key_issuances.planned_product_id, license_keys.product_id),
  activation_limit = iif(key_issuances.is_plan_new, key_issuances.planned_limit, license_keys.activation_limit)
from key_issuances where license_keys.issuance_id = key_issuances.key_issuance_id
  and (key_issuances.is_plan_new or license_keys.expires_at is not ${EXPIRY})`)

/**
 * The keys of refunded units are those with the last places of a line, each with all of its keys. A restored key
 * gets its previous status, so a key that a reissue blocked stays blocked. Updates only keys whose state changes.
 */
const blockOrRestore = compileText(`${AFFECTED_LINES}, ${KEY_ISSUANCES},
ranked as (
  select license_keys.id, license_keys.status_before_reversal is not null as is_blocked,
    dense_rank() over (partition by key_issuances.issuance_id
      order by coalesce(key_issuances.place_id, license_keys.id) desc) <= key_issuances.keys_blocked as should_be_blocked
  from key_issuances cross join license_keys on license_keys.issuance_id = key_issuances.key_issuance_id
)
update license_keys set status = coalesce(status_before_reversal, 'blocked'),
  status_before_reversal = case when status_before_reversal is null then status end, updated_at = :now
where id in (select id from ranked where is_blocked <> should_be_blocked)`)

/**
 * Cancels deliveries if all keys are reversed. Resumes them if keys are restored in time, unless the owner was erased,
 * whose e-mail was canceled.
 */
const cancelOrResumeDeliveries = compileText(`with ${AFFECTED_ORDERS},
states as (
  select issuance_id, issuances.erasure_id is not null as is_erased, not exists (select 1 from license_keys
    where license_keys.issuance_id = order_lines.issuance_id and status_before_reversal is null) as is_reversed
  from order_lines cross join issuances on issuances.id = order_lines.issuance_id where order_lines.provider = :provider and order_lines.order_id in (select order_id from affected)
)
update deliveries set status = case deliveries.status when 'pending' then 'cancelled' else 'pending' end,
  due_at = :now, updated_at = :now
from states where deliveries.issuance_id = states.issuance_id
  and deliveries.status in ('pending', 'cancelled')
  and (deliveries.status = 'cancelled') <> states.is_reversed
  and not (states.is_erased and deliveries.channel = 'email' and deliveries.status = 'cancelled')`)

/** The statistics count the reversals of the affected orders again, since the event may have added an order or a product. */
const markReversals = compileText(`with ${AFFECTED_ORDERS},
orders as (select order_id from named union select order_id from affected),
names_of_orders as materialized (
  select order_references.reference from orders cross join order_references
    on order_references.provider = :provider and order_references.order_id = orders.order_id
),
names_of_payments as (
  select order_references.reference from names_of_orders
  cross join paid_periods on paid_periods.provider = :provider
    and paid_periods.subscription = names_of_orders.reference
  cross join order_references on order_references.provider = paid_periods.provider
    and order_references.order_id = paid_periods.payment
)
update reversals set is_counted = 0 where provider = :provider and is_counted = 1
  and reference in (select reference from names_of_orders union select reference from names_of_payments)`)

/** Runs after `settleLines`. The order matters: deliveries depend on the keys. */
export const SETTLE_KEYS = [updateTerms, blockOrRestore, cancelOrResumeDeliveries, markReversals] as const

/**
 * One row for each reversal. It keeps the state of the latest event about the reversal, even if events arrive
 * out of order or before the sale.
 */
export const upsertReversal = compileText(`
insert into reversals (provider, reversal_id, reference, lines, amount, is_active, occurred_at, phase, nonce)
values (:provider, :reversal, :reversedOrder, :reversedLines, :reversedAmount, :isActive, :reversedAt, :phase, :nonce)
on conflict (provider, reversal_id) do update set
  reference = excluded.reference, lines = excluded.lines, amount = excluded.amount,
  is_active = excluded.is_active, occurred_at = excluded.occurred_at, phase = excluded.phase, nonce = excluded.nonce
where (excluded.occurred_at, excluded.phase) > (reversals.occurred_at, reversals.phase)`)

const IS_NEW_STATE = `exists (select 1 from reversals
  where provider = :provider and reversal_id = :reversal and nonce = :nonce)`

/** Lines that this event changed. */
export const HAS_SETTLED = `exists (with ${AFFECTED_ORDERS} select 1 from affected
  cross join order_lines on order_lines.provider = :provider and order_lines.order_id = affected.order_id
  where order_lines.settled_by = :nonce)`

const IS_ORDER_KNOWN = `exists (with ${AFFECTED_ORDERS} select 1 from affected
  cross join order_lines on order_lines.provider = :provider and order_lines.order_id = affected.order_id)`

/**
 * A partial reversal of a key with several seats, or of an unknown line, blocks nothing. Keys that only other
 * reversals block do not count.
 */
const HAS_EFFECT = `(exists (${AFFECTED_LINES} select 1 from lines
    cross join order_lines on order_lines.issuance_id = lines.issuance_id
    cross join reversals on reversals.provider = :provider and reversals.reversal_id = :reversal
    cross join order_references on order_references.provider = reversals.provider
      and order_references.reference = reversals.reference and order_references.order_id = order_lines.order_id
    where lines.keys_blocked > 0 and ${REVERSED_UNITS} > 0)
  or exists (with ${AFFECTED_ORDERS} select 1 from named
    cross join paid_periods on paid_periods.provider = :provider and paid_periods.payment = named.order_id
    where ${isRefunded('paid_periods.payment')}))`

export const REFUND_OUTCOME = `case when not ${IS_NEW_STATE} then 'duplicate'
  when ${IS_ORDER_KNOWN} and not ${HAS_EFFECT} then 'flagged' else 'revoked' end`

export const REINSTATEMENT_OUTCOME = `case when ${IS_NEW_STATE} then 'reinstated' else 'duplicate' end`

export const REVERSAL_NOTE = `case when not ${IS_ORDER_KNOWN} then 'unknown order'
  when :reversedAmount is not null and not ${HAS_EFFECT} then 'the payment was partly refunded'
  when :isActive = 1 and not ${HAS_EFFECT} then 'the refund takes back no license key and no period' end`
