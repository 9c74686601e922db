/** Sends messages that wake the consumer. */
import * as z from 'zod/mini'
import { logFailure } from '../platform/log.ts'
import {
  type Bindings,
  checkSettings,
  oncePerIsolate,
  type SettingError,
  settingError,
} from '../platform/settings.ts'
import type { Message } from './messages.ts'

/** The limit of Queues for one `sendBatch`. */
const MESSAGES_MAX = 100

const schema = z.object({
  DELIVERIES: z.optional(z.custom<Queue<Message>>((value) => typeof value === 'object' && value !== null)),
})

/** The settings of this folder. Without a queue, payments are refused, and everything else works. */
export const queueSettings = oncePerIsolate((bindings) => checkSettings(schema, bindings))

/** Sends messages about committed rows. Failures are only logged: the sweep finds rows without a message. */
export async function enqueue(env: Bindings, messages: readonly Message[], delaySeconds = 0): Promise<void> {
  try {
    const { DELIVERIES: queue } = queueSettings(env)
    for (let start = 0; start < messages.length; start += MESSAGES_MAX) {
      if (!queue) throw notBound()
      const batch = messages.slice(start, start + MESSAGES_MAX)
      await queue.sendBatch(batch.map((body) => ({ body, ...(delaySeconds > 0 && { delaySeconds }) })))
    }
  } catch (error) {
    logFailure('enqueue', error)
  }
}

/**
 * For work that must not start without a consumer.
 *
 * @throws SettingError if no queue is bound
 */
export function requireQueue(env: Bindings): void {
  if (!queueSettings(env).DELIVERIES) throw notBound()
}

function notBound(): SettingError {
  return settingError('DELIVERIES', 'is not bound')
}
