/**
 * What the statistics count, except refunds and active devices: keys issued, orders, activations and failed deliveries.
 */
import { addCounts, countedById, dayOf, moveTo, positionOf, type Source, STEP_ROWS } from './counts.ts'

/** Written with `substr`, because a name after a colon would be a placeholder. */
const IS_REISSUE = `(substr(issuances.source, -7) = 'reissue'
  or exists (select 1 from reissues where reissues.issuance_id = issuances.id))`

/** An order of several lines has an issuance for each. It counts once for each of its products. */
const IS_FURTHER_LINE = `exists (select 1 from order_lines
  cross join order_lines as earlier on earlier.provider = order_lines.provider
    and earlier.order_id = order_lines.order_id and earlier.issuance_id < order_lines.issuance_id
  cross join issuances as counted on counted.id = earlier.issuance_id
  where order_lines.issuance_id = issuances.id and order_lines.provider = issuances.source
    and counted.source = issuances.source and counted.product_id = issuances.product_id)`

/**
 * Trials and reissues issue keys, but are no orders. A trial is activated when it is issued. Queued orders count when they
 * are finished. Imported keys were issued elsewhere.
 */
const issued = countedById(
  'issuances',
  ['issued_keys', 'orders', 'activations'],
  (isUncounted) => `
    select ${dayOf('created_at')} as day, product_id, quantity as issued_keys, source = 'trial' as activations,
      not (source = 'trial' or ${IS_REISSUE} or ${IS_FURTHER_LINE}) as orders
    from issuances where ${isUncounted} and source not like 'queued:%' and source not like 'import%'`,
)

/** A queued order gets its callback in the batch that finishes it. The chunks of a refused order are released. */
const queuedOrders = countedById(
  'deliveries',
  ['issued_keys', 'orders'],
  (isUncounted) => `
    select ${dayOf('deliveries.created_at')} as day, queued_orders.product_id, issued_quantity as issued_keys, 1 as orders
    from deliveries cross join queued_orders on queued_orders.id = deliveries.queued_order_id
    where ${isUncounted} and queued_orders.status = 'issued'`,
  'deliveries.license_key_id is null',
)

function activationsIn(table: 'operations' | 'use_operations'): Source {
  return countedById(
    table,
    ['activations'],
    (isUncounted) => `
      select ${dayOf('created_at')} as day, outcome ->> 'productId' as product_id, 1 as activations
      from ${table} where ${isUncounted} and outcome ->> 'kind' = 'activated' and outcome ->> 'productId' is not null`,
  )
}

/**
 * A delivery is marked as failed with the time at which its last attempt began. No consumer runs longer than 15 minutes,
 * so no earlier failure appears after that. A delivery that is retried sooner does not count.
 */
export const FAILURE_DELAY_MS = 15 * 60_000

const IS_UNCOUNTED = `deliveries.status = 'failed' and deliveries.updated_at > ${positionOf('failures')}`
const IS_COUNTABLE = `${IS_UNCOUNTED} and deliveries.updated_at <= :now - ${FAILURE_DELAY_MS}`

/** All failures of this instant are counted together. */
const LAST = `(select max(updated_at) from (select updated_at from deliveries
  where ${IS_COUNTABLE} order by updated_at limit ${STEP_ROWS}))`

const failures: Source = {
  step: [
    addCounts(
      ['failed_deliveries'],
      `select ${dayOf('deliveries.updated_at')} as day, 1 as failed_deliveries,
         coalesce(issuances.product_id, queued_orders.product_id, license_keys.product_id) as product_id
       from deliveries left join issuances on issuances.id = deliveries.issuance_id
       left join queued_orders on queued_orders.id = deliveries.queued_order_id
       left join license_keys on license_keys.id = deliveries.license_key_id
       where ${IS_UNCOUNTED} and deliveries.updated_at <= ${LAST}`,
    ),
    moveTo('failures', LAST),
  ],
  hasMore: `exists (select 1 from deliveries where ${IS_COUNTABLE})`,
  uncountedSince: `min(:now - ${FAILURE_DELAY_MS}, coalesce((select updated_at from deliveries
    where ${IS_UNCOUNTED} order by updated_at limit 1), :now))`,
}

export const SOURCES: readonly Source[] = [
  issued,
  queuedOrders,
  activationsIn('operations'),
  activationsIn('use_operations'),
  failures,
]
