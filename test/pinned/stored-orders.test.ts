/**
 * Tests stored orders and responses of an earlier version of the Worker. The data files in this folder must
 * never change, because a replay must return the same bytes in every later version.
 */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { post } from '../support/client.ts'
import { openShop } from '../support/shop.ts'
import order1001 from './order-1001.txt?raw'
import order1002 from './order-1002.txt?raw'
import storedOrders from './stored-orders.sql?raw'

/** A test key. `assign` was the only capability at that time. */
const STORED_API_KEY = 'ks__xI-PEFrB8JX0qXPsDDowsJbKc0ESuNZxDyrJrwniQs'

beforeAll(async () => {
  const inserts = storedOrders.split('\n').filter((line) => line.startsWith('INSERT'))
  await env.DB.batch(inserts.map((sql) => env.DB.prepare(sql)))
})

describe('orders of an earlier version', () => {
  it.each([
    { name: 'order-1001', quantity: '1', validity: '0', expected: order1001 },
    { name: 'order-1002', quantity: '12', validity: '365', expected: order1002 },
  ])('return the same bytes when $name is replayed', async ({ name, quantity, validity, expected }) => {
    const owner = { owner_name: 'Ада Lovelace', owner_email: 'ada@example.com' }
    const terms = { product_id: '3', quantity, validity, activation_limit: '2' }
    const replay = await post(
      { api_key: STORED_API_KEY, ...owner, ...terms },
      { headers: { 'Idempotency-Key': name } },
    )
    expect(replay.headers.get('Idempotent-Replayed')).toBe('true')
    expect(replay.text).toBe(expected)
  })

  it('have license keys that can be verified and activated', async () => {
    const { apiKey } = await openShop()
    const licenseKey: string = JSON.parse(order1001).response.license_keys[0].license_key
    const fields = { api_key: apiKey, license_key: licenseKey, identifier: 'laptop' }
    const codeOf = async (endpoint: string) =>
      (await post(fields, { path: `/api/v1/${endpoint}` })).response.code
    expect(await codeOf('verify')).toBe(202)
    expect(await codeOf('activate')).toBe(300)
    expect(await codeOf('verify')).toBe(200)
  })

  it('do not grant later capabilities to their API key', async () => {
    const fields = { api_key: STORED_API_KEY, license_key: 'any', identifier: 'laptop' }
    expect((await post(fields, { path: '/api/v1/verify' })).response.code).toBe(102)
  })

  it('refer only to existing rows', async () => {
    const { results } = await env.DB.prepare('pragma foreign_key_check').all()
    expect(results).toEqual([])
    const row = await env.DB.prepare(
      'select count(*) as n from license_keys where issuance_id in (1, 2)',
    ).first()
    expect(row).toEqual({ n: 13 })
  })
})
