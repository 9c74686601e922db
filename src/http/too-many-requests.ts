/** The answer to whoever asks too often, at whichever step it is found out. */
import { CODES } from '../protocol/codes.ts'
import type { Answer } from '../protocol/endpoint.ts'
import { type Exceeded, retryAfterSeconds } from './limits.ts'

/** Nothing was done: the same request may be sent again, under the same `Idempotency-Key` (RFC 6585 section 4). */
export function tooManyRequests(exceeded: Exceeded): Answer {
  return { code: CODES.tooManyRequests, headers: { 'Retry-After': String(retryAfterSeconds(exceeded)) } }
}
