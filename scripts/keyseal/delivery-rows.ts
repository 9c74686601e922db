/** The SQL of `keyseal deliveries`, apart so that the tests can run it where the service runs. */

/** What a person is shown of a delivery: for whom it is, by the seller's or the provider's own names. */
const COLUMNS = `deliveries.id as id,
  strftime('%Y-%m-%dT%H:%M:%SZ', deliveries.created_at / 1000, 'unixepoch') as createdAt, channel,
  coalesce(provider, queued_orders.source) as provider, coalesce(order_id, identifier) as "order",
  deliveries.status as status, deliveries.attempts as attempts, last_result as lastResult`
const FROM = `from deliveries left join order_lines on order_lines.issuance_id = deliveries.issuance_id
  left join queued_orders on queued_orders.id = deliveries.queued_order_id`

/** @param status SQL, a text, or undefined: of every status */
export function selectLatest(status: string | undefined): string {
  const where = status === undefined ? '' : `where deliveries.status = ${status}`
  return `select ${COLUMNS} ${FROM} ${where} order by deliveries.id desc limit 50`
}

/** @param ids SQL, a list */
export function selectByIds(ids: string): string {
  return `select ${COLUMNS} ${FROM} where deliveries.id in (${ids}) order by deliveries.id`
}

/** Makes deliveries due since ever. @param which SQL, a condition */
export function retryFailed(which: string): string {
  return `update deliveries set status = 'pending', attempts = 0, timeouts = 0, due_at = 0
    where ${which} and status = 'failed' returning id`
}
