/** Sends messages that wake the consumer. */
import * as z from 'zod/mini'
import { logFailure } from '../platform/log.ts'
import { type Bindings, checkSettings, oncePerIsolate, settingError } from '../platform/settings.ts'
import { type Message, QUEUE_OF } from './messages.ts'

/** The limit of Queues for one `sendBatch`. */
const MESSAGES_MAX = 100

const queue = z.optional(z.custom<Queue<Message>>((value) => typeof value === 'object' && value !== null))
const schema = z.object({ DELIVERIES: queue, CALLBACKS: queue })

/** The settings of this folder. Without its queue, work is refused, and everything else continues. */
export const queueSettings = oncePerIsolate((bindings) => checkSettings(schema, bindings))

/** Sends messages about committed rows. Failures are only logged: the sweep finds rows without a message. */
export async function enqueue(env: Bindings, messages: readonly Message[], delaySeconds = 0): Promise<void> {
  try {
    for (const [kind, ofKind] of Map.groupBy(messages, (message) => message.kind)) {
      const queue = queueOf(env, kind)
      for (let start = 0; start < ofKind.length; start += MESSAGES_MAX) {
        const batch = ofKind.slice(start, start + MESSAGES_MAX)
        await queue.sendBatch(batch.map((body) => ({ body, ...(delaySeconds > 0 && { delaySeconds }) })))
      }
    }
  } catch (error) {
    logFailure('enqueue', error)
  }
}

/**
 * For work that must not start without a consumer.
 *
 * @throws SettingError if the queue of one of these kinds is not bound
 */
export function requireQueues(env: Bindings, ...kinds: readonly Message['kind'][]): void {
  for (const kind of kinds) queueOf(env, kind)
}

function queueOf(env: Bindings, kind: Message['kind']): Queue<Message> {
  const binding = QUEUE_OF[kind]
  const queue = queueSettings(env)[binding]
  if (!queue) throw settingError(binding, 'is not bound')
  return queue
}
