/** A subscription of a person that still runs, so that its provider will send events with the person's data. */
import { DAY_MILLISECONDS } from '../../protocol/dates.ts'

export interface RunningSubscription {
  readonly provider: string
  readonly order: string
  readonly subscription: string
  /** Milliseconds UTC. */
  readonly until: number
}

/** The longest usual period, for a payment whose provider does not tell what it paid for. */
const PERIOD_MS = 366 * DAY_MILLISECONDS

/** CROSS JOIN makes SQLite read the tables in the written order. */
const SUBSCRIPTIONS = `
  select order_lines.provider, order_lines.order_id, order_references.reference as subscription, order_lines.expires_at
  from issuances
  cross join order_lines on order_lines.issuance_id = issuances.id
  cross join order_references on order_references.provider = order_lines.provider
    and order_references.order_id = order_lines.order_id
  where issuances.owner_email = :email collate nocase`

const PERIODS = `from paid_periods where paid_periods.provider = subscriptions.provider
  and paid_periods.subscription = subscriptions.subscription`

const REPORTS = `from subscription_reports as reports where reports.provider = subscriptions.provider
  and reports.subscription = subscriptions.subscription`

/** Refunds do not count: a subscription goes on after one, unless its provider reports its end. */
const PAID_UNTIL = `max(
  coalesce((select max(coalesce(ends_at, subscriptions.expires_at, paid_at + ${PERIOD_MS})) ${PERIODS}), 0),
  coalesce((select max(reports.report ->> 'paidUntil') ${REPORTS}), 0))`

const IS_ENDED = `exists (select 1 ${REPORTS} and reports.report ->> 'endedAt' <= :now
  and reports.report ->> 'endedAt' >= coalesce((select max(paid_at) ${PERIODS}), 0))`

/** SQL: the first one, as an outcome, or null. Placeholders: `email` and `now`. */
export const RUNNING_SUBSCRIPTION = `(
  select json_object('kind', 'subscription-running', 'provider', provider, 'order', order_id,
    'subscription', subscription, 'until', until)
  from (select *, ${PAID_UNTIL} as until from (${SUBSCRIPTIONS}) as subscriptions where not ${IS_ENDED})
  where until > :now limit 1)`
