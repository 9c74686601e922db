/** Does what an event means, and wakes the consumer for what is to be delivered because of it. */
import type { Outcome } from '../db/schema/index.ts'
import type { Settings } from '../env.ts'
import { enqueue } from '../queue/enqueue.ts'
import type { EventRecord } from './events.ts'
import { fulfil } from './fulfil.ts'
import type { Happening } from './purchase.ts'

/**
 * @param now milliseconds UTC
 * @throws DatabaseUnavailableError: repeating the call is safe
 */
export async function process(
  settings: Settings,
  event: EventRecord,
  happening: Happening,
  now: number,
): Promise<Outcome> {
  const { webhookUrl, emailFrom } = settings.deliveries
  const channels = { hasWebhook: webhookUrl !== undefined, hasEmail: emailFrom !== undefined }
  const sources = { now, newLicenseKey: () => crypto.randomUUID() }
  const { outcome, deliveries } = await fulfil(settings.db, event, happening, channels, sources)
  await enqueue(
    settings,
    deliveries.map((id) => ({ kind: 'delivery', id })),
  )
  return outcome
}
