/**
 * Payment providers and a database that loses responses. A provider repeats an event until it gets 200, and
 * sends others at the same time.
 */
import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  PROVIDER_SAMPLES,
  type ProviderSamples,
  type SampleEvent,
} from '../../scripts/webhook-samples/index.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { send } from '../support/client.ts'
import { addOffer, deliveriesOf, statusesOf } from '../support/sales.ts'
import { type Fault, faults, faultyDatabase } from './faulty-database.ts'
import { orders, seed, seeded } from './plan.ts'

const EXTERNAL_ID = 'price_of_the_faults'
const ATTEMPTS_MAX = 50
/** Each order has several events, and each event several deliveries. */
const ORDERS = Math.ceil(orders / 5)

const sale = fc.record({
  samples: fc.constantFrom(...PROVIDER_SAMPLES),
  isRefunded: fc.boolean(),
  faults: fc.tuple(faults, faults, faults),
})

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // The Worker's own retries do not wait.
})
afterEach(() => vi.restoreAllMocks())

async function sendUntilAccepted(
  { provider, secret, sign }: ProviderSamples,
  event: SampleEvent,
  planned: readonly (Fault | null)[],
): Promise<void> {
  const bindings = {
    DB: faultyDatabase(planned),
    [webhookSecretName(provider)]: secret,
    STRIPE_API_KEY: undefined,
    PADDLE_API_KEY: undefined,
    DELIVERY_WEBHOOK_URL: 'https://seller.test/keys',
    DELIVERIES: { sendBatch: async () => {} },
  }
  const headers = await sign(event, secret, Math.floor(Date.now() / 1000))
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { status } = await send({
      path: `/webhooks/${provider}`,
      method: 'POST',
      headers,
      body: event.body,
      bindings,
    })
    if (status === 200) return
    expect(status).toBe(503)
  }
  throw new Error('An event was never accepted.')
}

it(`every paid order is issued exactly once, and refunded orders are blocked ${seeded}`, async () => {
  for (const { provider } of PROVIDER_SAMPLES)
    await addOffer({ provider, externalId: EXTERNAL_ID, keysPerUnit: 3 })
  const planned = fc.sample(sale, { seed, numRuns: ORDERS })
  for (const [index, { samples, isRefunded, faults: faultsOfEvents }] of planned.entries()) {
    const o = { order: String(7_000_000 + index), externalId: EXTERNAL_ID }
    const [first, second, third] = faultsOfEvents
    await Promise.all([
      sendUntilAccepted(samples, samples.purchase(o), first),
      sendUntilAccepted(samples, samples.purchase(o), second),
      isRefunded ? sendUntilAccepted(samples, samples.refund(o), third) : undefined,
    ])
    const name = samples.orderName(o)
    expect(await statusesOf(name, samples.provider)).toEqual(
      new Array(3).fill(isRefunded ? 'blocked' : 'assigned'),
    )
    expect(await deliveriesOf(name, samples.provider)).toEqual([
      { channel: 'webhook', status: isRefunded ? 'cancelled' : 'pending' },
    ])
  }
  const issued = await env.DB.prepare('select count(*) as count from license_keys').first<number>('count')
  expect(issued).toBe(3 * ORDERS)
}, 600_000)
