/**
 * How long anything in the queue waits for its next attempt: 10 seconds at first, three times as long after each
 * failure, at most the 12 hours for which Queues holds a message back. 13 attempts take 57 hours: a receiver
 * that is down over a weekend still gets its keys.
 */

/** After as many it has failed, until a person asks for it again. */
export const ATTEMPTS_MAX = 13

/** Queues delays a message no longer. */
export const WAIT_SECONDS_MAX = 12 * 60 * 60

const FIRST_WAIT_SECONDS = 10
const GROWTH = 3

/**
 * @param attempts how many have failed, 1 or more
 * @returns seconds until the next one, or undefined: there is none
 */
export function backoffSeconds(attempts: number): number | undefined {
  if (attempts >= ATTEMPTS_MAX) return undefined
  return Math.min(WAIT_SECONDS_MAX, FIRST_WAIT_SECONDS * GROWTH ** (attempts - 1))
}
