/**
 * Which failures of the database are tried again here, and how: decided in this file and nowhere else.
 *
 * Only for work that may be repeated safely: D1 never retries a write, since one that failed may have been
 * committed. Everything that is not tried again, or failed to the last, is thrown as it is, and becomes code
 * 2503 where it is a DatabaseUnavailableError.
 */
import { DatabaseUnavailableError } from './errors.ts'

const ATTEMPTS_MAX = 3
/** The longest wait after the first failure; it doubles with each. */
const FIRST_WAIT_MS = 100

/**
 * @param error what the attempt threw
 * @param failures how many attempts have failed so far, 1 or more
 * @param isImmediate whether the error may be met again at once: nothing is overloaded
 * @param random from 0 to less than 1
 * @returns milliseconds to wait before the next attempt, or undefined: there is none
 */
export function waitBeforeRetry(
  error: unknown,
  failures: number,
  isImmediate: (error: unknown) => boolean,
  random: () => number,
): number | undefined {
  if (failures >= ATTEMPTS_MAX) return undefined
  if (isImmediate(error)) return 0
  const isTransient = error instanceof DatabaseUnavailableError && error.isTransient
  // Full jitter: anywhere between nothing and the limit, so that those who failed together do not meet again.
  return isTransient ? random() * FIRST_WAIT_MS * 2 ** (failures - 1) : undefined
}

/** Failures of the work's own that are tried again without waiting. */
export type IsImmediate = (error: unknown) => boolean

const NONE: IsImmediate = () => false

/**
 * Does the work, again where that helps: three times at the most.
 *
 * @param work may be repeated safely, whether or not an attempt that failed was committed
 * @param isImmediate none is unless it is given
 */
export async function withRetries<Result>(
  work: () => Promise<Result>,
  isImmediate: IsImmediate = NONE,
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (error) {
      const wait = waitBeforeRetry(error, failures, isImmediate, Math.random)
      if (wait === undefined) throw error
      await scheduler.wait(wait)
    }
  }
}

/**
 * Does work that writes under an idempotency key, again where that helps.
 *
 * Each attempt has a nonce of its own: where the one before was committed and its answer lost, this one finds what was
 * written under a nonce that is not its own, and writes nothing a second time.
 *
 * @param work writes only what it can tell by its nonce to be its own
 * @param isImmediate as of `withRetries`
 * @returns what the work gave, and whether a nonce is that of any attempt
 */
export async function withNonces<Result>(
  work: (nonce: string) => Promise<Result>,
  isImmediate: IsImmediate = NONE,
): Promise<{ readonly result: Result; readonly isOwn: (nonce: string) => boolean }> {
  const nonces = new Set<string>()
  const result = await withRetries(() => {
    const nonce = crypto.randomUUID()
    nonces.add(nonce)
    return work(nonce)
  }, isImmediate)
  return { result, isOwn: (nonce) => nonces.has(nonce) }
}
