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
  MESSAGE_ID_CHARACTERS_MAX,
  readAnswer,
  retryAfterSeconds,
} from './email-transport.ts'
import { post, type SendResult } from './post.ts'

/** The tag with the name of the delivery, which Resend's webhooks repeat. */
export const DELIVERY_TAG = 'keyseal_delivery'

const ENDPOINT = new URL('https://api.resend.com/emails')

export function resend(apiKey: string): EmailTransport {
  return (email, timeoutMs) => {
    const headers = { Authorization: `Bearer ${apiKey}`, 'Idempotency-Key': email.deliveryName }
    return post(ENDPOINT, bodyOf(email), headers, timeoutMs, resultOf)
  }
}

function bodyOf(email: Email): string {
  const { sender, to, replyTo, subject, text, html, deliveryName } = email
  const { name, address } = sender
  return JSON.stringify({
    from: name === undefined ? address : `${quoted(name)} <${address}>`,
    to: [to],
    reply_to: replyTo,
    subject,
    text,
    html,
    headers: headersOf(email),
    tags: [{ name: DELIVERY_TAG, value: deliveryName }],
  })
}

/** A display name with characters that RFC 5322 section 3.2.3 reserves must be quoted. */
function quoted(name: string): string {
  return /[()<>[\]:;@\\,."]/.test(name) ? `"${name.replaceAll(/["\\]/g, '\\$&')}"` : name
}

/** Resend's name for an error, such as `daily_quota_exceeded`. Its message may contain the address. */
const errorSchema = z.object({ name: z.string().check(z.regex(/^[a-z_]{1,40}$/)) })

/** The id by which Resend's webhooks name the e-mail. */
const sentSchema = z.object({ id: z.string().check(z.minLength(1), z.maxLength(MESSAGE_ID_CHARACTERS_MAX)) })

/** A wrong API key or sender is retried too, because the operator may correct it. */
async function resultOf(response: Response): Promise<SendResult> {
  const { ok, status } = response
  if (ok) {
    // The e-mail is sent, even if the rest of the answer is lost.
    const sent = sentSchema.safeParse(await readAnswer(response).catch(() => undefined))
    return { kind: 'delivered', result: `HTTP ${status}`, messageId: sent.data?.id }
  }
  const error = errorSchema.safeParse(await readAnswer(response))
  const result = error.success ? `HTTP ${status} ${error.data.name}` : `HTTP ${status}`
  return { kind: 'not-delivered', result, retryAfterSeconds: retryAfterSeconds(response) }
}
