/**
 * Applies a payment event and records it in one D1 batch, so only events that took effect are recorded.
 *
 * Guarantees: every effect has its own business key (an order line, a refund, a payment, a report), so an event
 * that arrives twice, or repeats another one, changes nothing. The state of license keys is derived from the
 * facts (settle.ts), so events may arrive in any order.
 */
import { bind, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Outcome } from '../db/schema/index.ts'
import { type Channels, channelsOf } from '../deliveries/new-deliveries.ts'
import { isCollision } from '../issuing/inserts.ts'
import { enqueue } from '../queue/enqueue.ts'
import { effectsOf, type Sources } from './effects.ts'
import { type Context, type EventRecord, selectRecorded } from './events.ts'
import type { PaymentEvent } from './payment-event.ts'
import { insertReferences } from './references.ts'
import { SETTLE_KEYS, settleLines } from './settle.ts'

export interface Fulfillment {
  readonly id: number
  readonly outcome: Outcome
  readonly deliveries: readonly number[]
}

/** Applies an event and wakes the consumer for its deliveries. @param now milliseconds UTC */
export async function fulfillAndDeliver(
  { env, db }: Context,
  record: EventRecord,
  event: PaymentEvent,
  now: number,
): Promise<Outcome> {
  const channels = channelsOf(env)
  const sources = { now, newLicenseKey: () => crypto.randomUUID() }
  const { outcome, deliveries } = await fulfill(db, record, event, channels, sources)
  await enqueue(
    env,
    deliveries.map((id) => ({ kind: 'delivery', id })),
  )
  return outcome
}

/** @throws DatabaseUnavailableError: repeating the call is safe */
export async function fulfill(
  db: D1Database,
  record: EventRecord,
  event: PaymentEvent,
  channels: Channels,
  sources: Sources,
): Promise<Fulfillment> {
  return withRetries(async () => {
    const { order, references, names, facts, sale = [], values, recording } = await effectsOf(event, sources)
    const bound = {
      ...record,
      ...values,
      hasWebhook: Number(channels.hasWebhook),
      hasEmail: Number(channels.hasEmail),
      order,
      references: JSON.stringify(references),
      names: JSON.stringify(names),
      nonce: crypto.randomUUID(),
      now: sources.now,
    }
    const addReferences = references.length > 0 ? [insertReferences] : []
    const settle = names.length > 0 ? [settleLines, ...sale, ...SETTLE_KEYS] : []
    const writes = [...addReferences, ...facts, ...settle, recording].map((statement) =>
      bind(statement, bound),
    )
    const results = await runBatch(db, [...writes, bind(selectRecorded, bound)])
    const [recorded] = results.at(-1) ?? []
    if (!recorded) throw new Error('Expected exactly one result row.')
    return { ...recorded, deliveries: JSON.parse(recorded.deliveries) as number[] }
  }, isCollision)
}
