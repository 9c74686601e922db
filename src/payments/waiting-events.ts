/**
 * Processes events that wait for a look-up or a retry. The queue's message has only the id; the row says
 * whether the event is due.
 */
import { bind, compileText, PIECE_ROWS, runBatch, runInPieces } from '../db/batch.ts'
import { readChunks } from '../http/body.ts'
import { parseJson } from '../platform/json.ts'
import { LoggableError, logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import { DAY_MILLISECONDS } from '../protocol/dates.ts'
import { backoffSeconds, DONE, LEASE_MS, type ProcessingResult } from '../queue/messages.ts'
import { SWEEP_ROWS_MAX, sweep } from '../queue/sweep.ts'
import type { EventRecord } from './events.ts'
import { fulfillAndDeliver } from './fulfill.ts'
import type { PaymentEvent } from './payment-event.ts'
import { type LookUpSetting, rejectedKeyFault } from './provider.ts'
import { providerNamed } from './providers/index.ts'
import { describe, interpret, parseEvent } from './receive.ts'

const LOOK_UP_TIMEOUT_MS = 10_000
/** The answer to a look-up has a few kilobytes. A longer one is not read to its end. */
const LOOK_UP_BYTES_MAX = 1_000_000
const PAYLOAD_DAYS = 30
/** The API key is wrong, expired or has too few permissions, or belongs to another account. A retry would not help. */
const REJECTED_STATUSES: readonly number[] = [401, 403, 404]

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

const fail = compileText(`
update webhook_events set outcome = 'failed', note = :note, due_at = null, updated_at = :now
where id = :id and outcome = 'waiting'`)

const selectOverdue = compileText<{ id: number }>(`
select id from webhook_events where outcome = 'waiting' and due_at <= :overdue
  order by due_at limit ${SWEEP_ROWS_MAX}`)

const deleteOldPayloads = compileText<{ id: number }>(`
update webhook_events set payload = null where id in (select id from webhook_events
  where payload is not null and received_at < :before order by received_at limit ${PIECE_ROWS})
returning id`)

/**
 * Requests missing details from the provider and applies the event. Does nothing if the event is not due.
 *
 * @param now milliseconds UTC
 */
export async function processEvent(env: Bindings, id: number, now: number): Promise<ProcessingResult> {
  const [[claimed]] = await runBatch(env.DB, [bind(claim, { id, now, leaseEnd: now + LEASE_MS })])
  if (!claimed) return DONE
  const provider = providerNamed(claimed.provider)
  const { payload: text, mode } = claimed
  if (!provider || text === null) return giveUp(env, id, 'the payload was deleted after 30 days', now)

  const payload = parseJson(text)
  const isTest = describe(provider, payload, new Headers())?.isTest
  const parsed = parseEvent(provider, payload, isTest, mode, env)
  let event: PaymentEvent
  if (parsed.kind === 'event') event = parsed.event
  else {
    const result = await lookUp(parsed.url, parsed.apiKey)
    if (result.kind === 'failed') return tryLater(env, id, claimed, result.reason, now)
    if (result.kind === 'rejected') return failLookUp(env, id, parsed.setting, result.reason, now)
    if (result.kind === 'too-long') return failLongLookUp(env, id, now)
    event = interpret(provider, payload, result.found)
  }
  await fulfillAndDeliver({ env, db: env.DB }, { ...claimed, payload: text }, event, now)
  return DONE
}

type LookUpResult =
  | { readonly kind: 'found'; readonly found: unknown }
  /** `reason` is for the operator. It does not contain the URL, which may name an order. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'too-long' }

async function lookUp(url: string, apiKey: string): Promise<LookUpResult> {
  try {
    const response = await fetch(url, {
      headers: { Authorization: `Bearer ${apiKey}`, Accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(LOOK_UP_TIMEOUT_MS),
    })
    if (response.ok) {
      const bytes = await readChunks(response.body, LOOK_UP_BYTES_MAX)
      if (!bytes) return { kind: 'too-long' }
      const found = parseJson(new TextDecoder().decode(bytes))
      return found === undefined
        ? { kind: 'rejected', reason: 'the look-up returned no JSON' }
        : { kind: 'found', found }
    }
    await response.body?.cancel()
    const kind = REJECTED_STATUSES.includes(response.status) ? 'rejected' : 'failed'
    return { kind, reason: `the look-up returned HTTP ${response.status}` }
  } catch {
    return { kind: 'failed', reason: 'the look-up got no response' }
  }
}

class LookUpRejectedError extends LoggableError {
  override name = 'LookUpRejectedError'
}

/** Fails the event immediately and names the setting, because waiting would not help. */
function failLookUp(
  env: Bindings,
  id: number,
  setting: LookUpSetting,
  reason: string,
  now: number,
): Promise<ProcessingResult> {
  const note = `${reason}: ${rejectedKeyFault(setting)}`
  const remedy = `npx wrangler secret put ${setting}, then npm run keyseal -- events retry ${id} --remote`
  logFailure(`event ${id}`, new LookUpRejectedError(`${note}. To fix it: ${remedy}`))
  return giveUp(env, id, note, now)
}

class LookUpTooLongError extends LoggableError {
  override name = 'LookUpTooLongError'
}

/** Fails the event immediately: the provider would send the same answer again. */
function failLongLookUp(env: Bindings, id: number, now: number): Promise<ProcessingResult> {
  const note = `the look-up returned more than ${LOOK_UP_BYTES_MAX} bytes`
  const remedy = `check the order at the provider, then npm run keyseal -- events retry ${id} --remote`
  logFailure(`event ${id}`, new LookUpTooLongError(`${note}. To fix it: ${remedy}`))
  return giveUp(env, id, note, now)
}

async function tryLater(
  env: Bindings,
  id: number,
  { attempts }: ClaimedEvent,
  note: string,
  now: number,
): Promise<ProcessingResult> {
  const delaySeconds = backoffSeconds(attempts)
  if (delaySeconds === undefined) return giveUp(env, id, note, now)
  const dueAt = now + delaySeconds * 1000
  await runBatch(env.DB, [bind(postpone, { id, attempts, dueAt, note })])
  return { kind: 'retry', delaySeconds }
}

async function giveUp({ DB }: Bindings, id: number, note: string, now: number): Promise<ProcessingResult> {
  await runBatch(DB, [bind(fail, { id, note, now })])
  return DONE
}

/** Marks an event as failed after all of its messages failed. An operator can retry it. */
export async function abandonEvent(env: Bindings, id: number, now: number): Promise<void> {
  await giveUp(env, id, 'gave up', now)
}

/** Wakes the consumer for events whose message was lost, or that an operator retries. */
export function sweepEvents(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'event', selectOverdue, now)
}

/** Deletes payloads after 30 days, in short pieces that do not block other queries. Outcomes stay. */
export async function emptyPayloads({ DB }: Bindings, now: number): Promise<void> {
  await runInPieces(DB, bind(deleteOldPayloads, { before: now - PAYLOAD_DAYS * DAY_MILLISECONDS }))
}
