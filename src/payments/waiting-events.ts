/**
 * Events that wait: for what they leave out to be asked of the provider, or to be tried again. The queue's
 * message carries only the id; the row tells whether anything is due.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Outcome } from '../db/schema/index.ts'
import type { Settings } from '../env.ts'
import { backoffSeconds } from '../queue/backoff.ts'
import { enqueue } from '../queue/enqueue.ts'
import { DONE, LEASE_MS, type Processing } from '../queue/processing.ts'
import { SWEPT_ROWS_MAX, sweep } from '../queue/sweep.ts'
import { type EventRecord, recordWaiting, selectRecorded } from './events.ts'
import { lookUp } from './look-up.ts'
import { process } from './process.ts'
import { providerNamed } from './providers/index.ts'
import { parsePayload, questionOf, understand } from './understand.ts'

const PAYLOAD_DAYS = 30
const EMPTIED_ROWS_MAX = 1_000

interface ClaimedEvent extends Omit<EventRecord, 'payload'> {
  /** null after 30 days. */
  readonly payload: string | null
  readonly attempts: number
}

const claim = compileText<ClaimedEvent>(`
update webhook_events set attempts = attempts + 1, due_at = :leaseEnd
where id = :id and outcome = 'waiting' and due_at <= :now
returning provider, event_id as eventId, type, mode, received_at as receivedAt, payload, attempts`)

const postpone = compileText(`
update webhook_events set due_at = :dueAt, note = :note
where id = :id and outcome = 'waiting' and attempts = :attempts`)

const giveUp = compileText(`
update webhook_events set outcome = 'failed', note = :note, due_at = null
where id = :id and outcome = 'waiting'`)

const selectOverdue = compileText<{ id: number }>(`
select id from webhook_events where outcome = 'waiting' and due_at <= :overdue 
  order by due_at limit ${SWEPT_ROWS_MAX}`)

const emptyOldPayloads = compileText<{ id: number }>(`
update webhook_events set payload = null where id in (select id from webhook_events
  where payload is not null and received_at < :before order by received_at limit ${EMPTIED_ROWS_MAX})
returning id`)

/** Records an event that can not be understood without asking the provider. */
export async function waitForLookUp(settings: Settings, event: EventRecord): Promise<Outcome> {
  const values = { ...event, now: event.receivedAt, names: '[]' }
  const [, [recorded]] = await withRetries(() =>
    runBatch(settings.db, [bind(recordWaiting, values), bind(selectRecorded, values)]),
  )
  if (!recorded) throw new Error('An event that was recorded is a row.')
  if (recorded.outcome === 'waiting') await enqueue(settings, [{ kind: 'event', id: recorded.id }])
  return recorded.outcome
}

/**
 * Asks what is missing and does what the event means, unless it is done or not due.
 *
 * @param id of the row of `webhook_events`
 * @param now milliseconds UTC
 */
export async function processEvent(settings: Settings, id: number, now: number): Promise<Processing> {
  const [[event]] = await runBatch(settings.db, [bind(claim, { id, now, leaseEnd: now + LEASE_MS })])
  if (!event) return DONE
  const provider = providerNamed(event.provider)
  const { payload: text, mode } = event
  if (!provider || text === null) return abandon(settings, id, 'its payload was emptied after 30 days')

  const payload = parsePayload(text)
  const question = questionOf(provider, payload, mode, settings)
  const answer = question && (await lookUp(question))
  if (answer?.kind === 'failed') return tryLater(settings, id, event, answer.reason, now)
  await process(
    settings,
    { ...event, payload: text },
    understand(provider, payload, mode, answer?.found),
    now,
  )
  return DONE
}

async function tryLater(
  settings: Settings,
  id: number,
  { attempts }: ClaimedEvent,
  note: string,
  now: number,
): Promise<Processing> {
  const delaySeconds = backoffSeconds(attempts)
  if (delaySeconds === undefined) return abandon(settings, id, note)
  const dueAt = now + delaySeconds * 1000
  await runBatch(settings.db, [bind(postpone, { id, attempts, dueAt, note })])
  return { kind: 'again', delaySeconds }
}

async function abandon({ db }: Settings, id: number, note: string): Promise<Processing> {
  await runBatch(db, [bind(giveUp, { id, note })])
  return DONE
}

/** For an event whose messages all died: it waits no longer, and can be retried by command. */
export async function abandonEvent(settings: Settings, id: number): Promise<void> {
  await abandon(settings, id, 'gave up')
}

/** Wakes the consumer for events whose message was lost, or that were told to be tried again. */
export function sweepEvents(settings: Settings, now: number): Promise<void> {
  return sweep(settings, 'event', selectOverdue, now)
}

/** Forgets what was received more than 30 days ago, in pieces that hold nobody up; what became of it is kept. */
export async function emptyPayloads({ db }: Settings, now: number): Promise<void> {
  const before = now - PAYLOAD_DAYS * 86_400_000
  for (let emptied = EMPTIED_ROWS_MAX; emptied === EMPTIED_ROWS_MAX; ) {
    const [rows] = await runBatch(db, [bind(emptyOldPayloads, { before })])
    emptied = rows.length
  }
}
