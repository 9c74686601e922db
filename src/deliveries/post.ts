/** Posts JSON to a receiver. */

/** What came of sending, in a few words of ours and never in those of the receiver. */
export interface Sent {
  /**
   * `cancelled`: all of its keys are blocked, so there is nothing to send. `undeliverable`: no other attempt would end
   * differently.
   */
  readonly kind: 'delivered' | 'not-delivered' | 'undeliverable' | 'cancelled'
  /** `HTTP 500`, `timeout`, `EMAIL_FROM is not set` ... */
  readonly result: string
  /** How long the receiver asks to wait. */
  readonly retryAfterSeconds?: number | undefined
}

/**
 * @param target passed `deliveryTarget`
 * @param timeoutMs how long the receiver may take to answer
 * @param resultOf may read the body
 */
export async function post(
  target: URL,
  body: string | ReadableStream,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  resultOf: (response: Response) => Sent | Promise<Sent> = sentWith,
): Promise<Sent> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'Keyseal', ...headers },
      body,
      // A redirect could lead where no target may be. The seller has to correct the address.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const sent = await resultOf(response)
    // Nobody reads the rest, and it may be of any size.
    await response.body?.cancel().catch(() => {})
    return sent
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    return { kind: 'not-delivered', result: isTimeout ? 'timeout' : 'no answer' }
  }
}

function sentWith({ ok, status }: Response): Sent {
  if (ok) return { kind: 'delivered', result: `HTTP ${status}` }
  const isRedirect = status >= 300 && status <= 399
  return { kind: 'not-delivered', result: isRedirect ? 'redirect' : `HTTP ${status}` }
}
