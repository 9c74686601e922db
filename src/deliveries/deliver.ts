/**
 * Sends one delivery.
 *
 * Guarantees: while a lease lasts, no other consumer sends the delivery. If the result cannot be stored, the
 * delivery is sent again with the same name. It is retried until it is delivered, canceled or out of
 * attempts. A result is stored only if the delivery is still pending and no later attempt has started. A host
 * that does not answer a callback in time gets no other callback for ten minutes.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { DeliveryStatus } from '../db/schema/index.ts'
import { logFailure } from '../platform/log.ts'
import { type Bindings, SettingError } from '../platform/settings.ts'
import {
  ATTEMPTS_MAX,
  backoffSeconds,
  CALLBACK_LEASE_MS,
  DONE,
  HANGING_PAUSE_SECONDS,
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
  selectKeys,
} from './contents.ts'
import { sendEmail } from './email.ts'
import { type SendResult, TIMEOUT } from './post.ts'
import { RESPONSE_TIMEOUT_MS, sendWebhook } from './webhook.ts'

const claim = compileText<Omit<Attempt, 'id'>>(`
  update deliveries set attempts = attempts + 1, updated_at = :now,
    due_at = iif(channel = 'callback', :callbackLeaseEnd, :leaseEnd)
  where id = :id and status = 'pending' and due_at <= :now
  returning attempts, timeouts, created_at as createdAt`)

const conclude = compileText(`
  update deliveries set status = :status, due_at = coalesce(:dueAt, due_at), last_result = :result,
    message_id = coalesce(:messageId, message_id), timeouts = timeouts + (:result = '${TIMEOUT}'), updated_at = :now
  where id = :id and status = 'pending' and attempts = :attempts`)

/**
 * Postpones all other callbacks to a host that hangs. Another spelling of the host counts as another host. Postponing
 * callbacks that are being sent is harmless.
 */
const pauseHost = compileText(`
  update deliveries set due_at = :pauseEnd
  where id in (
    select deliveries.id from deliveries cross join queued_orders on queued_orders.id = deliveries.queued_order_id
    where deliveries.status = 'pending' and deliveries.channel = 'callback' and deliveries.due_at < :pauseEnd
      and lower(substr(webhook_url, 1, length(:origin))) = :origin
      and substr(webhook_url, length(:origin) + 1, 1) in ('', '/', '?', '#'))
  and id <> :id`)

const abandon = compileText(`
  update deliveries set status = 'failed', last_result = 'gave up', updated_at = :now
  where id = :id and status = 'pending'`)

const selectOverdueDeliveries = selectOverdue(`channel <> 'callback'`)
const selectOverdueCallbacks = selectOverdue(`channel = 'callback'`)

/** @param channels an SQL condition */
function selectOverdue(channels: string) {
  return compileText<{ id: number }>(`
    select id from deliveries where status = 'pending' and due_at <= :overdue and ${channels}
    order by due_at limit ${SWEEP_ROWS_MAX}`)
}

/** The last attempt failed. The operator can retry the delivery. */
class DeliveryFailedError extends Error {
  override name = 'DeliveryFailedError'
}

/**
 * Makes one attempt, if the delivery is due and no other consumer has claimed it.
 *
 * @param now milliseconds UTC
 * @param timeoutMs the receiver's time to respond, instead of the channel's default
 * @throws DatabaseUnavailableError if it was not sent, or its result was not stored. It will be sent again
 */
export async function deliver(
  env: Bindings,
  id: number,
  now: number,
  timeoutMs?: number,
): Promise<ProcessingResult> {
  const contents = await claimDelivery(env, id, now)
  if (!contents) return DONE
  const { kind, result, retryAfterSeconds = 0, messageId } = await send(env, contents, now, timeoutMs)
  if (kind === 'delivered' || kind === 'cancelled') {
    await concludeAttempt(env, contents, { status: kind, result, messageId }, now)
    return DONE
  }
  const hangingOrigin = kind === 'timed-out' ? originOfCallback(contents) : undefined
  const isFinal = kind === 'undeliverable' || (kind === 'timed-out' && mayBeStoredTwice(contents))
  const waitSeconds = isFinal ? undefined : backoffSeconds(contents.attempts)
  if (waitSeconds === undefined) {
    await concludeAttempt(env, contents, { status: 'failed', result, hangingOrigin }, now)
    logFailure(`delivery ${id}`, new DeliveryFailedError())
    return DONE
  }
  const pauseSeconds = hangingOrigin === undefined ? 0 : HANGING_PAUSE_SECONDS
  const delaySeconds = Math.max(waitSeconds, retryAfterSeconds, pauseSeconds)
  // Counted from the start of the attempt. The message waits from the end, so it is never too early.
  const dueAt = now + delaySeconds * 1000
  await concludeAttempt(env, contents, { status: 'pending', result, dueAt, hangingOrigin }, now)
  return { kind: 'retry', delaySeconds }
}

/**
 * A shop that stores the keys of a callback and answers too late stores them again with each repetition. So one repetition
 * is the limit. Webhooks have a `webhook-id` that their receivers check, and e-mails do not add up.
 */
function mayBeStoredTwice({ channel, timeouts }: DeliveryContents): boolean {
  return channel === 'callback' && timeouts > 0
}

/** @returns undefined if the delivery is not due, or another consumer has claimed it */
export async function claimDelivery(
  { DB }: Bindings,
  id: number,
  now: number,
): Promise<DeliveryContents | undefined> {
  const values = { id, now, leaseEnd: now + LEASE_MS, callbackLeaseEnd: now + CALLBACK_LEASE_MS }
  const [[claimed], [issuance], keys, [callback]] = await runBatch(DB, [
    bind(claim, values),
    bind(selectIssuance, values),
    bind(selectKeys, values),
    bind(selectCallback, values),
  ])
  return claimed && contentsOf({ id, ...claimed }, issuance, keys, callback)
}

function originOfCallback(contents: DeliveryContents): string | undefined {
  return contents.channel === 'callback' ? new URL(contents.webhookUrl).origin : undefined
}

async function send(
  env: Bindings,
  contents: DeliveryContents,
  now: number,
  timeoutMs?: number,
): Promise<SendResult> {
  // The consumer crashed in the last attempt, before it stored a result.
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
): Promise<SendResult> {
  switch (contents.channel) {
    case 'webhook':
      return sendWebhook(env, contents, now, timeoutMs ?? RESPONSE_TIMEOUT_MS)
    case 'email':
      return sendEmail(env, contents, timeoutMs ?? RESPONSE_TIMEOUT_MS)
    case 'callback':
      return sendCallback(env, contents, timeoutMs ?? CALLBACK_TIMEOUT_MS)
  }
}

export interface Conclusion {
  readonly status: DeliveryStatus
  readonly result: string
  /** The e-mail service's id of the e-mail. */
  readonly messageId?: string | undefined
  /** The time of the next attempt of a pending delivery, in milliseconds UTC. */
  readonly dueAt?: number
  /** The origin of a callback's URL if it did not answer in time. */
  readonly hangingOrigin?: string | undefined
}

/** Stores the result of an attempt. Repeating it is safe, so it is retried. */
export async function concludeAttempt(
  { DB }: Bindings,
  { id, attempts }: Attempt,
  { status, result, messageId, dueAt, hangingOrigin: origin }: Conclusion,
  now: number,
): Promise<void> {
  const values = { id, attempts, status, result, messageId: messageId ?? null, dueAt: dueAt ?? null, now }
  const pauseEnd = now + HANGING_PAUSE_SECONDS * 1000
  const pause = origin === undefined ? [] : [bind(pauseHost, { id, origin, pauseEnd })]
  await withRetries(() => runBatch(DB, [bind(conclude, values), ...pause]))
}

export async function abandonDelivery({ DB }: Bindings, id: number, now: number): Promise<void> {
  await runBatch(DB, [bind(abandon, { id, now })])
}

/** Wakes the consumer for webhooks and e-mails whose message was lost. */
export function sweepDeliveries(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'delivery', selectOverdueDeliveries, now)
}

export function sweepCallbacks(env: Bindings, now: number): Promise<void> {
  return sweep(env, 'callback', selectOverdueCallbacks, now)
}
