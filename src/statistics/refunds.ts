/**
 * Counts refunds and disputes by the day of their last report, once for each product of their order.
 *
 * Guarantees: only active ones are counted, in any order of events. An event marks the reversals whose state, or whose
 * orders, it changes. What was counted of a marked reversal is subtracted, and its current state is added.
 *
 * CROSS JOIN makes SQLite read the tables in the written order.
 */
import { compileText } from '../db/batch.ts'
import { addCounts, dayOf, type Source } from './counts.ts'

/** The most reversals that one batch counts. */
const STEP_REVERSALS = 200

const MARKED = `(select * from reversals where is_counted = 0 order by id limit ${STEP_REVERSALS})`

/** The names of a reversal's orders: those with its reference, and those of the subscription that it was paid for. */
const ORDERS = `(
  select named.order_id from order_references as named
    where named.provider = reversals.provider and named.reference = reversals.reference
  union
  select orders.order_id from order_references as named
    cross join paid_periods on paid_periods.provider = named.provider and paid_periods.payment = named.order_id
    cross join order_references as orders on orders.provider = paid_periods.provider
      and orders.reference = paid_periods.subscription
    where named.provider = reversals.provider and named.reference = reversals.reference)`

/** A reversal of some lines of its order counts for their products only. */
const COUNTED = `(select json_group_array(json_array(${dayOf('reversals.occurred_at')}, product_id)) from (
  select distinct issuances.product_id from ${ORDERS} as orders
  cross join order_lines on order_lines.provider = reversals.provider and order_lines.order_id = orders.order_id
  cross join issuances on issuances.id = order_lines.issuance_id
  where reversals.is_active = 1 and (reversals.lines is null
    or order_lines.line in (select value ->> 'id' from json_each(reversals.lines)))))`

export const refunds: Source = {
  step: [
    addCounts(
      ['refunds'],
      `select value ->> 0 as day, value ->> 1 as product_id, refunds from (
         select counted as list, -1 as refunds from ${MARKED}
         union all select ${COUNTED}, 1 from ${MARKED} as reversals)
       cross join json_each(list)`,
    ),
    compileText(`
      update reversals set is_counted = 1, counted = nullif(${COUNTED}, '[]') where id in (select id from ${MARKED})`),
  ],
  hasMore: 'exists (select 1 from reversals where is_counted = 0)',
  uncountedSince: '(select occurred_at from reversals where is_counted = 0 order by id limit 1)',
}
