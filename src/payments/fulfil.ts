/**
 * Does what an event of a payment provider means, and records it: in one D1 batch, so that an event that is
 * recorded has had its effects, and one that is not has had none.
 *
 * Guarantees: every effect has a business key of its own (an order's line, a refund, a billing period), so an
 * event that arrives twice, or tells what another told already, changes nothing; and the state of the license
 * keys follows from the facts (settle.ts), so it does not matter which event arrives first.
 */
import { bind, compileText, runBatch } from '../db/batch.ts'
import { withRetries } from '../db/retries.ts'
import type { Outcome } from '../db/schema/index.ts'
import { type IssueSources, isCollision } from '../issuing/issuance.ts'
import { effectsOf } from './effects.ts'
import { type EventRecord, type RecordedEvent, selectRecorded } from './events.ts'
import type { Happening } from './purchase.ts'
import { SETTLE } from './settle.ts'

/** By what keys may be delivered. */
export interface Channels {
  readonly hasWebhook: boolean
  readonly hasEmail: boolean
}

export interface Fulfilment {
  /** The event's row. */
  readonly id: number
  readonly outcome: Outcome
  /** Rows of `deliveries` that are to be sent now. */
  readonly deliveries: readonly number[]
}

const insertReferences = compileText(`
insert into order_references (provider, reference, order_id)
select :provider, value, :order from json_each(:references) where true on conflict do nothing`)

/**
 * @param db the primary
 * @param event what is recorded
 * @param happening what it says
 * @param channels by what keys may be delivered
 * @param sources time and randomness
 * @throws DatabaseUnavailableError: repeating the call is safe
 */
export async function fulfil(
  db: D1Database,
  event: EventRecord,
  happening: Happening,
  channels: Channels,
  sources: IssueSources,
): Promise<Fulfilment> {
  return withRetries(async () => {
    const { order, references, names, facts, values, record } = await effectsOf(happening, sources)
    const bound = {
      ...event,
      ...values,
      hasWebhook: Number(channels.hasWebhook),
      hasEmail: Number(channels.hasEmail),
      order,
      references: JSON.stringify(references),
      names: JSON.stringify(names),
      nonce: crypto.randomUUID(),
      now: sources.now,
    }
    const remember = references.length > 0 ? [insertReferences] : []
    const settle = names.length > 0 ? SETTLE : []
    const writes = [...remember, ...facts, ...settle, record].map((statement) => bind(statement, bound))
    const results = await runBatch(db, [...writes, bind(selectRecorded, bound)])
    return fulfilment(results.at(-1)?.[0])
  }, isCollision)
}

function fulfilment(recorded: RecordedEvent | undefined): Fulfilment {
  if (!recorded) throw new Error('An event that was recorded is a row.')
  return { ...recorded, deliveries: JSON.parse(recorded.deliveries) as number[] }
}
