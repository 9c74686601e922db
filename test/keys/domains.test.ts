import { describe, expect, it } from 'vitest'
import { isDevelopmentDomain, shortestDomain } from '../../src/keys/devices/domains.ts'
import { addKey, callApi, executeSql, identifiersOf } from '../support/key-life.ts'
import { openShop } from '../support/shop.ts'

describe('the shortest form of a domain', () => {
  it.each([
    ['example.com', 'example.com'],
    ['https://www.Example.com:8443/', 'example.com'],
    ['HTTP://EXAMPLE.COM', 'example.com'],
    ['//www.example.com', 'example.com'],
    ['example.com.', 'example.com'],
    ['https://ada:secret@example.com/shop/', 'example.com/shop'],
    ['shop.example.com', 'shop.example.com'],
    ['www.com', 'com'],
    ['www.', 'www'],
    ['https://[2001:db8::1]:8080/', '[2001:db8::1]'],
    ['https://bücher.example', 'bücher.example'],
    ['MY-LAPTOP', 'my-laptop'],
    ['https://', 'https://'],
    [':', ':'],
  ])('of %s is %s', (text, domain) => {
    expect(shortestDomain(text)).toBe(domain)
  })
})

describe('a development domain', () => {
  it.each([
    'localhost',
    'shop.localhost',
    'shop.local',
    'shop.test',
    'staging.shop.com',
    'staging-2.shop.com',
    'dev.shop.com/blog',
    'shop.wpengine.com',
    '127.0.0.1',
    '192.168.1.7',
    '172.20.0.2',
    '[::1]',
  ])('is %s', (domain) => expect(isDevelopmentDomain(domain)).toBe(true))

  it.each([
    'shop.com',
    'localhost.shop.com',
    'wpengine.com.evil.com',
    'mylocal',
    'staging.com',
    'devshop.com',
    '172.40.0.1',
    '8.8.8.8',
    'shop.com/localhost',
  ])('is not %s', (domain) => expect(isDevelopmentDomain(domain)).toBe(false))
})

describe('a product whose devices are domains', () => {
  async function openDomainShop(activationLimit = 1) {
    const shop = await openShop()
    await callApi(shop, 'update-product', { product_id: String(shop.productId), domain_devices: '1' })
    const key = await addKey(shop, { activationLimit })
    const call = async (name: string, identifier: string, fields = {}) =>
      (await callApi(shop, name, { license_key: key.licenseKey, identifier, ...fields })).response.code
    return { shop, key, call }
  }

  it('has one device for a domain, however it is written', async () => {
    const { key, call } = await openDomainShop()
    expect(await call('activate', 'https://www.Example.org/')).toBe(300)
    for (const identifier of ['example.org', 'http://EXAMPLE.org:8080', 'www.example.org']) {
      expect(await call('activate', identifier)).toBe(301)
      expect(await call('verify', identifier)).toBe(200)
      expect(await call('check-out', identifier)).toBe(2210)
    }
    expect(await identifiersOf(key)).toEqual(['example.org'])
    expect(await call('activate', 'example.net')).toBe(302)
    expect(await call('deactivate', 'HTTPS://example.org')).toBe('400')
    expect(await identifiersOf(key)).toEqual([])
  })

  it('gives development domains no seat, but no more of them than ACTIVATIONS_MAX', async () => {
    const { shop, key, call } = await openDomainShop()
    expect(await call('activate', 'example.org')).toBe(300)
    expect(await call('activate', 'staging.example.org')).toBe(300)
    expect(await call('check-out', 'http://localhost:8888', { activate: '1' })).toBe(2210)
    expect(await call('activate', 'example.net')).toBe(302)
    const fields = { license_key: key.licenseKey, identifier: 'shop.test' }
    const answer = await callApi(shop, 'activate', fields, { bindings: { ACTIVATIONS_MAX: '3' } })
    expect(answer.response.code).toBe(302)
  })

  it('finds devices that were activated before it had domains', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, { identifiers: ['https://www.example.org'] })
    await executeSql('update products set domain_devices = 1 where id = ?', shop.productId)
    const fields = { license_key: licenseKey, identifier: 'https://www.example.org' }
    expect((await callApi(shop, 'verify', fields)).response.code).toBe(200)
    expect((await callApi(shop, 'deactivate', fields)).response.code).toBe('400')
  })
})

it('a product without the setting takes each text as another device', async () => {
  const shop = await openShop()
  const key = await addKey(shop)
  for (const identifier of ['example.org', 'www.example.org', 'EXAMPLE.org', 'localhost']) {
    const { response } = await callApi(shop, 'activate', { license_key: key.licenseKey, identifier })
    expect(response.code).toBe(300)
  }
  expect(await identifiersOf(key)).toHaveLength(4)
})
