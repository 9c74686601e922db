/**
 * Sends one delivery.
 *
 * Guarantees: a delivery is sent once as long as its result can be written down; where it can not, it is sent
 * again under the same name. It is tried until it is delivered, cancelled, or has failed for the last time.
 */
import type { Settings } from '../env.ts'
import { logFailure } from '../platform/log.ts'
import { SettingError } from '../platform/setting-error.ts'
import { ATTEMPTS_MAX, backoffSeconds } from '../queue/backoff.ts'
import { DONE, type Processing } from '../queue/processing.ts'
import { CALLBACK_TIMEOUT_MS, sendCallback } from './callback.ts'
import { claimDelivery, concludeAttempt } from './claim.ts'
import type { Consignment } from './consignment.ts'
import { sendEmail } from './email.ts'
import type { Sent } from './sent.ts'
import { RESPONSE_TIMEOUT_MS, sendWebhook } from './webhook.ts'

/** The last attempt failed; a person may ask for the delivery again. */
class DeliveryFailedError extends Error {
  override name = 'DeliveryFailedError'
}

/**
 * Makes one attempt, if it is due and nobody else makes it.
 *
 * @param id of the row in `deliveries`
 * @param now milliseconds UTC
 * @param timeoutMs how long a receiver may take to answer, where it is not as long as its channel gives it
 * @throws DatabaseUnavailableError: it was not sent; or it was, and will be sent again
 */
export async function deliver(
  settings: Settings,
  id: number,
  now: number,
  timeoutMs?: number,
): Promise<Processing> {
  const consignment = await claimDelivery(settings.db, id, now)
  if (!consignment) return DONE
  const { kind, result } = await send(settings, consignment, now, timeoutMs)
  if (kind === 'delivered' || kind === 'cancelled') {
    await concludeAttempt(settings.db, consignment, { status: kind, result }, now)
    return DONE
  }
  const delaySeconds = kind === 'undeliverable' ? undefined : backoffSeconds(consignment.attempts)
  if (delaySeconds === undefined) {
    await concludeAttempt(settings.db, consignment, { status: 'failed', result }, now)
    logFailure(`delivery ${id}`, new DeliveryFailedError())
    return DONE
  }
  // Counted from before the attempt, while the message waits from after it: it never comes back too early.
  const dueAt = now + delaySeconds * 1000
  await concludeAttempt(settings.db, consignment, { status: 'pending', result, dueAt }, now)
  return { kind: 'again', delaySeconds }
}

async function send(
  settings: Settings,
  consignment: Consignment,
  now: number,
  timeoutMs?: number,
): Promise<Sent> {
  // Whoever made the last attempt did not live to say so.
  if (consignment.attempts > ATTEMPTS_MAX) return { kind: 'not-delivered', result: 'interrupted' }
  try {
    return await sendBy(settings, consignment, now, timeoutMs)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    logFailure(`delivery ${consignment.id}`, error)
    return { kind: 'not-delivered', result: error.message }
  }
}

function sendBy(
  settings: Settings,
  consignment: Consignment,
  now: number,
  timeoutMs?: number,
): Promise<Sent> {
  switch (consignment.channel) {
    case 'webhook':
      return sendWebhook(settings, consignment, now, timeoutMs ?? RESPONSE_TIMEOUT_MS)
    case 'email':
      return sendEmail(settings, consignment)
    case 'callback':
      return sendCallback(settings, consignment, timeoutMs ?? CALLBACK_TIMEOUT_MS)
  }
}
