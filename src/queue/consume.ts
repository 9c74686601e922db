/**
 * The consumer of the queue, and of the queue of messages that came back too often.
 *
 * Guarantees: each message is answered for by itself, so that one which fails holds up no other and makes none
 * come twice; a message that died leaves no row pending for ever; of a batch's heavy messages one is worked on at a
 * time.
 */
import type { Settings } from '../env.ts'
import { logFailure } from '../platform/log.ts'
import { backoffSeconds, WAIT_SECONDS_MAX } from './backoff.ts'
import type { Message as Wakeup } from './messages.ts'
import { DONE, type Processing } from './processing.ts'

/** What is done about messages of one kind. */
export interface MessageHandler {
  readonly process: (settings: Settings, id: number, now: number) => Promise<Processing>
  /** Its messages all died. */
  readonly abandon: (settings: Settings, id: number, now: number) => Promise<void>
  /** Whether several at once would be too much for the memory of an isolate. */
  readonly isHeavy?: boolean
}

export type MessageHandlers = Readonly<Record<Wakeup['kind'], MessageHandler>>

/** A message came back as often as Queues allows. */
class MessageDiedError extends Error {
  override name = 'MessageDiedError'
}

/** By which wrangler.toml names the queue of the dead, whatever comes before it. */
const DEAD_LETTER_SUFFIX = '-dead'

export async function consume(
  batch: MessageBatch<Wakeup>,
  settings: Settings,
  handlers: MessageHandlers,
): Promise<void> {
  const work = batch.queue.endsWith(DEAD_LETTER_SUFFIX) ? giveUp : process
  const answer = (message: Message<Wakeup>) =>
    answerFor(message, () => work(message.body, settings, handlers[message.body.kind]))

  const isHeavy = ({ body }: Message<Wakeup>) => handlers[body.kind].isHeavy === true
  const light = batch.messages.filter((message) => !isHeavy(message)).map(answer)
  await Promise.all([...light, oneByOne(batch.messages.filter(isHeavy), answer)])
}

async function oneByOne<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (const item of items) await work(item)
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

function process({ id }: Wakeup, settings: Settings, handler: MessageHandler): Promise<Processing> {
  return handler.process(settings, id, Date.now())
}

async function giveUp(
  { kind, id }: Wakeup,
  settings: Settings,
  handler: MessageHandler,
): Promise<Processing> {
  await handler.abandon(settings, id, Date.now())
  logFailure(`${kind} ${id}`, new MessageDiedError())
  return DONE
}
