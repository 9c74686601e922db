/** The Worker: routes requests, queue messages and cron triggers to their handlers. */
import { app, checkAllSettings } from './app.ts'
import { deleteOldOperations } from './callers/operation.ts'
import { abandonDelivery, deliver, sweepCallbacks, sweepDeliveries } from './deliveries/deliver.ts'
import { processQueuedOrder, sweepQueuedOrders } from './issuing/queued-orders.ts'
import { deleteOldAttempts } from './issuing/repetitions.ts'
import { abandonEvent, emptyPayloads, processEvent, sweepEvents } from './payments/waiting-events.ts'
import { logFailure } from './platform/log.ts'
import type { Bindings } from './platform/settings.ts'
import { consume, type MessageHandlers } from './queue/consume.ts'
import type { Message } from './queue/messages.ts'

type Job = (env: Bindings, now: number) => Promise<void>

/** Keyed by the cron expressions of `[triggers]` in wrangler.toml. */
const JOBS: Readonly<Record<string, readonly Job[]>> = {
  '* * * * *': [sweepDeliveries, sweepCallbacks, sweepEvents, sweepQueuedOrders],
  '47 * * * *': [({ DB }, now) => deleteOldOperations(DB, 'use_operations', now)],
  '17 3 * * *': [
    emptyPayloads,
    ({ DB }, now) => deleteOldOperations(DB, 'operations', now),
    ({ DB }, now) => deleteOldAttempts(DB, now),
  ],
}

const MESSAGE_HANDLERS: MessageHandlers = {
  delivery: { process: deliver, abandon: abandonDelivery },
  callback: { process: deliver, abandon: abandonDelivery },
  event: { process: processEvent, abandon: abandonEvent },
  // The order may have keys that no callback has reported yet, so it is kept, and the sweep wakes it again.
  'queued-order': { process: processQueuedOrder, abandon: async () => {} },
}

export default {
  fetch: app.fetch,

  async queue(batch, env) {
    checkAllSettings(env)
    await consume(batch, env, MESSAGE_HANDLERS)
  },

  async scheduled({ cron }, env) {
    checkAllSettings(env)
    const jobs = JOBS[cron]
    if (!jobs) throw new Error(`No job is registered for the cron expression ${cron}.`)
    const now = Date.now()
    // A failing job does not stop the others.
    const running = jobs.map((job) =>
      job(env, now).catch((error: unknown) => logFailure(`cron ${cron}`, error)),
    )
    await Promise.all(running)
  },
} satisfies ExportedHandler<Bindings, Message>
