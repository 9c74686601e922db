/**
 * The consumer of the queues and of their dead-letter queues.
 *
 * Guarantees: each message is acknowledged or retried separately, so a failure affects no other message. A
 * dead message leaves no row pending forever.
 */
import { logFailure } from '../platform/log.ts'
import type { Bindings } from '../platform/settings.ts'
import {
  backoffSeconds,
  DELAY_SECONDS_MAX,
  DONE,
  type ProcessingResult,
  type Message as Wakeup,
} from './messages.ts'

export interface MessageHandler {
  /** @param now milliseconds UTC */
  readonly process: (env: Bindings, id: number, now: number) => Promise<ProcessingResult>
  /** Called if a message was delivered as often as Queues allows without success. */
  readonly abandon: (env: Bindings, id: number, now: number) => Promise<void>
}

export type MessageHandlers = Readonly<Record<Wakeup['kind'], MessageHandler>>

class MessageDiedError extends Error {
  override name = 'MessageDiedError'
}

/** The names of dead-letter queues in wrangler.toml must end with this. */
const DEAD_LETTER_SUFFIX = '-dead'

export async function consume(
  batch: MessageBatch<Wakeup>,
  env: Bindings,
  handlers: MessageHandlers,
): Promise<void> {
  const work = batch.queue.endsWith(DEAD_LETTER_SUFFIX) ? abandon : process
  const settle = (message: Message<Wakeup>) =>
    settleMessage(message, () => work(message.body, env, handlers[message.body.kind]))
  await Promise.all(batch.messages.map(settle))
}

async function settleMessage(message: Message<Wakeup>, work: () => Promise<ProcessingResult>): Promise<void> {
  try {
    const processing = await work()
    if (processing.kind === 'done') message.ack()
    else message.retry({ delaySeconds: processing.delaySeconds })
  } catch (error) {
    logFailure(`message ${message.id}`, error)
    message.retry({ delaySeconds: backoffSeconds(message.attempts) ?? DELAY_SECONDS_MAX })
  }
}

function process({ id }: Wakeup, env: Bindings, handler: MessageHandler): Promise<ProcessingResult> {
  return handler.process(env, id, Date.now())
}

async function abandon(
  { kind, id }: Wakeup,
  env: Bindings,
  handler: MessageHandler,
): Promise<ProcessingResult> {
  await handler.abandon(env, id, Date.now())
  logFailure(`${kind} ${id}`, new MessageDiedError())
  return DONE
}
