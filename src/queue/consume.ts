/**
 * The consumer of the queue, and of its dead-letter queue.
 *
 * Guarantees: each message is acknowledged or retried by itself, so that one failure delays no other message and repeats
 * none. A dead message leaves no row pending for ever. Heavy messages of a batch are processed one at a time.
 */
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import {
  backoffSeconds,
  DONE,
  type Processing,
  WAIT_SECONDS_MAX,
  type Message as Wakeup,
} from './messages.ts'

/** What is done about messages of one kind. */
export interface MessageHandler {
  /** @param now milliseconds UTC */
  readonly process: (env: Bindings, id: number, now: number) => Promise<Processing>
  /** All of its messages died. */
  readonly abandon: (env: Bindings, id: number, now: number) => Promise<void>
  /** Whether several at once would take too much of an isolate's memory. */
  readonly isHeavy?: boolean
}

export type MessageHandlers = Readonly<Record<Wakeup['kind'], MessageHandler>>

/** A message was delivered as often as Queues allows. */
class MessageDiedError extends Error {
  override name = 'MessageDiedError'
}

/** wrangler.toml may call the dead-letter queue anything that ends in this. */
const DEAD_LETTER_SUFFIX = '-dead'

export async function consume(
  batch: MessageBatch<Wakeup>,
  env: Bindings,
  handlers: MessageHandlers,
): Promise<void> {
  const work = batch.queue.endsWith(DEAD_LETTER_SUFFIX) ? giveUp : process
  const settle = (message: Message<Wakeup>) =>
    settleMessage(message, () => work(message.body, env, handlers[message.body.kind]))
  const isHeavy = ({ body }: Message<Wakeup>) => handlers[body.kind].isHeavy === true

  const light = batch.messages.filter((message) => !isHeavy(message)).map(settle)
  for (const message of batch.messages.filter(isHeavy)) await settle(message)
  await Promise.all(light)
}

/** Tells the queue what becomes of the message. */
async function settleMessage(message: Message<Wakeup>, work: () => Promise<Processing>): Promise<void> {
  try {
    const processing = await work()
    if (processing.kind === 'done') message.ack()
    else message.retry({ delaySeconds: processing.delaySeconds })
  } catch (error) {
    logFailure(`message ${message.id}`, error)
    message.retry({ delaySeconds: backoffSeconds(message.attempts) ?? WAIT_SECONDS_MAX })
  }
}

function process({ id }: Wakeup, env: Bindings, handler: MessageHandler): Promise<Processing> {
  return handler.process(env, id, Date.now())
}

async function giveUp({ kind, id }: Wakeup, env: Bindings, handler: MessageHandler): Promise<Processing> {
  await handler.abandon(env, id, Date.now())
  logFailure(`${kind} ${id}`, new MessageDiedError())
  return DONE
}
