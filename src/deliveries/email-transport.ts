/** The interface of e-mail providers. To support another one, add a file like `resend.ts`. */
import { readChunks } from '../http/body.ts'
import { parseJson } from '../platform/json.ts'
import { DELAY_SECONDS_MAX } from '../queue/messages.ts'
import type { SendResult } from './post.ts'

export interface Email {
  readonly sender: Sender
  readonly to: string
  /** The address for replies; undefined: the sender. */
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
 * @param timeoutMs the provider's time to respond
 * @returns a result without addresses, keys or secrets. A failure of the provider never makes it throw
 */
export type EmailTransport = (email: Email, timeoutMs: number) => Promise<SendResult>

/** Identifies an e-mail that arrives twice: the provider chooses the Message-ID. */
export function headersOf({ deliveryName }: Email): Record<string, string> {
  return { 'X-Keyseal-Delivery': deliveryName }
}

/** More than the answers of e-mail APIs. The rest of a longer response is not read. */
const ANSWER_BYTES_MAX = 4_096

/** More than any service's id of an e-mail. */
export const MESSAGE_ID_CHARACTERS_MAX = 998

/** @returns the JSON of a response; undefined if it is too long or not JSON */
export async function readAnswer(response: Response): Promise<unknown> {
  const bytes = await readChunks(response.body, ANSWER_BYTES_MAX)
  return bytes && parseJson(new TextDecoder().decode(bytes))
}

/** @returns the seconds in Retry-After (RFC 9110 section 10.2.3), up to the longest delay in Queues */
export function retryAfterSeconds({ headers }: Response): number | undefined {
  const text = headers.get('Retry-After') ?? ''
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), DELAY_SECONDS_MAX) : undefined
}
