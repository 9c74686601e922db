/**
 * The consumer of the queue and of its dead-letter queue.
 *
 * Guarantees: each message is acknowledged or retried separately, so a failure affects no other message. A
 * dead message leaves no row pending forever. Heavy messages of a batch are processed one at a time.
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
  /** Whether several of them in parallel could exceed an isolate's memory. */
  readonly isHeavy?: boolean
}

export type MessageHandlers = Readonly<Record<Wakeup['kind'], MessageHandler>>

class MessageDiedError extends Error {
  override name = 'MessageDiedError'
}

/** The dead-letter queue's name in wrangler.toml must end with this. */
const DEAD_LETTER_SUFFIX = '-dead'

export async function consume(
  batch: MessageBatch<Wakeup>,
  env: Bindings,
  handlers: MessageHandlers,
): Promise<void> {
  const work = batch.queue.endsWith(DEAD_LETTER_SUFFIX) ? abandon : process
  const settle = (message: Message<Wakeup>) =>
    settleMessage(message, () => work(message.body, env, handlers[message.body.kind]))
  const isHeavy = ({ body }: Message<Wakeup>) => handlers[body.kind].isHeavy === true

  const light = batch.messages.filter((message) => !isHeavy(message)).map(settle)
  for (const message of batch.messages.filter(isHeavy)) await settle(message)
  await Promise.all(light)
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
