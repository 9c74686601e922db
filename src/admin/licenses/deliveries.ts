/** The deliveries of what operators issue. */
import type { Result } from '../../callers/caller.ts'
import { channelsOf } from '../../deliveries/new-deliveries.ts'
import type { Bindings } from '../../platform/settings.ts'
import { enqueue } from '../../queue/enqueue.ts'

/** The placeholders of `insertDeliveries`, and `deliver`. */
export function deliveryChannels(env: Bindings, deliver: boolean) {
  const { hasWebhook, hasEmail } = deliver ? channelsOf(env) : { hasWebhook: false, hasEmail: false }
  return { deliver: Number(deliver), hasWebhook: Number(hasWebhook), hasEmail: Number(hasEmail) }
}

interface WithDeliveries {
  readonly kind: string
  /** The ids of deliveries. */
  readonly deliveries?: readonly number[]
}

/** Wakes the consumer, if something is to be delivered. */
export async function wakeDeliveries<Of extends WithDeliveries>(
  env: Bindings,
  result: Result<Of>,
): Promise<Result<Of>> {
  if (result.kind === 'refused' || result.isReplay) return result
  const { deliveries = [] } = result.outcome
  if (deliveries.length > 0) {
    await enqueue(
      env,
      deliveries.map((id) => ({ kind: 'delivery', id })),
    )
  }
  return result
}
