/** The result of an attempt that the receiver did not answer in time. It may have stored what it got. */
export const TIMEOUT = 'timeout'

/** The result of an attempt. It never contains text from the receiver. */
export interface SendResult {
  /**
   * `timed-out`: not delivered, as far as known. `cancelled`: all keys are blocked, so nothing was sent. `undeliverable`: a
   * retry would not help.
   */
  readonly kind: 'delivered' | 'not-delivered' | 'timed-out' | 'undeliverable' | 'cancelled'
  /** For example `HTTP 500`, `timeout` or `EMAIL_FROM is not set`. */
  readonly result: string
  readonly retryAfterSeconds?: number | undefined
  /** The e-mail service's id of the e-mail. */
  readonly messageId?: string | undefined
}

/**
 * @param target checked by `deliveryTarget`
 * @param timeoutMs the receiver's time to respond
 * @param resultOf may read the body
 */
export async function post(
  target: URL,
  body: string | ReadableStream,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  resultOf: (response: Response) => SendResult | Promise<SendResult> = resultOfStatus,
): Promise<SendResult> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'Keyseal', ...headers },
      body,
      // A redirect could lead to a target that is not allowed. The seller has to correct the URL.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const sent = await resultOf(response)
    // The rest is not needed and may be large.
    await response.body?.cancel().catch(() => {})
    return sent
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    return isTimeout
      ? { kind: 'timed-out', result: TIMEOUT }
      : { kind: 'not-delivered', result: 'no response' }
  }
}

function resultOfStatus({ ok, status }: Response): SendResult {
  if (ok) return { kind: 'delivered', result: `HTTP ${status}` }
  const isRedirect = status >= 300 && status <= 399
  return { kind: 'not-delivered', result: isRedirect ? 'redirect' : `HTTP ${status}` }
}
