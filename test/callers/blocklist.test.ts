import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { canonicalNetwork } from '../../src/callers/networks.ts'
import { post } from '../support/client.ts'
import {
  activatedKeyFields,
  addKey,
  assignedKeyFields,
  executeSql,
  identifiersOf,
} from '../support/key-life.ts'
import { openShop } from '../support/shop.ts'

function blockNetwork(text: string): Promise<unknown> {
  return executeSql(
    `insert into blocklist (kind, value, created_at) values ('network', ?, 0)`,
    canonicalNetwork(text),
  )
}

function blockIdentifier(identifier: string): Promise<unknown> {
  return executeSql(`insert into blocklist (kind, value, created_at) values ('identifier', ?, 0)`, identifier)
}

/** @param address the client's address */
async function verifyFrom(address: string | undefined, fields: Record<string, string>) {
  const headers: Record<string, string> = address ? { 'CF-Connecting-IP': address } : {}
  return post(fields, { path: '/api/v1/verify', headers })
}

beforeEach(() => executeSql('delete from blocklist'))

describe('a blocked network', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.255', 150],
    ['203.0.113.0/24', '203.0.114.0', 200],
    ['203.0.113.9', '203.0.113.9', 150],
    ['203.0.113.9', '203.0.113.8', 200],
    ['203.0.113.9', '::ffff:203.0.113.9', 150],
    ['::ffff:203.0.113.9', '203.0.113.9', 150],
    ['0.0.0.0/0', '203.0.113.9', 150],
    ['0.0.0.0/0', '2001:db8::7', 200],
    ['2001:db8::/32', '2001:db8:ffff::7', 150],
    ['2001:db8::/32', '2001:db9::7', 200],
    ['2001:db8::7', '2001:DB8:0:0::0007', 150],
    ['2001:db8::7', '2001:db8::8', 200],
    ['0.0.0.0/0', undefined, 200],
    ['0.0.0.0/0', 'junk', 200],
  ])('%s: a request from %s gets code %i', async (network, address, code) => {
    const shop = await openShop()
    await blockNetwork(network)
    const answer = await verifyFrom(address, { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) })
    expect(answer.response.code).toBe(code)
    if (code === 150) {
      expect(answer.status).toBe(403)
      expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
      expect(answer.response.message).toBe('Access denied')
      expect(answer.envelope.private_key_used).toBe('global')
    }
  })
})

describe('a blocked identifier', () => {
  it.each([
    '/api/v1/verify',
    '/api/v1/activate',
    '/api/v1/deactivate',
    '/api/v1/get-license-key-details',
    '/api/v1/create-license-key-meta',
    '/api/v1/update-license-key-meta',
    '/api/v1/delete-license-key-meta',
  ])('gets 150 from %s, even for an unknown license key', async (path) => {
    const shop = await openShop()
    await blockIdentifier('bad-device')
    const key = await addKey(shop)
    for (const license_key of [key.licenseKey, 'nothing', '']) {
      const fields = { api_key: shop.apiKey, license_key, identifier: 'bad-device', key: 'a', value: 'b' }
      const answer = await post(fields, { path })
      expect(answer).toMatchObject({ status: 403, response: { code: 150, message: 'Access denied' } })
    }
    expect(await identifiersOf(key)).toEqual([])
  })

  it('matches only the exact identifier', async () => {
    const shop = await openShop()
    await blockIdentifier('example.com')
    for (const identifier of ['Example.com', 'www.example.com', 'example.co', '%', '']) {
      const fields = { ...(await assignedKeyFields(shop)), identifier }
      const answer = await verifyFrom(undefined, { api_key: shop.apiKey, ...fields })
      expect(answer.response.code).toBe(identifier === '' ? 215 : 202)
    }
  })

  it('does not match a network, and a network does not match an identifier', async () => {
    const shop = await openShop()
    await blockIdentifier('203.0.113.9/32')
    await blockNetwork('198.51.100.7')
    const { license_key } = await assignedKeyFields(shop)
    const fields = { api_key: shop.apiKey, license_key, identifier: '198.51.100.7/32' }
    expect((await verifyFrom('203.0.113.9', fields)).response.code).toBe(202)
  })
})

describe('a blocked caller', () => {
  it.each<[number, Parameters<typeof openShop>[0], Record<string, string>]>([
    [100, {}, { api_key: 'unknown' }],
    [101, { apiKeyStatus: 'inactive' }, {}],
    [102, { capabilities: ['assign'] }, {}],
    [103, { allowedIps: ['192.0.2.1/32'] }, {}],
  ])('gets 150 instead of %i', async (code, options, changes) => {
    const shop = await openShop(options)
    const fields = { api_key: shop.apiKey, ...(await activatedKeyFields(shop)), ...changes }
    expect((await verifyFrom('203.0.113.9', fields)).response.code).toBe(code)
    await blockNetwork('203.0.113.0/24')
    expect((await verifyFrom('203.0.113.9', fields)).response.code).toBe(150)
    await executeSql('delete from blocklist')
    await blockIdentifier('example.com')
    expect((await verifyFrom('203.0.113.9', fields)).response.code).toBe(150)
  })

  it('gets parameter and API key errors first, without a database query', async () => {
    await blockNetwork('203.0.113.0/24')
    expect((await verifyFrom('203.0.113.9', {})).response.code).toBe(100)
    const fields = { api_key: 'unknown', identifier: 'x'.repeat(256) }
    expect((await verifyFrom('203.0.113.9', fields)).response.code).toBe(804)
  })

  it('gets no replay of an earlier request', async () => {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...(await assignedKeyFields(shop)) }
    const request = { path: '/api/v1/activate', headers: { 'Idempotency-Key': 'one' } }
    expect((await post(fields, request)).response.code).toBe(300)
    await blockIdentifier('example.com')
    const answer = await post(fields, request)
    expect(answer.response.code).toBe(150)
    expect(answer.headers.has('Idempotent-Replayed')).toBe(false)
  })
})

it('an empty blocklist refuses no request', async () => {
  const shop = await openShop()
  const { results } = await env.DB.prepare('select * from blocklist').all()
  expect(results).toEqual([])
  for (const address of ['203.0.113.9', '2001:db8::7', 'junk', undefined]) {
    const answer = await verifyFrom(address, { api_key: shop.apiKey, ...(await activatedKeyFields(shop)) })
    expect(answer.response.code).toBe(200)
  }
})
