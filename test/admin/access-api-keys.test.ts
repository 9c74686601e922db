import { env } from 'cloudflare:workers'
import { expect, it, vi } from 'vitest'
import { asOperator } from '../support/admin.ts'
import { get } from '../support/administration.ts'
import { logText } from '../support/log.ts'
import { openShop } from '../support/shop.ts'
import { allRows } from '../support/stored-rows.ts'

async function auditOf(id: number) {
  const { results } = await env.DB.prepare(
    'select actor, action, before, after from audit_entries where subject = ? order by id',
  )
    .bind(`api-key:${id}`)
    .all<{ actor: string; action: string; before: string | null; after: string | null }>()
  return results.map(({ before, after, ...entry }) => ({
    ...entry,
    before: before === null ? null : JSON.parse(before),
    after: after === null ? null : JSON.parse(after),
  }))
}

const countStock = (apiKey: string, productId: number) =>
  get('/api/v1/get-available-license-keys-count', { api_key: apiKey, product_id: String(productId) })

it('creates an API key that works on its products, and is shown once', async () => {
  const owner = await asOperator('owner')
  const [own, other] = [await openShop(), await openShop()]
  const body = {
    name: 'My shop',
    capabilities: ['stock', 'stock'],
    product_ids: [own.productId],
    expires_at: '2099-01-01',
  }
  const options = { headers: { 'Idempotency-Key': crypto.randomUUID() } }
  const first = await owner.post('/api-keys', body, options)
  const { api_key: apiKey, id } = first.body
  expect(first).toMatchObject({
    status: 201,
    body: {
      name: 'My shop',
      status: 'active',
      key_start: apiKey.slice(0, 8),
      capabilities: ['stock'],
      allowed_networks: null,
      product_ids: [own.productId],
      expires_at: '2099-01-01T00:00:00.000Z',
      last_used_at: null,
    },
  })
  expect(apiKey).toMatch(/^ks_[\w-]{43}$/)
  const repeated = await owner.post('/api-keys', body, options)
  expect(repeated.headers.get('Idempotent-Replayed')).toBe('true')
  expect(repeated.body).toEqual({ ...first.body, api_key: null })
  expect((await countStock(apiKey, own.productId)).response.code).toBe(741)
  expect((await countStock(apiKey, other.productId)).response.code).toBe(102)
  expect((await get('/api/v1/get-all-products', { api_key: apiKey })).response.code).toBe(102)
  expect((await allRows()) + logText()).not.toContain(apiKey)
  expect(await auditOf(id)).toEqual([
    {
      actor: `operator:${owner.id}`,
      action: 'api-keys.create',
      before: null,
      after: expect.objectContaining({ name: 'My shop', product_ids: [own.productId] }),
    },
  ])
})

it('an API key without limits may do everything from everywhere', async () => {
  const { status, body } = await (await asOperator('owner')).post('/api-keys', { name: 'All' })
  expect(status).toBe(201)
  expect(body).toMatchObject({
    capabilities: ['use', 'assign', 'stock', 'products', 'contracts'],
    allowed_networks: null,
    product_ids: null,
    expires_at: null,
  })
})

it.each([
  ['name', { name: 'n'.repeat(256) }],
  ['capabilities', { capabilities: ['everything'] }],
  ['capabilities', { capabilities: [] }],
  ['capabilities', { capabilities: 'stock' }],
  ['allowed_networks', { allowed_networks: ['203.0.113.0/24', '203.0.113.0/33'] }],
  ['allowed_networks', { allowed_networks: [] }],
  ['product_ids', { product_ids: [] }],
  ['product_ids', { product_ids: ['1'] }],
  ['product_ids', { product_ids: [1.5] }],
  ['product_ids', { product_ids: [2_000_000_000] }],
  ['expires_at', { expires_at: 'tomorrow' }],
])('names the field %s if it is wrong, and writes nothing: %o', async (field, wrong) => {
  const owner = await asOperator('owner')
  const { apiKeyId } = await openShop()
  const before = rows(await allRows())
  for (const answer of [
    await owner.post('/api-keys', { name: 'Shop', ...wrong }),
    await owner.patch(`/api-keys/${apiKeyId}`, wrong),
  ]) {
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } })
    expect(Object.keys(answer.body.errors)).toEqual([field])
  }
  expect(rows(await allRows())).toBe(before)
})

/** Without the uses of operators. */
function rows(text: string): string {
  return text.replaceAll(/"last_used_at":(\d+|null)/g, '')
}

it('changes what a request names, and removes limits that are null', async () => {
  const owner = await asOperator('owner')
  const { apiKeyId, productId, apiKey } = await openShop()
  const limited = await owner.patch(`/api-keys/${apiKeyId}`, {
    name: 'Renamed',
    allowed_networks: ['203.0.113.9', '2001:DB8::/32'],
    product_ids: [productId],
  })
  expect(limited.body).toMatchObject({
    name: 'Renamed',
    capabilities: ['use', 'assign', 'stock', 'products', 'contracts'],
    allowed_networks: ['203.0.113.9/32', '2001:db8:0:0:0:0:0:0/32'],
    product_ids: [productId],
  })
  expect((await countStock(apiKey, productId)).response.code).toBe(103)
  const freed = await owner.patch(`/api-keys/${apiKeyId}`, { allowed_networks: null, product_ids: null })
  expect(freed.body).toMatchObject({ name: 'Renamed', allowed_networks: null, product_ids: null })
  expect((await countStock(apiKey, productId)).response.code).toBe(741)
  expect(
    (await auditOf(apiKeyId)).map(({ before, after }) => [before.product_ids, after.product_ids]),
  ).toEqual([
    [null, [productId]],
    [[productId], null],
  ])
})

it('does not overwrite a change that the operator has not read', async () => {
  const owner = await asOperator('owner')
  const { apiKeyId } = await openShop()
  const path = `/api-keys/${apiKeyId}`
  const headers = { 'If-Match': (await owner.get(path)).headers.get('ETag') ?? '' }
  expect((await owner.patch(path, { name: 'First' }, { headers })).status).toBe(200)
  for (const answer of [
    await owner.patch(path, { name: 'Second' }, { headers }),
    await owner.post(`${path}/revoke`, undefined, { headers }),
  ]) {
    expect(answer).toMatchObject({ status: 412, body: { code: 'version-mismatch' } })
  }
  expect((await owner.get(path)).body).toMatchObject({ name: 'First', status: 'active' })
})

it('a revoked API key stops working', async () => {
  const owner = await asOperator('owner')
  const { apiKeyId, apiKey, productId } = await openShop()
  const revoked = await owner.post(`/api-keys/${apiKeyId}/revoke`)
  expect(revoked).toMatchObject({ status: 200, body: { status: 'inactive' } })
  expect((await countStock(apiKey, productId)).response.code).toBe(101)
  expect((await auditOf(apiKeyId)).map(({ action, after }) => [action, after.status])).toEqual([
    ['api-keys.revoke', 'inactive'],
  ])
})

it('shows and lists API keys without their hashes, page by page', async () => {
  const viewer = await asOperator('viewer')
  const ids = [(await openShop()).apiKeyId, (await openShop()).apiKeyId]
  const after = btoa(JSON.stringify([Number(ids[0]) - 1])).replaceAll('=', '')
  const first = await viewer.get(`/api-keys?limit=1&cursor=${after}`)
  const second = await viewer.get(`/api-keys?limit=1&cursor=${first.body.next_cursor}`)
  expect([first, second].map(({ body }) => body.items[0].id)).toEqual(ids)
  expect(second.body.next_cursor).toBeNull()
  expect(JSON.stringify([first.body, second.body])).not.toMatch(/hash|[0-9a-f]{64}/)
  expect((await viewer.get(`/api-keys/${ids[1]}`)).body).toEqual(second.body.items[0])
  expect(await viewer.get('/api-keys/999999999')).toMatchObject({ status: 404, body: { code: 'not-found' } })
})

it('records when an operator used its token', async () => {
  const viewer = await asOperator('viewer')
  await viewer.get('/me')
  const select = env.DB.prepare('select last_used_at from operators where id = ?').bind(viewer.id)
  await vi.waitFor(async () => expect(await select.first('last_used_at')).toBeGreaterThan(0))
})
