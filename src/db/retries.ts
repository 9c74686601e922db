/**
 * Retries of failed database work.
 *
 * Use them only for work that is safe to repeat. D1 itself never retries a write, because a failed write may
 * have been committed. The error of the last attempt is rethrown, and a DatabaseUnavailableError becomes code
 * 2503.
 */
import { DatabaseUnavailableError } from './errors.ts'

const ATTEMPTS_MAX = 3
/** The longest wait after the first failure. It doubles after each further failure. */
const FIRST_WAIT_MS = 100

/**
 * @param failures failed attempts so far, 1 or more
 * @param random returns 0 up to but not including 1
 * @returns milliseconds to wait before the next attempt, or undefined to stop
 */
export function waitBeforeRetry(
  error: unknown,
  failures: number,
  shouldRetryNow: ShouldRetryNow,
  random: () => number,
): number | undefined {
  if (failures >= ATTEMPTS_MAX) return undefined
  if (shouldRetryNow(error)) return 0
  const isTransient = error instanceof DatabaseUnavailableError && error.isTransient
  // Full jitter, so that requests that failed together do not retry together.
  return isTransient ? random() * FIRST_WAIT_MS * 2 ** (failures - 1) : undefined
}

/** Whether to retry after this error without waiting, because it is not caused by load. */
export type ShouldRetryNow = (error: unknown) => boolean

const NEVER: ShouldRetryNow = () => false

/**
 * Runs the work, with up to three attempts.
 *
 * @param work must be safe to repeat, whether or not a failed attempt was committed
 */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  shouldRetryNow: ShouldRetryNow = NEVER,
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (error) {
      const wait = waitBeforeRetry(error, failures, shouldRetryNow, Math.random)
      if (wait === undefined) throw error
      await scheduler.wait(wait)
    }
  }
}

/**
 * Runs work that writes under an idempotency key, with up to three attempts.
 *
 * Each attempt has a new nonce. If an earlier attempt was committed but its response was lost, the next one
 * finds rows with another nonce and writes nothing.
 *
 * @param work may write only if the nonce of the stored row is its own
 * @returns the result, and a test for whether a nonce belongs to any attempt
 */
export async function withNonces<Result>(
  work: (nonce: string) => Promise<Result>,
  shouldRetryNow: ShouldRetryNow = NEVER,
): Promise<{ readonly result: Result; readonly isOwn: (nonce: string) => boolean }> {
  const nonces = new Set<string>()
  const result = await withRetries(() => {
    const nonce = crypto.randomUUID()
    nonces.add(nonce)
    return work(nonce)
  }, shouldRetryNow)
  return { result, isOwn: (nonce) => nonces.has(nonce) }
}
