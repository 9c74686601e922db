/**
 * SQL that derives until when the lines of orders are paid for, from the stored periods, reports and reversals.
 *
 * CROSS JOIN makes SQLite read the tables in the written order. It has no statistics and would otherwise
 * start with all rows of a provider.
 *
 * Placeholders: `provider` and `names`, a JSON list of names of orders, payments and subscriptions.
 */
import { DAY_MILLISECONDS } from '../protocol/dates.ts'

/** A payment may come shortly before the period that it pays for. A period has at least a day. */
const EARLY_PAYMENT_MS = DAY_MILLISECONDS / 2

/** Later than any expiry: a period without an end, of an offer whose keys never expire. */
const NEVER = 9_000_000_000_000_000

/** The end of the year 9999, which some shops use for "never". Clients cannot parse later dates. */
const LATEST_EXPIRY = Date.UTC(10_000, 0) - 1000

/** The orders with one of the names, and the orders of subscriptions that a payment with it paid for. */
export const AFFECTED_ORDERS = `
named as (
  select order_references.order_id from json_each(:names) as names
  cross join order_references on order_references.provider = :provider
    and order_references.reference = names.value
),
affected as (
  select order_id from named
  union
  select order_references.order_id from named
  cross join paid_periods on paid_periods.provider = :provider and paid_periods.payment = named.order_id
  cross join order_references on order_references.provider = paid_periods.provider
    and order_references.reference = paid_periods.subscription
)`

/** An SQL condition: the reversal covers all that was paid under its reference, alone or with others. */
export const IS_WHOLE = `iif(reversals.amount is null, reversals.lines is null, (
  select sum(parts.amount) from reversals as parts where parts.provider = reversals.provider
    and parts.reference = reversals.reference and parts.is_active = 1) >= (
  select max(paid.amount) from order_references as paid where paid.provider = reversals.provider
    and paid.reference = reversals.reference))`

/** @param payment SQL: the name of a payment. An SQL condition: it was refunded as a whole */
export function isRefunded(payment: string): string {
  return `exists (select 1 from order_references as names_of_payment
    cross join reversals on reversals.provider = names_of_payment.provider
      and reversals.reference = names_of_payment.reference and reversals.is_active = 1
    where names_of_payment.provider = :provider and names_of_payment.order_id = ${payment} and ${IS_WHOLE})`
}

const PAID_UNTIL = `(reports.report ->> 'paidUntil')`
const ENDED_AT = `(reports.report ->> 'endedAt')`

/**
 * The paid spans of the affected orders that were not refunded. A payment without an end takes the end that was
 * reported next, or else the earliest one that was reported before. A reported end counts by itself, unless its payment was refunded. An
 * order may have several subscriptions: the end of one does not cut the spans of another.
 */
export const SPANS = `
subscribed as materialized (
  select affected.order_id, order_references.reference as subscription from affected
  cross join order_references on order_references.provider = :provider
    and order_references.order_id = affected.order_id
),
told as materialized (
  select subscribed.order_id, reports.subscription, reports.occurred_at, ${PAID_UNTIL} as paid_until,
    ${ENDED_AT} as ended_at
  from subscribed cross join subscription_reports as reports on reports.provider = :provider
    and reports.subscription = subscribed.subscription
  where coalesce(${PAID_UNTIL}, ${ENDED_AT}) is not null
),
ended as materialized (select distinct order_id, subscription, ended_at from told where ended_at is not null),
payments as materialized (
  select subscribed.order_id, paid_periods.subscription, paid_periods.name, paid_periods.paid_at,
    coalesce(paid_periods.ends_at, (
      select told.paid_until from told where told.order_id = subscribed.order_id
        and told.subscription = paid_periods.subscription
        and told.paid_until > paid_periods.paid_at + ${EARLY_PAYMENT_MS}
      order by told.occurred_at < paid_periods.paid_at - ${EARLY_PAYMENT_MS},
        iif(told.occurred_at < paid_periods.paid_at - ${EARLY_PAYMENT_MS}, null, told.occurred_at), told.paid_until
      limit 1)) as ends_at,
    ${isRefunded('paid_periods.payment')} as is_refunded
  from subscribed
  cross join paid_periods on paid_periods.provider = :provider
    and paid_periods.subscription = subscribed.subscription
),
unrefunded as (
  select order_id, subscription, name, min(paid_at) as paid_at, max(ends_at) as ends_at
  from payments where not is_refunded group by order_id, subscription, name
  union all
  select order_id, subscription, '', occurred_at, paid_until from told
  where paid_until is not null and not exists (select 1 from payments
    where payments.order_id = told.order_id and payments.subscription = told.subscription
      and payments.is_refunded and payments.ends_at = told.paid_until)
),
spans as materialized (
  select unrefunded.*, (
    select min(ended.ended_at) from ended where ended.order_id = unrefunded.order_id
      and ended.subscription = unrefunded.subscription and ended.ended_at >= unrefunded.paid_at) as ended_at
  from unrefunded
)`

/** An SQL condition: the row of `facts` has a subscription that the row of `lines` follows. Both have an order. */
export function isOfLine(facts: string, lines: string): string {
  return `(${facts}.order_id = ${lines}.order_id
    and ${facts}.subscription = coalesce(${lines}.subscription, ${facts}.subscription))`
}

/** The end of a span: as reported, or the offer's validity after the later of its payment and the end before it. */
const END = `coalesce(steps.ends_at, case when steps.validity_days = 0 then ${NEVER}
  else max(steps.paid_at, folded.paid_until) + steps.validity_days * ${DAY_MILLISECONDS} end)`

/** The end of a subscription cuts what was paid before it, without grace. */
function cut(end: string): string {
  return `min(${end}, coalesce(steps.ended_at, ${NEVER}))`
}

/**
 * The affected lines with their expiry, which is null if the line follows no subscription or never expires.
 * The spans of a line are added up in the order of their payments.
 */
export const EXPIRIES = `
terms as materialized (
  select order_lines.*, offers.validity_days, offers.grace_days,
    sum(order_lines.is_one_time = 0)
      over (partition by order_lines.order_id, order_lines.subscription) = 1 as is_only_line,
    offers.follows_subscription = 1 and order_lines.is_one_time = 0 as follows
  from affected
  cross join order_lines on order_lines.provider = :provider and order_lines.order_id = affected.order_id
  left join offers on offers.id = order_lines.offer_id
),
steps as materialized (
  select terms.issuance_id, terms.validity_days, terms.grace_days * ${DAY_MILLISECONDS} as grace, spans.*,
    row_number() over (partition by terms.issuance_id order by spans.paid_at, spans.ends_at, spans.name) as step
  from terms cross join spans on ${isOfLine('spans', 'terms')}
  where terms.follows
),
folded as (
  select distinct issuance_id, 0 as step, 0 as paid_until, 0 as expires_at from steps
  union all
  select folded.issuance_id, steps.step, max(folded.paid_until, ${cut(END)}),
    max(folded.expires_at, ${cut(`${END} + steps.grace`)})
  from folded cross join steps on steps.issuance_id = folded.issuance_id and steps.step = folded.step + 1
),
expiries as (
  select issuance_id, min(max(expires_at), ${LATEST_EXPIRY}) as expires_at from folded group by issuance_id
  having max(expires_at) between 1 and ${NEVER - 1}
)`
