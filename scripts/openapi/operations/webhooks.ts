import { PROVIDER_NAMES, type ProviderName } from '../../../src/payments/provider.ts'
import { DEMO_PRICE } from '../../demo-data.ts'
import { PROVIDER_SAMPLES } from '../../webhook-samples/index.ts'
import { capitalised } from '../document.ts'
import type { OperationText, ProviderEvent } from '../operation.ts'

/** When all of the examples were sent, Unix seconds. */
const SENT_SECONDS = 1_795_509_000
const ORDER = {
  order: '1001',
  externalId: DEMO_PRICE,
  now: SENT_SECONDS * 1000,
  eventId: 'evt_keyseal_demo',
} as const

/** Providers document their own events; docs/payments.md documents those of Standard Webhooks. */
export const webhooksOperations: readonly OperationText[] = await Promise.all(
  PROVIDER_NAMES.map(async (name) => ({
    path: `/webhooks/${name}` as const,
    summary: name === 'standard' ? 'Receive Standard Webhooks events' : `Receive ${titleOf(name)} events`,
    details:
      'A paid order issues its license keys exactly once, in whatever order and however often its events arrive. A ' +
      'refund or a dispute blocks the keys, a renewal extends them. Any answer except 2200 makes the sender repeat the ' +
      'event: 2401 if the signature is wrong or too old, 2404 if the server has no secret of this provider.',
    codes: ['webhookReceived', 'signatureInvalid', 'notFound'] as const,
    event: await exampleOf(name),
  })),
)

/** `lemon-squeezy` as the provider writes it: Lemon Squeezy. */
function titleOf(name: ProviderName): string {
  return name.split('-').map(capitalised).join(' ')
}

async function exampleOf(name: ProviderName): Promise<ProviderEvent> {
  const samples = PROVIDER_SAMPLES.find(({ provider }) => provider === name)
  if (!samples) throw new Error(`Make samples of ${name} in scripts/webhook-samples.`)
  const event = samples.purchase(ORDER)
  // The same text each time: whatever a sample makes up stands still here.
  const body = event.body.replaceAll(/_[0-9a-f]{32}\b/g, '_keyseal_demo')
  const headers = await samples.sign({ ...event, body }, samples.secret, SENT_SECONDS)
  return { headers, payload: JSON.parse(body), fields: { outcome: 'issued' } }
}
