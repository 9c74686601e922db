import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { addKey, expectNoChange, storedKey, withProductKey } from '../support/administration.ts'
import { isSignedBy, post } from '../support/client.ts'
import { openShop, orderFields } from '../support/shop.ts'

const PATH = '/api/v1/delete-license-key'

const deleteKey = (fields: Record<string, unknown>, options = {}) => post(fields, { path: PATH, ...options })

describe('delete-license-key', () => {
  it('returns 850, signed by the product key', async () => {
    const shop = await openShop()
    const licenseKey = await addKey(shop)
    const fields = { api_key: shop.apiKey, license_key: licenseKey }
    const answer = await deleteKey(fields, withProductKey(shop))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 850, message: 'License key deleted' })
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await isSignedBy(env.PRODUCT_SIGNING_KEY, answer)).toBe(true)
    expect(await storedKey(licenseKey)).toBeNull()
  })

  it("deletes only the key's own activations and metadata", async () => {
    const shop = await openShop()
    const [deleted, kept] = [await addKey(shop), await addKey(shop)]
    await env.DB.batch([
      env.DB.prepare(
        `insert into activations (license_key_id, identifier, created_at) select id, 'laptop', 0 from license_keys`,
      ),
      env.DB.prepare(
        `insert into license_key_metadata (license_key_id, key, value) select id, 'seats', '5' from license_keys`,
      ),
    ])
    const { id } = (await storedKey(deleted)) ?? {}
    const { id: otherId } = (await storedKey(kept)) ?? {}
    await deleteKey({ api_key: shop.apiKey, license_key: deleted })
    for (const table of ['activations', 'license_key_metadata']) {
      const { results } = await env.DB.prepare(`select license_key_id as id from ${table}`).all()
      expect(results).not.toContainEqual({ id })
      expect(results).toContainEqual({ id: otherId })
    }
  })

  it('does not change the replay of the issuance, even for updated keys', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order' }
    const issued = await post(orderFields(shop), { headers })
    const [first, second] = issued.response.license_keys.map(
      ({ license_key }: { license_key: string }) => license_key,
    )
    const changes = { api_key: shop.apiKey, license_key: first, validity: '1', status: 'blocked' }
    await post(changes, { path: '/api/v1/update-license-key' })
    for (const license_key of [first, second]) {
      const { response } = await deleteKey({ api_key: shop.apiKey, license_key })
      expect(response.code).toBe(850)
      expect((await post(orderFields(shop), { headers })).text).toBe(issued.text)
    }
  })

  it('deletes once when requests race', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, license_key: await addKey(shop) }
    const responses = await Promise.all(Array.from({ length: 50 }, () => deleteKey(fields)))
    const codes = responses.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 850)).toHaveLength(1)
    expect(codes.filter((code) => code === 851)).toHaveLength(49)
  })

  it('replays the same bytes without deleting a key that was added again', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'deletion' }
    const licenseKey = await addKey(shop)
    const fields = { api_key: shop.apiKey, license_key: licenseKey }
    const first = await deleteKey(fields, { headers })
    await addKey(shop, { licenseKey })
    const replay = await expectNoChange(() => deleteKey(fields, { headers }))
    expect(replay.text).toBe(first.text)
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    const other = { ...fields, license_key: await addKey(shop) }
    expect((await expectNoChange(() => deleteKey(other, { headers }))).response.code).toBe(2422)
  })
})

describe('code 851', () => {
  it.each([['unknown'], [''], [undefined]])('is returned for the license key %s', async (licenseKey) => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...(licenseKey !== undefined && { license_key: licenseKey }) }
    const answer = await expectNoChange(() => deleteKey(fields, withProductKey(shop)))
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(answer.response).toMatchObject({ code: 851, message: 'License key not found' })
    expect(answer.envelope.private_key_used).toBe('global')
  })
})

describe('code 804', () => {
  it('is returned for an invalid license key', async () => {
    const { apiKey } = await openShop()
    const answer = await expectNoChange(() => deleteKey({ api_key: apiKey, license_key: 'x'.repeat(256) }))
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual(['license_key'])
  })
})
