/**
 * What travels through the queue: which row is to be looked at, and nothing that the row says. A message is a
 * wake-up call: it may arrive twice, late or never, since the row tells what is due.
 */
export type Message =
  /** A row of `deliveries`. */
  | { readonly kind: 'delivery'; readonly id: number }
  /** A row of `webhook_events` that waits. */
  | { readonly kind: 'event'; readonly id: number }
