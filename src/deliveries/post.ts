/** Posts JSON to a receiver, and says what came of it. */
import type { Sent } from './sent.ts'

/**
 * @param target passed `deliveryTarget`
 * @param timeoutMs who takes longer has not answered
 */
export async function post(
  target: URL,
  body: string | ReadableStream,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Sent> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'Keyseal', ...headers },
      body,
      // A redirect could lead where no target may be; the address is the seller's to mend.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    // Nothing in it is of interest, and it may be of any size.
    await response.body?.cancel().catch(() => {})
    return sentWith(response)
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
