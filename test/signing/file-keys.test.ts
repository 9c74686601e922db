import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { SettingError } from '../../src/platform/settings.ts'
import { fileSigningKeyFor, fileSigningSecrets, publishedFileKeys } from '../../src/signing/file-keys.ts'
import { SigningKeyError, signingSecrets } from '../../src/signing/signing-keys.ts'
import { newKeyPair, newPrivateKey, x25519PrivateKey } from '../support/key-pairs.ts'

const FILES = 'SIGNING_PRIVATE_KEY_FILES'
const FILES_RSA = 'SIGNING_PRIVATE_KEY_FILES_RSA'
const RETIRED = 'SIGNING_PUBLIC_KEYS_FILES_RETIRED'
const CREATE = 'npm run --silent keyseal -- signing-key create'

const [ed25519, rsa] = [await newKeyPair('Ed25519'), await newKeyPair('RSA')]

const signing = (bindings: object, algorithm: 'ed25519' | 'rsa-sha256') =>
  fileSigningKeyFor(fileSigningSecrets({ ...bindings }), algorithm)

/** What `fileSigningKeyFor` throws. */
const faultOf = (bindings: object, algorithm: 'ed25519' | 'rsa-sha256') =>
  signing(bindings, algorithm).then(
    () => undefined,
    (error: unknown) => error,
  )

describe('a file key', () => {
  it('is read for the requested algorithm, for signing only', async () => {
    const bindings = { [FILES]: ed25519.privateKey, [FILES_RSA]: rsa.privateKey.replaceAll('\n', '\\n') }
    const { keys } = await publishedFileKeys(fileSigningSecrets(bindings))
    const found = [await signing(bindings, 'ed25519'), await signing(bindings, 'rsa-sha256')]
    expect(found).toMatchObject([
      { algorithm: 'ed25519', scheme: 'Ed25519', keyId: keys[0]?.jwk.kid },
      { algorithm: 'rsa-sha256', scheme: 'RSASSA-PKCS1-v1_5', keyId: keys[1]?.jwk.kid },
    ])
    for (const key of found) {
      expect(key?.privateKey).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] })
    }
  })

  it('is optional for RSA and required for Ed25519', async () => {
    for (const absent of [{}, { [FILES]: '', [FILES_RSA]: '' }]) {
      expect(await signing(absent, 'rsa-sha256')).toBeUndefined()
      const error = await faultOf(absent, 'ed25519')
      expect(error).toBeInstanceOf(SettingError)
      // The envelope is still signed.
      expect(error).not.toBeInstanceOf(SigningKeyError)
      expect(String(error)).toContain(`${FILES} is not set`)
      expect(String(error)).toContain(`${CREATE} --algorithm EdDSA | npx wrangler secret put ${FILES}`)
    }
  })

  it('never signs as a next key', async () => {
    const next = { [`${FILES}_NEXT`]: ed25519.privateKey, [`${FILES_RSA}_NEXT`]: rsa.privateKey }
    expect(await faultOf(next, 'ed25519')).toBeInstanceOf(SettingError)
    expect(await signing(next, 'rsa-sha256')).toBeUndefined()
  })

  const invalid: [string, () => Promise<string>, () => Promise<string>][] = [
    ['junk', async () => 'secret-junk', async () => 'secret-junk'],
    ['a key of the other kind', async () => rsa.privateKey, async () => ed25519.privateKey],
    ['a public key', async () => ed25519.publicKey, async () => rsa.publicKey],
    ['an X25519 key or too short', async () => x25519PrivateKey(), () => newPrivateKey('RSA of 1024 bits')],
    [
      'a P-256 key or has exponent 3',
      () => newPrivateKey('P-256'),
      () => newPrivateKey('RSA with exponent 3'),
    ],
  ]

  it.each(invalid)('is an error that names the setting if it is %s', async (_, makeEd25519, makeRsa) => {
    const bindings = { [FILES]: await makeEd25519(), [FILES_RSA]: await makeRsa() }
    const errors = [await faultOf(bindings, 'ed25519'), await faultOf(bindings, 'rsa-sha256')]
    for (const error of errors) {
      expect(error).toBeInstanceOf(SettingError)
      expect(error).not.toBeInstanceOf(SigningKeyError)
      expect(String(error)).not.toMatch(/secret-junk|BEGIN/)
    }
    expect(String(errors[0])).toContain(`${FILES} is not an Ed25519 private key`)
    expect(String(errors[1])).toContain(`${FILES_RSA} is not an RSA private key of at least 2048 bits`)
    expect(String(errors[1])).toContain(`${CREATE} | npx wrangler secret put ${FILES_RSA}`)
    const { keys, faults } = await publishedFileKeys(fileSigningSecrets(bindings))
    expect(keys).toEqual([])
    expect(faults.map(({ message }) => message)).toEqual(errors.map((error) => (error as Error).message))
  })

  it('does not sign responses, and no key of responses is one', () => {
    const names = [FILES, `${FILES}_NEXT`, FILES_RSA, `${FILES_RSA}_NEXT`, RETIRED]
    const bindings = Object.fromEntries([...names, `${FILES}_PRODUCT_1`].map((name) => [name, 'x']))
    expect(signingSecrets(bindings)).toEqual({})
    expect(Object.keys(fileSigningSecrets(bindings))).toEqual(names)
    expect(fileSigningSecrets({ SIGNING_PRIVATE_KEY: 'x', SIGNING_PUBLIC_KEYS_RETIRED: 'x' })).toEqual({})
  })

  it('comes from the settings of the tests', async () => {
    const { keys, faults } = await publishedFileKeys(fileSigningSecrets(env))
    expect(faults).toEqual([])
    expect(keys.map(({ jwk }) => jwk.alg)).toEqual(['EdDSA', 'RS256'])
  })
})
