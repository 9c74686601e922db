/**
 * What travels through the queue: which row is to be looked at, and nothing that the row says. A message is a
 * wake-up call: it may arrive twice, late or never, since the row tells what is due.
 */
export interface Message {
  /**
   * `delivery`: a row of `deliveries`. `callback`: one that tells of a queued order, and takes much memory.
   * `event`: a row of `webhook_events` that waits. `queued-order`: a row of `queued_orders` that is to be issued.
   */
  readonly kind: 'delivery' | 'callback' | 'event' | 'queued-order'
  readonly id: number
}
