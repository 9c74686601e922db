import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { asOperator, auditOf, type Operator } from '../support/admin.ts'
import { addProduct } from '../support/administration.ts'
import { callAsContractHolder, DESTROY, DESTROY_ALL, GENERATE } from '../support/contracts.ts'
import { logText } from '../support/log.ts'

const once = () => ({ headers: { 'Idempotency-Key': crypto.randomUUID() } })

async function productWithGenerator(owner: Operator): Promise<number> {
  return (await owner.post('/products', { name: 'App' })).body.id
}

async function newContract(productId?: number) {
  return {
    name: 'Reseller',
    information: 'Ten seats',
    product_id: productId ?? (await addProduct()),
    license_keys_quantity: 10,
  }
}

describe('a contract', () => {
  it('is created once, and its holder can generate license keys', async () => {
    const owner = await asOperator('owner')
    const productId = await productWithGenerator(owner)
    const body = await newContract(productId)
    const options = once()
    const first = await owner.post('/contracts', body, options)
    expect(first).toMatchObject({
      status: 201,
      body: { ...body, status: 'active', can_generate: true, can_destroy: false, license_keys_count: 0 },
    })
    expect((await owner.post('/contracts', body, options)).body).toEqual(first.body)
    const { contract_key, id } = first.body
    expect(
      (await callAsContractHolder(GENERATE, { contract_key: contract_key, quantity: '2' })).response.code,
    ).toBe(1300)
    expect((await owner.get(`/contracts/${id}`)).body).toEqual({ ...first.body, license_keys_count: 2 })
    expect((await owner.get(`/contracts?product_id=${productId}`)).body.items).toHaveLength(1)
  })

  it('shows its key to owners only, and never in the audit or the log', async () => {
    const owner = await asOperator('owner')
    const body = await newContract()
    const { body: contract } = await owner.post('/contracts', body)
    await owner.patch(`/contracts/${contract.id}`, { contract_key: `${contract.contract_key}-2` })
    await owner.delete(`/contracts/${(await owner.post('/contracts', await newContract())).body.id}`)
    for (const role of ['viewer', 'support'] as const) {
      const operator = await asOperator(role)
      expect((await operator.get(`/contracts/${contract.id}`)).body.contract_key).toBeNull()
      const { body: list } = await operator.get(`/contracts?product_id=${body.product_id}`)
      expect(list.items[0].contract_key).toBeNull()
    }
    const { results } = await env.DB.prepare('select * from audit_entries').all()
    expect(results.length).toBeGreaterThan(3)
    expect(JSON.stringify(results) + logText()).not.toContain(contract.contract_key)
  })

  it('keeps what a change omits, and the audit tells what changed', async () => {
    const owner = await asOperator('owner')
    const { body } = await owner.post('/contracts', await newContract())
    const changed = await owner.patch(`/contracts/${body.id}`, { status: 'inactive', can_destroy: true })
    expect(changed.body).toEqual({
      ...body,
      status: 'inactive',
      can_destroy: true,
      updated_at: changed.body.updated_at,
    })
    expect(await auditOf(`contract:${body.id}`)).toMatchObject([
      { actor: `operator:${owner.id}`, action: 'contracts.create', before: null },
      {
        action: 'contracts.update',
        before: { status: 'active', can_destroy: 0, name: 'Reseller' },
        after: { status: 'inactive', can_destroy: 1, name: 'Reseller' },
      },
    ])
  })

  it('is not overwritten or deleted by someone who read an older version', async () => {
    const owner = await asOperator('owner')
    const { body, headers } = await owner.post('/contracts', await newContract())
    const path = `/contracts/${body.id}`
    const read = { headers: { 'If-Match': headers.get('ETag') ?? '' } }
    expect((await owner.patch(path, { name: 'First' }, read)).status).toBe(200)
    expect((await owner.patch(path, { name: 'Second' }, read)).body.code).toBe('version-mismatch')
    expect((await owner.delete(path, read)).body.code).toBe('version-mismatch')
    expect((await owner.get(path)).body.name).toBe('First')
  })

  it('is deleted once, and a repeated earlier request gets its first answer', async () => {
    const owner = await asOperator('owner')
    const body = await newContract()
    const [creation, change, deletion] = [once(), once(), once()]
    const { body: contract } = await owner.post('/contracts', body, creation)
    const path = `/contracts/${contract.id}`
    const { body: changed } = await owner.patch(path, { name: 'Other' }, change)
    expect((await owner.delete(path, deletion)).status).toBe(204)
    expect((await owner.delete(path, deletion)).status).toBe(204)
    expect((await owner.delete(path)).status).toBe(404)
    expect((await owner.get(path)).status).toBe(404)
    expect((await owner.patch(path, {})).status).toBe(404)
    expect((await owner.post('/contracts', body, creation)).body).toEqual({ ...contract, contract_key: null })
    expect((await owner.patch(path, { name: 'Other' }, change)).body).toEqual({
      ...changed,
      contract_key: null,
    })
  })

  it('is refused with the name of each wrong field', async () => {
    const owner = await asOperator('owner')
    const productId = await productWithGenerator(owner)
    const { body } = await owner.post('/contracts', await newContract(productId))
    await callAsContractHolder(GENERATE, { contract_key: body.contract_key, quantity: '2' })
    const taken = await owner.post('/contracts', {
      ...(await newContract()),
      contract_key: body.contract_key,
      product_id: 999_999,
    })
    expect(Object.keys(taken.body.errors).sort()).toEqual(['contract_key', 'product_id'])
    const small = await owner.patch(`/contracts/${body.id}`, { license_keys_quantity: 1 })
    expect(Object.keys(small.body.errors)).toEqual(['license_keys_quantity'])
    const wrong = await owner.post('/contracts', { license_keys_quantity: 100_001, can_generate: 'yes' })
    expect(Object.keys(wrong.body.errors).sort()).toEqual([
      'can_generate',
      'information',
      'license_keys_quantity',
      'name',
      'product_id',
    ])
  })
})

it('the audit tells which license keys the holder of a contract destroyed', async () => {
  const owner = await asOperator('owner')
  const productId = await productWithGenerator(owner)
  const { body: contract } = await owner.post('/contracts', {
    ...(await newContract(productId)),
    can_destroy: true,
    can_destroy_all: true,
  })
  const { contract_key: key, id } = contract
  const { response } = await callAsContractHolder(GENERATE, { contract_key: key, quantity: '3' })
  const license = response.license_keys[0].license_key
  const row = await env.DB.prepare('select id from license_keys where license_key = ?')
    .bind(license)
    .first<{ id: number }>()
  await callAsContractHolder(DESTROY, { contract_key: key, license_key: license })
  await callAsContractHolder(DESTROY_ALL, { contract_key: key })
  const actor = `contract:${id}`
  expect(await auditOf(`license:${row?.id}`)).toEqual([
    {
      actor,
      action: 'contracts/destroy',
      before: { product_id: productId, contract_id: id, status: 'assigned' },
      after: null,
    },
  ])
  expect((await auditOf(`contract:${id}`)).at(-1)).toEqual({
    actor,
    action: 'contracts/destroy-all',
    before: { license_keys: 2 },
    after: { license_keys: 0 },
  })
})
