/** A Checkout Session and its invoice report the same sale. Only the invoice tells the quantity. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { SampleEvent, SampleOrder } from '../../scripts/webhook-samples/index.ts'
import { stripeSamples } from '../../scripts/webhook-samples/stripe.ts'
import { processEvent } from '../../src/payments/waiting-events.ts'
import { outcomeOf } from '../support/provider-webhook.ts'
import { addOffer, eventOf, keysOf } from '../support/sales.ts'

const WAIT_MS = 60_000
let names = 8_000_000

/** A queue without a consumer, so that the test is the consumer. It keeps the delay of the last message. */
const delays: unknown[] = []
const queue = {
  sendBatch: async (messages: readonly { delaySeconds?: number }[]) => {
    delays.push(...messages.map(({ delaySeconds }) => delaySeconds))
  },
}

const send = (event: SampleEvent) => outcomeOf(stripeSamples, event, { bindings: { DELIVERIES: queue } })

async function order(): Promise<{ o: SampleOrder; session: SampleEvent; invoice: SampleEvent }> {
  const { externalId } = await addOffer({ provider: 'stripe' })
  const name = String(names++)
  const o = { order: name, subscription: name, externalId, quantity: 2, now: Date.now() }
  const [session] = stripeSamples.relatedEvents?.(o) ?? []
  return { o, session: session as SampleEvent, invoice: stripeSamples.purchase(o) }
}

async function latestEventId(): Promise<number> {
  return (await env.DB.prepare('select max(id) as id from webhook_events').first<number>('id')) ?? 0
}

/** Lets the time pass that the session waits. */
async function processLater(id: number): Promise<string | undefined> {
  await processEvent(
    { ...env, STRIPE_API_KEY: undefined, DELIVERIES: queue as never },
    id,
    Date.now() + WAIT_MS + 1000,
  )
  return (await eventOf(id))?.outcome
}

const keysSold = async (o: SampleOrder) => (await keysOf(stripeSamples.orderName(o), 'stripe')).length

describe('a session that names its invoice', () => {
  it('waits for it, and is a duplicate once the invoice issued the order', async () => {
    const { o, session, invoice } = await order()
    expect(await send(session)).toBe('waiting')
    expect(delays.at(-1)).toBe(60)
    const id = await latestEventId()
    expect(await send(session)).toBe('waiting')
    expect(await send(invoice)).toBe('issued')
    expect(await processLater(id)).toBe('duplicate')
    expect(await keysSold(o)).toBe(2)
  })

  it('is a duplicate after the invoice too', async () => {
    const { o, session, invoice } = await order()
    expect(await send(invoice)).toBe('issued')
    expect(await send(session)).toBe('waiting')
    expect(await processLater(await latestEventId())).toBe('duplicate')
    expect(await keysSold(o)).toBe(2)
  })

  it('is not processed before its time', async () => {
    const { o, session } = await order()
    await send(session)
    const id = await latestEventId()
    await processEvent(
      { ...env, STRIPE_API_KEY: undefined, DELIVERIES: queue as never },
      id,
      Date.now() + WAIT_MS - 10_000,
    )
    expect((await eventOf(id))?.outcome).toBe('waiting')
    expect(await keysSold(o)).toBe(0)
  })

  it('issues the order if the invoice does not come, and a late one is flagged for its quantity', async () => {
    const { o, session, invoice } = await order()
    await send(session)
    expect(await processLater(await latestEventId())).toBe('issued')
    expect(await keysSold(o)).toBe(1)
    expect(await send(invoice)).toBe('flagged')
    expect((await eventOf(await latestEventId()))?.note).toContain('issued the order without its quantity')
    expect(await keysSold(o)).toBe(1)
  })

  it('is unmapped only if neither event finds an offer', async () => {
    const { session } = await order()
    await env.DB.prepare('update offers set removed_at = 1').run()
    await send(session)
    expect(await processLater(await latestEventId())).toBe('unmapped')
  })
})
