/**
 * The consumer of the queue, and of the queue of messages that came back too often.
 *
 * Guarantees: each message is answered for by itself, so that one which fails holds up no other and makes none
 * come twice; a message that died leaves no row pending for ever.
 */
import type { Settings } from '../env.ts'
import { logFailure } from '../log.ts'
import { backoffSeconds, WAIT_SECONDS_MAX } from './backoff.ts'
import { abandonDelivery } from './claim.ts'
import { deliver } from './deliver.ts'
import type { Message as Wakeup } from './messages.ts'
import { DONE, type Processing } from './processing.ts'

/** What is done about the events of payment providers. */
export interface EventHandlers {
  readonly processEvent: Handler
  /** Its messages all died. */
  readonly abandonEvent: (settings: Settings, id: number, now: number) => Promise<void>
}

type Handler = (settings: Settings, id: number, now: number) => Promise<Processing>

/** A message came back as often as Queues allows. */
class MessageDiedError extends Error {
  override name = 'MessageDiedError'
}

/** By which wrangler.toml names the queue of the dead, whatever comes before it. */
const DEAD_LETTER_SUFFIX = '-dead'

export async function consume(
  batch: MessageBatch<Wakeup>,
  settings: Settings,
  events: EventHandlers,
): Promise<void> {
  const isDead = batch.queue.endsWith(DEAD_LETTER_SUFFIX)
  await Promise.all(
    batch.messages.map((message) =>
      answerFor(message, () =>
        isDead ? giveUp(message.body, settings, events) : process(message.body, settings, events),
      ),
    ),
  )
}

/** Tells the queue what becomes of the message. */
async function answerFor(message: Message<Wakeup>, work: () => Promise<Processing>): Promise<void> {
  try {
    const processing = await work()
    if (processing.kind === 'done') message.ack()
    else message.retry({ delaySeconds: processing.delaySeconds })
  } catch (error) {
    logFailure(`message ${message.id}`, error)
    message.retry({ delaySeconds: backoffSeconds(message.attempts) ?? WAIT_SECONDS_MAX })
  }
}

function process({ kind, id }: Wakeup, settings: Settings, events: EventHandlers): Promise<Processing> {
  const handle: Handler = kind === 'delivery' ? deliver : events.processEvent
  return handle(settings, id, Date.now())
}

async function giveUp({ kind, id }: Wakeup, settings: Settings, events: EventHandlers): Promise<Processing> {
  if (kind === 'delivery') await abandonDelivery(settings.db, id, Date.now())
  else await events.abandonEvent(settings, id, Date.now())
  logFailure(`${kind} ${id}`, new MessageDiedError())
  return DONE
}
