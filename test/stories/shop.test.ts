/** The life of a shop, from its first product to a refund, with the requests that its clients send. */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { SampleEvent } from '../../scripts/webhook-samples/sample.ts'
import { standardSamples as standard } from '../../scripts/webhook-samples/standard.ts'
import { webhookSecretName } from '../../src/payments/settings.ts'
import { type ApiResponse, isSignedBy, post, readEnvelope, send } from '../support/client.ts'
import { outboundUrl, requestsTo, stubResponses } from '../support/outbound.ts'
import { openShop } from '../support/shop.ts'

const { apiKey } = await openShop()

function call(name: string, fields: Record<string, unknown> = {}): Promise<ApiResponse> {
  return post({ api_key: apiKey, ...fields }, { path: `/api/v1/${name}` })
}

async function get(name: string, fields: Record<string, string> = {}): Promise<ApiResponse> {
  return readEnvelope(
    await send({ path: `/v1/${name}?${new URLSearchParams({ api_key: apiKey, ...fields })}` }),
  )
}

it('a shop creates, stocks, sells, activates and refunds a product', async () => {
  // A product and its generator.
  const created = await call('create-product', { name: 'Word processor', description: 'Processes words' })
  expect(created.response.code).toBe(750)
  const product_id = String(created.response.product_id)
  await env.DB.prepare(
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       activation_limit, validity_days, status, created_at, updated_at)
     values (?, 'chunk-system', 'WP-', '', '0123456789ABCDEF', 4, 4, 2, 365, 1, 0, 0)`,
  )
    .bind(Number(product_id))
    .run()

  // The stock, with a duplicate key.
  const stock = ['BOX-1', 'BOX-2', 'BOX-3', 'BOX-1']
  const terms = { product_id, activation_limit: '1', validity: '0', status: 'available' }
  const stocked = await call('create-license-keys', { ...terms, license_keys: JSON.stringify(stock) })
  expect(stocked.response).toMatchObject({ code: 900, created: 3, duplicate: 1 })
  expect((await get('get-available-license-keys-count', { product_id })).response.count).toBe(3)

  // An order from the stock, and one that exceeds it.
  const owner = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }
  const sold = await call('random-assign-license-keys', {
    product_id,
    ...owner,
    quantity: '2',
    generate: '0',
  })
  expect(sold.response.code).toBe(803)
  for (const { license_key } of sold.response.license_keys) expect(stock).toContain(license_key)
  const short = await call('random-assign-license-keys', { product_id, quantity: '2', generate: '0' })
  expect(short.response).toMatchObject({ code: 802, available_quantity: 1 })

  // A queued order in the format of the shop's plugin.
  const webhook_url = `${outboundUrl()}?keevault-webhook=secret`
  await stubResponses(webhook_url, {})
  const queued = await call('random-assign-license-keys-queued', {
    product_id,
    ...owner,
    quantity: '3',
    generate: '1',
    identifier: '31',
    webhook_url,
  })
  expect(queued.response.code).toBe(807)
  await expect.poll(() => requestsTo(webhook_url), { timeout: 30_000, interval: 200 }).toHaveLength(1)
  const [callback] = await requestsTo(webhook_url)
  const { original } = JSON.parse(callback?.body ?? '')
  expect(callback?.url).toContain('?keevault-webhook=secret')
  expect(original.response).toMatchObject({ code: 803, identifier: '31' })
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, { envelope: original } as ApiResponse)).toBe(true)
  const [license_key] = original.response.license_keys.map((key: { license_key: string }) => key.license_key)
  expect(original.response.license_keys).toHaveLength(3)
  expect(license_key).toMatch(/^WP(-[0-9A-F]{4}){4}$/)

  // The buyer's software verifies the key, activates it up to the limit, and deactivates a device.
  const on = (identifier: string) => ({ license_key, identifier })
  expect((await call('verify', on('laptop'))).response.code).toBe(202)
  expect((await call('activate', on('laptop'))).response.code).toBe(300)
  expect((await call('activate', on('laptop'))).response.code).toBe(301)
  expect((await call('activate', on('tablet'))).response.code).toBe(300)
  expect((await call('activate', on('phone'))).response.code).toBe(302)
  expect((await call('deactivate', on('tablet'))).response.code).toBe('400')
  expect((await call('activate', on('phone'))).response.code).toBe(300)
  expect((await call('verify', on('laptop'))).response.code).toBe(200)
  const details = await call('get-license-key-details', on('laptop'))
  expect(details.response).toMatchObject({ code: 500, product: { name: 'Word processor' } })

  // A sale through a payment provider, and its refund.
  await env.DB.prepare(
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit)
     values ('standard', 'word-processor', ?, 1, 'key-per-unit', 365, 1)`,
  )
    .bind(Number(product_id))
    .run()
  async function sendEvent(event: SampleEvent): Promise<string> {
    const headers = await standard.sign(event, standard.secret, Math.floor(Date.now() / 1000))
    const bindings = { [webhookSecretName('standard')]: standard.secret }
    const request = { path: '/webhooks/standard', method: 'POST', headers, body: event.body, bindings }
    return (await readEnvelope(await send(request))).response.outcome
  }
  const order = { order: '77', externalId: 'word-processor' }
  expect(await sendEvent(standard.purchase(order))).toBe('issued')
  const paid = await env.DB.prepare(`select license_key from license_keys join issuances
    on issuances.id = issuance_id where source = 'standard'`).first<{ license_key: string }>()
  const activation = { license_key: paid?.license_key, identifier: 'laptop' }
  expect((await call('activate', activation)).response.code).toBe(300)
  expect((await call('verify', activation)).response.code).toBe(200)
  expect(await sendEvent(standard.refund(order))).toBe('revoked')
  expect((await call('verify', activation)).response.code).toBe(204)
  // The other keys still work.
  expect((await call('verify', on('laptop'))).response.code).toBe(200)
}, 60_000)
