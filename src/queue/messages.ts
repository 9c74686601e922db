/**
 * The messages of the queues. A message contains only the id of a row and wakes the consumer. It may arrive
 * twice, late or never. The row decides what is due.
 */

export interface Message {
  /**
   * `delivery`: a row of `deliveries`. `callback`: a row of `deliveries` that reports a queued order. `event`: a waiting row of `webhook_events`. `queued-order`: a row of `queued_orders`.
   */
  readonly kind: 'delivery' | 'callback' | 'event' | 'queued-order'
  readonly id: number
}

/** The bindings of the queues. Callbacks wait up to two minutes for an answer, and must not delay anything else. */
export const QUEUE_OF = {
  delivery: 'DELIVERIES',
  event: 'DELIVERIES',
  'queued-order': 'DELIVERIES',
  callback: 'CALLBACKS',
} as const satisfies Record<Message['kind'], string>

export type ProcessingResult =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'retry'
      /** At most 12 hours, the limit of Queues. */
      readonly delaySeconds: number
    }

export const DONE: ProcessingResult = { kind: 'done' }

/** Longer than any attempt takes. If a consumer crashes, another one may take over when the lease ends. */
export const LEASE_MS = 60_000

/** The lease for callbacks, which send up to 100,000 keys to a receiver that may store them slowly. */
export const CALLBACK_LEASE_MS = 300_000

/** After a callback got no answer in time, no other callback is sent to the same host for ten minutes. */
export const HANGING_PAUSE_SECONDS = 600

/** After this many attempts the work has failed, until an operator retries it. */
export const ATTEMPTS_MAX = 13

/** The longest delay that Queues supports. */
export const DELAY_SECONDS_MAX = 12 * 60 * 60

const FIRST_DELAY_SECONDS = 10
const BACKOFF_FACTOR = 3

/**
 * Exponential backoff: 10 seconds after the first failure, then three times as long after each failure, up to
 * 12 hours. 13 attempts take 57 hours, so a receiver that is down over a weekend still gets its keys.
 *
 * @param attempts failed attempts so far, 1 or more
 * @returns seconds until the next attempt, or undefined to stop
 */
export function backoffSeconds(attempts: number): number | undefined {
  if (attempts >= ATTEMPTS_MAX) return undefined
  return Math.min(DELAY_SECONDS_MAX, FIRST_DELAY_SECONDS * BACKOFF_FACTOR ** (attempts - 1))
}
