/** Verdicts of the JavaScript client on license files that Node's crypto made. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyFile } from '../../../clients/javascript/src/index.ts'
import {
  certificate,
  certificateOf,
  DAY_MS,
  DEVICE,
  type FileFacts,
  hexOfEd25519,
  LICENSE_KEY,
  makeFile,
  pemOf,
  rsaPair,
  START,
} from './support/file-maker.ts'
import { FILE_KEY, FILE_OPTIONS } from './support/javascript-app.ts'

const HOLDER = { licenseKey: LICENSE_KEY, identifier: DEVICE }
const EXPIRY = START + 14 * DAY_MS
const RSA_OPTIONS = { productId: 1, fileKeys: [pemOf(rsaPair)], algorithm: 'rsa-sha256' } as const

function made(facts: Partial<FileFacts> = {}): string {
  return makeFile({ issued: START, expiry: EXPIRY, ...facts })
}

async function verdict(file: string, { holder = HOLDER, options = {}, now = START } = {}): Promise<string> {
  return (await verifyFile(file, holder, { ...FILE_OPTIONS, ...options }, now)).verdict
}

/** The file with other members in its certificate. */
function altered(
  file: string,
  members: Readonly<Record<string, unknown>>,
  kind = 'machine' as const,
): string {
  return certificate(kind, { ...certificateOf(file), ...members })
}

describe.each([true, false])('a license file, encrypted: %s', (encrypt) => {
  const file = made({ encrypt })
  const { enc = '', sig = '' } = certificateOf(file)

  it('is valid, with its features and ends', async () => {
    const licenseEnd = '2027-11-24T08:30:00.000Z'
    const verified = verifyFile(
      made({ encrypt, features: ['a', 'b'], licenseEnd }),
      HOLDER,
      FILE_OPTIONS,
      START,
    )
    await expect(verified).resolves.toEqual({
      verdict: 'valid',
      features: ['a', 'b'],
      expiresAt: new Date(licenseEnd),
      expiry: new Date(EXPIRY),
    })
    const endless = await verifyFile(file, HOLDER, FILE_OPTIONS, START)
    expect(endless).toMatchObject({ verdict: 'valid', expiresAt: null })
  })

  it('is valid until its expiry', async () => {
    expect(await verdict(file, { now: EXPIRY - 1 })).toBe('valid')
    expect(await verdict(file, { now: EXPIRY })).toBe('expired')
  })

  it('is not used by a clock that is more than a day behind', async () => {
    expect(await verdict(file, { now: START - DAY_MS })).toBe('valid')
    expect(await verdict(file, { now: START - DAY_MS - 1 })).toBe('clock-set-back')
  })

  it('is valid with RSA, and with white space around its lines, key and identifier', async () => {
    expect(await verdict(made({ encrypt, algorithm: 'rsa-sha256' }), { options: RSA_OPTIONS })).toBe('valid')
    const holder = { licenseKey: ` ${LICENSE_KEY}\n`, identifier: `\u00a0${DEVICE} ` }
    expect(await verdict(` ${file.replaceAll('\n', '\r\n')}\n`, { holder })).toBe('valid')
    expect(await verdict(file.replaceAll('\n', ' '))).toBe('valid')
  })

  it('is valid with an unknown kid, and with the second of two keys', async () => {
    expect(await verdict(made({ encrypt, kid: 'unknown' }))).toBe('valid')
    const other = hexOfEd25519(generateKeyPairSync('ed25519'))
    expect(await verdict(file, { options: { fileKeys: [other, FILE_KEY] } })).toBe('valid')
  })

  it('is only for its machine and product', async () => {
    expect(await verdict(file, { holder: { ...HOLDER, identifier: 'device-2' } })).toBe('wrong-machine')
    expect(await verdict(file, { options: { productId: 2 } })).toBe('other-product')
    expect(await verdict(made({ encrypt, identifier: 'device-2' }))).toBe('wrong-machine')
  })

  it.each([
    [
      'a changed payload',
      altered(file, { enc: `${enc.slice(0, 8)}${enc[8] === 'A' ? 'B' : 'A'}${enc.slice(9)}` }),
    ],
    ['a changed signature', altered(file, { sig: `${sig[0] === 'A' ? 'B' : 'A'}${sig.slice(1)}` })],
    ['a short signature', altered(file, { sig: 'AAAA' })],
    ['a signature that is not base64', altered(file, { sig: '?' })],
    ['another key', made({ encrypt, pair: generateKeyPairSync('ed25519') })],
    ['another algorithm', made({ encrypt, algorithm: 'rsa-sha256' })],
    [
      'the name of another algorithm',
      altered(file, { alg: `${encrypt ? 'aes-256-gcm' : 'base64'}+rsa-sha256` }),
    ],
    ['the other encryption', altered(file, { alg: `${encrypt ? 'base64' : 'aes-256-gcm'}+ed25519` })],
    ['no algorithm', altered(file, { alg: 'none' })],
    ['the lines of the other kind', file.replaceAll('MACHINE', 'LICENSE')],
    ['no last line', file.slice(0, file.lastIndexOf('-----END'))],
    ['a missing end', file.replace(/.{4}\n.*\n-----END/, '\n-----END')],
    ['a missing member', altered(file, { enc: undefined })],
    ['no JSON', '-----BEGIN MACHINE FILE-----\nAAAA\n-----END MACHINE FILE-----'],
    ['an empty text', ''],
    ['more than 64 kB', made({ encrypt, features: Array.from({ length: 900 }, (_, index) => `${index}`) })],
    ['an expiry that is no time', made({ encrypt, licenseEnd: 'soon' })],
    ['a file for any machine', made({ encrypt, kind: 'license' })],
  ])('is refused with %s', async (_, text) => {
    expect(await verdict(text)).toBe('tampered')
  })

  it('is for any machine only where the app allows it', async () => {
    const options = { allowAnyMachine: true }
    const anyMachine = made({ encrypt, kind: 'license' })
    expect(await verdict(anyMachine, { options, holder: { ...HOLDER, identifier: 'device-2' } })).toBe(
      'valid',
    )
    expect(await verdict(file.replaceAll('MACHINE', 'LICENSE'), { options })).toBe('tampered')
    expect(await verdict(anyMachine.replaceAll('LICENSE', 'MACHINE'), { options })).toBe('tampered')
  })
})

it('an encrypted file is only for its license key', async () => {
  expect(await verdict(made(), { holder: { ...HOLDER, licenseKey: 'DEMO-OTHER' } })).toBe('wrong-machine')
})
