import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  type FileAlgorithm,
  fileSigningKeyFor,
  fileSigningSecrets,
  publishedFileKeys,
} from '../../src/signing/file-keys.ts'
import { type LicenseFileKind, makeLicenseFile } from '../../src/signing/license-file.ts'
import { type LicenseFileFacts, licenseFileContents } from '../../src/signing/license-file-contents.ts'
import { openLicenseFile, readCertificate } from '../support/license-files.ts'
import vectors from './license-file-vectors.json'

const FACTS: LicenseFileFacts = {
  issuedAt: Date.UTC(2026, 10, 28, 12, 0, 0, 500),
  expiresAt: Date.UTC(2026, 11, 12, 12, 0, 0, 500),
  machine: { id: 315, identifier: 'device-1/ä', createdAt: Date.UTC(2026, 10, 26, 10) },
  license: {
    id: 41,
    key: 'DEMO-7K2MX-9QWER',
    expiresAt: Date.UTC(2027, 10, 24, 8, 30),
    createdAt: Date.UTC(2026, 10, 24, 8, 30),
    updatedAt: Date.UTC(2026, 10, 25, 9, 0, 0, 120),
  },
  product: { id: 7, name: 'Ünicode Editor/😀' },
  features: ['pro', 'export'],
}
const FOR_ANY_MACHINE = { ...FACTS, machine: null }
const SECRET = 'DEMO-7K2MX-9QWERdevice-1/ä'

const keys = (await publishedFileKeys(fileSigningSecrets(env))).keys.map(({ jwk }) => jwk)

async function keyFor(algorithm: FileAlgorithm) {
  const key = await fileSigningKeyFor(fileSigningSecrets(env), algorithm)
  if (!key) throw new Error('The tests have no such key.')
  return key
}

describe('a license file', () => {
  const pinned = vectors.files as {
    kind: LicenseFileKind
    algorithm: FileAlgorithm
    encryptionSecret: string | null
    file: string
  }[]

  it.each(pinned)(
    'for $kind with $algorithm and secret $encryptionSecret has the bytes that Node makes',
    async ({ kind, algorithm, encryptionSecret, file }) => {
      const contents = licenseFileContents(kind === 'machine' ? FACTS : FOR_ANY_MACHINE)
      const key = await keyFor(algorithm)
      expect(await makeLicenseFile({ kind, contents, key, encryptionSecret })).toBe(file)
    },
  )

  it.each(['ed25519', 'rsa-sha256'] as const)(
    'with %s is verified and decrypted by Web Crypto',
    async (algorithm) => {
      const key = await keyFor(algorithm)
      const contents = licenseFileContents(FACTS)
      const file = await makeLicenseFile({ kind: 'machine', contents, key, encryptionSecret: SECRET })
      expect(await openLicenseFile(file, keys, SECRET)).toEqual(contents)
      await expect(openLicenseFile(file, keys, `${SECRET}x`)).rejects.toThrow()
      expect(readCertificate(file)).toMatchObject({ alg: `aes-256-gcm+${algorithm}`, kid: key.keyId })
    },
  )

  it('of one kind does not pass as the other', async () => {
    const key = await keyFor('ed25519')
    const file = await makeLicenseFile({ kind: 'license', contents: {}, key, encryptionSecret: null })
    expect(await openLicenseFile(file, keys)).toEqual({})
    await expect(openLicenseFile(file.replaceAll('LICENSE FILE', 'MACHINE FILE'), keys)).rejects.toThrow(
      'signature',
    )
  })

  it('has lines of 60 characters that end with a line feed', async () => {
    const key = await keyFor('ed25519')
    const file = await makeLicenseFile({ kind: 'machine', contents: {}, key, encryptionSecret: null })
    expect(file).toMatch(
      /^-----BEGIN MACHINE FILE-----\n(?:[A-Za-z0-9+/]{60}\n)+[A-Za-z0-9+/]{1,60}={0,2}\n-----END MACHINE FILE-----\n$/,
    )
  })

  it('has another IV if its contents or its secret differ', async () => {
    const key = await keyFor('ed25519')
    const ivOf = async (facts: LicenseFileFacts, encryptionSecret: string) => {
      const contents = licenseFileContents(facts)
      const file = await makeLicenseFile({ kind: 'machine', contents, key, encryptionSecret })
      return readCertificate(file).enc.split('.')[1]
    }
    const ivs = [
      await ivOf(FACTS, SECRET),
      await ivOf({ ...FACTS, features: [] }, SECRET),
      await ivOf(FACTS, 'another secret'),
    ]
    expect(new Set(ivs).size).toBe(3)
    expect(await ivOf(FACTS, SECRET)).toBe(ivs[0])
  })
})

describe('the contents of a license file', () => {
  it('are the pinned text, for one machine and for any', () => {
    expect(JSON.stringify(licenseFileContents(FACTS))).toBe(vectors.payloads.machine)
    expect(JSON.stringify(licenseFileContents(FOR_ANY_MACHINE))).toBe(vectors.payloads.license)
  })

  it('have no entitlements without features and no expiry if the license never ends', () => {
    const license = { ...FACTS.license, expiresAt: null }
    const contents = licenseFileContents({ ...FACTS, license, features: [] })
    expect(contents.included).toHaveLength(1)
    expect(contents.included[0]).toMatchObject({ type: 'licenses', attributes: { expiry: null } })
  })

  it('give a ttl in whole seconds that never passes the expiry', () => {
    const { meta } = licenseFileContents({ ...FACTS, expiresAt: FACTS.issuedAt + 3_600_999 })
    expect(meta).toMatchObject({ expiry: '2026-11-28T13:00:01.499Z', ttl: 3600 })
  })
})
