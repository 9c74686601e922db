/**
 * What travels through the queue, and what becomes of it. A message names a row and says nothing of what the row holds.
 * It only wakes the consumer: it may arrive twice, late or never, and the row says what is due.
 */

export interface Message {
  /**
   * `delivery`: a row of `deliveries`. `callback`: one that reports a queued order, which takes much memory. `event`: a
   * row of `webhook_events` that waits. `queued-order`: a row of `queued_orders`.
   */
  readonly kind: 'delivery' | 'callback' | 'event' | 'queued-order'
  readonly id: number
}

/** What becomes of a message: its work is done, or it comes again. */
export type Processing =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'again'
      /** At most 12 hours, the limit of Queues. */
      readonly delaySeconds: number
    }

export const DONE: Processing = { kind: 'done' }

/** Longer than any attempt takes. If a consumer crashes, the next one may try when its lease has ended. */
export const LEASE_MS = 60_000

/** The same for callbacks: up to 100,000 keys are read and sent, and the receiver may be slow to store them. */
export const CALLBACK_LEASE_MS = 300_000

/** After this many attempts the work has failed, until an operator asks for it again. */
export const ATTEMPTS_MAX = 13

/** Queues delays a message no longer. */
export const WAIT_SECONDS_MAX = 12 * 60 * 60

const FIRST_WAIT_SECONDS = 10
const GROWTH = 3

/**
 * How long a failed attempt waits for the next one: 10 seconds at first, three times as long after each failure, at most
 * the 12 hours for which Queues delays a message. 13 attempts take 57 hours: a receiver that is down over a weekend
 * still gets its keys.
 *
 * @param attempts how many have failed, 1 or more
 * @returns seconds until the next one, or undefined: there is none
 */
export function backoffSeconds(attempts: number): number | undefined {
  if (attempts >= ATTEMPTS_MAX) return undefined
  return Math.min(WAIT_SECONDS_MAX, FIRST_WAIT_SECONDS * GROWTH ** (attempts - 1))
}
