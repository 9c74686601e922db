/** The Worker: routes requests, queue messages and cron triggers to their handlers. */
import { deleteOldAudit } from './admin/people/audit-retention.ts'
import { continueErasures } from './admin/people/erasure.ts'
import { app } from './app.ts'
import { deleteOldOperations } from './callers/operation.ts'
import { abandonDelivery, deliver, sweepCallbacks, sweepDeliveries } from './deliveries/deliver.ts'
import { consumeEmailEvents, hasEmailEvents } from './deliveries/email-events.ts'
import { processQueuedOrder, sweepQueuedOrders } from './issuing/queued-orders.ts'
import { deleteOldAttempts } from './issuing/repetitions.ts'
import { deleteOldReleases } from './keys/devices/release-device.ts'
import { deleteOldRefusals } from './pages/offline-refusals.ts'
import { abandonEvent, emptyPayloads, processEvent, sweepEvents } from './payments/waiting-events.ts'
import { logFailure } from './platform/log.ts'
import type { Bindings } from './platform/settings.ts'
import { consume, type MessageHandlers } from './queue/consume.ts'
import type { Message } from './queue/messages.ts'
import { recordNight, recordRun } from './service/cron-runs.ts'
import { EVERY_MINUTE, HOURLY, NIGHTLY } from './service/schedules.ts'
import { checkAllSettings } from './settings.ts'
import { countStatistics } from './statistics/count.ts'
import { countDevices } from './statistics/devices.ts'

type Job = (env: Bindings, now: number) => Promise<void>

interface Schedule {
  /** They run in parallel. A failing job does not stop the others. */
  readonly jobs: readonly Job[]
  /** Runs after all jobs succeeded, so that `GET /health/ready` warns if any of them fails. */
  readonly record: Job
}

/** Keyed by the cron expressions of `[triggers]` in wrangler.toml. */
const SCHEDULES: Readonly<Record<string, Schedule>> = {
  [EVERY_MINUTE]: {
    jobs: [
      sweepDeliveries,
      sweepCallbacks,
      sweepEvents,
      sweepQueuedOrders,
      continueErasures,
      countStatistics,
    ],
    record: (env, now) => recordRun(env, EVERY_MINUTE, now),
  },
  [HOURLY]: {
    jobs: [
      ({ DB }, now) => deleteOldOperations(DB, 'use_operations', now),
      ({ DB }, now) => deleteOldRefusals(DB, now),
      countDevices,
    ],
    record: (env, now) => recordRun(env, HOURLY, now),
  },
  [NIGHTLY]: {
    jobs: [
      emptyPayloads,
      deleteOldAudit,
      ({ DB }, now) => deleteOldOperations(DB, 'operations', now),
      ({ DB }, now) => deleteOldAttempts(DB, now),
      ({ DB }, now) => deleteOldReleases(DB, now),
    ],
    record: recordNight,
  },
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
    if (hasEmailEvents(batch)) await consumeEmailEvents(batch, env)
    else await consume(batch as MessageBatch<Message>, env, MESSAGE_HANDLERS)
  },

  async scheduled({ cron }, env) {
    checkAllSettings(env)
    const schedule = SCHEDULES[cron]
    if (!schedule) throw new Error(`No job is registered for the cron expression ${cron}.`)
    const now = Date.now()
    const results = await Promise.all(schedule.jobs.map((job) => succeeds(job(env, now), cron)))
    if (!results.includes(false)) await succeeds(schedule.record(env, now), cron)
  },
} satisfies ExportedHandler<Bindings>

function succeeds(running: Promise<void>, cron: string): Promise<boolean> {
  return running.then(
    () => true,
    (error: unknown) => {
      logFailure(`cron ${cron}`, error)
      return false
    },
  )
}
