/** The names of fields in the SDKs of the protocol. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { addProduct, addProductMetadata, addKey as addStock, storedKey } from '../support/administration.ts'
import { post } from '../support/client.ts'
import {
  addKey,
  callApi,
  callApiWithIdempotencyKey,
  callApiWithJson,
  identifiersOf,
  metadataOf,
} from '../support/key-life.ts'
import { openShop, orderFields } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'

const shop = await openShop()

describe('a name of an SDK is read like the first name of the field:', () => {
  it('product_uuid, customer_email and customer_name of an order', async () => {
    const { product_id, owner_name, owner_email, ...others } = orderFields(shop)
    const names = { product_uuid: product_id, customer_name: owner_name, customer_email: owner_email }
    const { response } = await post({ ...others, ...names })
    expect(response.license_keys[0]).toMatchObject({ product_id: shop.productId, owner_name, owner_email })
  })

  it('generator_uuid', async () => {
    const generator = { generator_uuid: String(await addGenerator(shop.productId)), quantity: '2' }
    expect((await callApi(shop, 'generate', generator)).response).toMatchObject({ code: 815 })
  })

  it('meta_key and meta_value of a license key, and of a product', async () => {
    const key = await addKey(shop)
    const meta = { meta_key: 'plan', meta_value: 'pro' }
    const created = await callApi(shop, 'create-license-key-meta', { license_key: key.licenseKey, ...meta })
    expect(created.response.code).toBe(453)
    expect(await metadataOf(key)).toMatchObject([{ key: 'plan', value: 'pro' }])
    const { product_id, key: meta_key } = await addProductMetadata(shop)
    const fields = { product_uuid: product_id, meta_key, meta_value: 'pro' }
    expect((await callApi(shop, 'update-product-meta', fields)).response.code).toBe(373)
  })

  it('customer_email and customer_name of an assignment', async () => {
    const owner = { customer_name: 'Grace Hopper', customer_email: 'grace@example.com' }
    const stored = { owner_name: 'Grace Hopper', owner_email: 'grace@example.com' }
    const [one, other] = [await addStock(shop), await addStock(shop)]
    expect((await callApi(shop, 'assign-license-key', { license_key: one, ...owner })).response.code).toBe(
      800,
    )
    expect(await storedKey(one)).toMatchObject(stored)
    const fields = { license_key: other, hardware_id: 'laptop', ...owner }
    expect((await callApi(shop, 'assign-and-activate-license-key', fields)).response.code).toBe(300)
    expect(await storedKey(other)).toMatchObject(stored)
  })

  it('validity_days of an update, also as a number', async () => {
    const licenseKey = await addStock(shop)
    const fields = { license_key: licenseKey, validity_days: 7 }
    expect((await callApiWithJson(shop, 'update-license-key', fields)).response.code).toBe(950)
    expect(await storedKey(licenseKey)).toMatchObject({ validity_days: 7 })
  })

  it.each(['hardware_id', 'hardwareId', 'domain'])('%s of a device', async (name) => {
    const key = await addKey(shop)
    const fields = { license_key: key.licenseKey, [name]: 'example.com' }
    for (const [endpoint, code] of [
      ['activate', 300],
      ['verify', 200],
      ['get-license-key-details', 500],
      ['deactivate', '400'],
    ]) {
      expect((await callApi(shop, String(endpoint), fields)).response.code).toBe(code)
    }
  })

  it('product_uuid in the query of a list', async () => {
    const query = new URLSearchParams({ api_key: shop.apiKey, product_uuid: String(shop.productId) })
    const path = `/api/v1/get-license-keys?${query}`
    expect((await post({}, { path, method: 'GET', body: null })).response.code).toBe(730)
  })
})

it('the first name wins, also over a repeated one, and a blank one does not count', async () => {
  const key = await addKey(shop)
  const activate = (fields: Record<string, unknown>) =>
    callApi(shop, 'activate', { license_key: key.licenseKey, ...fields })
  await activate({ identifier: 'first', domain: 'second' })
  await activate({ identifier: ' ', domain: 'third' })
  await activate({ hardware_id: 'fourth', domain: 'fifth' })
  expect(await identifiersOf(key)).toEqual(['first', 'third', 'fourth'])
})

it('a name that is sent twice is refused', async () => {
  const body = new URLSearchParams({ api_key: shop.apiKey, license_key: 'x' })
  for (const device of ['one', 'other']) body.append('hardware_id', device)
  const { response } = await callApi(shop, 'activate', {}, { body })
  expect(response.errors).toEqual({ identifier: ['The identifier field must be sent only once.'] })
})

it('a blocked device is refused under any name', async () => {
  const { licenseKey } = await addKey(shop)
  await env.DB.prepare(
    `insert into blocklist (kind, value, created_at) values ('identifier', 'blocked-device', 0)`,
  ).run()
  const fields = { license_key: licenseKey, hardwareId: 'blocked-device' }
  expect((await callApi(shop, 'activate', fields)).response.code).toBe(150)
})

it('the identifier of an order is never a device', async () => {
  const answer = await post(orderFields(shop, { domain: 'example.com', hardware_id: 'laptop' }))
  const { id } = answer.response.license_keys[0]
  const row = await env.DB.prepare(
    `select issuances.reference as reference from license_keys
     join issuances on issuances.id = license_keys.issuance_id where license_keys.id = ?`,
  )
    .bind(id)
    .first()
  expect(row).toEqual({ reference: null })
})

it('a replay may use the other name', async () => {
  const productId = await addProduct()
  const licenseKey = await addStock({ productId })
  const first = { license_key: licenseKey, owner_name: 'Ada', email: 'ada@example.com' }
  const other = { license_key: licenseKey, customer_name: 'Ada', customer_email: 'ada@example.com' }
  const once = await callApiWithIdempotencyKey(shop, 'assign-license-key', first, 'assign-1')
  const again = await callApiWithIdempotencyKey(shop, 'assign-license-key', other, 'assign-1')
  expect(once.response.code).toBe(800)
  expect(again.text).toBe(once.text)
})
