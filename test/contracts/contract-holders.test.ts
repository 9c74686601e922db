import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type ApiResponse, isSignedBy, post } from '../support/client.ts'
import {
  addContract,
  addGenerator,
  callAsContractHolder,
  contractSnapshot,
  DESTROY,
  DESTROY_ALL,
  GENERATE,
  GET_INFO,
  keysOfContract,
  type TestContract,
} from '../support/contracts.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const CALLS = [
  [GET_INFO, {}, 1204],
  [GENERATE, { quantity: '1' }, 1300],
  [DESTROY, { license_key: 'nothing' }, 1401],
  [DESTROY_ALL, {}, 1501],
] as const

const PERMISSIONS = ['can_get_info', 'can_generate', 'can_destroy', 'can_destroy_all']

const idempotencyKey = (value: string) => ({ headers: { 'Idempotency-Key': value } })
const codeOf = ({ response }: ApiResponse) => response.code

/** Adds a shop, and a generator and a contract for its product. */
async function addShopWithContract(options: Parameters<typeof addContract>[1] = {}) {
  const shop = await openShop()
  await addGenerator(shop)
  return { shop, contract: await addContract(shop, options) }
}

function generate({ key }: TestContract, quantity: number, options = {}): Promise<ApiResponse> {
  return callAsContractHolder(GENERATE, { contract_key: key, quantity: String(quantity) }, options)
}

function destroy({ key }: TestContract, licenseKey: string, options = {}): Promise<ApiResponse> {
  return callAsContractHolder(DESTROY, { contract_key: key, license_key: licenseKey }, options)
}

function destroyAll({ key }: TestContract, options = {}): Promise<ApiResponse> {
  return callAsContractHolder(DESTROY_ALL, { contract_key: key }, options)
}

async function deactivateProduct({ productId }: Shop, deletedAt: number | null) {
  await env.DB.prepare(`update products set status = 'inactive', deleted_at = ? where id = ?`)
    .bind(deletedAt, productId)
    .run()
}

/** Expects a signature by the global key, even if the product has its own signing key. */
function expectGlobalSignature({ envelope, status }: ApiResponse) {
  expect(status).toBe(200)
  expect(envelope.private_key_used).toBe('global')
}

describe.each(CALLS)('%s', (path, fields, code) => {
  it('accepts the contract key in each parameter and as a bearer token', async () => {
    const { key } = (await addShopWithContract()).contract
    const headers = { Authorization: `Bearer ${key}` }
    for (const credentials of [{ contract_key: key }, { contract_uuid: ` ${key} ` }, { api_key: key }]) {
      expect(codeOf(await callAsContractHolder(path, { ...fields, ...credentials }))).toBe(code)
      expect(codeOf(await callAsContractHolder(path, { ...fields, ...credentials }, { headers }))).toBe(code)
    }
    expect(codeOf(await callAsContractHolder(path, fields, { headers }))).toBe(code)
    const credentials = { contract_key: key, contract_uuid: key, api_key: key }
    expect(codeOf(await callAsContractHolder(path, { ...fields, ...credentials }))).toBe(code)
  })

  it('returns 1200 if the request contains two different contract keys', async () => {
    const { shop, contract } = await addShopWithContract()
    const other = await addContract(shop)
    const credentials = { contract_key: contract.key, contract_uuid: other.key }
    const answer = await callAsContractHolder(path, { ...fields, ...credentials })
    expect(answer.response).toMatchObject({ code: 1200, message: 'Contract not found' })
    expectGlobalSignature(answer)
    const headers = { Authorization: `Bearer ${other.key}` }
    expect(codeOf(await callAsContractHolder(path, { ...fields, api_key: contract.key }, { headers }))).toBe(
      1200,
    )
  })

  it('returns 1200 for unknown keys, inactive contracts and API keys', async () => {
    const { shop } = await addShopWithContract()
    const { key } = await addContract(shop, { status: 'inactive', forbidden: PERMISSIONS })
    const before = await contractSnapshot()
    for (const contract_key of ['unknown', key, key.toUpperCase(), shop.apiKey]) {
      const answer = await callAsContractHolder(path, { ...fields, contract_key })
      expect(answer.response).toMatchObject({ code: 1200, message: 'Contract not found' })
      expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
      expectGlobalSignature(answer)
    }
    expect(await contractSnapshot()).toBe(before)
  })

  it('returns 102 without the permission', async () => {
    const { contract } = await addShopWithContract({ forbidden: PERMISSIONS })
    expect(await callAsContractHolder(path, { ...fields, contract_key: contract.key })).toMatchObject({
      status: 401,
      response: {
        code: 102,
        message: "The used API key doesn't have the required capability to access this endpoint",
      },
    })
  })

  it('returns 804 for invalid contract keys and idempotency keys', async () => {
    const { key } = (await addShopWithContract()).contract
    const tooLong = await callAsContractHolder(path, { ...fields, contract_key: 'x'.repeat(256) })
    expect(tooLong).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(tooLong.response.errors)).toEqual(['contract_key'])
    const headers = { Authorization: `Bearer ${key}`, 'Idempotency-Key': 'a b' }
    const invalidHeader = await callAsContractHolder(path, fields, { headers })
    expect(Object.keys(invalidHeader.response.errors)).toEqual(['Idempotency-Key'])
    if (path === GET_INFO) return
    const body = new URLSearchParams(`contract_key=${key}&contract_key=${key}&${new URLSearchParams(fields)}`)
    expect(codeOf(await post({}, { path, body }))).toBe(804)
  })
})

describe('contracts/get-info', () => {
  it('returns 1204 with the contract and its number of keys', async () => {
    const { shop, contract } = await addShopWithContract()
    await generate(contract, 2)
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const answer = await callAsContractHolder(GET_INFO, { contract_key: contract.key }, { bindings })
    expectGlobalSignature(answer)
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'contract', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 1204, message: 'Contract found' })
    expect(Object.entries(answer.response.contract)).toEqual([
      ['id', contract.id],
      ['name', 'Reseller'],
      ['information', 'Ten seats'],
      ['contract_key', contract.key],
      ['license_keys_quantity', 65],
      ['product_id', shop.productId],
      ['can_get_info', 1],
      ['can_generate', 1],
      ['can_destroy', 1],
      ['can_destroy_all', 1],
      ['status', 'active'],
      ['created_at', '1970-01-01T00:00:00.000000Z'],
      ['updated_at', '1970-01-01T00:00:01.000000Z'],
      ['license_keys_count', 2],
    ])
  })
})

describe.each([
  [GET_INFO, {}],
  [GENERATE, { quantity: '1' }],
] as const)('%s', (path, fields) => {
  it.each([
    ['inactive', null],
    ['deleted', 0],
  ])('returns 1202 if the product is %s', async (_, deletedAt) => {
    const { shop, contract } = await addShopWithContract()
    await deactivateProduct(shop, deletedAt)
    const answer = await callAsContractHolder(path, { ...fields, contract_key: contract.key })
    expect(answer.response).toMatchObject({ code: 1202, message: 'Product not found' })
    expectGlobalSignature(answer)
    expect(await keysOfContract(contract)).toEqual([])
  })

  it('returns 1203 without an active generator', async () => {
    const shop = await openShop()
    const contract = await addContract(shop)
    for (const prepare of [async () => {}, () => addGenerator(shop, 0)]) {
      await prepare()
      const answer = await callAsContractHolder(path, { ...fields, contract_key: contract.key })
      expect(answer.response).toMatchObject({ code: 1203, message: 'Generator not found' })
      expectGlobalSignature(answer)
    }
    expect(await keysOfContract(contract)).toEqual([])
  })
})

describe('contracts/generate', () => {
  it("returns 1300 with keys in the generator's format and terms", async () => {
    const { shop, contract } = await addShopWithContract()
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const answer = await generate(contract, 3, { bindings })
    expectGlobalSignature(answer)
    const { response } = answer
    expect(Object.keys(response)).toEqual(['code', 'message', 'license_keys', 'timestamp'])
    expect(response).toMatchObject({ code: 1300, message: 'Contract license keys generated' })
    const instant = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.000000Z$/)
    expect(response.license_keys.map(Object.entries)).toEqual(
      Array.from({ length: 3 }, () => [
        ['product_id', shop.productId],
        ['license_key', expect.stringMatching(/^C-[0-9A-F]{4}(-[0-9A-F]{4}){3}$/)],
        ['activation_limit', 3],
        ['validity', 365],
        ['status', 'assigned'],
        ['owner_name', 'Not set'],
        ['owner_email', 'Not set'],
        ['assigned_at', expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/)],
        ['contract_id', contract.id],
        ['updated_at', instant],
        ['created_at', instant],
        ['id', expect.any(Number)],
        ['meta_data', []],
      ]),
    )
    const keys = response.license_keys.map((key: Record<string, unknown>) => key.license_key)
    expect(await keysOfContract(contract)).toEqual(keys)
    expect(new Set(keys).size).toBe(3)
    const issuance = await env.DB.prepare(
      'select source, origin, quantity from issuances where contract_id = ?',
    )
      .bind(contract.id)
      .all()
    expect(issuance.results).toEqual([
      { source: `contract:${contract.id}`, origin: 'generator', quantity: 3 },
    ])
  })

  it('accepts the JSON of an SDK that sends the contract key three times', async () => {
    const { key } = (await addShopWithContract()).contract
    const body = JSON.stringify({ api_key: key, contract_uuid: key, quantity: 2 })
    const headers = {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': crypto.randomUUID(),
    }
    const answer = await post({}, { path: '/v1/contracts/generate', body, headers })
    expect(codeOf(answer)).toBe(1300)
    expect(answer.response.license_keys).toHaveLength(2)
    const wrongType = { api_key: [key], contract_uuid: key, quantity: 2 }
    expect(codeOf(await post({}, { path: GENERATE, body: JSON.stringify(wrongType), headers }))).toBe(804)
  })

  it.each(['', '0', '-1', '1.5', '1e3', 'x'])('returns 804 for the quantity %j', async (quantity) => {
    const { contract } = await addShopWithContract()
    const answer = await callAsContractHolder(GENERATE, { contract_key: contract.key, quantity })
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual(['quantity'])
    expect(codeOf(await callAsContractHolder(GENERATE, { quantity }))).toBe(100)
    expect(codeOf(await callAsContractHolder(GENERATE, { contract_key: 'unknown', quantity }))).toBe(804)
  })

  it('returns 1206 above the remaining quota and generates nothing', async () => {
    const { contract } = await addShopWithContract({ quota: 5 })
    expect(codeOf(await generate(contract, 3))).toBe(1300)
    const before = await contractSnapshot()
    const answer = await generate(contract, 3)
    expect(answer.response).toMatchObject({ code: 1206, message: 'Cannot generate this quantity' })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expectGlobalSignature(answer)
    expect(await contractSnapshot()).toBe(before)
    expect(codeOf(await generate(contract, 2))).toBe(1300)
  })

  it('returns 1206 above MAX_QUANTITY', async () => {
    const { contract } = await addShopWithContract({ quota: 100_000 })
    const bindings = { MAX_QUANTITY: '10' }
    expect(codeOf(await generate(contract, 11, { bindings }))).toBe(1206)
    expect(codeOf(await generate(contract, 2_147_483_647))).toBe(1206)
    expect(codeOf(await generate(contract, 10, { bindings }))).toBe(1300)
  })

  it('returns 1205 at the quota until a key is destroyed', async () => {
    const { contract } = await addShopWithContract({ quota: 2 })
    await generate(contract, 2)
    const answer = await generate(contract, 1)
    expect(answer.response).toMatchObject({ code: 1205, message: 'License keys limit reached' })
    expectGlobalSignature(answer)
    expect(codeOf(await generate(contract, 1_000_000))).toBe(1205)
    const [key] = await keysOfContract(contract)
    expect(codeOf(await destroy(contract, String(key)))).toBe(1400)
    expect(codeOf(await generate(contract, 1))).toBe(1300)
    expect(codeOf(await generate(contract, 1))).toBe(1205)
  })

  it('checks the product and the generator before the quota', async () => {
    const { shop, contract } = await addShopWithContract({ quota: 1 })
    await generate(contract, 1)
    await env.DB.prepare('update generators set status = 0 where product_id = ?').bind(shop.productId).run()
    expect(codeOf(await generate(contract, 1))).toBe(1203)
    await deactivateProduct(shop, null)
    expect(codeOf(await generate(contract, 1))).toBe(1202)
  })

  it('replays the same bytes after every kind of change', async () => {
    const { shop, contract } = await addShopWithContract({ quota: 3 })
    const first = await generate(contract, 3, idempotencyKey('order'))
    expect(first.headers.has('Idempotent-Replayed')).toBe(false)
    const [key] = await keysOfContract(contract)
    await destroy(contract, String(key))
    await env.DB.prepare('update contracts set product_id = ? where id = ?')
      .bind((await openShop()).productId, contract.id)
      .run()
    await deactivateProduct(shop, 0)
    await destroyAll(contract)
    const before = await contractSnapshot()
    const replay = await generate(contract, 3, idempotencyKey('order'))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await generate(contract, 2, idempotencyKey('order'))).toMatchObject({
      status: 422,
      response: { code: 2422 },
    })
    expect(await contractSnapshot()).toBe(before)
  })

  it('scopes Idempotency-Keys to the contract', async () => {
    const { shop, contract } = await addShopWithContract()
    const other = await addContract(shop)
    await generate(contract, 1, idempotencyKey('order'))
    const answer = await generate(other, 2, idempotencyKey('order'))
    expect(codeOf(answer)).toBe(1300)
    expect(answer.response.license_keys).toHaveLength(2)
  })

  it('fills but never exceeds the quota when requests race', async () => {
    const { contract } = await addShopWithContract({ quota: 50 })
    const responses = await Promise.all(Array.from({ length: 200 }, () => generate(contract, 1)))
    const codes = responses.map(codeOf).sort()
    expect(codes).toEqual([...new Array(150).fill(1205), ...new Array(50).fill(1300)])
    expect(await keysOfContract(contract)).toHaveLength(50)
  })

  it('generates only whole quantities when requests race', async () => {
    const { contract } = await addShopWithContract({ quota: 50 })
    const responses = await Promise.all(Array.from({ length: 200 }, () => generate(contract, 3)))
    expect(responses.map(codeOf).sort()).toEqual([...new Array(184).fill(1206), ...new Array(16).fill(1300)])
    expect(await keysOfContract(contract)).toHaveLength(48)
  })

  it('generates once for 200 concurrent requests with one Idempotency-Key', async () => {
    const { contract } = await addShopWithContract()
    const responses = await Promise.all(
      Array.from({ length: 200 }, () => generate(contract, 2, idempotencyKey('race'))),
    )
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1)
    expect(responses.filter(({ headers }) => headers.has('Idempotent-Replayed'))).toHaveLength(199)
    expect(await keysOfContract(contract)).toHaveLength(2)
  })

  it('takes one round trip and writes 4 rows per key', async () => {
    const { contract } = await addShopWithContract({ quota: 1_000 })
    for (const quantity of [1, 999]) {
      const { db, roundTrips } = observe(env.DB)
      expect(codeOf(await generate(contract, quantity, { bindings: { DB: db } }))).toBe(1300)
      // From 901 keys, one more statement reads them, because their text may be too long for one row.
      const statements = quantity === 1 ? 3 : 4
      expect(roundTrips).toEqual([{ statements, rowsWritten: 4 * quantity + 4 }])
    }
    const { db, roundTrips } = observe(env.DB)
    expect(codeOf(await generate(contract, 1, { bindings: { DB: db } }))).toBe(1205)
    expect(roundTrips).toEqual([{ statements: 3, rowsWritten: 0 }])
  })
})

describe('contracts/destroy', () => {
  it('returns 1400, then 1401, and deletes activations and metadata', async () => {
    const { contract } = await addShopWithContract()
    await generate(contract, 2)
    const [key, other] = await keysOfContract(contract)
    await env.DB.batch(
      [
        `insert into activations (license_key_id, identifier, created_at)
         select id, 'device', 0 from license_keys where license_key = ?`,
        `insert into license_key_metadata (license_key_id, key, value)
         select id, 'seats', '5' from license_keys where license_key = ?`,
      ].map((text) => env.DB.prepare(text).bind(String(key))),
    )
    const answer = await destroy(contract, String(key))
    expect(answer.response).toMatchObject({ code: 1400, message: 'License key deleted' })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expectGlobalSignature(answer)
    expect(await keysOfContract(contract)).toEqual([other])
    const remaining = await env.DB.prepare(
      `select count(*) as count from (select license_key_id from activations
         union all select license_key_id from license_key_metadata)`,
    ).first()
    expect(remaining).toEqual({ count: 0 })
    const second = await destroy(contract, String(key))
    expect(second.response).toMatchObject({ code: 1401, message: 'License key not found' })
    expectGlobalSignature(second)
  })

  it('returns 1401 for keys of other contracts and unknown keys', async () => {
    const { shop, contract } = await addShopWithContract()
    const other = await addContract(shop)
    await generate(other, 1)
    const [key] = await keysOfContract(other)
    await env.DB.prepare(
      `insert into license_keys (product_id, license_key, status, activation_limit, validity_days, created_at,
         updated_at) values (?, 'without-contract', 'available', 0, 0, 0, 0)`,
    )
      .bind(shop.productId)
      .run()
    for (const licenseKey of [String(key), 'without-contract', 'nothing', '', '%']) {
      expect(codeOf(await destroy(contract, licenseKey))).toBe(1401)
    }
    expect(codeOf(await callAsContractHolder(DESTROY, { contract_key: contract.key }))).toBe(1401)
    expect(codeOf(await destroy(contract, 'x'.repeat(256)))).toBe(804)
    expect(await keysOfContract(other)).toEqual([key])
  })

  it('replays an Idempotency-Key, and returns 2422 for a different license key', async () => {
    const { contract } = await addShopWithContract()
    await generate(contract, 2)
    const [key, other] = await keysOfContract(contract)
    const first = await destroy(contract, String(key), idempotencyKey('end'))
    const replay = await destroy(contract, String(key), idempotencyKey('end'))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(codeOf(await destroy(contract, String(other), idempotencyKey('end')))).toBe(2422)
    expect(await keysOfContract(contract)).toEqual([other])
  })

  it('destroys once for 200 concurrent requests', async () => {
    const { contract } = await addShopWithContract()
    await generate(contract, 1)
    const [key] = await keysOfContract(contract)
    const responses = await Promise.all(Array.from({ length: 200 }, () => destroy(contract, String(key))))
    expect(responses.map(codeOf).sort()).toEqual([1400, ...new Array(199).fill(1401)])
  })
})

describe('contracts/destroy-all', () => {
  it("returns 1500, then 1501, and deletes only the contract's keys", async () => {
    const { shop, contract } = await addShopWithContract()
    const other = await addContract(shop)
    await generate(contract, 5)
    await generate(other, 2)
    const answer = await destroyAll(contract)
    expect(answer.response).toMatchObject({ code: 1500, message: 'License keys deleted' })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expectGlobalSignature(answer)
    expect(await keysOfContract(contract)).toEqual([])
    expect(await keysOfContract(other)).toHaveLength(2)
    const second = await destroyAll(contract)
    expect(second.response).toMatchObject({ code: 1501, message: 'No license keys found' })
    expectGlobalSignature(second)
  })

  it('does not delete later keys when an Idempotency-Key is replayed', async () => {
    const { contract } = await addShopWithContract()
    await generate(contract, 2)
    const first = await destroyAll(contract, idempotencyKey('end'))
    await generate(contract, 1)
    const replay = await destroyAll(contract, idempotencyKey('end'))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await keysOfContract(contract)).toHaveLength(1)
  })
})
