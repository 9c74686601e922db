/** Work that Ctrl-C ends in good order. */

/** What a shell takes for the end by Ctrl-C: 128 and the number of SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130

/**
 * Runs something that ends early by itself when the process is asked to end, however often: npm passes on what the
 * terminal has sent to both.
 */
export async function interruptible<Value>(run: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await run(interruption.signal)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}
