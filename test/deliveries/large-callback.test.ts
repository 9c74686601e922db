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

/** An order that is issued, and its callback. */
async function issued(quantity: number) {
  const order = await addQueuedOrder(await openShop(), { quantity })
  await processQueuedOrder(envWithoutConsumer(), order.id, Date.now())
  const [callback] = await callbackRows(order)
  return { ...order, deliveryId: callback?.id ?? 0 }
}

it('100,000 keys are issued in 20 chunks and told in one callback, whose signature verifies', async () => {
  const order = await issued(100_000)
  expect(await chunksOf(order)).toEqual(
    Array.from({ length: 20 }, (_, chunk) => ({ chunk: String(chunk), quantity: 5_000, keys: 5_000 })),
  )
  // The receiver is this test, since the server of all tests would keep the 80 MB.
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
  // Strings of this length are not for a message that shows the difference.
  expect(signed === response).toBe(true)
  expect(new Set(signed.match(/(?<="license_key":")[0-9a-f-]{36}(?=")/g)).size).toBe(100_000)
  const envelope = { response_base64: base64, signature: others.at(-2) }
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, { envelope } as unknown as ApiResponse)).toBe(true)
}, 120_000)

it('a response that is longer than it may be is not sent, not tried again, and says so', async () => {
  const order = await issued(3)
  const contents = await claimDelivery(env, order.deliveryId, Date.now())
  if (contents?.channel !== 'callback') throw new Error('It was due.')
  expect(await sendCallback(env, contents, 1_000, 500)).toEqual({
    kind: 'undeliverable',
    result: 'response longer than 500 bytes',
  })
  expect(await receivedCallbacks(order)).toEqual([])
})
