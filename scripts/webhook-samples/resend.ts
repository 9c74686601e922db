/** Sample reports of Resend about an e-mail (https://resend.com/docs/webhooks/event-types). */
import { eventOf, freshId, isoTime, type SampleEvent, standardHeaders } from './sample.ts'

export const RESEND_SECRET = 'whsec_a2V5c2VhbC1kZW1vLXNlY3JldC1vZi1yZXNlbmQ='

/**
 * @param type such as `email.bounced`
 * @param messageId the id that Resend returned when it accepted the e-mail
 * @param now milliseconds UTC
 */
export function emailReport(
  type: string,
  messageId: string,
  now: number,
  eventId: string = freshId('msg'),
): SampleEvent {
  return eventOf(eventId, {
    type,
    created_at: isoTime(now),
    data: {
      created_at: isoTime(now),
      email_id: messageId,
      from: 'Example Ltd. <keys@example.com>',
      to: ['ada@example.com'],
      subject: 'Your license key for App',
      ...(type === 'email.bounced' && {
        bounce: { message: 'The mailbox does not exist.', subType: 'General', type: 'Permanent' },
      }),
    },
  })
}

/** The headers of Standard Webhooks, with the names that Svix gives them. */
export async function svixHeaders(
  event: SampleEvent,
  secret: string,
  nowSeconds: number,
): Promise<Record<string, string>> {
  const headers = Object.entries(await standardHeaders(event, secret, nowSeconds))
  return Object.fromEntries(headers.map(([name, value]) => [name.replace(/^webhook-/, 'svix-'), value]))
}
