/** API keys for certain products, at every endpoint that requires an API key. */
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { CAPABILITIES } from '../../src/callers/caller.ts'
import { ENDPOINTS } from '../../src/endpoints.ts'
import { get } from '../support/administration.ts'
import { type ApiResponse, post, type RequestOptions } from '../support/client.ts'
import { addContract, contractFields } from '../support/contracts.ts'
import { executeSql } from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'
import { addGenerator } from '../support/stock.ts'
import { allRows as rowsWithUse } from '../support/stored-rows.ts'
import { VALID_REQUESTS, validFields } from '../support/valid-requests.ts'

const guarded = ENDPOINTS.filter(({ caller: { access } }) =>
  CAPABILITIES.some((capability) => capability === access),
).map(({ path, method }) => [path, method] as const)

/** By path: the member of the response that contains only what the API key may see. */
const LISTS: Readonly<Record<string, string>> = {
  '/api/v1/get-all-generators': 'products',
  '/api/v1/get-all-products': 'products',
  '/api/v1/get-all-contracts': 'contracts',
}

/** They concern no product that exists before, or one that the request creates itself. */
const FOR_ALL_PRODUCTS = ['/api/v1/create-product', '/api/v1/delete-product']

function request(method: string, path: string, fields: Record<string, string>, options: RequestOptions = {}) {
  return method === 'GET' ? get(path, fields, options) : post(fields, { path, ...options })
}

/** The API key of a shop whose key may act only on its own product, in which there is nothing. */
async function keyForOthers(): Promise<string> {
  const { productId } = await openShop()
  return (await openShop({ productIds: [productId] })).apiKey
}

async function limitToOwnProduct({ apiKeyId, productId }: Shop): Promise<void> {
  await executeSql('update api_keys set product_ids = json_array(?) where id = ?', productId, apiKeyId)
}

/** Answers other than refusals record that the key was used. */
async function allRows(): Promise<string> {
  return (await rowsWithUse()).replaceAll(/"last_used_at":(\d+|null)/g, '')
}

/** The products of the items of a list. */
function productsIn({ response }: ApiResponse, path: string): unknown[] {
  return response[LISTS[path] ?? ''].map(
    ({ id, product_id = id }: { id: number; product_id?: number }) => product_id,
  )
}

function contentsOf({ status, response }: ApiResponse) {
  return { status, ...response, timestamp: undefined }
}

/** The license key of another product is answered like one that does not exist. */
async function expectUnknown(
  answer: ApiResponse,
  path: string,
  method: 'GET' | 'POST',
  fields: Record<string, string>,
): Promise<void> {
  const unknown = await request(method, path, { ...fields, license_key: crypto.randomUUID() })
  // An endpoint without an answer for unknown license keys refuses the API key.
  if (unknown.response.code === VALID_REQUESTS[path]?.code) expect(answer.response.code).toBe(102)
  else expect(contentsOf(answer)).toEqual(contentsOf(unknown))
}

describe.each(guarded)('%s', (path, method) => {
  it('gives an API key for another product no access', async () => {
    vi.spyOn(env.CALLBACKS, 'sendBatch').mockResolvedValue({} as QueueSendBatchResponse)
    const shop = await openShop()
    const fields: Record<string, string> = {
      ...(await validFields(path, shop)),
      api_key: await keyForOthers(),
    }
    const spelled = {
      ...fields,
      license_key: String(fields.license_key).toUpperCase(),
    }
    const before = await allRows()
    const answers = [await request(method, path, fields)]
    if ('license_key' in fields) answers.push(await request(method, path, spelled))
    expect(await allRows()).toBe(before)
    for (const answer of answers) {
      expect(answer.envelope.private_key_used).toBe('global')
      if ('license_key' in fields) await expectUnknown(answer, path, method, fields)
      else if (path in LISTS) expect(productsIn(answer, path)).not.toContain(shop.productId)
      else expect(answer.response.code).toBe(102)
    }
  })

  it('refuses an expired API key and changes nothing', async () => {
    const shop = await openShop()
    const fields = await validFields(path, shop)
    await executeSql('update api_keys set expires_at = ? where id = ?', Date.now(), shop.apiKeyId)
    const before = await allRows()
    const { status, response } = await request(method, path, fields)
    expect([status, response.code]).toEqual([401, 101])
    expect(await allRows()).toBe(before)
    await executeSql('update api_keys set expires_at = ? where id = ?', Date.now() + 60_000, shop.apiKeyId)
    expect((await request(method, path, fields)).response.code).toBe(VALID_REQUESTS[path]?.code)
  })
})

it.each(guarded.filter(([path]) => !FOR_ALL_PRODUCTS.includes(path)))(
  '%s serves an API key for its product in one round trip',
  async (path, method) => {
    const shop = await openShop()
    const fields = await validFields(path, shop)
    await limitToOwnProduct(shop)
    const { db, roundTrips } = observe(env.DB)
    const answer = await request(method, path, fields, { bindings: { DB: db } })
    expect(answer.response.code).toBe(VALID_REQUESTS[path]?.code)
    expect(roundTrips).toHaveLength(1)
  },
)

it('an API key for several products acts on each of them', async () => {
  const [one, other, third] = [await openShop(), await openShop(), await openShop()]
  const { apiKey } = await openShop({ productIds: [one.productId, other.productId] })
  const codes: unknown[] = []
  for (const { productId } of [one, other, third]) {
    const fields = { api_key: apiKey, product_id: String(productId) }
    codes.push((await get('/api/v1/get-available-license-keys-count', fields)).response.code)
  }
  expect(codes).toEqual([741, 741, 102])
  const { response } = await get('/api/v1/get-all-products', { api_key: apiKey })
  expect(response.products.map(({ id }: { id: number }) => id)).toEqual([one.productId, other.productId])
})

it('an API key moves nothing into a product on which it may not act', async () => {
  const [own, other] = [await openShop(), await openShop()]
  const contract = await addContract(own)
  const moves: [string, Record<string, string>][] = []
  for (const path of ['/api/v1/update-license-key', '/api/v1/update-contract']) {
    moves.push([path, { ...(await validFields(path, own)), product_id: String(other.productId) }])
  }
  moves.push([
    '/api/v1/update-contract',
    { api_key: own.apiKey, contract_id: String(contract.id), ...contractFields(other) },
  ])
  await limitToOwnProduct(own)
  const before = await allRows()
  for (const [path, fields] of moves) expect((await post(fields, { path })).response.code).toBe(102)
  expect(await allRows()).toBe(before)
})

it('lists of an API key contain only its products', async () => {
  const [own, other] = [await openShop(), await openShop()]
  for (const shop of [own, other]) {
    await addGenerator(shop.productId)
    await addContract(shop)
  }
  await limitToOwnProduct(own)
  for (const path of Object.keys(LISTS)) {
    expect(productsIn(await get(path, { api_key: own.apiKey }), path)).toEqual([own.productId])
  }
})

it('an answer repeated after the scope was narrowed is refused', async () => {
  const [own, other] = [await openShop(), await openShop()]
  const path = '/api/v1/random-assign-license-keys'
  const fields = await validFields(path, own)
  const headers = { 'Idempotency-Key': 'order-1' }
  expect((await post(fields, { path, headers })).response.code).toBe(803)
  await executeSql(
    'update api_keys set product_ids = json_array(?) where id = ?',
    other.productId,
    own.apiKeyId,
  )
  const repeated = await post(fields, { path, headers })
  expect(repeated.response).toMatchObject({ code: 102 })
  expect(repeated.response.license_keys).toBeUndefined()
})
