/**
 * Sends through Cloudflare's Email Service, with the binding EMAIL. The service builds the MIME message. It
 * has no idempotency key: if its response is lost, the e-mail is sent again.
 */
import { type EmailTransport, headersOf } from './email-transport.ts'

export function emailBinding(binding: SendEmail): EmailTransport {
  return async (email) => {
    const { sender, to, replyTo, subject, text, html } = email
    const { name, address } = sender
    try {
      const { messageId } = await binding.send({
        from: name === undefined ? address : { name, email: address },
        to,
        ...(replyTo !== undefined && { replyTo }),
        subject,
        text,
        html,
        headers: headersOf(email),
      })
      return { kind: 'delivered', result: 'accepted', messageId }
    } catch (error) {
      return { kind: 'not-delivered', result: codeOf(error) }
    }
  }
}

/** The service's code, such as `E_RATE_LIMIT_EXCEEDED`. Its message may contain the address. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^E_[A-Z_]+$/.test(code) ? code : 'not accepted'
}
