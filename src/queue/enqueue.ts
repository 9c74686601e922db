/** Wakes the consumer. */
import type { Settings } from '../env.ts'
import { logFailure } from '../platform/log.ts'
import { type SettingError, settingError } from '../platform/setting-error.ts'
import type { Message } from './messages.ts'

/** As many does Queues take at once. */
const MESSAGES_MAX = 100

/**
 * Sends the messages. What they are about is committed already, so a failure is logged and no more: the sweep
 * finds the rows whose message is missing.
 */
export async function enqueue(
  { deliveries: { queue } }: Settings,
  messages: readonly Message[],
): Promise<void> {
  try {
    for (let start = 0; start < messages.length; start += MESSAGES_MAX) {
      if (!queue) throw queueError()
      await queue.sendBatch(messages.slice(start, start + MESSAGES_MAX).map((body) => ({ body })))
    }
  } catch (error) {
    logFailure('enqueue', error)
  }
}

/**
 * For work that must not begin where nobody could be woken for it.
 *
 * @throws SettingError where no queue is bound
 */
export function requireQueue({ deliveries: { queue } }: Settings): void {
  if (!queue) throw queueError()
}

function queueError(): SettingError {
  return settingError('DELIVERIES', 'is not bound')
}
