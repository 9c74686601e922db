import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { fileSigningSecrets, publishedFileKeys } from '../../src/signing/file-keys.ts'
import { readEnvelope, send } from '../support/client.ts'
import {
  addKey,
  callApi,
  DAY_MILLISECONDS,
  executeSql,
  identifiersOf,
  type KeyOptions,
} from '../support/key-life.ts'
import { openLicenseFile, readCertificate } from '../support/license-files.ts'
import { failureLines, logText, requestLines } from '../support/log.ts'
import { failWith, observe } from '../support/observed-database.ts'
import { bring, open, openOfflineShop, requestText } from '../support/offline-page.ts'
import { openShop, type Shop } from '../support/shop.ts'

const DEVICE = 'lab-computer'
const CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

describe('/offline', () => {
  it('is off until a product allows it, and writes nothing then', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop)
    const text = requestText({ license_key: licenseKey, identifier: DEVICE })
    const { db, roundTrips } = observe(env.DB)
    const body = new URLSearchParams({ request: text })
    const bindings = { DB: db, RATE_LIMITS: 'on' }
    const headers = { 'CF-Connecting-IP': '203.0.113.9' }
    for (const request of [{}, { method: 'POST', body }]) {
      const answer = await readEnvelope(await send({ path: '/offline', ...request, headers, bindings }))
      expect(answer).toMatchObject({ status: 404, response: { code: 2404 } })
      expect(answer.envelope.private_key_used).toBe('global')
    }
    expect(roundTrips).toMatchObject([{ rowsWritten: 0 }, { rowsWritten: 0 }])
    await executeSql('update products set offline_page = 1 where id = ?', shop.productId)
    expect((await open()).title).toBe('Activate a machine without a connection')
    await executeSql(`update products set status = 'inactive', deleted_at = 1 where id = ?`, shop.productId)
    expect((await open()).status).toBe(404)
  })
})

describe('/offline of a product that allows it', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openOfflineShop()
  })

  async function machine(options: KeyOptions = {}, more: object = {}) {
    const key = await addKey(shop, options)
    const request = { license_key: key.licenseKey, identifier: DEVICE, ...more }
    return { key, request, text: requestText(request) }
  }

  async function payloadOf(file: string | undefined) {
    const published = await publishedFileKeys(fileSigningSecrets(env))
    const keys = published.keys.map(({ jwk }) => jwk)
    // biome-ignore lint/suspicious/noExplicitAny: the tests name the members of the payload.
    return (await openLicenseFile(String(file), keys)) as any
  }

  it('exchanges the request of a machine for a plain file of the longest time', async () => {
    const { key, request, text } = await machine()
    const page = await bring(text)
    expect(page).toMatchObject({ status: 200, title: 'Your license file is ready' })
    expect(readCertificate(String(page.file)).alg).toBe('base64+ed25519')
    const { meta, data, included } = await payloadOf(page.file)
    expect(meta.ttl).toBe(30 * 86_400)
    expect(data.attributes.fingerprint).toBe(DEVICE)
    expect(included[0].attributes.key).toBe(request.license_key)
    expect(await identifiersOf(key)).toEqual([DEVICE])
    expect(page.html).toContain('<dd>App</dd>')
    expect(page.html).toContain(`<time datetime="${meta.expiry}">`)
  })

  it.each([
    ['an address', (text: string) => `https://keyseal.test/offline#${text}`],
    [
      'white space and invisible characters',
      (text: string) => ` \n${text.replaceAll(/(.{9})/g, '$1\r\n\u200b')}\t`,
    ],
    ['padding', (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')],
  ])('accepts a request with %s', async (_, changed) => {
    const { text } = await machine()
    expect((await bring(changed(text))).title).toBe('Your license file is ready')
  })

  it('signs with RSA if the machine asks for it', async () => {
    const { text } = await machine({}, { algorithm: 'rsa-sha256' })
    const page = await bring(text)
    expect(readCertificate(String(page.file)).alg).toBe('base64+rsa-sha256')
    const bindings = { SIGNING_PRIVATE_KEY_FILES_RSA: undefined }
    expect((await bring(text, { bindings })).title).toBe('This server cannot make such a file')
  })

  it('gives the same device another file, which takes no other seat', async () => {
    const { key, text } = await machine({ activationLimit: 1 })
    await bring(text)
    const { db, roundTrips } = observe(env.DB)
    const page = await bring(text, { bindings: { DB: db } })
    expect(page.title).toBe('Your license file is ready')
    expect(roundTrips).toMatchObject([{ rowsWritten: 1 }])
    expect(await identifiersOf(key)).toEqual([DEVICE])
  })

  it('downloads the file', async () => {
    const { text } = await machine()
    const { headers, html } = await bring(text, { download: true })
    expect(headers.get('Content-Type')).toBe('text/plain; charset=utf-8')
    expect(headers.get('Content-Disposition')).toBe('attachment; filename="license.lic"')
    expect((await payloadOf(html)).data.type).toBe('machines')
  })

  it('shows a QR code unless the file has 2,000 bytes', async () => {
    const short = await bring((await machine()).text)
    expect(String(short.file).length).toBeLessThan(2_000)
    expect(short.html).toContain('<svg class="qr"')
    const long = await bring((await machine({}, { identifier: 'x'.repeat(255) })).text)
    expect(String(long.file).length).toBeGreaterThanOrEqual(2_000)
    expect(long.html).not.toContain('<svg')
    expect(long.html).toContain('This file is too long for a QR code.')
  })

  it('activates within the limit, once for each device, however many requests race', async () => {
    const { key, request } = await machine({ activationLimit: 2 })
    const devices = ['a', 'b', 'a', 'c', 'b', 'd']
    const pages = await Promise.all(
      devices.map((identifier) => bring(requestText({ ...request, identifier }))),
    )
    const active = await identifiersOf(key)
    expect(active).toHaveLength(2)
    expect(pages.map(({ file }) => file !== undefined)).toEqual(devices.map((name) => active.includes(name)))
  })

  it('takes one round trip', async () => {
    const { text } = await machine()
    const { db, roundTrips } = observe(env.DB)
    const bindings = { DB: db }
    await open({ bindings })
    await bring(text, { bindings })
    await bring('unreadable', { bindings })
    expect(roundTrips).toHaveLength(3)
    expect(roundTrips[0]?.rowsWritten).toBe(0)
  })

  describe('refuses', () => {
    const cases: [title: string, options: KeyOptions, sql?: string][] = [
      ['This license key is not sold yet', { status: 'available' }],
      ['This license is blocked', { status: 'blocked' }],
      ['This license has expired', { validityDays: 1, assignedAt: Date.now() - 2 * DAY_MILLISECONDS }],
      ['All devices of this license are in use', { activationLimit: 1, identifiers: ['other'] }],
    ]
    it.each(cases)('with "%s"', async (title, options) => {
      const { key, text } = await machine(options)
      const page = await bring(text)
      expect(page).toMatchObject({ status: 200, title, file: undefined })
      // The person may correct what is wrong and send it again.
      expect(page.html).toContain(text)
      expect(await identifiersOf(key)).toEqual(options.identifiers ?? [])
    })

    it('a product that is not active', async () => {
      const paused = await openOfflineShop()
      const { licenseKey } = await addKey(paused)
      await executeSql(`update products set status = 'inactive' where id = ?`, paused.productId)
      const page = await bring(requestText({ license_key: licenseKey, identifier: DEVICE }))
      expect(page.title).toBe('This software is no longer licensed')
    })

    it('a license key of another product like one that does not exist', async () => {
      const other = await addKey(await openShop())
      const address = '192.0.2.44'
      const pages = await Promise.all(
        [other.licenseKey, crypto.randomUUID()].map((license_key) =>
          bring(requestText({ license_key, identifier: DEVICE }), { from: address }),
        ),
      )
      const [one, another] = pages.map(({ html }) => html.replace(/<textarea.*<\/textarea>/s, ''))
      expect(pages[0]?.title).toBe('This license key is not known here')
      expect(one).toBe(another)
      expect(await identifiersOf(other)).toEqual([])
    })

    it('a blocked device and a blocked network', async () => {
      const { key, text } = await machine()
      await executeSql(`insert into blocklist (kind, value, created_at) values ('identifier', ?, 0)`, DEVICE)
      const device = await bring(text)
      await executeSql(`update blocklist set kind = 'network', value = '192.0.2.0/24'`)
      const network = await bring(text, { from: '192.0.2.7' })
      await executeSql('delete from blocklist')
      expect([device, network]).toMatchObject(Array(2).fill({ status: 403, title: 'Access is blocked' }))
      expect(await identifiersOf(key)).toEqual([])
    })

    it.each([
      ['nothing', ''],
      ['a sentence', 'I want to activate my computer!'],
      ['JSON of something else', requestText({ key: 'x' })],
      ['no JSON', requestText({}).slice(1)],
      ['a request without an identifier', requestText({ license_key: 'x' })],
      ['an unknown algorithm', requestText({ license_key: 'x', identifier: 'y', algorithm: 'none' })],
      ['control characters', requestText({ license_key: 'x\u0000', identifier: 'y' })],
      ['bytes that are not UTF-8', '_w'],
      ['a very long text', 'e'.repeat(20_000)],
    ])('%s', async (_, text) => {
      expect(await bring(text)).toMatchObject({ status: 422, title: 'This text is not a request' })
    })

    it('a body that is no form', async () => {
      for (const [status, type, body] of [
        [422, 'application/x-www-form-urlencoded', 'request=%zz'],
        [413, 'application/x-www-form-urlencoded', `request=${'e'.repeat(70_000)}`],
        [415, 'image/png', 'x'],
      ] as const) {
        const headers = { 'Content-Type': type }
        const response = await send({ path: '/offline', method: 'POST', headers, body })
        expect(response.status).toBe(status)
        expect(await response.text()).toContain('<h1>This text is not a request</h1>')
      }
    })
  })

  describe('has a page for', () => {
    it('a missing key for files, and the log names the setting', async () => {
      const { key, text } = await machine()
      const bindings = { SIGNING_PRIVATE_KEY_FILES: undefined }
      for (const page of [await open({ bindings }), await bring(text, { bindings })]) {
        expect(page).toMatchObject({ status: 500, title: 'License files cannot be made right now' })
      }
      expect(failureLines()).toHaveLength(2)
      expect(logText()).toContain('SIGNING_PRIVATE_KEY_FILES is not set')
      expect(await identifiersOf(key)).toEqual([])
    })

    it('a database that cannot be reached', async () => {
      const { db } = observe(env.DB, failWith('D1_ERROR: Network connection lost.'))
      const page = await bring((await machine()).text, { bindings: { DB: db } })
      expect(page).toMatchObject({ status: 503, title: 'License files cannot be made right now' })
      expect(page.headers.get('Retry-After')).toBe('2')
    })

    it('wrong settings', async () => {
      const page = await open({ bindings: { SELLER_COLOR: 'blue' } })
      expect(page).toMatchObject({ status: 500, title: 'License files cannot be made right now' })
    })

    it('too many requests from an address', async () => {
      const LIMIT_ADDRESS = { limit: async () => ({ success: false }) }
      const page = await bring((await machine()).text, { bindings: { LIMIT_ADDRESS } })
      expect(page).toMatchObject({ status: 429, title: 'Too many requests' })
      expect(page.html).toContain('Try again in 10 seconds.')
    })

    it('too many wrong license keys, as for software', async () => {
      let count = 0
      const LIMIT_FAILURES = { limit: async () => ({ success: ++count <= 1 }) }
      const unknown = { license_key: crypto.randomUUID(), identifier: DEVICE }
      const guess = () => bring(requestText(unknown), { from: '192.0.2.60', bindings: { LIMIT_FAILURES } })
      expect((await guess()).status).toBe(200)
      expect((await guess()).html).toContain('Try again in 1 minute.')
      const { text } = await machine()
      const right = await bring(text, { from: '192.0.2.60', bindings: { LIMIT_FAILURES } })
      expect(right.status).toBe(429)
    })

    it('too many changes of a license key', async () => {
      const LIMIT_LICENSE_KEY = { limit: async () => ({ success: false }) }
      const { key, text } = await machine()
      const page = await bring(text, { bindings: { LIMIT_LICENSE_KEY } })
      expect(page.html).toContain('Try again in 1 minute.')
      expect(page.headers.get('Retry-After')).toBe('60')
      expect(await identifiersOf(key)).toEqual([])
    })
  })

  it('sends strict headers with every page and download', async () => {
    const { text } = await machine()
    const bindings = { SIGNING_PRIVATE_KEY_FILES: undefined }
    const pages = [
      await open(),
      await bring(text),
      await bring(text, { download: true }),
      await bring('x'),
      await bring(text, { bindings }),
    ]
    for (const { headers } of pages) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': CSP,
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      expect(headers.has('ETag')).toBe(false)
      expect(headers.has('Set-Cookie')).toBe(false)
    }
  })

  it('shows markup of a visitor and of the seller as text', async () => {
    const markup = '"><script>alert(1)</script>'
    await executeSql('update products set name = ? where id = ?', markup, shop.productId)
    const pages = [
      await bring((await machine({}, { identifier: markup })).text),
      await bring(`</textarea>${markup}`),
      await open({ bindings: { SELLER_NAME: markup } }),
    ]
    await executeSql(`update products set name = 'App' where id = ?`, shop.productId)
    for (const { html } of pages) {
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
      expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="/offline.js" defer="">'])
      expect(html).not.toMatch(/ style=| on\w+=/)
    }
  })

  it('presents the seller and where to get help', async () => {
    const bindings = { SELLER_NAME: 'Example Ltd.', SELLER_SUPPORT: 'help@example.com' }
    const { html } = await open({ bindings })
    expect(html).toContain('<span>Example Ltd.</span>')
    expect(html).toContain('<a href="mailto:help@example.com">Ask Example Ltd.</a>')
    expect((await open()).html).toContain('Ask the seller of the software.')
  })

  it('leaves no license key, device or file in the log or an address', async () => {
    const { key, text } = await machine()
    const page = await bring(text)
    await bring(text, { download: true })
    await bring(text.slice(2))
    await bring(text, { bindings: { SIGNING_PRIVATE_KEY_FILES: 'hush' } })
    const { db } = observe(env.DB, failWith('an unknown error'))
    await bring(text, { bindings: { DB: db } })
    expect(requestLines().map(({ endpoint, code, product }) => [endpoint, code, product])).toEqual([
      ['/offline', 2210, shop.productId],
      ['/offline', 2210, shop.productId],
      ['/offline', 804, null],
      ['/offline', 2500, null],
      ['/offline', 2503, null],
    ])
    const secrets = [key.licenseKey, DEVICE, text.slice(0, 20), String(page.file).slice(60, 90)]
    expect(secrets.filter((secret) => logText().includes(secret))).toEqual([])
    const addresses = [...page.html.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, address]) => address)
    expect(new Set(addresses)).toEqual(new Set(['/docs/icon.svg', '/pages.css', '/offline.js', '/offline']))
  })

  it('takes a seat that check-out and deactivate know', async () => {
    const { key, request, text } = await machine({ activationLimit: 1 })
    await bring(text)
    expect((await callApi(shop, 'check-out', request)).response.code).toBe(2210)
    await callApi(shop, 'deactivate', request)
    expect(await identifiersOf(key)).toEqual([])
  })
})
