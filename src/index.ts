/** The Worker: requests, messages and the clock, each handed to whom it concerns. */

import { forgetOperations } from './callers/forget-operations.ts'
import { abandonDelivery } from './deliveries/claim.ts'
import { deliver } from './deliveries/deliver.ts'
import { type Bindings, readSettings, type Settings } from './env.ts'
import { createApp } from './http/app.ts'
import { processQueuedOrder, sweepQueuedOrders } from './issuing/queued-orders.ts'
import { abandonEvent, emptyPayloads, processEvent, sweepEvents } from './payments/waiting-events.ts'
import { logFailure } from './platform/log.ts'
import { consume, type MessageHandler, type MessageHandlers } from './queue/consume.ts'
import type { Message } from './queue/messages.ts'
import { sweepCallbacks, sweepDeliveries } from './queue/sweep.ts'

type Job = (settings: Settings, now: number) => Promise<void>

/** By the lines of `[triggers]` in wrangler.toml. */
const JOBS: Readonly<Record<string, readonly Job[]>> = {
  '* * * * *': [sweepDeliveries, sweepCallbacks, sweepEvents, sweepQueuedOrders],
  '17 3 * * *': [emptyPayloads, forgetOperations],
}

function jobsOf(cron: string): readonly Job[] {
  const jobs = JOBS[cron]
  if (!jobs) throw new Error(`Nothing is known to be done at ${cron}.`)
  return jobs
}

const DELIVERY: MessageHandler = {
  process: (settings, id, now) => deliver(settings, id, now),
  abandon: ({ db }, id, now) => abandonDelivery(db, id, now),
}

/** What is done about messages, by what they are about. */
const MESSAGE_HANDLERS: MessageHandlers = {
  delivery: DELIVERY,
  callback: { ...DELIVERY, isHeavy: true },
  event: { process: processEvent, abandon: abandonEvent },
  'queued-order': {
    process: (settings, id, now) => processQueuedOrder(settings, id, now),
    // Keys may have been issued for it that nobody knows of yet, so the sweep wakes somebody for it again.
    abandon: async () => {},
  },
}

const app = createApp()

export default {
  fetch: app.fetch,

  async queue(batch, bindings) {
    await consume(batch, readSettings(bindings), MESSAGE_HANDLERS)
  },

  async scheduled({ cron }, bindings) {
    const settings = readSettings(bindings)
    const now = Date.now()
    const jobs = jobsOf(cron).map((job) =>
      // One that fails keeps none of the others from its work.
      job(settings, now).catch((error: unknown) => logFailure(`cron ${cron}`, error)),
    )
    await Promise.all(jobs)
  },
} satisfies ExportedHandler<Bindings, Message>
