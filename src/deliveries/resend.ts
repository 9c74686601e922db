/**
 * Sends through Resend's HTTP API (https://resend.com/docs/api-reference/emails/send-email).
 *
 * Resend sends one e-mail for each idempotency key within 24 hours, so a lost response does not repeat it.
 * If the keys or the branding change in that time, Resend refuses further attempts with 409.
 */
import * as z from 'zod/mini'
import {
  type Email,
  type EmailTransport,
  headersOf,
  readError,
  retryAfterSeconds,
} from './email-transport.ts'
import { post, type SendResult } from './post.ts'

const ENDPOINT = new URL('https://api.resend.com/emails')

export function resend(apiKey: string): EmailTransport {
  return (email, timeoutMs) => {
    const headers = { Authorization: `Bearer ${apiKey}`, 'Idempotency-Key': email.deliveryName }
    return post(ENDPOINT, bodyOf(email), headers, timeoutMs, resultOf)
  }
}

function bodyOf(email: Email): string {
  const { sender, to, replyTo, subject, text, html } = email
  const { name, address } = sender
  return JSON.stringify({
    from: name === undefined ? address : `${quoted(name)} <${address}>`,
    to: [to],
    reply_to: replyTo,
    subject,
    text,
    html,
    headers: headersOf(email),
  })
}

/** A display name with characters that RFC 5322 section 3.2.3 reserves must be quoted. */
function quoted(name: string): string {
  return /[()<>[\]:;@\\,."]/.test(name) ? `"${name.replaceAll(/["\\]/g, '\\$&')}"` : name
}

/** Resend's name for an error, such as `daily_quota_exceeded`. Its message may contain the address. */
const errorSchema = z.object({ name: z.string().check(z.regex(/^[a-z_]{1,40}$/)) })

/** A wrong API key or sender is retried too, because the operator may correct it. */
async function resultOf(response: Response): Promise<SendResult> {
  const { ok, status } = response
  if (ok) return { kind: 'delivered', result: `HTTP ${status}` }
  const error = errorSchema.safeParse(await readError(response))
  const result = error.success ? `HTTP ${status} ${error.data.name}` : `HTTP ${status}`
  return { kind: 'not-delivered', result, retryAfterSeconds: retryAfterSeconds(response) }
}
