/** Reads the statistics of some days. */
import { DAY_MILLISECONDS } from '../protocol/dates.ts'

export const DAYS_MAX = 400
/** The most rows of an answer: those of 25 products on 400 days. */
export const ROWS_MAX = 10_000

/**
 * SQL for a list: a row for each day and product with counts.  No row if
 * there are too many days. Placeholders: `from`, `to` (days) and `productId` (or null).
 */
export function daysSql(allowed: string): string {
  return `
    with recursive days(day) as (
      select :from where :to - :from between 0 and ${(DAYS_MAX - 1) * DAY_MILLISECONDS} union all select day + ${DAY_MILLISECONDS} from days where day < :to
    )
    select row_number() over (order by statistics.day, statistics.product_id) as place,
      json_object('day', statistics.day, 'productId', product_id, 'issuedKeys', issued_keys, 'orders', orders,
        'refunds', refunds, 'activations', activations, 'activeDevices', active_devices,
        'failedDeliveries', failed_deliveries) as item
    from ${allowed} cross join days cross join statistics on statistics.day = days.day
      and statistics.product_id between coalesce(:productId, 1) and coalesce(:productId, 2147483647)
    limit ${ROWS_MAX} + 1`
}

export interface DayRow {
  /** The first millisecond of the day, UTC. */
  readonly day: number
  readonly productId: number
  readonly issuedKeys: number
  readonly orders: number
  readonly refunds: number
  readonly activations: number
  /** null: not counted on that day. */
  readonly activeDevices: number | null
  readonly failedDeliveries: number
}

export type Totals = Omit<DayRow, 'day' | 'productId' | 'activeDevices'> & { readonly activeDevices: number }

/** The sums of the rows. Of active devices, the latest count of each product. @param rows by ascending day */
export function totalsOf(rows: readonly DayRow[]): Totals {
  const sumOf = (name: Exclude<keyof Totals, 'activeDevices'>) =>
    rows.reduce((sum, row) => sum + row[name], 0)
  const latest = new Map(
    rows.flatMap(({ productId, activeDevices }) =>
      activeDevices === null ? [] : [[productId, activeDevices] as const],
    ),
  )
  return {
    issuedKeys: sumOf('issuedKeys'),
    orders: sumOf('orders'),
    refunds: sumOf('refunds'),
    activations: sumOf('activations'),
    activeDevices: [...latest.values()].reduce((sum, devices) => sum + devices, 0),
    failedDeliveries: sumOf('failedDeliveries'),
  }
}
