import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type ApiResponse, isSignedBy } from '../support/client.ts'
import { callApi, callApiWithIdempotencyKey, callApiWithJson, executeSql } from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { countRows, openShop, type Shop } from '../support/shop.ts'
import { addGenerator, addLicenseKey, addStock, licenseKeyRow } from '../support/stock.ts'

const ENDPOINT = 'random-assign-license-keys'
const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }

function order({ productId }: Shop, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { product_id: productId, quantity: 2, ...OWNER, ...changes }
}

/** @returns the ordered fields of each key in the response */
function keyEntries({ response }: ApiResponse): [string, unknown][][] {
  return response.license_keys.map(Object.entries)
}

async function expectRefusal(code: number, request: () => Promise<ApiResponse>): Promise<ApiResponse> {
  const before = await countRows()
  const answer = await request()
  expect(answer.response.code).toBe(code)
  expect(answer.envelope.private_key_used).toBe('global')
  expect(await countRows()).toEqual(before)
  return answer
}

describe('an order of generated keys', () => {
  it("returns 803 with the generator's terms, signed by the product key", async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    for (const send of [callApi, callApiWithJson]) {
      const answer = await send(shop, ENDPOINT, order(shop, { generate: 1 }))
      expect(Object.keys(answer.response)).toEqual(['code', 'message', 'license_keys', 'timestamp'])
      expect(answer.response).toMatchObject({ code: 803, message: 'License keys assigned' })
      expect(answer.envelope.private_key_used).toBe('product')
      expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
      const [first, second] = answer.response.license_keys
      expect(answer.response.license_keys).toHaveLength(2)
      expect(second.id).toBeGreaterThan(first.id)
      const createdAt = first.assigned_at.replace(/\.\d{6}Z/, '.000000Z')
      expect(keyEntries(answer)[0]).toEqual([
        ['product_id', shop.productId],
        ['license_key', expect.stringMatching(/^[0-9A-F]{4}(-[0-9A-F]{4}){3}$/)],
        ['activation_limit', 1],
        ['validity', 365],
        ['status', 'assigned'],
        ['owner_name', 'Ada Lovelace'],
        ['owner_email', 'ada@example.com'],
        ['assigned_at', expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/)],
        ['contract_id', null],
        ['updated_at', createdAt],
        ['created_at', createdAt],
        ['id', expect.any(Number)],
        ['meta_data', []],
      ])
      expect(await licenseKeyRow(first.license_key)).toMatchObject({
        id: first.id,
        validity_days: 365,
        activation_limit: 1,
        status: 'assigned',
      })
    }
  })

  it('uses the requested terms, including 0', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    const responses = [
      await callApi(shop, ENDPOINT, order(shop, { generate: 1, validity: 0 })),
      await callApi(shop, ENDPOINT, order(shop, { generate: 1, activation_limit: 0 })),
    ]
    expect(responses.map(({ response }) => response.license_keys[0])).toMatchObject([
      { validity: 0, activation_limit: 1 },
      { validity: 365, activation_limit: 0 },
    ])
  })

  it('sets the owner to "Not set" by default and ignores unknown fields', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    const fields = { product_id: shop.productId, quantity: 1, generate: 1 }
    const extra = {
      identifier: '31',
      webhook_url: 'https://shop.example/?keevault-webhook=x',
      owner_name: '',
    }
    const { response } = await callApi(shop, ENDPOINT, { ...fields, ...extra })
    expect(response.license_keys).toMatchObject([{ owner_name: 'Not set', owner_email: 'Not set' }])
  })

  it('returns 805 for an unknown or inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    for (const product_id of [shop.productId, 2_147_483_647]) {
      const answer = await expectRefusal(805, () =>
        callApi(shop, ENDPOINT, order(shop, { generate: 1, product_id })),
      )
      expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    }
  })

  it('returns 806 without an active generator', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId, { status: 0 })
    const answer = await expectRefusal(806, () => callApi(shop, ENDPOINT, order(shop, { generate: 1 })))
    expect(answer).toMatchObject({ status: 200, response: { message: 'Generator not found' } })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
  })

  it('is issued once for 50 concurrent requests with one idempotency key', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId)
    const before = await countRows()
    const responses = await Promise.all(
      Array.from({ length: 50 }, () =>
        callApiWithIdempotencyKey(shop, ENDPOINT, order(shop, { generate: 1 }), 'race'),
      ),
    )
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1)
    expect(responses[0]?.response.code).toBe(803)
    const after = { issuances: before.issuances + 1, licenseKeys: before.licenseKeys + 2 }
    expect(await countRows()).toEqual(after)
  })

  it('takes one round trip and writes 3 rows per key', async () => {
    const shop = await openShop()
    await addGenerator(shop.productId, { method: 'uuid' })
    const { db, roundTrips } = observe(env.DB)
    const bindings = { DB: db, MAX_QUANTITY: '10000' }
    const { response } = await callApi(shop, ENDPOINT, order(shop, { generate: 1, quantity: 10_000 }), {
      bindings,
    })
    expect(response.license_keys).toHaveLength(10_000)
    // One more statement reads the keys, because their text may be too long for one row.
    expect(roundTrips).toEqual([{ statements: 4, rowsWritten: 3 * 10_000 + 4 }])
  })
})

describe('an order from stock', () => {
  it('returns 803 with the terms of each key', async () => {
    const shop = await openShop()
    const licenseKeys = [
      await addLicenseKey(shop.productId),
      await addLicenseKey(shop.productId, { validity_days: 0, activation_limit: 9 }),
    ]
    const answer = await callApi(shop, ENDPOINT, order(shop, { generate: 0 }))
    expect(answer.response.code).toBe(803)
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
    const [{ assigned_at: assignedAt }] = answer.response.license_keys
    expect(keyEntries(answer)).toEqual(
      licenseKeys.map((licenseKey, index) => [
        ['product_id', shop.productId],
        ['license_key', licenseKey],
        ['activation_limit', index === 0 ? 2 : 9],
        ['validity', index === 0 ? 30 : 0],
        ['status', 'assigned'],
        ['owner_name', 'Ada Lovelace'],
        ['owner_email', 'ada@example.com'],
        ['assigned_at', assignedAt],
        ['contract_id', null],
        ['updated_at', assignedAt.replace(/\.\d{6}Z/, '.000000Z')],
        ['created_at', '2024-02-27T03:05:31.000000Z'],
        ['id', expect.any(Number)],
        ['meta_data', []],
      ]),
    )
  })

  it('uses the requested terms', async () => {
    const shop = await openShop()
    await addStock(shop.productId, 2)
    const fields = order(shop, { generate: '0', validity: '0', activation_limit: '7' })
    const { response } = await callApi(shop, ENDPOINT, fields)
    const terms = { validity: 0, activation_limit: 7 }
    expect(response.license_keys).toMatchObject([terms, terms])
  })

  it('returns 802 with the available quantity and assigns nothing', async () => {
    const shop = await openShop()
    await addStock(shop.productId, 5)
    await addLicenseKey(shop.productId, { status: 'reserved' })
    for (const quantity of [7, 6]) {
      const answer = await expectRefusal(802, () =>
        callApi(shop, ENDPOINT, order(shop, { generate: 0, quantity })),
      )
      expect(answer.status).toBe(200)
      expect(Object.entries(answer.response)).toEqual([
        ['code', 802],
        ['message', 'Insufficient license keys'],
        ['available_quantity', 5],
        ['timestamp', expect.any(Number)],
      ])
    }
    const { response } = await callApi(shop, ENDPOINT, order(shop, { generate: 0, quantity: 5 }))
    expect(response.license_keys).toHaveLength(5)
    const empty = await expectRefusal(802, () => callApi(shop, ENDPOINT, order(shop, { generate: 0 })))
    expect(empty.response.available_quantity).toBe(0)
  })

  it('returns 805 for an inactive product', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    await addStock(shop.productId, 2)
    await expectRefusal(805, () => callApi(shop, ENDPOINT, order(shop, { generate: 0 })))
  })

  it('never issues a key twice when requests race', async () => {
    const shop = await openShop()
    await addStock(shop.productId, 100)
    const responses = await Promise.all(
      Array.from({ length: 200 }, () => callApi(shop, ENDPOINT, order(shop, { generate: 0, quantity: 1 }))),
    )
    const issued = responses.flatMap(({ response }) =>
      response.code === 803
        ? response.license_keys.map((key: Record<string, unknown>) => key.license_key)
        : [],
    )
    expect(new Set(issued).size).toBe(100)
    expect(issued).toHaveLength(100)
    expect(responses.filter(({ response }) => response.code === 802)).toHaveLength(100)
    expect(responses.filter(({ response }) => response.available_quantity > 0)).toEqual([])
  })

  it('is issued once for 20 concurrent requests with one idempotency key', async () => {
    const shop = await openShop()
    await addStock(shop.productId, 2)
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        callApiWithIdempotencyKey(shop, ENDPOINT, order(shop, { generate: 0 }), 'race'),
      ),
    )
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1)
    expect(responses[0]?.response.code).toBe(803)
  })

  it('takes one round trip and writes 2 rows per key', async () => {
    const shop = await openShop()
    await addStock(shop.productId, 1000)
    const { db, roundTrips } = observe(env.DB)
    await callApi(shop, ENDPOINT, order(shop, { generate: 0, quantity: 300 }), { bindings: { DB: db } })
    expect(roundTrips).toEqual([{ statements: 3, rowsWritten: 2 * 300 + 4 }])
  })
})

describe.each([0, 1])('a replay of an order with generate=%i', (generate) => {
  async function issueWithIdempotencyKey() {
    const shop = await openShop()
    await addGenerator(shop.productId)
    await addStock(shop.productId, 5)
    const fields = order(shop, { generate })
    return { shop, fields, first: await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order') }
  }

  it('returns the same bytes with an Idempotent-Replayed header', async () => {
    const { shop, fields, first } = await issueWithIdempotencyKey()
    const before = await countRows()
    const replay = await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')
    expect(first.response.code).toBe(803)
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await countRows()).toEqual(before)
  })

  it('ignores later changes to the product, generator, stock and keys', async () => {
    const { shop, fields, first } = await issueWithIdempotencyKey()
    await executeSql(
      `update license_keys set status = 'blocked', owner_name = 'X' where issuance_id is not null`,
    )
    await executeSql('update generators set status = 0, validity_days = 1')
    await executeSql(`update license_keys set status = 'reserved' where status = 'available'`)
    await executeSql(`update products set status = 'inactive' where id = ?`, shop.productId)
    expect((await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')).text).toBe(first.text)
  })

  it('returns the original terms after the key is updated and deleted', async () => {
    const { shop, fields, first } = await issueWithIdempotencyKey()
    const { license_key } = first.response.license_keys[0]
    for (const [validity, activation_limit] of [
      ['7', '8'],
      ['9', '0'],
    ]) {
      const changes = { license_key, validity, activation_limit, owner_name: 'Grace Hopper' }
      expect((await callApi(shop, 'update-license-key', changes)).response.code).toBe(950)
    }
    expect(await licenseKeyRow(license_key)).toMatchObject({ validity_days: 9, activation_limit: 0 })
    expect((await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')).text).toBe(first.text)
    expect((await callApi(shop, 'delete-license-key', { license_key })).response.code).toBe(850)
    expect((await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')).text).toBe(first.text)
  })

  it('returns the same bytes after a key is assigned to another owner', async () => {
    const { shop, fields, first } = await issueWithIdempotencyKey()
    const licenseKey = first.response.license_keys[0].license_key
    await executeSql(`update license_keys set status = 'reserved' where license_key = ?`, licenseKey)
    const assigned = await callApi(shop, 'assign-license-key', { license_key: licenseKey })
    expect(assigned.response.code).toBe(800)
    await executeSql('delete from license_keys where license_key = ?', licenseKey)
    expect((await callApiWithIdempotencyKey(shop, ENDPOINT, fields, 'order')).text).toBe(first.text)
  })

  it.each([
    ['quantity', 3],
    ['owner_name', 'Grace Hopper'],
    ['owner_email', 'Not set'],
    ['validity', 30],
    ['activation_limit', 0],
    ['product_id', 1],
    ['generate', 1 - generate],
  ])('returns 2422 for a different %s', async (name, value) => {
    const { shop, fields } = await issueWithIdempotencyKey()
    await expectRefusal(2422, () =>
      callApiWithIdempotencyKey(shop, ENDPOINT, { ...fields, [name]: value }, 'order'),
    )
  })

  it('returns 2422 without generate', async () => {
    const { shop, fields } = await issueWithIdempotencyKey()
    const { generate: _, ...others } = fields
    await expectRefusal(2422, () =>
      callApiWithIdempotencyKey(shop, ENDPOINT, { ...others, validity: 365, activation_limit: 1 }, 'order'),
    )
  })
})

it('replays both orders of a key that returned to stock', async () => {
  const shop = await openShop()
  const license_key = await addLicenseKey(shop.productId)
  const sell = (idempotencyKey: string) =>
    callApiWithIdempotencyKey(shop, ENDPOINT, order(shop, { generate: 0, quantity: 1 }), idempotencyKey)
  const first = await sell('first')
  const returned = { license_key, status: 'available', validity: '60' }
  expect((await callApi(shop, 'update-license-key', returned)).response.code).toBe(950)
  const second = await sell('second')
  expect(first.response.license_keys).toMatchObject([{ license_key, validity: 30 }])
  expect(second.response.license_keys).toMatchObject([{ license_key, validity: 60 }])
  expect((await sell('first')).text).toBe(first.text)
  expect((await sell('second')).text).toBe(second.text)
})

describe('the generate parameter', () => {
  it.each(['2', '-1', 'true', '01x'])('returns 804 for %s', async (generate) => {
    const shop = await openShop()
    const { response } = await expectRefusal(804, () => callApi(shop, ENDPOINT, order(shop, { generate })))
    expect(response.errors).toEqual({ generate: ['The generate field must be a whole number from 0 to 1.'] })
  })

  it('creates UUIDs and requires all fields if omitted or empty', async () => {
    const shop = await openShop()
    for (const changes of [{}, { generate: '' }]) {
      const { response } = await expectRefusal(804, () =>
        callApi(shop, ENDPOINT, { product_id: shop.productId, quantity: 'x', ...changes }),
      )
      expect(response.errors).toEqual({
        quantity: ['The quantity field must be a whole number from 1 to 1000.'],
        owner_name: ['The owner_name field is required.'],
        owner_email: ['The owner_email field is required.'],
        validity: ['The validity field is required.'],
        activation_limit: ['The activation_limit field is required.'],
      })
    }
    const { response } = await callApi(
      shop,
      ENDPOINT,
      order(shop, { validity: 0, activation_limit: 0, generate: '' }),
    )
    expect(response.license_keys[0].license_key).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('does not disable the validation of other fields', async () => {
    const shop = await openShop()
    const invalid = { generate: 1, validity: -1, activation_limit: 'x', owner_email: 'unknown' }
    const { response } = await expectRefusal(804, () => callApi(shop, ENDPOINT, order(shop, invalid)))
    expect(Object.keys(response.errors).sort()).toEqual(['activation_limit', 'owner_email', 'validity'])
  })
})
