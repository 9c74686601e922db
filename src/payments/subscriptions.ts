/**
 * Stores what providers tell about subscriptions: the periods that were paid for, and reports about their end
 * and their plan. settle.ts derives the state of license keys from these facts.
 *
 * Guarantees: each payment and each report is one row, however often it arrives. A plan's offers are looked up
 * when its report arrives, so that offers that change later do not change plans.
 *
 * Placeholders: `provider`, `order` (of the sale or payment) and `nonce`; for a period `subscription`, `payment`,
 * `periodName`, `paidAt` and `endsAt` (or null); for a report `reported`, `occurredAt`, `report` (JSON) and
 * `items` (JSON or null).
 */
import { compileText, type Statement } from '../db/batch.ts'
import { OFFER_OF_ITEM } from './offers.ts'
import type { PaidPeriod, Report } from './payment-event.ts'

/** If two events tell different ends of a period, the later one counts, whichever arrives first. */
function periodFrom(rows: string): Statement<never> {
  return compileText(`
insert into paid_periods (provider, subscription, payment, name, paid_at, ends_at, nonce)
${rows}
on conflict (provider, subscription, payment) do update set
  paid_at = min(paid_at, excluded.paid_at), nonce = excluded.nonce,
  ends_at = max(coalesce(ends_at, excluded.ends_at), coalesce(excluded.ends_at, ends_at))
where excluded.paid_at < paid_at or excluded.ends_at > coalesce(ends_at, 0)`)
}

export const insertPeriod = periodFrom(
  'values (:provider, :subscription, :payment, :periodName, :paidAt, :endsAt, :nonce)',
)

/** Placeholder: `otherPeriods`, a JSON list of `PaidPeriod`. */
export const insertOtherPeriods = periodFrom(`
select :provider, value ->> 'subscription', value ->> 'payment', coalesce(value ->> 'name', value ->> 'payment'),
  value ->> 'paidAt', value ->> 'endsAt', :nonce from json_each(:otherPeriods) where true`)

export function periodValues({ subscription, payment, name, paidAt, endsAt }: PaidPeriod) {
  return { subscription, payment, periodName: name ?? payment, paidAt, endsAt: endsAt ?? null }
}

/** Units from 1 to a million; anything else keeps those that were bought. */
const UNITS_OF_ITEM = `case when cast(item.value ->> 'quantity' as integer) between 1 and 1000000
  then cast(item.value ->> 'quantity' as integer) end`

/** A report that is repeated updates its plan only if an item had no offer, so that a retry finds a new one. */
export const insertReport = compileText(`
insert into subscription_reports (provider, subscription, occurred_at, report, plan, nonce)
select :provider, :reported, :occurredAt, :report, case when :items is not null then (
    select json_group_array(json_array(${OFFER_OF_ITEM}, ${UNITS_OF_ITEM}, item.value ->> '$.externalIds[0]'))
    from json_each(:items) as item) end, :nonce
where true
on conflict (provider, subscription, occurred_at, report) do update set plan = excluded.plan, nonce = excluded.nonce
where plan is not excluded.plan and exists (select 1 from json_each(plan) as item where item.value ->> 0 is null)`)

export function reportValues({ subscription, occurredAt, paidUntil, endedAt, items }: Report) {
  return {
    reported: subscription,
    occurredAt,
    report: JSON.stringify({ paidUntil, endedAt, items }),
    items: items === undefined || items.length === 0 ? null : JSON.stringify(items),
  }
}

/** No payment for the same period was known before this event. */
export const IS_NEW_PERIOD = `(select min(nonce = :nonce) from paid_periods
  where provider = :provider and subscription = :subscription and name = :periodName)`

export const IS_NEW_REPORT = `exists (select 1 from subscription_reports where provider = :provider
  and subscription = :reported and occurred_at = :occurredAt and report = :report and nonce = :nonce)`

/** The lines of the orders of the subscription in a report. */
const LINES_OF_REPORT = `order_references
  cross join order_lines on order_lines.provider = order_references.provider
    and order_lines.order_id = order_references.order_id
  where order_references.provider = :provider and order_references.reference = :reported`

export const IS_REPORTED_KNOWN = `exists (select 1 from ${LINES_OF_REPORT})`

const ITEMS_OF_REPORT = `subscription_reports as reports cross join json_each(reports.plan) as item
  where reports.provider = :provider and reports.subscription = :reported
    and reports.occurred_at = :occurredAt and reports.report = :report`

/** The beginning of a note about an item without an offer. The operator's commands find events by it. */
export const NO_OFFER = 'no active offer for'

/** An earlier event reported the same item without an offer, so each one is flagged only once. */
const WAS_REPORTED = `exists (select 1 from subscription_reports as earlier
  cross join json_each(earlier.plan) as same where earlier.provider = :provider
    and earlier.subscription = :reported and earlier.occurred_at < :occurredAt
    and same.value ->> 0 is null and same.value ->> 2 is item.value ->> 2)`

/**
 * What is wrong with the plan of a report: an item without an offer, an item that replaces no line, or a
 * quantity that needs more or fewer keys. null if nothing is. Runs after settle.ts.
 */
export const PLAN_FAULT = `(select nullif(concat_ws('; ',
  (select '${NO_OFFER} ' || group_concat(coalesce(item.value ->> 2, 'an unknown product'), ', ')
    from ${ITEMS_OF_REPORT} and item.value ->> 0 is null and not ${WAS_REPORTED}),
  (select 'no line of the order belongs to ' || group_concat(item.value ->> 2, ', ')
    from ${ITEMS_OF_REPORT} and item.value ->> 0 is not null and ${IS_REPORTED_KNOWN}
    and not exists (select 1 from subscription_reports as later where later.provider = :provider
      and later.subscription = :reported and later.plan is not null
      and (later.occurred_at, later.report) > (:occurredAt, :report))
    and not exists (
      select 1 from ${LINES_OF_REPORT} and coalesce(order_lines.current_offer_id, order_lines.offer_id) in (
        select same.id from offers as wanted cross join offers as same
          on same.provider = wanted.provider and same.external_id = wanted.external_id
        where wanted.id = item.value ->> 0))),
  (select 'the quantity changed from ' || order_lines.units || ' to ' || order_lines.current_units ||
      ', but each unit has a key of its own: issue or block keys by hand'
    from order_references
    cross join order_lines on order_lines.provider = order_references.provider
      and order_lines.order_id = order_references.order_id
    cross join offers on offers.id = order_lines.offer_id
    where order_references.provider = :provider and order_references.reference = :reported
      and offers.mode = 'key-per-unit' and order_lines.current_units <> order_lines.units
      and order_lines.settled_by = :nonce and order_lines.is_plan_new limit 1)), ''))`
