/** What API keys change is in the audit, as what operators change. */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { auditOf } from '../support/admin.ts'
import { addKey } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { addGenerator } from '../support/contracts.ts'
import { logText } from '../support/log.ts'
import { openShop, type Shop } from '../support/shop.ts'

async function call(shop: Shop, name: string, fields: Record<string, unknown>) {
  const { response } = await post({ api_key: shop.apiKey, ...fields }, { path: `/api/v1/${name}` })
  return response
}

const lastOf = async (subject: string) => (await auditOf(subject)).at(-1)

async function idOf(licenseKey: string): Promise<number> {
  const row = await env.DB.prepare('select id from license_keys where license_key = ?')
    .bind(licenseKey)
    .first<{ id: number }>()
  return row?.id ?? 0
}

it('a product is recorded from its creation to its deletion', async () => {
  const shop = await openShop()
  const fields = { name: 'App', description: 'An app.' }
  const { product_id } = await call(shop, 'create-product', fields)
  const id = { product_id: String(product_id) }
  await call(shop, 'update-product', { ...id, name: 'App 2' })
  await call(shop, 'create-product-meta', { ...id, key: 'channel', value: 'beta' })
  await call(shop, 'update-product-meta', { ...id, key: 'channel', value: 'stable' })
  await call(shop, 'delete-product-meta', { ...id, key: 'channel' })
  await call(shop, 'delete-product', id)
  const actor = `api:${shop.apiKeyId}`
  const metadata = (value: string) => ({ metadata: { channel: value } })
  expect(await auditOf(`product:${product_id}`)).toMatchObject([
    { actor, action: 'create-product', before: null, after: fields },
    { actor, action: 'update-product', before: fields, after: { name: 'App 2' } },
    { actor, action: 'create-product-meta', before: { metadata: {} }, after: metadata('beta') },
    { actor, action: 'update-product-meta', before: metadata('beta'), after: metadata('stable') },
    { actor, action: 'delete-product-meta', before: metadata('stable'), after: { metadata: {} } },
    { actor, action: 'delete-product', before: { status: 'active' }, after: { status: 'inactive' } },
  ])
})

it('license keys that are added in one request are one entry with their number', async () => {
  const shop = await openShop()
  await addGenerator(shop)
  const generator = await env.DB.prepare('select max(id) as id from generators').first<{ id: number }>()
  await call(shop, 'generate', { generator_id: String(generator?.id), quantity: '3' })
  const subject = `product:${shop.productId}`
  expect(await lastOf(subject)).toMatchObject({
    action: 'generate',
    before: null,
    after: { license_keys_added: 3 },
  })
  const licenseKey = crypto.randomUUID()
  await call(shop, 'create-license-keys', {
    license_keys: JSON.stringify([licenseKey]),
    product_id: String(shop.productId),
    ...{ activation_limit: '3', validity: '365', status: 'available' },
  })
  expect(await lastOf(subject)).toMatchObject({
    action: 'create-license-keys',
    before: null,
    after: { license_keys_added: 1 },
  })
  const { results } = await env.DB.prepare('select * from audit_entries').all()
  expect(JSON.stringify(results) + logText()).not.toContain(licenseKey)
})

it('a license is recorded when it is assigned, and when its metadata changes', async () => {
  const shop = await openShop()
  const [key, other] = [await addKey(shop), await addKey(shop)]
  await call(shop, 'assign-license-key', { license_key: key, owner_name: 'Ada' })
  await call(shop, 'create-license-key-meta', { license_key: key, key: 'seat', value: '1' })
  await call(shop, 'update-license-key-meta', { license_key: key, key: 'seat', value: '2' })
  await call(shop, 'delete-license-key-meta', { license_key: key, key: 'seat' })
  await call(shop, 'assign-and-activate-license-key', {
    license_key: other,
    identifier: 'laptop',
    owner_name: 'Ada',
    owner_email: 'ada@example.com',
  })
  expect(await auditOf(`license:${await idOf(key)}`)).toMatchObject([
    {
      action: 'assign-license-key',
      before: { status: 'available' },
      after: { status: 'assigned', owner_name: 'Ada' },
    },
    { action: 'create-license-key-meta', before: { metadata: {} }, after: { metadata: { seat: '1' } } },
    { action: 'update-license-key-meta', after: { metadata: { seat: '2' } } },
    { action: 'delete-license-key-meta', after: { metadata: {} } },
  ])
  expect(await lastOf(`license:${await idOf(other)}`)).toMatchObject({
    action: 'assign-and-activate-license-key',
    before: { status: 'available' },
    after: { status: 'assigned' },
  })
})

it('a contract is recorded without its key', async () => {
  const shop = await openShop()
  const contractKey = crypto.randomUUID()
  const fields = {
    product_id: String(shop.productId),
    license_keys_quantity: '5',
    contract_key: contractKey,
    contract_name: 'Reseller',
    contract_information: 'Five seats',
    status: 'active',
    ...{ can_get_info: '1', can_generate: '1', can_destroy: '1', can_destroy_all: '1' },
  }
  const { contract } = await call(shop, 'create-contract', fields)
  const id = { contract_id: String(contract.id) }
  await call(shop, 'update-contract', { ...fields, ...id, license_keys_quantity: '6' })
  await call(shop, 'delete-contract', id)
  expect(await auditOf(`contract:${contract.id}`)).toMatchObject([
    { action: 'create-contract', before: null, after: { license_keys_quantity: 5 } },
    {
      action: 'update-contract',
      before: { license_keys_quantity: 5 },
      after: { license_keys_quantity: 6 },
    },
    { action: 'delete-contract', before: { license_keys_quantity: 6 }, after: null },
  ])
  const { results } = await env.DB.prepare('select * from audit_entries').all()
  expect(JSON.stringify(results) + logText()).not.toContain(contractKey)
})
