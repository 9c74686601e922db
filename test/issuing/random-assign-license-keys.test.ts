import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type ApiResponse, isSignedBy, post, readEnvelope, send } from '../support/client.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'

/** Expects that a request writes nothing. */
async function expectNoIssuance(request: () => Promise<ApiResponse>): Promise<ApiResponse> {
  const before = await countRows()
  const answer = await request()
  expect(await countRows()).toEqual(before)
  return answer
}

describe('an issued order', () => {
  it("has the protocol's fields with their order and types", async () => {
    const shop = await openShop()
    const before = Date.now()
    const answer = await post(orderFields(shop))
    expect(answer.status).toBe(200)
    const { response } = answer
    expect(Object.keys(response)).toEqual(['code', 'message', 'license_keys', 'timestamp'])
    expect(response.code).toBe(803)
    expect(response.message).toBe('License keys assigned')
    expect(response.license_keys).toHaveLength(2)
    for (const key of response.license_keys) {
      const assignedAt = Date.parse(key.assigned_at)
      const second = new Date(Math.floor(assignedAt / 1000) * 1000).toISOString()
      expect(Object.entries(key)).toEqual([
        ['product_id', shop.productId],
        [
          'license_key',
          expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        ],
        ['activation_limit', 3],
        ['validity', 365],
        ['status', 'assigned'],
        ['owner_name', 'Ada Lovelace'],
        ['owner_email', 'ada@example.com'],
        ['assigned_at', expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/)],
        ['contract_id', null],
        ['updated_at', second.replace('.000Z', '.000000Z')],
        ['created_at', second.replace('.000Z', '.000000Z')],
        ['id', expect.any(Number)],
        ['meta_data', []],
      ])
      expect(assignedAt).toBeGreaterThanOrEqual(before)
      expect(assignedAt).toBeLessThanOrEqual(Date.now())
      expect(response.timestamp).toBe(Math.floor(assignedAt / 1000))
    }
    expect(answer.envelope.private_key_used).toBe('global')
    expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(false)
  })

  it('returns unique stored keys by ascending id', async () => {
    const shop = await openShop()
    const { response } = await post(orderFields(shop, { quantity: '50' }))
    const stored = await env.DB.prepare(
      `select id, license_key, status, owner_name, owner_email, validity_days, activation_limit, assigned_at
       from license_keys where product_id = ? order by id`,
    )
      .bind(shop.productId)
      .all()
    expect(stored.results).toEqual(
      response.license_keys.map((key: Record<string, unknown>) => ({
        id: key.id,
        license_key: key.license_key,
        status: 'assigned',
        owner_name: 'Ada Lovelace',
        owner_email: 'ada@example.com',
        validity_days: 365,
        activation_limit: 3,
        assigned_at: Date.parse(String(key.assigned_at)),
      })),
    )
    expect(new Set(stored.results.map((row) => row.license_key)).size).toBe(50)
  })

  it('is signed by the product key if the product has one', async () => {
    const shop = await openShop()
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const answer = await post(orderFields(shop), { bindings })
    expect(answer.response.code).toBe(803)
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
  })

  it('accepts JSON numbers and strings', async () => {
    const shop = await openShop()
    const fields = { ...orderFields(shop), product_id: shop.productId, quantity: 1, validity: '30' }
    const headers = { 'Content-Type': 'application/json; charset=utf-8' }
    const answer = await post({}, { body: JSON.stringify(fields), headers })
    expect(answer.response.code).toBe(803)
    expect(answer.response.license_keys).toHaveLength(1)
    expect(answer.response.license_keys[0].validity).toBe(30)
  })

  it.each(['//api/v1/random-assign-license-keys', '/api//v1///random-assign-license-keys'])(
    'is accepted at %s because shops concatenate paths',
    async (path) => {
      expect((await post(orderFields(await openShop()), { path })).response.code).toBe(803)
    },
  )

  it('does not require a content type', async () => {
    const body = new TextEncoder().encode(new URLSearchParams(orderFields(await openShop())).toString())
    expect((await post({}, { body })).response.code).toBe(803)
  })

  it('ignores unknown fields even if they are repeated', async () => {
    const body = `${new URLSearchParams(orderFields(await openShop()))}&webhook_url=x&webhook_url=y&identifier=31&__proto__=1`
    expect(
      (await post({}, { body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).response
        .code,
    ).toBe(803)
  })
})

describe('the identifier of an order', () => {
  const referencesOf = async (productId: number) => {
    const { results } = await env.DB.prepare('select reference from issuances where product_id = ?')
      .bind(productId)
      .all<{ reference: string | null }>()
    return results.map(({ reference }) => reference)
  }

  it.each<[unknown, string | null]>([
    [' 31 ', '31'],
    [undefined, null],
    ['', null],
    ['x'.repeat(256), null],
    ['a\u0000', null],
    [31, null],
    [{ id: 31 }, null],
  ])('is remembered if it is usable text, and is otherwise ignored: %j', async (identifier, reference) => {
    const shop = await openShop()
    const body = JSON.stringify({ ...orderFields(shop), identifier })
    const answer = await post({}, { body, headers: { 'Content-Type': 'application/json' } })
    expect(answer.response.code).toBe(803)
    expect(await referencesOf(shop.productId)).toEqual([reference])
  })

  it('does not distinguish orders: a replay with another one returns the same keys', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order' }
    const first = await post(orderFields(shop, { identifier: '31' }), { headers })
    const replay = await post(orderFields(shop, { identifier: '32' }), { headers })
    expect(replay.text).toBe(first.text)
    expect(await referencesOf(shop.productId)).toEqual(['31'])
  })
})

describe('an API key', () => {
  it('can be a bearer token', async () => {
    const shop = await openShop()
    const { api_key, ...fields } = orderFields(shop)
    for (const scheme of ['Bearer', 'bearer']) {
      const headers = { Authorization: `${scheme} ${api_key}` }
      expect((await post(fields, { headers })).response.code).toBe(803)
      expect((await post({ ...fields, api_key: '' }, { headers })).response.code).toBe(803)
      expect((await post({ ...fields, api_key }, { headers })).response.code).toBe(803)
    }
  })

  it('returns 100 if the request contains two different API keys', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const headers = { Authorization: `Bearer ${other.apiKey}` }
    const answer = await expectNoIssuance(() => post(orderFields(shop), { headers }))
    expect(answer).toMatchObject({ status: 401, response: { code: 100, message: 'Invalid API Key' } })
  })

  it.each([
    ['is missing', {}, {}],
    ['is empty', { api_key: '' }, {}],
    ['has another scheme', {}, { Authorization: 'Basic YTpi' }],
    ['is an empty bearer token', {}, { Authorization: 'Bearer ' }],
  ])('returns 100 before parameter validation if it %s', async (_, fields, headers) => {
    const answer = await expectNoIssuance(() => post({ ...fields, quantity: 'junk' }, { headers }))
    expect(answer).toMatchObject({ status: 401, response: { code: 100, message: 'Invalid API Key' } })
  })

  it('is looked up after parameter validation', async () => {
    const answer = await expectNoIssuance(() => post({ api_key: 'unknown', quantity: 'junk' }))
    expect(answer.response.code).toBe(804)
  })

  it('returns 100 if it is unknown', async () => {
    const answer = await expectNoIssuance(async () =>
      post(orderFields(await openShop(), { api_key: 'unknown' })),
    )
    expect(answer).toMatchObject({ status: 401, response: { code: 100, message: 'Invalid API Key' } })
    expect(answer.envelope.private_key_used).toBe('global')
  })

  it('returns 101 if it is inactive, even for a replay', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'before' }
    expect((await post(orderFields(shop), { headers })).response.code).toBe(803)
    await env.DB.prepare(`update api_keys set status = 'inactive' where id = ?`).bind(shop.apiKeyId).run()
    const answer = await expectNoIssuance(() => post(orderFields(shop), { headers }))
    expect(answer).toMatchObject({ status: 401, response: { code: 101, message: 'Inactive API Key' } })
    expect(answer.response.license_keys).toBeUndefined()
  })

  it('returns 102 without the capability', async () => {
    const shop = await openShop({ capabilities: ['something-else'] })
    const answer = await expectNoIssuance(() => post(orderFields(shop)))
    const message = "The used API key doesn't have the required capability to access this endpoint"
    expect(answer).toMatchObject({ status: 401, response: { code: 102, message } })
  })

  it.each([
    ['203.0.113.9', ['203.0.113.0/24'], 803],
    ['203.0.114.9', ['203.0.113.0/24'], 103],
    ['203.0.113.9', ['198.51.100.7/32', '203.0.113.9/32'], 803],
    ['203.0.113.10', ['203.0.113.9/32'], 103],
    // As text, each network is a substring of a network that contains the address.
    ['110.1.2.3', ['10.0.0.0/8'], 103],
    ['210.0.0.5', ['10.0.0.5/32'], 103],
    ['11::7', ['1:0:0:0:0:0:0:0/16'], 103],
    ['::ffff:203.0.113.9', ['203.0.113.0/24'], 803],
    ['2001:db8:1::7', ['2001:db8:0:0:0:0:0:0/32'], 803],
    ['2001:db9::7', ['2001:db8:0:0:0:0:0:0/32'], 103],
    ['2001:db8::7', ['0.0.0.0/0'], 103],
    ['203.0.113.9', ['0.0.0.0/0'], 803],
    ['junk', ['0.0.0.0/0', '0:0:0:0:0:0:0:0/0'], 103],
    [undefined, ['0.0.0.0/0', '0:0:0:0:0:0:0:0/0'], 103],
  ])('from %s with the allowlist %j returns %i', async (address, allowedIps, code) => {
    const shop = await openShop({ allowedIps })
    const headers: Record<string, string> = address ? { 'CF-Connecting-IP': address } : {}
    const answer = await post(orderFields(shop), { headers })
    expect(answer.response.code).toBe(code)
    expect(answer.status).toBe(code === 803 ? 200 : 401)
    if (code === 103) expect(answer.response.message).toBe("API key can't be used from this IP address")
  })

  it('is checked before the product in the order 101, 102, 103', async () => {
    const restrictions = {
      capabilities: [],
      allowedIps: ['192.0.2.1/32'],
      productStatus: 'inactive',
    } as const
    const responses = [
      await post(orderFields(await openShop({ ...restrictions, apiKeyStatus: 'inactive' }))),
      await post(orderFields(await openShop(restrictions))),
      await post(orderFields(await openShop({ ...restrictions, capabilities: ['assign'] }))),
      await post(orderFields(await openShop({ productStatus: 'inactive' }))),
    ]
    expect(responses.map(({ response }) => response.code)).toEqual([101, 102, 103, 805])
  })
})

describe('a product', () => {
  it.each([
    ['does not exist', 'active', { product_id: '2147483647' }],
    ['is inactive', 'inactive', {}],
  ] as const)('returns 805 if it %s', async (_, productStatus, changes) => {
    const shop = await openShop({ productStatus })
    const answer = await expectNoIssuance(() => post(orderFields(shop, changes)))
    expect(answer).toMatchObject({ status: 200, response: { code: 805, message: 'Product not found' } })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
  })
})

describe('an Idempotency-Key', () => {
  const key = (value: string) => ({ headers: { 'Idempotency-Key': value } })

  it('replays the same bytes with an Idempotent-Replayed header', async () => {
    const shop = await openShop()
    const first = await post(orderFields(shop), key('order-1'))
    const replay = await expectNoIssuance(() => post(orderFields(shop), key('order-1')))
    expect(replay.text).toBe(first.text)
    expect(first.headers.has('Idempotent-Replayed')).toBe(false)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
  })

  it('replays the same bytes after the keys and the product changed', async () => {
    const shop = await openShop()
    const first = await post(orderFields(shop), key('order-1'))
    await env.DB.prepare(
      `update license_keys set status = 'blocked', owner_name = 'X', owner_email = 'x@example.org',
         validity_days = 1, activation_limit = 9, updated_at = 1 where product_id = ?`,
    )
      .bind(shop.productId)
      .run()
    await env.DB.prepare(`update products set status = 'inactive' where id = ?`).bind(shop.productId).run()
    expect((await post(orderFields(shop), key('order-1'))).text).toBe(first.text)
  })

  it.each([
    ['product_id', '1'],
    ['owner_name', 'Grace Hopper'],
    ['owner_email', 'grace@example.com'],
    ['quantity', '3'],
    ['validity', '366'],
    ['activation_limit', '4'],
  ])('returns 2422 without details if it is reused with a different %s', async (name, value) => {
    const shop = await openShop()
    await post(orderFields(shop), key('order-1'))
    const answer = await expectNoIssuance(() => post(orderFields(shop, { [name]: value }), key('order-1')))
    expect(answer).toMatchObject({ status: 422, response: { code: 2422 } })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
  })

  it('treats a form, JSON and untrimmed values as the same order', async () => {
    const shop = await openShop()
    const first = await post(orderFields(shop), key('order-1'))
    const asJson = JSON.stringify(orderFields(shop, { quantity: 2, owner_name: '  Ada Lovelace ' }))
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': 'order-1' }
    expect((await post({}, { body: asJson, headers })).text).toBe(first.text)
  })

  it('applies only to the API key that used it', async () => {
    const shop = await openShop()
    const other = await openShop()
    const first = await post(orderFields(shop), key('order-1'))
    const second = await post(orderFields(shop, { api_key: other.apiKey }), key('order-1'))
    expect(second.response.code).toBe(803)
    expect(second.response.license_keys[0].id).not.toBe(first.response.license_keys[0].id)
  })

  it('can be reused after a refusal', async () => {
    const shop = await openShop({ productStatus: 'inactive' })
    expect((await post(orderFields(shop), key('order-1'))).response.code).toBe(805)
    await env.DB.prepare(`update products set status = 'active' where id = ?`).bind(shop.productId).run()
    expect((await post(orderFields(shop), key('order-1'))).response.code).toBe(803)
  })

  it('is optional: each order without it is new', async () => {
    const shop = await openShop()
    const [first, second] = [await post(orderFields(shop)), await post(orderFields(shop))]
    expect(second.response.license_keys[0].license_key).not.toBe(first.response.license_keys[0].license_key)
  })

  it('issues once for 50 concurrent requests', async () => {
    const shop = await openShop()
    const before = await countRows()
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => post(orderFields(shop), key('race'))),
    )
    const after = await countRows()
    expect(after).toEqual({ issuances: before.issuances + 1, licenseKeys: before.licenseKeys + 2 })
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1)
    expect(responses[0]?.response.code).toBe(803)
    expect(responses.filter(({ headers }) => headers.has('Idempotent-Replayed'))).toHaveLength(49)
  })
})

describe('an invalid request', () => {
  it('returns 2404 for an unknown path', async () => {
    const answer = await readEnvelope(await send({ path: '/api/v1/nothing', method: 'POST' }))
    expect(answer).toMatchObject({ status: 404, response: { code: 2404 } })
  })

  it('returns 2405 with the allowed method for an unsupported method', async () => {
    const answer = await readEnvelope(await send({ method: 'GET' }))
    expect(answer).toMatchObject({ status: 405, response: { code: 2405 } })
    expect(answer.headers.get('Allow')).toBe('POST')
  })

  it.each(['text/plain', 'multipart/mixed; boundary=x', 'application/xml', 'application/jsonx', 'junk'])(
    'returns 2415 for the content type %s',
    async (type) => {
      const answer = await expectNoIssuance(async () =>
        post(orderFields(await openShop()), { headers: { 'Content-Type': type } }),
      )
      expect(answer).toMatchObject({ status: 415, response: { code: 2415 } })
    },
  )
})
