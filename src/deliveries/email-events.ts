/**
 * The events of Cloudflare's Email Service about e-mails that it accepted, from a queue with an event subscription
 * (https://developers.cloudflare.com/email-service/platform/event-subscriptions/). Each names one recipient.
 */
import * as z from 'zod/mini'
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import { backoffSeconds, DELAY_SECONDS_MAX } from '../queue/messages.ts'
import { MESSAGE_ID_CHARACTERS_MAX } from './email-transport.ts'
import { type Report, recordReport } from './reports.ts'

/** The name of the queue in wrangler.toml must end with this. */
const QUEUE_SUFFIX = '-email-events'

/** An event may arrive before the id of its e-mail is stored. Later, the e-mail is known not to be Keyseal's. */
const UNKNOWN_RETRY_SECONDS = 60

const KINDS: Readonly<Record<string, Report['kind']>> = {
  'cf.email.sending.message.delivered': 'arrived',
  'cf.email.sending.message.bounced': 'bounced',
  'cf.email.sending.message.rejected': 'rejected',
  'cf.email.sending.message.failed': 'failed',
  'cf.email.sending.message.complained': 'complained',
}

const schema = z.object({
  type: z.string(),
  payload: z.object({ messageId: z.string().check(z.minLength(1), z.maxLength(MESSAGE_ID_CHARACTERS_MAX)) }),
  metadata: z.object({ eventTimestamp: z.string() }),
})

export function hasEmailEvents({ queue }: MessageBatch<unknown>): boolean {
  return queue.endsWith(QUEUE_SUFFIX)
}

/** Acknowledges or retries each message separately. */
export async function consumeEmailEvents(batch: MessageBatch<unknown>, { DB }: Bindings): Promise<void> {
  await Promise.all(batch.messages.map((message) => consumeEvent(message, DB)))
}

async function consumeEvent(message: Message<unknown>, db: D1Database): Promise<void> {
  try {
    const report = reportIn(message.body)
    const isSettled = report === undefined || (await recordReport(db, report, Date.now()))
    if (isSettled || message.attempts > 1) message.ack()
    else message.retry({ delaySeconds: UNKNOWN_RETRY_SECONDS })
  } catch (error) {
    logFailure(`message ${message.id}`, error)
    message.retry({ delaySeconds: backoffSeconds(message.attempts) ?? DELAY_SECONDS_MAX })
  }
}

/** @returns undefined for an event that tells nothing about where an e-mail ended up */
function reportIn(body: unknown): Report | undefined {
  const { data: event } = schema.safeParse(body)
  const kind = event && KINDS[event.type]
  return kind && { messageId: event.payload.messageId, kind, at: event.metadata.eventTimestamp }
}
