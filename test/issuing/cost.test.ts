import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ApiResponse, post, readEnvelope, send } from '../support/client.ts'
import { newPrivateKey } from '../support/key-pairs.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, orderFields, type Shop } from '../support/shop.ts'

const STATEMENTS_MAX = 6

afterEach(() => vi.restoreAllMocks())

/** Sends an order and records its round trips. */
async function costOf(fields: Record<string, unknown>, headers: Record<string, string> = {}) {
  const { db, roundTrips } = observe(env.DB)
  const answer = await post(fields, { headers, bindings: { DB: db, MAX_QUANTITY: '10000' } })
  return { answer, roundTrips }
}

/**
 * Expects one batch with a limited number of statements for any quantity.
 * @returns the number of rows written
 */
function expectOneBatch({ answer, roundTrips }: Awaited<ReturnType<typeof costOf>>, code: number) {
  expect(answer.response.code).toBe(code)
  expect(roundTrips).toHaveLength(1)
  expect(roundTrips[0]?.statements).toBeGreaterThan(1)
  expect(roundTrips[0]?.statements).toBeLessThanOrEqual(STATEMENTS_MAX)
  return roundTrips[0]?.rowsWritten ?? Number.NaN
}

describe('one round trip to the database', () => {
  it.each([1, 10, 1000, 10_000])(
    'issues %i keys, with 3 rows each and 4 for the issuance',
    async (quantity) => {
      const cost = await costOf(orderFields(await openShop(), { quantity }))
      const rowsWritten = expectOneBatch(cost, 803)
      expect(cost.answer.response.license_keys).toHaveLength(quantity)
      // Each key: row, unique index, issuance index. The issuance: row, unique index, two indexes of the owner.
      expect(rowsWritten).toBe(3 * quantity + 4)
    },
  )

  it('writes one row more for the id of the shop, so at most 5 for an issuance, and one for its attempt', async () => {
    const cost = await costOf(orderFields(await openShop(), { quantity: 10, identifier: '31' }))
    expect(expectOneBatch(cost, 803)).toBe(3 * 10 + 5 + 1)
  })

  it('replays an order and writes nothing', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order' }
    await costOf(orderFields(shop), headers)
    expect(expectOneBatch(await costOf(orderFields(shop), headers), 803)).toBe(0)
  })

  it('refuses an order and writes nothing', async () => {
    const shop = await openShop()
    const headers = { 'Idempotency-Key': 'order' }
    await costOf(orderFields(shop), headers)
    const refusals: [Shop, Record<string, unknown>, number][] = [
      [shop, { api_key: 'unknown' }, 100],
      [await openShop({ apiKeyStatus: 'inactive' }), {}, 101],
      [await openShop({ capabilities: [] }), {}, 102],
      [await openShop({ allowedIps: ['192.0.2.1/32'] }), {}, 103],
      [await openShop({ productStatus: 'inactive' }), {}, 805],
      [shop, { quantity: '3' }, 2422],
    ]
    for (const [caller, changes, code] of refusals) {
      expect(expectOneBatch(await costOf(orderFields(caller, changes), headers), code)).toBe(0)
    }
  })
})

describe('no round trip to the database', () => {
  it('is made for a request that fails validation', async () => {
    const { db, roundTrips } = observe(env.DB)
    const fields = orderFields(await openShop())
    const requests: [Parameters<typeof send>[0], number][] = [
      [{ path: '/nothing' }, 2404],
      [{ method: 'PUT' }, 2405],
      [{ method: 'POST', body: 'x'.repeat(70_000) }, 2413],
      [{ method: 'POST', body: 'x' }, 2415],
      [{ method: 'POST', body: '{', headers: { 'Content-Type': 'application/json' } }, 804],
      [{ method: 'POST', body: new URLSearchParams({ quantity: '1' }) }, 100],
      [{ method: 'POST', body: new URLSearchParams({ ...fields, quantity: '0' } as never) }, 804],
    ]
    for (const [request, code] of requests) {
      expect((await readEnvelope(await send({ ...request, bindings: { DB: db } }))).response.code).toBe(code)
    }
    await send({ path: '/.well-known/jwks.json', bindings: { DB: db } })
    expect(roundTrips).toEqual([])
  })
})

describe('an issuing request', () => {
  const issue = async (): Promise<ApiResponse> => post(orderFields(await openShop(), { quantity: '100' }))

  it('imports a private key once per isolate, even for concurrent first requests', async () => {
    const shop = await openShop()
    // No other test uses this key in the isolate.
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: await newPrivateKey('RSA') }
    await issue() // Imports the global key if no earlier test has.
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    const responses = await Promise.all([1, 2, 3].map(() => post(orderFields(shop), { bindings })))
    responses.push(await post(orderFields(shop), { bindings }))
    expect(responses.map(({ envelope }) => envelope.private_key_used)).toEqual(new Array(4).fill('product'))
    const keys = (await Promise.all(importKey.mock.results.map(({ value }) => value))) as CryptoKey[]
    // One non-extractable signing key. The other imports are its public key, which is needed for the key id.
    const signingKeys = keys.filter(({ type, extractable }) => type === 'private' && !extractable)
    expect(signingKeys.map(({ usages }) => usages)).toEqual([['sign']])
    expect(keys.length).toBeLessThanOrEqual(3)
    await post(orderFields(shop), { bindings })
    expect(importKey).toHaveBeenCalledTimes(keys.length)
  })

  it('serializes the response once', async () => {
    const stringify = vi.spyOn(JSON, 'stringify')
    const { text, envelope } = await issue()
    const responses = stringify.mock.results.filter(({ value }) => String(value).includes('"license_keys"'))
    expect(responses).toHaveLength(1)
    expect(text).toContain(responses[0]?.value)
    expect(new TextDecoder().decode(Uint8Array.fromBase64(String(envelope.response_base64)))).toBe(
      responses[0]?.value,
    )
  })

  it('signs the response once', async () => {
    const sign = vi.spyOn(crypto.subtle, 'sign')
    await issue()
    expect(sign).toHaveBeenCalledTimes(1)
  })
})
