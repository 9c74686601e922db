/**
 * The vectors of the client libraries (clients/vectors): files and answers that the Worker makes, and what a client must say
 * about each. This test fails if the Worker makes them otherwise. To write them anew: npx vitest run <this file> --update
 */
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { derivePublicKey, type PublicKey } from '../../src/signing/keys.ts'
import { addKey, callApi, executeSql, type TestKey } from '../support/key-life.ts'
import { openShop, type Shop } from '../support/shop.ts'

const FOLDER = '../../clients/vectors'
const NOW = Date.UTC(2026, 10, 28, 9)
const HOUR = 3_600_000
const DAY = 24 * HOUR
const DEVICE = '6f1c7d1e-3a57-4c0e-9c55-0e7a8f6d2b10'
const NONCE = '7e1b0c5d9a2f4e6880b1c2d3e4f5a6b7'
const LICENSE_KEY = '4be1d5a0-7c36-4d0b-8f11-52a9c0e3b7d6'
const BOUND = { license_key: LICENSE_KEY, identifier: DEVICE }

/** Another key of each kind, which clients do not have. */
const STRANGERS = {
  file: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----`,
  answers: env.PRODUCT_SIGNING_KEY,
}

let shop: Shop
let other: Shop
let key: TestKey

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  shop = await openShop()
  other = await openShop()
  await executeSql(
    `update products set name = 'Editor', features = '["pro","export"]', any_machine_files = 1 where id = ?`,
    shop.productId,
  )
  const used = { validityDays: 365, assignedAt: NOW - 30 * DAY, identifiers: [DEVICE] }
  key = await addKey(shop, { ...used, licenseKey: LICENSE_KEY, activationLimit: 1 })
  await executeSql('update activations set created_at = ?', NOW - 30 * DAY)
  await executeSql('update license_keys set created_at = ?, updated_at = ?', NOW - 30 * DAY, NOW - 30 * DAY)
})
afterAll(() => vi.useRealTimers())

interface Asked extends Record<string, string> {}

/** Clients have only the global key of answers, so no product has a key of its own. */
async function ask(name: string, fields: Asked, bindings: object = {}, of: Shop = shop) {
  const noProductKeys = {
    [`SIGNING_PRIVATE_KEY_PRODUCT_${shop.productId}`]: undefined,
    [`SIGNING_PRIVATE_KEY_PRODUCT_${other.productId}`]: undefined,
  }
  return callApi(of, name, fields, { bindings: { ...noProductKeys, ...bindings } })
}

async function fileOf(fields: Asked, bindings: object = {}, of: Shop = shop): Promise<string> {
  const { response } = await ask('check-out', fields, bindings, of)
  expect(response.code).toBe(2210)
  return response.license_file
}

const good = () => fileOf(BOUND)

/** Changes the certificate inside a file. */
function edited(file: string, edit: (certificate: Record<string, string>) => object): string {
  const [start = '', ...lines] = file.trimEnd().split('\n')
  const end = lines.pop() ?? ''
  const certificate = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(lines.join(''))))
  const text = new TextEncoder().encode(JSON.stringify(edit(certificate))).toBase64()
  return `${[start, ...(text.match(/.{1,60}/g) ?? []), end].join('\n')}\n`
}

function withOtherCharacter(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}

const VALID = {
  verdict: 'valid',
  features: ['pro', 'export'],
  expiresAt: new Date(NOW + 335 * DAY).toISOString(),
  expiry: new Date(NOW + 14 * DAY).toISOString(),
}

interface FileVector {
  readonly about: string
  readonly make: () => Promise<string>
  readonly licenseKey?: string
  readonly identifier?: string
  readonly algorithm?: 'rsa-sha256'
  readonly allowAnyMachine?: true
  /** Milliseconds UTC. Default: an hour after the file was made. */
  readonly now?: number
  readonly expect: { readonly verdict: string }
}

const TAMPERED = { verdict: 'tampered' }
const WRONG_MACHINE = { verdict: 'wrong-machine' }

const FILES: Record<string, FileVector> = {
  good: { about: 'A file for this machine, encrypted.', make: good, expect: VALID },
  'good-plain': {
    about: 'A file for this machine, not encrypted.',
    make: () => fileOf({ ...BOUND, encrypt: '0' }),
    expect: VALID,
  },
  'good-rsa': {
    about: 'A file for this machine, signed with RSA.',
    make: () => fileOf({ ...BOUND, algorithm: 'rsa-sha256' }),
    algorithm: 'rsa-sha256',
    expect: VALID,
  },
  'good-typed': {
    about: 'A file for a license key that was typed in upper case. It is encrypted with the key as typed.',
    make: () => fileOf({ ...BOUND, license_key: LICENSE_KEY.toUpperCase() }),
    licenseKey: LICENSE_KEY.toUpperCase(),
    expect: VALID,
  },
  'last-moment': {
    about: 'The last millisecond of a file.',
    make: good,
    now: NOW + 14 * DAY - 1,
    expect: VALID,
  },
  expired: {
    about: 'A file at the moment of its end.',
    make: good,
    now: NOW + 14 * DAY,
    expect: { ...VALID, verdict: 'expired' },
  },
  future: {
    about: 'A file that was made more than a day after the time of this machine: its clock was set back.',
    make: good,
    now: NOW - DAY - 1000,
    expect: { verdict: 'clock-set-back' },
  },
  'almost-future': {
    about: 'A file that was made 23 hours after the time of this machine, whose clock is a little behind.',
    make: good,
    now: NOW - 23 * HOUR,
    expect: VALID,
  },
  'tampered-signature': {
    about: 'A file whose signature was changed.',
    make: async () =>
      edited(await good(), ({ sig = '', ...rest }) => ({ ...rest, sig: withOtherCharacter(sig, 10) })),
    expect: TAMPERED,
  },
  'tampered-contents': {
    about: 'A plain file whose contents were changed.',
    make: async () =>
      edited(await fileOf({ ...BOUND, encrypt: '0' }), ({ enc = '', ...rest }) => ({
        ...rest,
        enc: withOtherCharacter(enc, 200),
      })),
    expect: TAMPERED,
  },
  truncated: {
    about: 'A file without its second half.',
    make: async () => {
      const file = await good()
      return file.slice(0, file.length / 2)
    },
    expect: TAMPERED,
  },
  empty: { about: 'An empty file.', make: async () => '', expect: TAMPERED },
  'wrong-machine': {
    about: 'An encrypted file that was copied to another machine.',
    make: good,
    identifier: 'another-machine',
    expect: WRONG_MACHINE,
  },
  'wrong-machine-plain': {
    about: 'A plain file that was copied to another machine.',
    make: () => fileOf({ ...BOUND, encrypt: '0' }),
    identifier: 'another-machine',
    expect: WRONG_MACHINE,
  },
  'other-license-key': {
    about: 'A file of another license key.',
    make: good,
    licenseKey: 'f3d9d0b2-51c1-4f4b-a7a8-9d1f7c6f5e21',
    expect: WRONG_MACHINE,
  },
  'other-kind': {
    about: 'A file for any machine, labelled as a file for one machine.',
    make: async () =>
      (await fileOf({ license_key: LICENSE_KEY, encrypt: '0' })).replaceAll('LICENSE FILE', 'MACHINE FILE'),
    expect: TAMPERED,
  },
  'any-machine': {
    about: 'A file for any machine, which this app does not accept.',
    make: () => fileOf({ license_key: LICENSE_KEY }),
    expect: TAMPERED,
  },
  'any-machine-allowed': {
    about: 'A file for any machine, which this app accepts.',
    make: () => fileOf({ license_key: LICENSE_KEY }),
    allowAnyMachine: true,
    expect: VALID,
  },
  'other-algorithm': {
    about: 'A file signed with RSA, although the app expects Ed25519.',
    make: () => fileOf({ ...BOUND, algorithm: 'rsa-sha256' }),
    expect: TAMPERED,
  },
  'renamed-algorithm': {
    about: 'A file signed with RSA that says it is signed with Ed25519.',
    make: async () =>
      edited(await fileOf({ ...BOUND, algorithm: 'rsa-sha256' }), (certificate) => ({
        ...certificate,
        alg: 'aes-256-gcm+ed25519',
      })),
    expect: TAMPERED,
  },
  'unknown-kid': {
    about: 'A file signed by a key that the app does not have.',
    make: () => fileOf(BOUND, { SIGNING_PRIVATE_KEY_FILES: STRANGERS.file }),
    expect: TAMPERED,
  },
  'without-kid': {
    about: 'A file without the id of its key, as other servers make it.',
    make: async () => edited(await good(), ({ kid, ...rest }) => rest),
    expect: VALID,
  },
  'other-product': {
    about: 'A file for another product of the same seller.',
    make: async () => {
      await executeSql('update license_keys set product_id = ? where id = ?', other.productId, key.id)
      try {
        return await fileOf(BOUND, {}, other)
      } finally {
        await executeSql('update license_keys set product_id = ? where id = ?', shop.productId, key.id)
      }
    },
    expect: { verdict: 'other-product' },
  },
}

interface AnswerVector {
  readonly about: string
  readonly make: () => Promise<{ readonly text: string }>
  readonly nonce?: string
  readonly licenseKey?: string
  readonly identifier?: string
  readonly expect: { readonly accepted: boolean; readonly code?: string }
}

const PROVEN = { ...BOUND, nonce: NONCE }
const IGNORED = { accepted: false }

/** Blocks the license key while the answer is made. */
async function whileBlocked<Made>(make: () => Promise<Made>): Promise<Made> {
  await executeSql(`update license_keys set status = 'blocked' where id = ?`, key.id)
  try {
    return await make()
  } finally {
    await executeSql(`update license_keys set status = 'assigned' where id = ?`, key.id)
  }
}

const ANSWERS: Record<string, AnswerVector> = {
  'answer-good': {
    about: 'The license file for this request.',
    make: () => ask('check-out', PROVEN),
    expect: { accepted: true, code: '2210' },
  },
  'answer-blocked': {
    about: 'The license key was blocked.',
    make: () => whileBlocked(() => ask('check-out', PROVEN)),
    expect: { accepted: true, code: '204' },
  },
  'answer-unknown-key': {
    about: 'No such license key. Nothing is known about it.',
    make: () => ask('check-out', { ...PROVEN, license_key: 'no-such-key' }),
    licenseKey: 'no-such-key',
    expect: { accepted: true, code: '210' },
  },
  'answer-deactivated': {
    about: 'The device was not active. Its code is a text in the protocol.',
    make: () => ask('deactivate', { ...PROVEN, identifier: 'another-machine' }),
    identifier: 'another-machine',
    expect: { accepted: true, code: '401' },
  },
  'answer-without-proof': {
    about: 'An answer without a proof could belong to any request.',
    make: () => whileBlocked(() => ask('check-out', BOUND)),
    expect: IGNORED,
  },
  'answer-replayed': {
    about: 'The recorded answer to an earlier request.',
    make: () => ask('check-out', PROVEN),
    nonce: '00000000000000000000000000000000',
    expect: IGNORED,
  },
  'answer-other-key': {
    about: 'A relay asked about another license key, to get a refusal.',
    make: () => ask('check-out', { ...PROVEN, license_key: 'no-such-key' }),
    expect: IGNORED,
  },
  'answer-other-device': {
    about: 'A relay asked about another device.',
    make: () => ask('verify', { ...PROVEN, identifier: 'another-machine' }),
    expect: IGNORED,
  },
  'answer-other-product': {
    about: 'The license key is for another product of the same seller.',
    make: async () => {
      await executeSql('update license_keys set product_id = ? where id = ?', other.productId, key.id)
      try {
        return await ask('verify', PROVEN, {}, other)
      } finally {
        await executeSql('update license_keys set product_id = ? where id = ?', shop.productId, key.id)
      }
    },
    expect: IGNORED,
  },
  'answer-forged': {
    about: 'An answer signed by a key that the app does not have.',
    make: () => ask('check-out', PROVEN, { SIGNING_PRIVATE_KEY: STRANGERS.answers }),
    expect: IGNORED,
  },
  'answer-tampered': {
    about: 'An answer whose signed text was changed.',
    make: async () => {
      const { text, envelope } = await whileBlocked(() => ask('verify', PROVEN))
      const signed = String(envelope.response_base64)
      return { text: text.replace(signed, withOtherCharacter(signed, 20)) }
    },
    expect: IGNORED,
  },
  'answer-other-response': {
    about: 'An answer whose unsigned part was changed. Clients use the signed part only.',
    make: async () => {
      const { text } = await ask('verify', PROVEN)
      return { text: text.replace('"code":200', '"code":204') }
    },
    expect: { accepted: true, code: '200' },
  },
  'answer-captive-portal': {
    about: 'The login page of a hotel.',
    make: async () => ({ text: '<!doctype html><title>Welcome</title><p>Please log in.' }),
    expect: IGNORED,
  },
}

async function write(name: string, contents: object): Promise<void> {
  await expect(`${JSON.stringify(contents, null, 2)}\n`).toMatchFileSnapshot(`${FOLDER}/${name}.json`)
}

describe('the vectors of clients', () => {
  it('name the public keys and the product', async () => {
    const publicKeys = (pems: readonly string[]) => Promise.all(pems.map((pem) => derivePublicKey(pem)))
    const [ed25519, rsa, answers] = (await publicKeys([
      env.SIGNING_PRIVATE_KEY_FILES,
      env.SIGNING_PRIVATE_KEY_FILES_RSA,
      env.SIGNING_PRIVATE_KEY,
    ])) as [PublicKey, PublicKey, PublicKey]
    await write('keys', {
      productId: shop.productId,
      fileKeys: {
        ed25519: [Uint8Array.fromBase64(ed25519.jwk.x ?? '', { alphabet: 'base64url' }).toHex()],
        'rsa-sha256': [rsa.pem],
      },
      answerKeys: [answers.pem],
    })
  })

  it.each(Object.entries(FILES))('have the file %s', async (name, vector) => {
    const { about, make, licenseKey = LICENSE_KEY, identifier = DEVICE, now = NOW + HOUR } = vector
    const { algorithm = 'ed25519', allowAnyMachine = false, expect: expected } = vector
    await expect(await make()).toMatchFileSnapshot(`${FOLDER}/${name}.lic`)
    await write(name, {
      about,
      licenseKey,
      identifier,
      algorithm,
      allowAnyMachine,
      now: new Date(now).toISOString(),
      expect: expected,
    })
  })

  it.each(Object.entries(ANSWERS))('have the answer %s', async (name, vector) => {
    const { about, make, nonce = NONCE, licenseKey = LICENSE_KEY, identifier = DEVICE } = vector
    const { text } = await make()
    await write(name, { about, nonce, licenseKey, identifier, body: text, expect: vector.expect })
  })
})
