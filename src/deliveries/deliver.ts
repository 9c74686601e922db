/**
 * Sends one delivery.
 *
 * Guarantees: of all consumers that try at the same time, one sends it, for as long as its lease lasts. A delivery is
 * sent once as long as its result can be stored; otherwise it is sent again under the same name. It is tried until it is
 * delivered, cancelled, or has failed for the last time. A result is stored only while the delivery is still pending and
 * no later attempt has begun.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import { logFailure } from '../platform/log.ts'
import { type Bindings, SettingError } from '../platform/settings.ts'
import {
  ATTEMPTS_MAX,
  backoffSeconds,
  CALLBACK_LEASE_MS,
  DONE,
  LEASE_MS,
  type ProcessingResult,
} from '../queue/messages.ts'
import { SWEEP_ROWS_MAX, sweep } from '../queue/sweep.ts'
import { CALLBACK_TIMEOUT_MS, sendCallback } from './callback.ts'
import {
  type Attempt,
  contentsOf,
  type DeliveryContents,
  selectCallback,
  selectIssuance,
} from './contents.ts'
import { sendEmail } from './email.ts'
import type { Sent } from './post.ts'
import { RESPONSE_TIMEOUT_MS, sendWebhook } from './webhook.ts'

const claim = compileText<Omit<Attempt, 'id'>>(`
  update deliveries set attempts = attempts + 1, updated_at = :now,
    due_at = iif(channel = 'callback', :callbackLeaseEnd, :leaseEnd)
  where id = :id and status = 'pending' and due_at <= :now
  returning attempts, created_at as createdAt`)

const conclude = compileText(`
  update deliveries set status = :status, due_at = coalesce(:dueAt, due_at), last_result = :result,
    updated_at = :now
  where id = :id and status = 'pending' and attempts = :attempts`)

const abandon = compileText(`
  update deliveries set status = 'failed', last_result = 'gave up', updated_at = :now
  where id = :id and status = 'pending'`)

const selectOverdueDeliveries = selectOverdue(`channel <> 'callback'`)
const selectOverdueCallbacks = selectOverdue(`channel = 'callback'`)

/** @param channels SQL, a condition */
function selectOverdue(channels: string) {
  return compileText<{ id: number }>(`
    select id from deliveries where status = 'pending' and due_at <= :overdue and ${channels}
    order by due_at limit ${SWEEP_ROWS_MAX}`)
}

/** The last attempt failed. An operator may ask for the delivery again. */
class DeliveryFailedError extends Error {
  override name = 'DeliveryFailedError'
}

/**
 * Makes one attempt, if it is due and nobody else makes it.
 *
 * @param id of the row in `deliveries`
 * @param now milliseconds UTC
 * @param timeoutMs how long a receiver may take to answer, where it is not the time of the channel
 * @throws DatabaseUnavailableError: it was not sent; or it was, and will be sent again
 */
export async function deliver(
  env: Bindings,
  id: number,
  now: number,
  timeoutMs?: number,
): Promise<ProcessingResult> {
  const contents = await claimDelivery(env, id, now)
  if (!contents) return DONE
  const { kind, result, retryAfterSeconds = 0 } = await send(env, contents, now, timeoutMs)
  if (kind === 'delivered' || kind === 'cancelled') {
    await concludeAttempt(env, contents, { status: kind, result }, now)
    return DONE
  }
  const waitSeconds = kind === 'undeliverable' ? undefined : backoffSeconds(contents.attempts)
  if (waitSeconds === undefined) {
    await concludeAttempt(env, contents, { status: 'failed', result }, now)
    logFailure(`delivery ${id}`, new DeliveryFailedError())
    return DONE
  }
  const delaySeconds = Math.max(waitSeconds, retryAfterSeconds)
  // Counted from before the attempt, while the message waits from after it: it never comes back too early.
  const dueAt = now + delaySeconds * 1000
  await concludeAttempt(env, contents, { status: 'pending', result, dueAt }, now)
  return { kind: 'retry', delaySeconds }
}

/**
 * Takes a delivery for one attempt.
 *
 * @returns what to send, or undefined: it is not due, or another consumer has it
 */
export async function claimDelivery(
  { DB }: Bindings,
  id: number,
  now: number,
): Promise<DeliveryContents | undefined> {
  const values = { id, now, leaseEnd: now + LEASE_MS, callbackLeaseEnd: now + CALLBACK_LEASE_MS }
  const [[claimed], [issuance], [callback]] = await runBatch(DB, [
    bind(claim, values),
    bind(selectIssuance, values),
    bind(selectCallback, values),
  ])
  return claimed && contentsOf({ id, ...claimed }, issuance, callback)
}

async function send(
  env: Bindings,
  contents: DeliveryContents,
  now: number,
  timeoutMs?: number,
): Promise<Sent> {
  // The consumer of the last attempt crashed before it stored a result.
  if (contents.attempts > ATTEMPTS_MAX) return { kind: 'not-delivered', result: 'interrupted' }
  try {
    return await sendByChannel(env, contents, now, timeoutMs)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    logFailure(`delivery ${contents.id}`, error)
    return { kind: 'not-delivered', result: error.message }
  }
}

function sendByChannel(
  env: Bindings,
  contents: DeliveryContents,
  now: number,
  timeoutMs?: number,
): Promise<Sent> {
  switch (contents.channel) {
    case 'webhook':
      return sendWebhook(env, contents, now, timeoutMs ?? RESPONSE_TIMEOUT_MS)
    case 'email':
      return sendEmail(env, contents, timeoutMs ?? RESPONSE_TIMEOUT_MS)
    case 'callback':
      return sendCallback(env, contents, timeoutMs ?? CALLBACK_TIMEOUT_MS)
  }
}

/** How an attempt ends. */
export interface Conclusion {
  readonly status: 'pending' | 'delivered' | 'failed' | 'cancelled'
  readonly result: string
  /** When a pending delivery is tried again, in milliseconds UTC. */
  readonly dueAt?: number
}

/** Stores the result of an attempt. Storing it twice does no harm, so it is retried. */
export async function concludeAttempt(
  { DB }: Bindings,
  { id, attempts }: Attempt,
  { status, result, dueAt }: Conclusion,
  now: number,
): Promise<void> {
  const values = { id, attempts, status, result, dueAt: dueAt ?? null, now }
  await withRetries(() => runBatch(DB, [bind(conclude, values)]))
}

/** Gives up a delivery, unless it has ended already. */
export async function abandonDelivery({ DB }: Bindings, id: number, now: number): Promise<void> {
  await runBatch(DB, [bind(abandon, { id, now })])
}

/** Wakes the consumer for webhooks and e-mails whose message was lost. */
export function sweepDeliveries(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'delivery', selectOverdueDeliveries, now)
}

/** The same for callbacks. */
export function sweepCallbacks(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'callback', selectOverdueCallbacks, now)
}
