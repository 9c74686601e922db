/** What the ways to send an e-mail have in common. Another provider is one more file like `resend.ts`. */
import { DELAY_SECONDS_MAX } from '../queue/messages.ts'
import type { Sent } from './post.ts'

export interface Email {
  readonly sender: Sender
  readonly to: string
  /** Where replies go; undefined: to the sender. */
  readonly replyTo: string | undefined
  /** Without line breaks. */
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The same in each attempt. A transport that deduplicates uses it as its idempotency key. */
  readonly deliveryName: string
}

export interface Sender {
  readonly address: string
  readonly name: string | undefined
}

/**
 * Hands an e-mail to a provider.
 *
 * @param timeoutMs how long the provider may take to answer
 * @returns a result that holds no address, key or secret. It never throws for a failure of the provider.
 */
export type EmailTransport = (email: Email, timeoutMs: number) => Promise<Sent>

/** Identifies an e-mail that arrives twice: the provider chooses the Message-ID. */
export function headersOf({ deliveryName }: Email): Record<string, string> {
  return { 'X-Keyseal-Delivery': deliveryName }
}

/** Enough for the error of any e-mail API. A longer answer is not read to its end. */
const ERROR_BYTES_MAX = 4_096

/** @returns the JSON of an error response; undefined if it is too long or not JSON */
export async function readError(response: Response): Promise<unknown> {
  const bytes = new Uint8Array(ERROR_BYTES_MAX)
  let length = 0
  for await (const chunk of response.body ?? []) {
    if (length + chunk.byteLength > ERROR_BYTES_MAX) return undefined
    bytes.set(chunk, length)
    length += chunk.byteLength
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)))
  } catch {
    return undefined
  }
}

/** @returns the seconds in Retry-After (RFC 9110 section 10.2.3), at most as long as Queues delays a message */
export function retryAfterSeconds({ headers }: Response): number | undefined {
  const text = headers.get('Retry-After') ?? ''
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), DELAY_SECONDS_MAX) : undefined
}
