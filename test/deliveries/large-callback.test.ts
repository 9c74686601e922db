import { env } from 'cloudflare:workers'
import { afterEach, expect, it, vi } from 'vitest'
import { sendCallback } from '../../src/deliveries/callback.ts'
import { claimDelivery, deliver } from '../../src/deliveries/deliver.ts'
import { processQueuedOrder } from '../../src/issuing/queued-orders.ts'
import { type ApiResponse, isSignedBy } from '../support/client.ts'
import {
  addQueuedOrder,
  callbackRows,
  chunksOf,
  envWithoutConsumer,
  receivedCallbacks,
} from '../support/queued-order.ts'
import { openShop } from '../support/shop.ts'

afterEach(() => vi.restoreAllMocks())

/** An issued order and its callback. */
async function issued(quantity: number) {
  const order = await addQueuedOrder(await openShop(), { quantity })
  await processQueuedOrder(envWithoutConsumer(), order.id, Date.now())
  const [callback] = await callbackRows(order)
  return { ...order, deliveryId: callback?.id ?? 0 }
}

it('an order of 100,000 keys has 20 chunks and one callback with a valid signature', async () => {
  const order = await issued(100_000)
  expect(await chunksOf(order)).toEqual(
    Array.from({ length: 20 }, (_, chunk) => ({ chunk: String(chunk), quantity: 5_000, keys: 5_000 })),
  )
  // This test is the receiver, because the shared test server would keep the 80 MB.
  let body = ''
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
    body = await new Response(init?.body as ReadableStream).text()
    return new Response()
  })
  await deliver(env, order.deliveryId, Date.now())
  expect(await callbackRows(order)).toMatchObject([{ status: 'delivered' }])

  const [, response = '', rest = ''] =
    /^\{"headers":\{\},"original":\{"response":(.*),"response_base64":"(.*)\},"exception":null\}$/s.exec(
      body,
    ) ?? []
  const [base64 = '', ...others] = rest.split('"')
  const signed = new TextDecoder().decode(Uint8Array.fromBase64(base64))
  // Not toBe: its message would show both long strings.
  expect(signed === response).toBe(true)
  expect(new Set(signed.match(/(?<="license_key":")[0-9a-f-]{36}(?=")/g)).size).toBe(100_000)
  const envelope = { response_base64: base64, signature: others.at(-2) }
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, { envelope } as unknown as ApiResponse)).toBe(true)
}, 120_000)

it('a response above the size limit fails without being sent or retried', async () => {
  const order = await issued(3)
  const contents = await claimDelivery(env, order.deliveryId, Date.now())
  if (contents?.channel !== 'callback') throw new Error('The callback was not claimed.')
  expect(await sendCallback(env, contents, 1_000, 500)).toEqual({
    kind: 'undeliverable',
    result: 'response longer than 500 bytes',
  })
  expect(await receivedCallbacks(order)).toEqual([])
})
