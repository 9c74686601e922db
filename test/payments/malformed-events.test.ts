/** Events that are signed but do not match their schema, tested against the whole Worker. */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import {
  PROVIDER_SAMPLES,
  type ProviderSamples,
  type SampleEvent,
} from '../../scripts/webhook-samples/index.ts'
import type { ProviderName } from '../../src/payments/provider.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { type ApiResponse, isSignedBy, readEnvelope, send } from '../support/client.ts'
import { addOffer, keysOf } from '../support/sales.ts'
import { changed } from './sample-parser.ts'

const standard = samplesOf('standard')
const { externalId } = await addOffer({ provider: 'standard' })
let orders = 2_000_000
const newOrder = () => ({ order: String(orders++), externalId, now: Date.now() })

function samplesOf(name: ProviderName): ProviderSamples {
  const found = PROVIDER_SAMPLES.find(({ provider }) => provider === name)
  if (!found) throw new Error(`There are no samples of ${name}.`)
  return found
}

async function deliver(samples: ProviderSamples, event: SampleEvent): Promise<ApiResponse> {
  const headers = await samples.sign(event, samples.secret, Math.floor(Date.now() / 1000))
  // Without API keys, nothing is looked up.
  const bindings = {
    STRIPE_API_KEY: undefined,
    PADDLE_API_KEY: undefined,
    [webhookSecretName(samples.provider)]: samples.secret,
  }
  const path = `/webhooks/${samples.provider}`
  return readEnvelope(await send({ path, method: 'POST', headers, body: event.body, bindings }))
}

function withChanges(event: SampleEvent, changes: Record<string, unknown>): SampleEvent {
  return { ...event, body: JSON.stringify(changed(event, changes)) }
}

function storedEvent({ id }: SampleEvent): Promise<unknown> {
  return env.DB.prepare('select outcome, note, order_id as orderName from webhook_events where event_id = ?')
    .bind(id)
    .first()
}

it('a sender of Standard Webhooks gets 422 with the fields at fault, and the event is stored', async () => {
  const order = newOrder()
  const event = withChanges(standard.purchase(order), {
    'data.lines.0.product': undefined,
    'data.references': 'payment-1',
    timestamp: 'yesterday',
  })
  const answer = await deliver(standard, event)
  expect(answer).toMatchObject({
    status: 422,
    response: {
      code: 804,
      errors: {
        'data.lines.0.product': ['The data.lines.0.product field is missing or invalid.'],
        'data.references': ['The data.references field is missing or invalid.'],
        timestamp: ['The timestamp field is missing or invalid.'],
      },
    },
  })
  expect(Object.keys(answer.response.errors)).toHaveLength(3)
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
  expect(await storedEvent(event)).toEqual({
    outcome: 'failed',
    note: expect.stringContaining('data.lines.0.product'),
    orderName: order.order,
  })
  expect(await keysOf(order.order)).toEqual([])
})

it('an event that was refused is applied once its sender has corrected it', async () => {
  const order = newOrder()
  const event = standard.purchase(order)
  expect(await deliver(standard, withChanges(event, { 'data.order': null }))).toMatchObject({ status: 422 })
  expect(await storedEvent(event)).toMatchObject({ outcome: 'failed', orderName: null })
  expect(await deliver(standard, event)).toMatchObject({ status: 200, response: { outcome: 'issued' } })
  expect(await keysOf(order.order)).toHaveLength(1)
})

it('an event that was applied keeps its outcome if it is malformed later', async () => {
  const event = standard.purchase(newOrder())
  expect(await deliver(standard, event)).toMatchObject({ status: 200, response: { outcome: 'issued' } })
  const repeated = await deliver(standard, withChanges(event, { 'data.lines': [] }))
  expect(repeated).toMatchObject({ status: 200, response: { outcome: 'issued' } })
})

it.each(['', 'null', '[]', '{', '{"type":7}'])('the body %j is no event, which 422 says', async (body) => {
  const field = body === '{"type":7}' ? 'type' : 'body'
  expect(await deliver(standard, { id: crypto.randomUUID(), body })).toMatchObject({
    status: 422,
    response: { code: 804, errors: { [field]: [`The ${field} field is missing or invalid.`] } },
  })
})

it('an event of an unknown type is ignored, whatever its data', async () => {
  const event = withChanges(standard.unknown(), { data: { lines: 7 } })
  expect(await deliver(standard, event)).toMatchObject({ status: 200, response: { outcome: 'ignored' } })
})

it('numbers are names', async () => {
  const order = newOrder()
  const event = withChanges(standard.purchase(order), { 'data.order': Number(order.order) })
  expect(await deliver(standard, event)).toMatchObject({ status: 200, response: { outcome: 'issued' } })
  expect(await keysOf(order.order)).toHaveLength(1)
})

it.each([
  ['dodo', { 'data.product_cart': 'x' }, 'pay_'],
  ['lemon-squeezy', { 'data.attributes.first_order_item': 'x' }, 'order:'],
  ['paddle', { 'data.items': 'x' }, 'txn_'],
  ['polar', { 'data.customer': 'x' }, ''],
  ['stripe', { 'data.object.customer_details': 'x' }, 'cs_'],
] as const)(
  '%s gets 200 for a malformed event, which is stored with its order',
  async (name, changes, prefix) => {
    const samples = samplesOf(name)
    const event = withChanges(samples.purchase(newOrder()), changes)
    expect(await deliver(samples, event)).toMatchObject({ status: 200, response: { outcome: 'failed' } })
    const stored = await env.DB.prepare(
      `select outcome, order_id as orderName, updated_at >= received_at as isDated from webhook_events
       where provider = ? order by id desc limit 1`,
    )
      .bind(name)
      .first<{ outcome: string; orderName: string }>()
    const orderName = expect.stringMatching(`^${prefix}.`)
    expect(stored).toMatchObject({ outcome: 'failed', orderName, isDated: 1 })
  },
)

it('a malformed refund of Shopify is stored with its order, and not with its own id', async () => {
  const samples = samplesOf('shopify')
  const { order } = newOrder()
  const refund = samples.refund({ order, externalId })
  const body = JSON.stringify({ id: 7, order_id: Number(order), created_at: 'x', refund_line_items: [] })
  await deliver(samples, { ...refund, body })
  expect(await storedEvent(refund)).toMatchObject({ outcome: 'failed', orderName: order })
})
