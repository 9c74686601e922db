import { env } from 'cloudflare:workers'
import type { JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { fileSigningKeyFor, fileSigningSecrets } from '../../src/signing/file-keys.ts'
import { makeLicenseFile } from '../../src/signing/license-file.ts'
import keyVectors from '../signing/key-vectors.json'
import { post, readEnvelope, send } from '../support/client.ts'
import { newKeyPair } from '../support/key-pairs.ts'
import { openLicenseFile } from '../support/license-files.ts'
import { failureLines } from '../support/log.ts'
import { openShop, orderFields } from '../support/shop.ts'

const PATH = '/.well-known/license-file-keys.json'
const FILES = 'SIGNING_PRIVATE_KEY_FILES'
const FILES_RSA = 'SIGNING_PRIVATE_KEY_FILES_RSA'
const RETIRED = 'SIGNING_PUBLIC_KEYS_FILES_RETIRED'
const ABSENT = { [FILES]: undefined, [FILES_RSA]: undefined }

const [ed25519, rsa] = [await newKeyPair('Ed25519'), await newKeyPair('RSA')]
const [current, currentRsa] = await keysOf({})

type FileKey = JWK & { readonly hex?: string; readonly pem: string }

async function keysOf(bindings: object): Promise<FileKey[]> {
  const response = await send({ path: PATH, bindings })
  expect(response.status).toBe(200)
  return ((await response.json()) as { keys: FileKey[] }).keys
}

const pemsOf = async (bindings: object) => (await keysOf(bindings)).map(({ pem }) => pem)

describe('the published keys of license files', () => {
  it('are public JWKs with PEM and, for Ed25519, hex', async () => {
    const { privateKey, x, kid } = keyVectors.ed25519
    const [key, rsaKey] = await keysOf({ [FILES]: privateKey, [FILES_RSA]: rsa.privateKey })
    expect(Object.keys(key ?? {})).toEqual(['kty', 'crv', 'x', 'kid', 'use', 'alg', 'hex', 'pem'])
    expect(key).toMatchObject({
      ...{ kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' },
      // RFC 8032 section 7.1 prints the same key.
      hex: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    })
    expect(Object.keys(rsaKey ?? {})).toEqual(['kty', 'n', 'e', 'kid', 'use', 'alg', 'pem'])
    expect(rsaKey).toMatchObject({ kty: 'RSA', alg: 'RS256', pem: rsa.publicKey })
  })

  it.each(['ed25519', 'rsa-sha256'] as const)('verify a file that is signed with %s', async (algorithm) => {
    const key = await fileSigningKeyFor(fileSigningSecrets(env), algorithm)
    if (!key) throw new Error('The tests have no such key.')
    const file = await makeLicenseFile({
      kind: 'machine',
      contents: { a: 1 },
      key,
      encryptionSecret: 'secret',
    })
    expect(await openLicenseFile(file, await keysOf({}), 'secret')).toEqual({ a: 1 })
  })

  it('are the current, next and retired ones, each once', async () => {
    const bindings = {
      [`${FILES}_NEXT`]: ed25519.privateKey,
      [`${FILES_RSA}_NEXT`]: rsa.privateKey,
      [RETIRED]: [rsa.publicKey, keyVectors.rsa.publicKey],
    }
    const pems = [current?.pem, currentRsa?.pem, ed25519.publicKey, rsa.publicKey, keyVectors.rsa.publicKey]
    expect(await pemsOf(bindings)).toEqual(pems)
    expect(failureLines()).toEqual([])
  })

  it('are an empty list that may be cached if none is configured', async () => {
    const response = await send({ path: PATH, bindings: ABSENT })
    expect(await response.text()).toBe('{"keys":[]}')
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=300')
    expect(failureLines()).toEqual([])
  })

  it('can be cached until they change, and read by any web page', async () => {
    const first = await send({ path: PATH, headers: { Origin: 'https://app.example' } })
    expect(first.headers.get('Content-Type')).toBe('application/jwk-set+json')
    expect(first.headers.get('Access-Control-Allow-Origin')).toBe('*')
    const headers = { 'If-None-Match': String(first.headers.get('ETag')) }
    expect((await send({ path: PATH, headers })).status).toBe(304)
    const bindings = { [FILES]: ed25519.privateKey }
    expect((await send({ path: PATH, bindings, headers })).status).toBe(200)
  })

  it('omit and report invalid ones, are not cached, and responses are still signed', async () => {
    const bindings = {
      [FILES]: rsa.privateKey,
      [`${FILES_RSA}_NEXT`]: 'secret-junk',
      [RETIRED]: `${ed25519.publicKey}${ed25519.privateKey}`,
    }
    const response = await send({ path: PATH, bindings })
    const { keys } = (await response.json()) as { keys: FileKey[] }
    expect(keys.map(({ pem }) => pem)).toEqual([currentRsa?.pem, ed25519.publicKey])
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(failureLines().map(({ message }) => message)).toEqual([
      expect.stringMatching(`^${FILES} is not an Ed25519 private key`),
      expect.stringMatching(`^${FILES_RSA}_NEXT is not an RSA private key`),
      expect.stringMatching(`^${RETIRED} entry 2 is a private key`),
    ])
    expect(JSON.stringify(failureLines())).not.toMatch(/secret-junk|BEGIN/)
    expect((await post(orderFields(await openShop()), { bindings })).response.code).toBe(803)
  })
})

it('the keys that verify responses are the same bytes with and without keys of license files', async () => {
  const bodyWith = async (bindings: object) =>
    (await send({ path: '/.well-known/jwks.json', bindings })).text()
  const names = [FILES, FILES_RSA, `${FILES}_NEXT`, `${FILES_RSA}_NEXT`]
  const body = await bodyWith(ABSENT)
  expect(await bodyWith({})).toBe(body)
  const next = { [`${FILES}_NEXT`]: ed25519.privateKey, [RETIRED]: ed25519.publicKey }
  expect(await bodyWith(next)).toBe(body)
  expect(await bodyWith(Object.fromEntries(names.map((name) => [name, 'junk'])))).toBe(body)
})

it('the service is ready without keys of license files, but not with an invalid one', async () => {
  const notReady = async (bindings: object) =>
    (await readEnvelope(await send({ path: '/health/ready', bindings }))).response.not_ready
  expect(await notReady(ABSENT)).toBeUndefined()
  expect(await notReady({ [FILES]: 'secret-junk' })).toEqual(['signing key'])
  expect(failureLines()).toMatchObject([{ message: expect.stringContaining(`${FILES} is not an Ed25519`) }])
})
