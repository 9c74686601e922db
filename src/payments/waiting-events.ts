/**
 * Events that wait: for what they leave out to be asked of the provider, or to be tried again. The queue's
 * message carries only the id; the row tells whether anything is due.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Outcome } from '../db/schema.ts'
import { backoffSeconds } from '../deliveries/backoff.ts'
import { enqueue } from '../deliveries/enqueue.ts'
import type { Settings } from '../env.ts'
import { type EventRecord, recordWaiting, selectRecorded } from './events.ts'
import { lookUp } from './look-up.ts'
import { process } from './process.ts'
import { providerNamed } from './providers.ts'
import { interpret } from './understand.ts'

export type Processed = { readonly kind: 'done' } | { readonly kind: 'again'; readonly delaySeconds: number }

const DONE: Processed = { kind: 'done' }
/** So long nobody else takes an event up that somebody has. */
const LEASE_MS = 60_000
/** A message that should have come by now was lost. */
const OVERDUE_MS = 60_000
const SWEPT_ROWS_MAX = 100
const PAYLOAD_DAYS = 30
const EMPTIED_ROWS_MAX = 5_000

interface ClaimedEvent {
  readonly provider: string
  readonly eventId: string
  readonly type: string
  readonly receivedAt: number
  readonly payload: string | null
  readonly attempts: number
}

const claim = compileText<ClaimedEvent>(`
update webhook_events set attempts = attempts + 1, due_at = :leaseEnd
where id = :id and outcome = 'waiting' and due_at <= :now
returning provider, event_id as eventId, type, received_at as receivedAt, payload, attempts`)

const postpone = compileText(`
update webhook_events set due_at = :dueAt, note = :note
where id = :id and outcome = 'waiting' and attempts = :attempts`)

const giveUp = compileText(`
update webhook_events set outcome = 'failed', note = :note, due_at = null
where id = :id and outcome = 'waiting'`)

const selectOverdue = compileText<{ id: number }>(`
select id from webhook_events where outcome = 'waiting' and due_at <= :overdue order by due_at limit ${SWEPT_ROWS_MAX}`)

const emptyOldPayloads = compileText(`
update webhook_events set payload = null where id in (select id from webhook_events
  where payload is not null and received_at < :before order by received_at limit ${EMPTIED_ROWS_MAX})`)

/** Records an event that can not be understood without asking the provider. */
export async function waitForLookUp(settings: Settings, event: EventRecord): Promise<Outcome> {
  const values = { ...event, now: event.receivedAt, names: '[]' }
  const [, [recorded]] = await withRetries(
    () => false,
    () => runBatch(settings.db, [bind(recordWaiting, values), bind(selectRecorded, values)]),
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
export async function processEvent(settings: Settings, id: number, now: number): Promise<Processed> {
  const [[event]] = await runBatch(settings.db, [bind(claim, { id, now, leaseEnd: now + LEASE_MS })])
  if (!event) return DONE
  const provider = providerNamed(event.provider)
  if (!provider || event.payload === null)
    return abandon(settings, id, 'its payload was emptied after 30 days')

  const payload: unknown = JSON.parse(event.payload)
  const answer = await lookUp(provider, payload, settings)
  if (answer.kind === 'failed') return tryLater(settings, id, event, answer.reason, now)
  const happening = interpret(provider, payload, answer.found)
  await process(settings, { ...event, payload: event.payload }, happening, now)
  return DONE
}

async function tryLater(
  settings: Settings,
  id: number,
  { attempts }: ClaimedEvent,
  note: string,
  now: number,
): Promise<Processed> {
  const delaySeconds = backoffSeconds(attempts)
  if (delaySeconds === undefined) return abandon(settings, id, note)
  const dueAt = now + delaySeconds * 1000
  await runBatch(settings.db, [bind(postpone, { id, attempts, dueAt, note })])
  return { kind: 'again', delaySeconds }
}

async function abandon({ db }: Settings, id: number, note: string): Promise<Processed> {
  await runBatch(db, [bind(giveUp, { id, note })])
  return DONE
}

/** For an event whose messages all died: it waits no longer, and can be retried by command. */
export async function abandonEvent(settings: Settings, id: number): Promise<void> {
  await abandon(settings, id, 'gave up')
}

/** Wakes the consumer for events whose message was lost, or that were told to be tried again. */
export async function sweepEvents(settings: Settings, now: number): Promise<void> {
  const [rows] = await runBatch(settings.db, [bind(selectOverdue, { overdue: now - OVERDUE_MS })])
  await enqueue(
    settings,
    rows.map(({ id }) => ({ kind: 'event' as const, id })),
  )
}

/** Forgets what was received more than 30 days ago; what became of it is kept. */
export async function emptyPayloads({ db }: Settings, now: number): Promise<void> {
  await runBatch(db, [bind(emptyOldPayloads, { before: now - PAYLOAD_DAYS * 86_400_000 })])
}
