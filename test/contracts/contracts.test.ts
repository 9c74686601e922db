import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { AUDIT_ROWS_WRITTEN } from '../support/admin.ts'
import { type ApiResponse, isSignedBy, post, readEnvelope, send } from '../support/client.ts'
import {
  addContract,
  addGenerator,
  CREATE,
  callAsContractHolder,
  contractFields,
  contractSnapshot,
  GENERATE,
  keysOfContract,
} from '../support/contracts.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const UPDATE = '/api/v1/update-contract'
const DELETE = '/api/v1/delete-contract'
const LIST = '/api/v1/get-all-contracts'

const MESSAGES = {
  contract_key: 'Contract key is required and must be unique.',
  contract_name: 'Contract name is required.',
  contract_information: 'Contract information is required.',
  product_id: 'Product Id must be a valid product Id.',
  license_keys_quantity: 'License keys quantity must be 1 or more.',
  status: 'Status must be active or inactive',
  can_get_info: 'Can get info must be 1 for true or 0 for false',
  can_generate: 'Can generate must be 1 for true or 0 for false',
  can_destroy: 'Can destroy must be 1 for true or 0 for false',
  can_destroy_all: 'Can destroy all must be 1 for true or 0 for false',
}
const QUANTITY_OUT_OF_RANGE = 'License keys quantity must be 1 or more, and not more than 100000.'
const INSTANT = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.000000Z$/)

const idempotencyKey = (value: string) => ({ headers: { 'Idempotency-Key': value } })
const asJson = (fields: Record<string, unknown>, headers: Record<string, string> = {}) => ({
  body: JSON.stringify(fields),
  headers: { 'Content-Type': 'application/json', ...headers },
})

function create(shop: Shop, fields: Record<string, string>, options = {}): Promise<ApiResponse> {
  return post({ api_key: shop.apiKey, ...fields }, { path: CREATE, ...options })
}

function update(shop: Shop, id: number, fields: Record<string, string>, options = {}): Promise<ApiResponse> {
  return post({ api_key: shop.apiKey, contract_id: id, ...fields }, { path: UPDATE, ...options })
}

async function allContracts({ apiKey }: Shop): Promise<ApiResponse> {
  return readEnvelope(await send({ path: `${LIST}?api_key=${apiKey}` }))
}

async function countContracts(): Promise<number> {
  const row = await env.DB.prepare('select count(*) as count from contracts').first<{ count: number }>()
  return row?.count ?? Number.NaN
}

/** Expects a signature by the global key, even if the product has its own signing key. */
async function expectGlobalSignature(
  shop: Shop,
  path: string,
  fields: Record<string, unknown>,
  code: number,
) {
  const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
  const answer = await post({ api_key: shop.apiKey, ...fields }, { path, bindings })
  expect(answer.response.code).toBe(code)
  expect(answer.envelope.private_key_used).toBe('global')
  expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
}

describe('create-contract', () => {
  it('returns 841 and echoes form numbers as strings', async () => {
    const shop = await openShop()
    const fields = contractFields(shop)
    const { status, response } = await create(shop, fields)
    expect(status).toBe(200)
    expect(Object.keys(response)).toEqual(['code', 'message', 'contract', 'timestamp'])
    expect(response).toMatchObject({ code: 841, message: 'contract created' })
    expect(Object.entries(response.contract)).toEqual([
      ['contract_key', fields.contract_key],
      ['name', 'Contract 31121'],
      ['information', 'Contract for the order number 31'],
      ['product_id', String(shop.productId)],
      ['license_keys_quantity', '65'],
      ['status', 'active'],
      ['can_get_info', '1'],
      ['can_generate', '1'],
      ['can_destroy', '1'],
      ['can_destroy_all', '1'],
      ['updated_at', INSTANT],
      ['created_at', INSTANT],
      ['id', expect.any(Number)],
      ['license_keys_count', 0],
    ])
    await expectGlobalSignature(shop, CREATE, contractFields(shop), 841)
  })

  it('echoes JSON numbers as numbers', async () => {
    const shop = await openShop()
    const fields = {
      ...contractFields(shop),
      product_id: shop.productId,
      license_keys_quantity: 3,
      can_destroy: 0,
    }
    const { response } = await create(shop, {}, asJson({ api_key: shop.apiKey, ...fields }))
    expect(response.contract).toMatchObject({
      product_id: shop.productId,
      license_keys_quantity: 3,
      can_destroy: 0,
      can_generate: '1',
    })
  })

  it('accepts 10,000 characters of information in any script', async () => {
    const shop = await openShop()
    const information = `${'𝄞'.repeat(9_998)}\nx`
    const { response } = await create(shop, contractFields(shop, { contract_information: information }))
    expect(response.contract.information).toBe(information)
  })

  it('accepts an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await create(shop, contractFields(shop))).response.code).toBe(841)
  })

  it('returns 825 with a message for each missing field', async () => {
    const shop = await openShop()
    const { status, response } = await create(shop, {})
    expect(status).toBe(200)
    expect(Object.keys(response)).toEqual(['code', 'message', 'errors', 'timestamp'])
    expect(response).toMatchObject({ code: 825, message: 'Incorrect data found' })
    expect(response.errors).toEqual(MESSAGES)
    await expectGlobalSignature(shop, CREATE, {}, 825)
  })

  it.each([
    ['contract_key', 255, ['x'.repeat(256), 'a\u0000b', [], 7]],
    ['contract_name', 255, ['x'.repeat(256), {}]],
    ['contract_information', 10_000, ['x'.repeat(10_001), true]],
  ] as const)('returns 825 with the specific rule for an invalid %s', async (name, max, values) => {
    const shop = await openShop()
    const before = await countContracts()
    for (const value of values) {
      const fields = { api_key: shop.apiKey, ...contractFields(shop), [name]: value }
      expect((await create(shop, {}, asJson(fields))).response).toMatchObject({
        code: 825,
        errors: { [name]: `The ${name} field must be 1 to ${max} characters without control characters.` },
      })
    }
    const repeated = `${new URLSearchParams({ api_key: shop.apiKey, ...contractFields(shop) })}&${name}=1`
    const { response } = await create(shop, {}, { body: new URLSearchParams(repeated) })
    expect(response.errors).toEqual({ [name]: `The ${name} field must be sent only once.` })
    expect(await countContracts()).toBe(before)
  })

  it.each(['contract_key', 'contract_name', 'contract_information'] as const)(
    'returns 825 with the protocol message for a missing %s',
    async (name) => {
      const shop = await openShop()
      const before = await countContracts()
      for (const value of ['', ' ', null, undefined]) {
        const fields = { api_key: shop.apiKey, ...contractFields(shop), [name]: value }
        const { response } = await create(shop, {}, asJson(fields))
        expect(response).toMatchObject({ code: 825, errors: { [name]: MESSAGES[name] } })
      }
      expect(await countContracts()).toBe(before)
    },
  )

  it.each([
    ['product_id', ['', '0', '1e3', 'x', '2147483647', '99999999999999999999']],
    ['license_keys_quantity', ['', '0', '-1', '1.5', 'x']],
    ['status', ['', 'Active', 'deleted']],
    ['can_get_info', ['', '2', 'true']],
    ['can_generate', ['', '2', 'true']],
    ['can_destroy', ['', '2', 'true']],
    ['can_destroy_all', ['', '2', 'true']],
  ] as const)('returns 825 with only the protocol message for an invalid %s', async (name, values) => {
    const shop = await openShop()
    const before = await countContracts()
    for (const value of values) {
      const { response } = await create(shop, contractFields(shop, { [name]: value }))
      expect(response.code).toBe(825)
      expect(response.errors).toEqual({ [name]: MESSAGES[name] })
    }
    for (const value of [[], {}, true, null, [1], { a: 1 }]) {
      const fields = { api_key: shop.apiKey, ...contractFields(shop), [name]: value }
      expect((await create(shop, {}, asJson(fields))).response.errors).toEqual({ [name]: MESSAGES[name] })
    }
    const repeated = `${new URLSearchParams({ api_key: shop.apiKey, ...contractFields(shop) })}&${name}=1`
    const { response } = await create(shop, {}, { body: new URLSearchParams(repeated) })
    expect(response.errors).toEqual({ [name]: MESSAGES[name] })
    expect(await countContracts()).toBe(before)
  })

  it.each(['100001', '99999999999999999999', 100_001])(
    'returns 825 and names the limit for a quantity of %j',
    async (quantity) => {
      const shop = await openShop()
      const fields = { api_key: shop.apiKey, ...contractFields(shop), license_keys_quantity: quantity }
      const { response } = await create(shop, {}, asJson(fields))
      expect(response).toMatchObject({ code: 825, errors: { license_keys_quantity: QUANTITY_OUT_OF_RANGE } })
    },
  )

  it('returns 825 with the text of the protocol for a quantity of 0, also as a number', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...contractFields(shop), license_keys_quantity: 0 }
    const errors = { license_keys_quantity: 'License keys quantity must be 1 or more.' }
    expect((await create(shop, {}, asJson(fields))).response).toMatchObject({ code: 825, errors })
  })

  it('returns 825 for an invalid Idempotency-Key or a deleted product', async () => {
    const shop = await openShop()
    const header = await create(shop, contractFields(shop), idempotencyKey('a b'))
    expect(header.response.errors).toEqual({
      'Idempotency-Key': 'The Idempotency-Key header must be 1 to 255 visible ASCII characters.',
    })
    await env.DB.prepare(`update products set status = 'inactive', deleted_at = 0 where id = ?`)
      .bind(shop.productId)
      .run()
    const { response } = await create(shop, contractFields(shop))
    expect(response).toMatchObject({ code: 825, errors: { product_id: MESSAGES.product_id } })
    expect(Object.keys(response.errors)).toEqual(['product_id'])
  })

  it('returns errors for a used contract key and an invalid product together', async () => {
    const shop = await openShop()
    const fields = contractFields(shop)
    await create(shop, fields)
    const { response } = await create(shop, { ...fields, product_id: '2147483647' })
    expect(response.errors).toEqual({
      contract_key: MESSAGES.contract_key,
      product_id: MESSAGES.product_id,
    })
  })
})

describe('a repeated create-contract request', () => {
  it('returns the current contract for the same fields', async () => {
    const shop = await openShop()
    await addGenerator(shop)
    const fields = contractFields(shop)
    const first = (await create(shop, fields)).response.contract
    await callAsContractHolder(GENERATE, { contract_key: fields.contract_key, quantity: '2' })
    await env.DB.prepare(`update products set status = 'inactive', deleted_at = 0 where id = ?`)
      .bind(shop.productId)
      .run()
    const second = await create(shop, { ...fields, contract_name: ' Contract 31121 ' })
    expect(second.response.code).toBe(841)
    expect(second.response.contract).toEqual({ ...first, license_keys_count: 2 })
    expect(second.headers.has('Idempotent-Replayed')).toBe(false)
    const json = { api_key: shop.apiKey, ...fields, license_keys_quantity: 65 }
    const asNumber = await create(shop, {}, asJson(json))
    expect(asNumber.response.contract).toEqual({ ...first, license_keys_count: 2, license_keys_quantity: 65 })
  })

  it('creates one contract for 50 concurrent requests', async () => {
    const shop = await openShop()
    const fields = contractFields(shop)
    const before = await countContracts()
    const responses = await Promise.all(Array.from({ length: 50 }, () => create(shop, fields)))
    expect(responses.map(({ response }) => response.code)).toEqual(new Array(50).fill(841))
    expect(new Set(responses.map(({ response }) => response.contract.id)).size).toBe(1)
    expect(await countContracts()).toBe(before + 1)
  })

  it.each([
    ['contract_name', 'Other'],
    ['contract_information', 'Other'],
    ['license_keys_quantity', '66'],
    ['status', 'inactive'],
    ['can_get_info', '0'],
    ['can_generate', '0'],
    ['can_destroy', '0'],
    ['can_destroy_all', '0'],
  ])('returns 825 for a different %s', async (name, value) => {
    const shop = await openShop()
    const fields = contractFields(shop)
    await create(shop, fields)
    const before = await countContracts()
    const { response } = await create(shop, { ...fields, [name]: value })
    expect(response.errors).toEqual({ contract_key: MESSAGES.contract_key })
    expect(await countContracts()).toBe(before)
  })

  it('returns 825 for a different product or API key', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const fields = contractFields(shop)
    await create(shop, fields)
    for (const { response } of [
      await create(shop, { ...fields, product_id: String(other.productId) }),
      await create(other, fields),
    ]) {
      expect(response.errors).toEqual({ contract_key: MESSAGES.contract_key })
    }
  })

  it('creates one contract if 20 API keys race', async () => {
    const shops = await Promise.all(Array.from({ length: 20 }, () => openShop()))
    const fields = contractFields(shops[0] as Shop)
    const responses = await Promise.all(shops.map((shop) => create(shop, fields)))
    const codes = responses.map(({ response }) => response.code).sort()
    expect(codes).toEqual([...new Array(19).fill(825), 841])
  })

  it('replays the same bytes for an Idempotency-Key after the contract changed', async () => {
    const shop = await openShop()
    await addGenerator(shop)
    const fields = contractFields(shop)
    const first = await create(shop, fields, idempotencyKey('order-1'))
    await callAsContractHolder(GENERATE, { contract_key: fields.contract_key, quantity: '2' })
    await env.DB.prepare(`update contracts set name = 'Other' where contract_key = ?`)
      .bind(fields.contract_key)
      .run()
    const replay = await create(shop, fields, idempotencyKey('order-1'))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const json = { api_key: shop.apiKey, ...fields, can_generate: 1, license_keys_quantity: 65 }
    expect((await create(shop, {}, asJson(json, { 'Idempotency-Key': 'order-1' }))).text).toBe(first.text)
    const differentRequest = await create(
      shop,
      { ...fields, contract_name: 'Third' },
      idempotencyKey('order-1'),
    )
    expect(differentRequest).toMatchObject({ status: 422, response: { code: 2422 } })
  })

  it('takes one round trip and writes fewer rows for an existing contract', async () => {
    const shop = await openShop()
    const { db, roundTrips } = observe(env.DB)
    const fields = contractFields(shop)
    for (let attempt = 0; attempt < 2; attempt++) await create(shop, fields, { bindings: { DB: db } })
    // The operation: row, unique index, stored outcome. The contract: row, unique index, sequence.
    expect(roundTrips.map(({ rowsWritten }) => rowsWritten)).toEqual([
      6 + AUDIT_ROWS_WRITTEN,
      3 + AUDIT_ROWS_WRITTEN,
    ])
  })
})

describe('update-contract', () => {
  it("returns 841 `contract created` with the protocol's fields", async () => {
    const shop = await openShop()
    const contract = await addContract(shop)
    const fields = contractFields(shop, { status: 'inactive', can_destroy: '0', contract_name: 'New' })
    const { status, response } = await update(shop, contract.id, fields)
    expect(status).toBe(200)
    expect(response).toMatchObject({ code: 841, message: 'contract created' })
    expect(Object.entries(response.contract)).toEqual([
      ['id', contract.id],
      ['name', 'New'],
      ['information', 'Contract for the order number 31'],
      ['contract_key', fields.contract_key],
      ['license_keys_quantity', '65'],
      ['product_id', String(shop.productId)],
      ['can_get_info', '1'],
      ['can_generate', '1'],
      ['can_destroy', '0'],
      ['can_destroy_all', '1'],
      ['status', 'inactive'],
      ['created_at', '1970-01-01T00:00:00.000000Z'],
      ['updated_at', INSTANT],
      ['license_keys_count', 0],
    ])
    expect(response.contract.updated_at).not.toBe('1970-01-01T00:00:01.000000Z')
    await expectGlobalSignature(shop, UPDATE, { contract_id: contract.id, ...fields }, 841)
    const fromList = (await allContracts(shop)).response.contracts.at(-1)
    expect(fromList).toEqual({
      ...response.contract,
      updated_at: INSTANT,
      license_keys_quantity: 65,
      product_id: shop.productId,
      can_get_info: 1,
      can_generate: 1,
      can_destroy: 0,
      can_destroy_all: 1,
    })
  })

  it('returns 844 for an unknown contract', async () => {
    const shop = await openShop()
    const { status, response } = await update(shop, 2_147_483_647, contractFields(shop))
    expect(status).toBe(200)
    expect(response).toMatchObject({ code: 844, message: 'Contract not found' })
    await expectGlobalSignature(shop, UPDATE, { contract_id: 2_147_483_647, ...contractFields(shop) }, 844)
  })

  it('returns 825 with a message for each missing field', async () => {
    const shop = await openShop()
    const { response } = await post({ api_key: shop.apiKey }, { path: UPDATE })
    expect(response.code).toBe(825)
    expect(response.errors).toEqual({ contract_id: 'The contract_id field is required.', ...MESSAGES })
    await expectGlobalSignature(shop, UPDATE, {}, 825)
  })

  it('returns 825 for an unknown product and a used contract key', async () => {
    const shop = await openShop()
    const [contract, other] = [await addContract(shop), await addContract(shop)]
    const before = await contractSnapshot()
    const fields = contractFields(shop, { contract_key: other.key, product_id: '2147483647' })
    const { response } = await update(shop, contract.id, fields)
    expect(response.code).toBe(825)
    expect(response.errors).toEqual({
      contract_key: MESSAGES.contract_key,
      product_id: MESSAGES.product_id,
    })
    expect(JSON.parse(await contractSnapshot())[0]).toEqual(JSON.parse(before)[0])
  })

  it('accepts an unchanged contract key', async () => {
    const shop = await openShop()
    const contract = await addContract(shop)
    const fields = contractFields(shop, { contract_key: contract.key })
    expect((await update(shop, contract.id, fields)).response.code).toBe(841)
  })

  it('returns 825 for a quota below the number of existing keys', async () => {
    const shop = await openShop()
    await addGenerator(shop)
    const contract = await addContract(shop)
    await callAsContractHolder(GENERATE, { contract_key: contract.key, quantity: '3' })
    const below = contractFields(shop, { license_keys_quantity: '2' })
    const { response } = await update(shop, contract.id, below)
    expect(response).toMatchObject({ code: 825 })
    expect(response.errors).toEqual({ license_keys_quantity: QUANTITY_OUT_OF_RANGE })
    const equal = await update(shop, contract.id, contractFields(shop, { license_keys_quantity: '3' }))
    expect(equal.response).toMatchObject({ code: 841, contract: { license_keys_count: 3 } })
  })

  it('replays the same bytes for an Idempotency-Key without further changes', async () => {
    const shop = await openShop()
    const contract = await addContract(shop)
    const fields = contractFields(shop)
    const first = await update(shop, contract.id, fields, idempotencyKey('change'))
    await update(shop, contract.id, contractFields(shop, { contract_name: 'Later' }))
    const before = await contractSnapshot()
    const replay = await update(shop, contract.id, fields, idempotencyKey('change'))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const other = await addContract(shop)
    expect((await update(shop, other.id, fields, idempotencyKey('change'))).response.code).toBe(2422)
    expect(JSON.parse(await contractSnapshot())[0].slice(0, -1)).toEqual(JSON.parse(before)[0])
  })
})

describe('delete-contract', () => {
  const remove = (shop: Shop, id: number | string, options = {}) =>
    post({ api_key: shop.apiKey, contract_id: id }, { path: DELETE, ...options })

  it('returns 843, then 844, and keeps the license keys', async () => {
    const shop = await openShop()
    await addGenerator(shop)
    const contract = await addContract(shop)
    await callAsContractHolder(GENERATE, { contract_key: contract.key, quantity: '2' })
    const keys = await keysOfContract(contract)
    const { status, response } = await remove(shop, contract.id)
    expect(status).toBe(200)
    expect(response).toMatchObject({ code: 843, message: 'contract deleted' })
    expect(Object.keys(response)).toEqual(['code', 'message', 'timestamp'])
    expect((await remove(shop, contract.id)).response).toMatchObject({
      code: 844,
      message: 'Contract not found',
    })
    expect(await keysOfContract(contract)).toEqual(keys)
    expect(keys).toHaveLength(2)
    const refused = await callAsContractHolder(GENERATE, { contract_key: contract.key, quantity: '1' })
    expect(refused.response.code).toBe(1200)
    const next = (await create(shop, contractFields(shop, { contract_key: contract.key }))).response.contract
    expect(next.id).toBeGreaterThan(contract.id)
    expect(next.license_keys_count).toBe(0)
  })

  it('returns responses signed by the global key', async () => {
    const shop = await openShop()
    const contract = await addContract(shop)
    await expectGlobalSignature(shop, DELETE, { contract_id: contract.id }, 843)
    await expectGlobalSignature(shop, DELETE, { contract_id: contract.id }, 844)
  })

  it.each(['', '0', 'x', '1e3'])('returns 804 for the id %j', async (id) => {
    const { status, response } = await remove(await openShop(), id)
    expect(status).toBe(422)
    expect(response.code).toBe(804)
    expect(Object.keys(response.errors)).toEqual(['contract_id'])
  })

  it('replays 843 for an Idempotency-Key', async () => {
    const shop = await openShop()
    const contract = await addContract(shop)
    const first = await remove(shop, contract.id, idempotencyKey('end'))
    const replay = await remove(shop, contract.id, idempotencyKey('end'))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect((await remove(shop, 1, idempotencyKey('end'))).response.code).toBe(2422)
  })
})

describe('get-all-contracts', () => {
  it('returns 846 with all contracts by ascending id', async () => {
    const shop = await openShop()
    await addGenerator(shop)
    const contracts = [await addContract(shop), await addContract(shop, { status: 'inactive' })]
    await callAsContractHolder(GENERATE, { contract_key: String(contracts[0]?.key), quantity: '3' })
    const { status, response, envelope } = await allContracts(shop)
    expect(status).toBe(200)
    expect(envelope.private_key_used).toBe('global')
    expect(Object.keys(response)).toEqual(['code', 'message', 'contracts', 'timestamp'])
    expect(response).toMatchObject({ code: 846, message: 'All contracts' })
    expect(response.contracts).toHaveLength(await countContracts())
    expect(response.contracts.slice(-2).map(Object.entries)).toEqual(
      contracts.map(({ id, key }, index) => [
        ['id', id],
        ['name', 'Reseller'],
        ['information', 'Ten seats'],
        ['contract_key', key],
        ['license_keys_quantity', 65],
        ['product_id', shop.productId],
        ['can_get_info', 1],
        ['can_generate', 1],
        ['can_destroy', 1],
        ['can_destroy_all', 1],
        ['status', index === 0 ? 'active' : 'inactive'],
        ['created_at', '1970-01-01T00:00:00.000000Z'],
        ['updated_at', '1970-01-01T00:00:01.000000Z'],
        ['license_keys_count', index === 0 ? 3 : 0],
      ]),
    )
  })

  it('returns 846 for a list above the D1 value limit and for an empty list', async () => {
    const shop = await openShop()
    await env.DB.prepare(
      `insert into contracts (contract_key, name, information, product_id, license_keys_quantity, status,
         can_get_info, can_generate, can_destroy, can_destroy_all, source, created_at, updated_at)
       with recursive counter (number) as (select 1 union all select number + 1 from counter where number < 300)
       select 'long-' || number, 'Long', printf('%.*c', 10000, 'x'), ?, 1, 'active', 1, 1, 1, 1, 'api:0', 0, 0
       from counter`,
    )
      .bind(shop.productId)
      .run()
    const { response } = await allContracts(shop)
    expect(response.contracts.length).toBeGreaterThan(300)
    await env.DB.prepare('delete from contracts').run()
    expect((await allContracts(shop)).response).toMatchObject({ code: 846, contracts: [] })
  })
})
