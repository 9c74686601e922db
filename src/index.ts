/** The Worker: requests, messages and the clock, each handed to whom it concerns. */
import { createApp } from './app.ts'
import { consume } from './deliveries/consume.ts'
import type { Message } from './deliveries/messages.ts'
import { sweepDeliveries } from './deliveries/sweep.ts'
import { type Bindings, readSettings, type Settings } from './env.ts'
import { logFailure } from './log.ts'
import { abandonEvent, emptyPayloads, processEvent, sweepEvents } from './payments/waiting-events.ts'

type Job = (settings: Settings, now: number) => Promise<void>

/** By the lines of `[triggers]` in wrangler.toml. */
const JOBS: Readonly<Record<string, readonly Job[]>> = {
  '* * * * *': [sweepDeliveries, sweepEvents],
  '17 3 * * *': [emptyPayloads],
}

function jobsOf(cron: string): readonly Job[] {
  const jobs = JOBS[cron]
  if (!jobs) throw new Error(`Nothing is known to be done at ${cron}.`)
  return jobs
}

const app = createApp()

export default {
  fetch: app.fetch,

  async queue(batch, bindings) {
    await consume(batch, readSettings(bindings), { processEvent, abandonEvent })
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
