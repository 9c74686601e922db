/** Answers from more than the 2,000,000 bytes that D1 allows for one value. test/support/d1-limits.ts enforces it. */
import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { deliver } from '../../src/deliveries/deliver.ts'
import { processQueuedOrder } from '../../src/issuing/queued-orders.ts'
import { addProductMetadata, get } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { addContract, callAsContractHolder, GENERATE } from '../support/contracts.ts'
import { addKey, addMetadata, callApi, executeSql } from '../support/key-life.ts'
import { addQueuedOrder, callbackRows, envWithoutConsumer } from '../support/queued-order.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'

/** The longest text of a parameter: 40,000 bytes. */
const LONG_TEXT = '😀'.repeat(10_000)
/** More texts than fit into one value. */
const TEXTS = 60

/** Adds the longest license keys: `<number>-😀😀…`, by default of 1,020 bytes. */
async function addLongKeys(
  { productId }: Shop,
  quantity: number,
  { status = 'available', character = '😀' } = {},
) {
  await executeSql(
    `with recursive numbers (number) as (select 0 union all select number + 1 from numbers where number < ?2 - 1)
     insert into license_keys (product_id, license_key, status, activation_limit, validity_days, owner_name,
       owner_email, created_at, updated_at)
     select ?1, printf('%d-%05d-', ?1, number) || replace(hex(zeroblob(240)), '00', ?4), ?3, 1000000, 36500,
       replace(hex(zeroblob(255)), '00', '😀'), replace(hex(zeroblob(240)), '00', '😀') || '@example.com',
       1700000000000, 1700000000000 from numbers`,
    productId,
    quantity,
    status,
    character,
  )
}

interface ListedKey {
  readonly id: number
  readonly license_key: string
}

function expectAscending(keys: readonly ListedKey[], quantity: number): void {
  expect(keys).toHaveLength(quantity)
  expect(new Set(keys.map(({ license_key }) => license_key)).size).toBe(quantity)
  expect(keys.every(({ id }, index) => index === 0 || id > Number(keys[index - 1]?.id))).toBe(true)
}

it('get-all-products lists products with long texts and much metadata', async () => {
  const shop = await openShop()
  for (let index = 0; index < TEXTS; index++) {
    await executeSql(
      `insert into products (name, description, status, created_at, updated_at) values ('Long', ?, 'active', 0, 0)`,
      LONG_TEXT,
    )
    await addProductMetadata(shop, `key ${index}`, LONG_TEXT)
  }
  const { response } = await get('/api/v1/get-all-products', { api_key: shop.apiKey })
  const texts = response.products.map(({ description }: { description: string }) => description)
  expect(texts.filter((text: string) => text === LONG_TEXT)).toHaveLength(TEXTS)
  const { meta_data } = response.products.find(({ id }: { id: number }) => id === shop.productId)
  expect(meta_data).toEqual(
    Array.from({ length: TEXTS }, (_, index) => ({ key: `key ${index}`, value: LONG_TEXT })),
  )
})

it('get-license-key-details returns much metadata of a key and of its product', async () => {
  const shop = await openShop()
  const key = await addKey(shop, { identifiers: ['laptop'] })
  const expected: unknown[] = []
  for (let index = TEXTS; index > 0; index--) {
    await addMetadata(key, `key ${index}`, LONG_TEXT)
    await addProductMetadata(shop, `key ${index}`, LONG_TEXT)
    expected.push({ key: `key ${index}`, value: LONG_TEXT })
  }
  const fields = { license_key: key.licenseKey, identifier: 'laptop' }
  const { response } = await callApi(shop, 'get-license-key-details', fields)
  expect(response.licenseKey.meta_data).toEqual(expected)
  expect(response.product.meta_data).toEqual(expected)
})

it('get-license-keys lists a page of 1,000 long keys', async () => {
  const shop = await openShop()
  await addLongKeys(shop, 1_500, { status: 'reserved' })
  const page = { api_key: shop.apiKey, product_id: String(shop.productId), items_per_page: '1000' }
  for (const [number, quantity] of [
    ['1', 1_000],
    ['2', 500],
  ] as const) {
    const { response } = await get('/api/v1/get-license-keys', { ...page, page: number })
    expectAscending(response.license_keys, quantity)
  }
})

it('an order of 10,000 keys of 255 characters is issued and replayed with the same bytes', async () => {
  const shop = await openShop()
  await addLongKeys(shop, 10_000, { character: '"' })
  const options = { headers: { 'Idempotency-Key': 'long' }, bindings: { MAX_QUANTITY: '10000' } }
  const order = orderFields(shop, { quantity: '10000', generate: '0' })
  const answer = await post(order, options)
  expect(answer.response.code).toBe(803)
  expectAscending(answer.response.license_keys, 10_000)
  const [changed, deleted] = answer.response.license_keys.map(({ license_key }: ListedKey) => license_key)
  const changes = [
    await callApi(shop, 'update-license-key', { license_key: changed, validity: '7' }),
    await callApi(shop, 'delete-license-key', { license_key: deleted }),
  ]
  expect(changes.map(({ response }) => response.code)).toEqual([950, 850])
  // Not toBe: its message would show both long strings.
  expect((await post(order, options)).text === answer.text).toBe(true)
})

/** Adds a generator of the longest keys. @returns its id */
function addLongGenerator({ productId }: Shop): Promise<number> {
  const affix = '"'.repeat(32)
  return addGenerator(productId, {
    prefix: affix,
    suffix: affix,
    number_of_chunks: 48,
    chunk_length: 1,
    charset: '"\\',
  })
}

it('generates 10,000 keys of the longest format, by an order and by a contract', async () => {
  const shop = await openShop()
  await addLongGenerator(shop)
  const bindings = { MAX_QUANTITY: '10000' }
  const ordered = await post(orderFields(shop, { quantity: '10000', generate: '1' }), { bindings })
  expectAscending(ordered.response.license_keys, 10_000)
  const contract = await addContract(shop, { quota: 10_000 })
  const fields = { contract_key: contract.key, quantity: '10000' }
  const generated = await callAsContractHolder(GENERATE, fields, { bindings })
  expectAscending(generated.response.license_keys, 10_000)
})

it('generates as many keys into stock as a replay can return', async () => {
  const shop = await openShop()
  const fields = { generator_id: String(await addLongGenerator(shop)), quantity: '7000' }
  const options = { headers: { 'Idempotency-Key': 'long' }, bindings: { MAX_QUANTITY: '10000' } }
  const { response, text } = await callApi(shop, 'generate', fields, options)
  expect(response.licenseKeys).toHaveLength(7_000)
  expect((await callApi(shop, 'generate', fields, options)).text === text).toBe(true)
  const tooMany = await callApi(
    shop,
    'generate',
    { ...fields, quantity: '7500' },
    { bindings: options.bindings },
  )
  const errors = { quantity: ['The quantity field is too large for license keys of this length.'] }
  expect(tooMany).toMatchObject({ status: 422, response: { code: 804, errors } })
})

it('a queued chunk of the longest keys is reported', async () => {
  const shop = await openShop()
  await addLongKeys(shop, 5_000)
  const order = await addQueuedOrder(shop, { quantity: 5_000, origin: 'stock' })
  await processQueuedOrder(envWithoutConsumer(), order.id, Date.now())
  const [callback] = await callbackRows(order)
  // This test is the receiver, because the shared test server would keep the body.
  let body = ''
  vi.spyOn(globalThis, 'fetch').mockImplementationOnce(async (_, init) => {
    body = await new Response(init?.body as ReadableStream).text()
    return new Response()
  })
  await deliver(env, Number(callback?.id), Date.now())
  expect(await callbackRows(order)).toMatchObject([{ status: 'delivered' }])
  expectAscending(JSON.parse(body).original.response.license_keys, 5_000)
})
