import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { post, readEnvelope, send } from '../support/client.ts'
import { isVerifiedBy, jwksOf, keyIds, pemOf } from '../support/jwks.ts'
import { newKeyPair, newPrivateKey } from '../support/key-pairs.ts'
import { failureLines } from '../support/log.ts'
import { openShop, orderFields } from '../support/shop.ts'
import keyVectors from './key-vectors.json'

const shop = await openShop()
const OWN = `SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`
const RETIRED = 'SIGNING_PUBLIC_KEYS_RETIRED'
const [first, second] = [await newKeyPair('Ed25519'), await newKeyPair('RSA')]
const keyId = async (SIGNING_PRIVATE_KEY: string) => keyIds(await jwksOf({ SIGNING_PRIVATE_KEY }))[0]
const CURRENT = await keyId(env.SIGNING_PRIVATE_KEY)
const FIRST = await keyId(first.privateKey)
const SECOND = await keyId(second.privateKey)

describe('X-Signing-Key-Id', () => {
  it('identifies the key that signed any response', async () => {
    const bindings = { [OWN]: first.privateKey }
    const set = await jwksOf(bindings)
    const answers = [
      await post(orderFields(shop), { bindings }),
      await post(orderFields(shop, { api_key: 'unknown' }), { bindings }),
      await readEnvelope(await send({ path: '/nowhere', bindings })),
    ]
    expect(answers.map(({ headers }) => headers.get('X-Signing-Key-Id'))).toEqual([FIRST, CURRENT, CURRENT])
    for (const answer of answers) expect(await isVerifiedBy(set, answer)).toBe(true)
  })

  it('is computed once per key', async () => {
    const bindings = { SIGNING_PRIVATE_KEY: await newPrivateKey('RSA') }
    const imported = vi.spyOn(crypto.subtle, 'importKey')
    const exported = vi.spyOn(crypto.subtle, 'exportKey')
    await post(orderFields(shop), { bindings })
    expect(imported).toHaveBeenCalled()
    expect(exported).toHaveBeenCalled()
    for (const calls of [imported, exported]) calls.mockClear()
    await post(orderFields(shop), { bindings })
    await post(orderFields(shop, { quantity: 'x' }), { bindings })
    expect(imported).not.toHaveBeenCalled()
    expect(exported).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  it('is absent from unsigned responses', async () => {
    const unsigned = await post(orderFields(shop), { bindings: { SIGNING_PRIVATE_KEY: '' } })
    expect(unsigned.response.code).toBe(2500)
    expect(unsigned.headers.has('X-Signing-Key-Id')).toBe(false)
    expect((await send({ path: '/.well-known/jwks.json' })).headers.has('X-Signing-Key-Id')).toBe(false)
  })
})

describe('the next key', () => {
  it.each(['', OWN])('is published and signs nothing (product setting: "%s")', async (own) => {
    const name = `${own || 'SIGNING_PRIVATE_KEY'}_NEXT`
    const bindings = { [name]: first.privateKey }
    expect(keyIds(await jwksOf(bindings))).toEqual([CURRENT, FIRST])
    const answer = await post(orderFields(shop), { bindings })
    expect(answer.headers.get('X-Signing-Key-Id')).toBe(CURRENT)
    expect(answer.envelope.private_key_used).toBe('global')
  })

  it('is returned as PEM for the current key or for a product', async () => {
    const query = `?product_id=${shop.productId}&key=next`
    const next = { SIGNING_PRIVATE_KEY_NEXT: first.privateKey }
    expect(await pemOf('?key=next', next)).toBe(first.publicKey)
    expect(await pemOf(query, next)).toBe(first.publicKey)
    expect(await pemOf(query, { ...next, [`${OWN}_NEXT`]: second.privateKey })).toBe(second.publicKey)
    const withProductKey = { ...next, [OWN]: second.privateKey }
    expect(await refusalOf(query, withProductKey)).toEqual({ key: ['No next key is configured.'] })
    expect(await refusalOf('?key=next', {})).toEqual({ key: ['No next key is configured.'] })
  })

  it('is omitted and reported if it is invalid, and the current key still signs', async () => {
    const bindings = { SIGNING_PRIVATE_KEY_NEXT: 'secret-junk' }
    expect((await post(orderFields(shop), { bindings })).response.code).toBe(803)
    expect(failureLines()).toEqual([])
    const set = await send({ path: '/.well-known/jwks.json', bindings })
    expect(keyIds(await set.json())).toEqual([CURRENT])
    // An incomplete set is not cached.
    expect(set.headers.get('Cache-Control')).toBe('no-store')
    const answer = await readEnvelope(await send({ path: '/api/v1/public-key?key=next', bindings }))
    expect(answer.response.code).toBe(2500)
    expect(answer.headers.get('X-Signing-Key-Id')).toBe(CURRENT)
    expect(await notReady(bindings)).toEqual(['signing key'])
    expect(failureLines()).toHaveLength(3)
    for (const { message } of failureLines()) {
      expect(message).toMatch(
        /^SIGNING_PRIVATE_KEY_NEXT is not an RSA private key of at least 2048 bits or an Ed25519 private key/,
      )
      expect(message).toContain('npx wrangler secret put SIGNING_PRIVATE_KEY_NEXT')
    }
    expect(JSON.stringify(failureLines())).not.toContain('secret-junk')
  })
})

describe('retired keys', () => {
  const { publicKey, kid } = keyVectors.rsa
  const forms: [string, unknown][] = [
    ['PEMs', `${publicKey}\n${first.publicKey}`],
    ['PEMs on one line', (publicKey + first.publicKey).replaceAll('\n', '\\n')],
    ['a JSON array in a string', JSON.stringify([publicKey, first.publicKey])],
    ['an array', [publicKey, first.publicKey]],
  ]

  it.each(forms)('are published after the others, configured as %s', async (_, retired) => {
    const bindings = { SIGNING_PRIVATE_KEY_NEXT: second.privateKey, [RETIRED]: retired }
    const set = await jwksOf(bindings)
    // `kid` is the key of RFC 7638 section 3.1.
    expect(keyIds(set)).toEqual([CURRENT, SECOND, kid, FIRST])
    expect(await pemOf(`?key_id=${kid}`, bindings)).toBe(publicKey)
    expect(await pemOf(`?key_id=${FIRST}&product_id=1`, bindings)).toBe(first.publicKey)
    expect(await notReady(bindings)).toBeUndefined()
  })

  it.each([undefined, '', ' ', '[]', '[', [], null])('are optional: %j', async (retired) => {
    const set = await jwksOf({ [RETIRED]: retired })
    expect(keyIds(set)).toEqual([CURRENT])
    expect(failureLines()).toHaveLength(retired === '[' ? 1 : 0)
  })

  const invalid: [string, () => Promise<string>, RegExp][] = [
    ['junk', async () => 'secret-junk', /entry 2 is not an RSA public key/],
    ['a number', async () => '7', /entry 2 is not an RSA public key/],
    ['a short key', async () => (await newKeyPair('RSA of 1024 bits')).publicKey, /entry 2 is not/],
    [
      'RSA with exponent 3',
      async () => (await newKeyPair('RSA with exponent 3')).publicKey,
      /entry 2 is not/,
    ],
    ['another kind of key', async () => (await newKeyPair('P-256')).publicKey, /entry 2 is not/],
    ['a private key', async () => second.privateKey, /entry 2 is a private key.*replace that key/],
  ]

  it.each(invalid)('are published except for %s, which is reported', async (_, make, fault) => {
    const bindings = { [RETIRED]: JSON.stringify([first.publicKey, await make(), publicKey]) }
    expect((await post(orderFields(shop), { bindings })).response.code).toBe(803)
    expect(keyIds(await jwksOf(bindings))).toEqual([CURRENT, FIRST, kid])
    expect(await notReady(bindings)).toEqual(['signing key'])
    expect(failureLines()).toHaveLength(2)
    for (const { message } of failureLines()) {
      expect(message).toMatch(new RegExp(`^${RETIRED} ${fault.source}`))
      expect(message).toContain('npm run deploy')
    }
    expect(JSON.stringify(failureLines())).not.toMatch(/secret-junk|BEGIN|MII/)
  })

  it('are not reported as unknown while one of them is invalid', async () => {
    const path = `/api/v1/public-key?key_id=${'x'.repeat(43)}`
    const answer = await readEnvelope(await send({ path, bindings: { [RETIRED]: 'junk' } }))
    expect(answer.response.code).toBe(2500)
  })
})

describe('a request for a public key', () => {
  it('is refused for an unknown id or an invalid parameter', async () => {
    expect(await refusalOf(`?key_id=${FIRST}`, {})).toEqual({
      key_id: ['No published key has this id.'],
    })
    expect(await refusalOf('?key_id=1', {})).toEqual({
      key_id: ['The key_id field must be a key id from the X-Signing-Key-Id header.'],
    })
    expect(await refusalOf('?key=last', {})).toEqual({ key: ['The selected key is invalid.'] })
  })
})

/** The errors of a refused request for a public key. */
async function refusalOf(query: string, bindings: object): Promise<unknown> {
  const answer = await readEnvelope(await send({ path: `/api/v1/public-key${query}`, bindings }))
  expect(answer).toMatchObject({ status: 422, response: { code: 804 } })
  return answer.response.errors
}

async function notReady(bindings: object): Promise<unknown> {
  return (await readEnvelope(await send({ path: '/health/ready', bindings }))).response.not_ready
}
