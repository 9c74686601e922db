import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { isSignedBy, post, readEnvelope, send } from '../support/client.ts'
import { newPrivateKey, x25519PrivateKey } from '../support/key-pairs.ts'
import { failureLines, logText } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { countRows, openShop, orderFields } from '../support/shop.ts'

const COMMAND = 'npm run --silent keyseal -- signing-key create | npx wrangler secret put'

describe('requests fail without a database query', () => {
  const junk = {
    undefined,
    empty: '',
    'no PEM': 'secret-junk',
    'a public key': '-----BEGIN PUBLIC KEY-----\nsecret-junk\n-----END PUBLIC KEY-----',
  }
  const keys: [string, () => Promise<string | undefined>][] = [
    ...Object.entries(junk).map(
      ([name, key]) => [name, async () => key] as [string, () => Promise<string | undefined>],
    ),
    ['a broken PEM', async () => env.SIGNING_PRIVATE_KEY.replace(/[A-Za-z]{8}\n/, '\n')],
    ['an elliptic key', () => newPrivateKey('P-256')],
    ['a key for key agreement', async () => x25519PrivateKey()],
    ['1024 bits', () => newPrivateKey('RSA of 1024 bits')],
    ['an RSA key with exponent 3', () => newPrivateKey('RSA with exponent 3')],
  ]

  it.each(keys)('if the global key is %s', async (name, makeKey) => {
    const shop = await openShop()
    const before = await countRows()
    const { db, roundTrips } = observe(env.DB)
    const key = await makeKey()
    const answer = await post(orderFields(shop), { bindings: { SIGNING_PRIVATE_KEY: key, DB: db } })
    expect(answer).toMatchObject({
      status: 500,
      envelope: { private_key_used: 'global', signature: 'Private key not set' },
      response: { code: 2500, message: 'Internal error' },
    })
    expect(Object.keys(answer.response)).toEqual(['code', 'message', 'timestamp'])
    expect(roundTrips).toEqual([])
    expect(await countRows()).toEqual(before)
    const fault = key ? /SIGNING_PRIVATE_KEY is not an RSA private key/ : /SIGNING_PRIVATE_KEY is not set/
    expectLog(answer.headers, fault, `${COMMAND} SIGNING_PRIVATE_KEY`)
    expect(name).toBeTruthy()
    if (name.includes('exponent')) expect(logText()).toContain('or its RSA exponent is less than 65537')
  })

  it('if the product key is invalid, even with a valid global key', async () => {
    const shop = await openShop()
    const before = await countRows()
    const name = `SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`
    const answer = await post(orderFields(shop), { bindings: { [name]: 'secret-junk' } })
    expect(answer).toMatchObject({
      status: 500,
      envelope: { signature: 'Private key not set' },
      response: { code: 2500 },
    })
    expect(await countRows()).toEqual(before)
    expectLog(answer.headers, new RegExp(`${name} is not an RSA private key`), `${COMMAND} ${name}`)
  })

  function expectLog(headers: Headers, fault: RegExp, command: string) {
    expect(failureLines()).toMatchObject([
      { requestId: headers.get('X-Request-Id'), message: expect.stringMatching(fault) },
    ])
    expect(logText()).toContain(command)
    expect(logText()).not.toMatch(/secret-junk|BEGIN/)
  }

  it('only until the key is set', async () => {
    const shop = await openShop()
    expect((await post(orderFields(shop), { bindings: { SIGNING_PRIVATE_KEY: '' } })).response.code).toBe(
      2500,
    )
    expect((await post(orderFields(shop))).response.code).toBe(803)
  })
})

describe('a signing key', () => {
  it('may be on one line with \\n for line breaks', async () => {
    const shop = await openShop()
    const key = await newPrivateKey('RSA')
    for (const written of [key.replaceAll('\n', '\\n'), key.replaceAll('\n', '\r\n'), `\n${key}\n\n`]) {
      const answer = await post(orderFields(shop), { bindings: { SIGNING_PRIVATE_KEY: written } })
      expect(answer.response.code).toBe(803)
      expect(await isSignedBy(key, answer)).toBe(true)
    }
  })

  it('may have 4096 bits', async () => {
    const key = await newPrivateKey('RSA of 4096 bits')
    const answer = await post(orderFields(await openShop()), { bindings: { SIGNING_PRIVATE_KEY: key } })
    expect(await isSignedBy(key, answer)).toBe(true)
  })

  it('of a product signs only responses about that product', async () => {
    const [shop, other] = [await openShop(), await openShop()]
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const answers = [
      await post(orderFields(other), { bindings }),
      await post(orderFields(shop, { api_key: 'unknown' }), { bindings }),
      await post(orderFields(shop, { quantity: 'x' }), { bindings }),
    ]
    for (const answer of answers) {
      expect(answer.envelope.private_key_used).toBe('global')
      expect(await isSignedBy(env.SIGNING_PRIVATE_KEY, answer)).toBe(true)
    }
  })
})

describe('the public keys', () => {
  it('are published as a JWK Set without private members or duplicates', async () => {
    const bindings = {
      SIGNING_PRIVATE_KEY_PRODUCT_7: env.PRODUCT_SIGNING_KEY,
      SIGNING_PRIVATE_KEY_PRODUCT_8: env.PRODUCT_SIGNING_KEY,
      SIGNING_PRIVATE_KEY_PRODUCT_x: 'junk',
    }
    const response = await send({ path: '/.well-known/jwks.json', bindings })
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/jwk-set+json')
    const { keys } = (await response.json()) as { keys: Record<string, string>[] }
    expect(keys).toHaveLength(2)
    for (const key of keys) {
      expect(Object.keys(key)).toEqual(['kty', 'n', 'e', 'kid', 'use', 'alg'])
      expect(key).toMatchObject({ kty: 'RSA', e: 'AQAB', use: 'sig', alg: 'RS256' })
      // RFC 7638 section 3: the required members, in lexicographic order, without white space.
      const members = new TextEncoder().encode(`{"e":"${key.e}","kty":"RSA","n":"${key.n}"}`)
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', members))
      expect(key.kid).toBe(digest.toBase64({ alphabet: 'base64url', omitPadding: true }))
    }
  })

  it('verify signatures, as JWK and as the PEM of the product', async () => {
    const shop = await openShop()
    const bindings = { [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: env.PRODUCT_SIGNING_KEY }
    const answer = await post(orderFields(shop), { bindings })
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    const signature = Uint8Array.fromBase64(String(answer.envelope.signature))
    const signed = new TextEncoder().encode(String(answer.envelope.response_base64))
    const { keys } = (await (await send({ path: '/.well-known/jwks.json', bindings })).json()) as {
      keys: JsonWebKey[]
    }
    const verified: boolean[] = []
    for (const jwk of keys) {
      const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
      verified.push(await crypto.subtle.verify(algorithm, key, signature, signed))
    }
    for (const query of ['', `?product_id=${shop.productId}`, '?product_id=999']) {
      const text = await (await send({ path: `/api/v1/public-key${query}`, bindings })).text()
      expect(text).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+\n-----END PUBLIC KEY-----\n$/)
      const spki = Uint8Array.fromBase64(text.replace(/-----[A-Z ]+-----/g, ''))
      const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
      verified.push(await crypto.subtle.verify(algorithm, key, signature, signed))
    }
    expect(verified).toEqual([false, true, false, true, false])
  })

  it.each(['0', 'x', '1&product_id=1'])('are refused for product_id=%s', async (value) => {
    const answer = await readEnvelope(await send({ path: `/api/v1/public-key?product_id=${value}` }))
    expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
    expect(Object.keys(answer.response.errors)).toEqual(['product_id'])
  })

  it('include the global key for an empty product_id', async () => {
    const [empty, none] = await Promise.all(
      ['?product_id=', ''].map((query) => send({ path: `/api/v1/public-key${query}` })),
    )
    expect(await empty?.text()).toBe(await none?.text())
  })

  it.each(['/.well-known/jwks.json', '/api/v1/public-key'])(
    'at %s can be cached until they change',
    async (path) => {
      const first = await send({ path })
      expect(first.headers.get('Cache-Control')).toBe('public, max-age=300')
      const etag = first.headers.get('ETag') ?? ''
      expect(etag).toMatch(/^"[^"]+"$/)
      const unchanged = await send({ path, headers: { 'If-None-Match': `"other", W/${etag}` } })
      expect(unchanged.status).toBe(304)
      expect(await unchanged.text()).toBe('')
      expect(unchanged.headers.get('Cache-Control')).toBe('public, max-age=300')
      expect(unchanged.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
      const bindings = { SIGNING_PRIVATE_KEY: env.PRODUCT_SIGNING_KEY }
      const changed = await send({ path, bindings, headers: { 'If-None-Match': etag } })
      expect(changed.status).toBe(200)
      expect((await send({ path, method: 'HEAD' })).headers.get('ETag')).toBe(etag)
    },
  )

  it('are unavailable if any current key is invalid', async () => {
    const bindings = { SIGNING_PRIVATE_KEY_PRODUCT_7: 'secret-junk' }
    const answer = await readEnvelope(await send({ path: '/.well-known/jwks.json', bindings }))
    expect(answer.response.code).toBe(2500)
    expect(logText()).toContain('SIGNING_PRIVATE_KEY_PRODUCT_7')
  })
})
