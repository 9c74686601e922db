import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { fileSigningSecrets, publishedFileKeys } from '../../src/signing/file-keys.ts'
import {
  addKey,
  callApi,
  callApiWithIdempotencyKey,
  codesByPrecedence,
  DAY_MILLISECONDS,
  executeSql,
  identifiersOf,
  type KeyOptions,
} from '../support/key-life.ts'
import { openLicenseFile, readCertificate } from '../support/license-files.ts'
import { logText } from '../support/log.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

const DEVICE = 'laptop-1'
const DAY_SECONDS = 86_400

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await executeSql(`update products set features = '["pro","cloud"]' where id = ?`, shop.productId)
})

async function keys() {
  return (await publishedFileKeys(fileSigningSecrets(env))).keys.map(({ jwk }) => jwk)
}

/** An activated key, and what a device sends to check out its file. */
async function activated(options: KeyOptions = {}) {
  const key = await addKey(shop, { identifiers: [DEVICE], ...options })
  return { key, fields: { license_key: key.licenseKey, identifier: DEVICE } }
}

const checkOut = (fields: Record<string, unknown>, options = {}) =>
  callApi(shop, 'check-out', fields, options)

/** Reads the file of an answer. */
async function fileOf(
  fields: { license_key: string; identifier?: string },
  response: { license_file: string },
) {
  const secret = fields.license_key + (fields.identifier ?? '')
  // biome-ignore lint/suspicious/noExplicitAny: the tests name the members of the payload.
  return (await openLicenseFile(response.license_file, await keys(), secret)) as any
}

interface Activation {
  readonly id: number
  readonly file_ends_at: number | null
  readonly last_seen_at: number | null
}

async function activationOf({ id }: { readonly id: number }): Promise<Activation> {
  const row = await env.DB.prepare('select * from activations where license_key_id = ?')
    .bind(id)
    .first<Activation>()
  if (!row) throw new Error('There is no activation.')
  return row
}

describe('check-out', () => {
  it('gives an activated device a file for 14 days, encrypted with its key and identifier', async () => {
    const { key, fields } = await activated({ validityDays: 365 })
    const { response, envelope } = await checkOut(fields)
    expect(Object.keys(response)).toEqual(['code', 'message', 'license_file', 'timestamp'])
    expect(response).toMatchObject({ code: 2210, message: 'License file' })
    expect(envelope.private_key_used).toBe('product')
    expect(response.license_file).toMatch(/^-----BEGIN MACHINE FILE-----\n/)
    expect(readCertificate(response.license_file).alg).toBe('aes-256-gcm+ed25519')
    const file = await fileOf(fields, response)
    expect(file.meta.ttl).toBe(14 * DAY_SECONDS)
    expect(Date.parse(file.meta.issued)).toBeGreaterThan(Date.now() - 60_000)
    expect(file.data).toMatchObject({ type: 'machines', attributes: { fingerprint: DEVICE } })
    expect(file.data.id).toBe(String((await activationOf(key)).id))
    const [license, ...features] = file.included
    expect(license).toMatchObject({
      type: 'licenses',
      id: String(key.id),
      attributes: { name: 'App', key: key.licenseKey, scheme: null },
      relationships: { product: { data: { id: String(shop.productId) } } },
    })
    const days = (Date.parse(license.attributes.expiry) - Date.now()) / DAY_MILLISECONDS
    expect(days).toBeCloseTo(365, 2)
    expect(features.map(({ attributes }: { attributes: { code: string } }) => attributes.code)).toEqual([
      'pro',
      'cloud',
    ])
  })

  it.each([
    ['rsa-sha256', '1', 'aes-256-gcm+rsa-sha256'],
    ['rsa-sha256', '0', 'base64+rsa-sha256'],
    ['ed25519', '0', 'base64+ed25519'],
  ])('signs with %s and encrypt=%s as %s', async (algorithm, encrypt, alg) => {
    const { fields } = await activated()
    const { response } = await checkOut({ ...fields, algorithm, encrypt })
    expect(readCertificate(response.license_file).alg).toBe(alg)
    const secret = encrypt === '1' ? fields.license_key + DEVICE : undefined
    expect(await openLicenseFile(response.license_file, await keys(), secret)).toMatchObject({
      data: { type: 'machines' },
    })
  })

  it('encrypts with the key as it was typed and names the key as it is stored', async () => {
    const { key, fields } = await activated()
    const typed = { ...fields, license_key: ` ${key.licenseKey.toUpperCase()}` }
    const { response } = await checkOut(typed)
    const file = await fileOf({ ...typed, license_key: typed.license_key.trim() }, response)
    expect(file.included[0].attributes.key).toBe(key.licenseKey)
  })

  it.each([
    ['3600', 3600],
    [String(30 * DAY_SECONDS), 30 * DAY_SECONDS],
  ])('makes a file for ttl=%s', async (ttl, seconds) => {
    const { fields } = await activated()
    const { response } = await checkOut({ ...fields, ttl })
    expect((await fileOf(fields, response)).meta.ttl).toBe(seconds)
  })

  it.each(['3599', String(30 * DAY_SECONDS + 1), '1e6'])('refuses ttl=%s', async (ttl) => {
    const { fields } = await activated()
    const answer = await checkOut({ ...fields, ttl })
    expect(answer.status).toBe(422)
    expect(Object.keys(answer.response.errors)).toEqual(['ttl'])
  })

  it('allows a longer ttl, or only a shorter one, by LICENSE_FILE_DAYS_MAX', async () => {
    const { fields } = await activated()
    const long = { ...fields, ttl: String(60 * DAY_SECONDS) }
    const answer = await checkOut(long, { bindings: { LICENSE_FILE_DAYS_MAX: '60' } })
    expect((await fileOf(fields, answer.response)).meta.ttl).toBe(60 * DAY_SECONDS)
    const short = await checkOut(fields, { bindings: { LICENSE_FILE_DAYS_MAX: '7' } })
    expect((await fileOf(fields, short.response)).meta.ttl).toBe(7 * DAY_SECONDS)
  })

  it('ends a file with its license, if that ends earlier', async () => {
    const assignedAt = Date.now() - 29 * DAY_MILLISECONDS
    const { key, fields } = await activated({ validityDays: 30, assignedAt })
    const { response } = await checkOut(fields)
    const endsAt = assignedAt + 30 * DAY_MILLISECONDS
    const { meta, included } = await fileOf(fields, response)
    expect(meta.expiry).toBe(new Date(endsAt).toISOString())
    expect(included[0].attributes.expiry).toBe(meta.expiry)
    expect((await activationOf(key)).file_ends_at).toBe(endsAt)
  })

  it('refuses in the order of verify', async () => {
    expect(await codesByPrecedence(shop, 'check-out')).toEqual([210, 215, 201, 203, 204, 205, 202, 202, 2210])
  })

  it('binds its answer and its refusals to the request', async () => {
    const { fields } = await activated()
    const nonce = crypto.randomUUID()
    const { response } = await checkOut({ ...fields, nonce })
    expect(Object.keys(response)).toEqual(['code', 'message', 'license_file', 'timestamp', 'proof'])
    expect(response.proof).toMatchObject({
      nonce,
      identifier: DEVICE,
      product_id: shop.productId,
      features: ['pro', 'cloud'],
    })
    const refusal = await checkOut({ ...fields, identifier: 'other', nonce })
    expect(refusal.response).toMatchObject({ code: 202, proof: { nonce, identifier: 'other' } })
  })

  it.each(['100', '2023-11'])(
    'refuses to encrypt a file with the license key %s, which can be guessed',
    async (text) => {
      const licenseKey = `${text}-${Math.floor(Math.random() * 1e6)}`
      const { key, fields } = await activated({ licenseKey, identifiers: [] })
      const activating = { ...fields, activate: '1' }
      const answer = await checkOut(activating)
      expect(answer.status).toBe(422)
      expect(answer.response.errors).toEqual({
        encrypt: [
          'This license key is too short to encrypt a file with it. Send encrypt=0 to get one that is not encrypted.',
        ],
      })
      expect(await identifiersOf(key)).toEqual([])
      expect((await checkOut({ ...activating, encrypt: '0' })).response.code).toBe(2210)
    },
  )
})

describe('a file for any machine', () => {
  it('is refused unless the product allows it, and takes no seat', async () => {
    const product = await openShop()
    const key = await addKey(product, { activationLimit: 1, identifiers: [DEVICE] })
    const ask = () => callApi(product, 'check-out', { license_key: key.licenseKey })
    expect((await ask()).response.code).toBe(215)
    await executeSql('update products set any_machine_files = 1 where id = ?', product.productId)
    const { response } = await ask()
    expect(response.license_file).toMatch(/^-----BEGIN LICENSE FILE-----\n/)
    const file = await fileOf({ license_key: key.licenseKey }, response)
    expect(file.data).toMatchObject({ type: 'licenses', id: String(key.id) })
    expect(await identifiersOf(key)).toEqual([DEVICE])
    await executeSql(`update license_keys set status = 'blocked' where id = ?`, key.id)
    expect((await ask()).response.code).toBe(204)
  })
})

describe('check-out with activate=1', () => {
  const activating = async (options: KeyOptions = {}) => {
    const { key, fields } = await activated({ identifiers: [], ...options })
    return { key, fields: { ...fields, activate: '1' } }
  }

  it('activates within the limit and remembers the end of the file', async () => {
    const { key, fields } = await activating({ activationLimit: 1 })
    const { response } = await checkOut(fields)
    const file = await fileOf(fields, response)
    expect(await activationOf(key)).toMatchObject({
      file_ends_at: Date.parse(file.meta.expiry),
      last_seen_at: Date.parse(file.meta.issued),
    })
    expect((await checkOut({ ...fields, identifier: 'other' })).response.code).toBe(302)
    expect(await identifiersOf(key)).toEqual([DEVICE])
  })

  it('activates once, however many requests race', async () => {
    const { key, fields } = await activating({ activationLimit: 1 })
    const answers = await Promise.all(
      [DEVICE, DEVICE, 'other', 'third'].map((identifier) => checkOut({ ...fields, identifier })),
    )
    const codes = answers.map(({ response }) => response.code)
    const [active] = await identifiersOf(key)
    expect(await identifiersOf(key)).toHaveLength(1)
    expect(codes).toEqual([DEVICE, DEVICE, 'other', 'third'].map((name) => (name === active ? 2210 : 302)))
  })

  it('takes one round trip, and writes no more rows than activate', async () => {
    const { db, roundTrips } = observe(env.DB)
    const one = await activating()
    await callApi(shop, 'activate', one.fields, { bindings: { DB: db } })
    const other = await activating()
    await checkOut(other.fields, { bindings: { DB: db } })
    expect(roundTrips).toHaveLength(2)
    expect(roundTrips[1]?.rowsWritten).toBeLessThanOrEqual(roundTrips[0]?.rowsWritten ?? 0)
  })

  it('does not activate again when it is repeated after the device was freed', async () => {
    const { key, fields } = await activating()
    const first = await callApiWithIdempotencyKey(shop, 'check-out', fields, 'once')
    expect(first.response.code).toBe(2210)
    const again = await callApiWithIdempotencyKey(shop, 'check-out', fields, 'once')
    expect(again.response.code).toBe(2210)
    await callApi(shop, 'deactivate', fields)
    const late = await callApiWithIdempotencyKey(shop, 'check-out', fields, 'once')
    expect(late.response.code).toBe(202)
    expect(await identifiersOf(key)).toEqual([])
  })

  it('gives no file for a key that was blocked after the first request', async () => {
    const { key, fields } = await activating()
    await callApiWithIdempotencyKey(shop, 'check-out', fields, 'blocked')
    await executeSql(`update license_keys set status = 'blocked' where id = ?`, key.id)
    const answer = await callApiWithIdempotencyKey(shop, 'check-out', fields, 'blocked')
    expect(answer.response.code).toBe(204)
    expect(answer.text).not.toContain('MACHINE FILE')
  })

  it('gets 2422 for another device under the same Idempotency-Key, and changes nothing', async () => {
    const { key, fields } = await activating()
    await callApiWithIdempotencyKey(shop, 'check-out', { ...fields, ttl: '3600' }, 'reused')
    const before = await activationOf(key)
    const answer = await callApiWithIdempotencyKey(shop, 'check-out', { ...fields, ttl: '7200' }, 'reused')
    expect(answer.response.code).toBe(2422)
    expect(await activationOf(key)).toEqual(before)
  })
})

describe('a refresh', () => {
  it('takes one round trip and writes one row', async () => {
    const { key, fields } = await activated()
    await checkOut({ ...fields, ttl: '3600' })
    const { db, roundTrips } = observe(env.DB)
    await checkOut(fields, { bindings: { DB: db } })
    expect(roundTrips).toMatchObject([{ rowsWritten: 1 }])
    // docs/free-plan.md says what a million installs cost.
    const [, rowsRead] = /.*"rowsRead":(\d+)/s.exec(logText()) ?? []
    expect(Number(rowsRead)).toBeLessThanOrEqual(50)
    const { file_ends_at: endsAt } = await activationOf(key)
    expect(endsAt).toBeGreaterThan(Date.now() + 13 * DAY_MILLISECONDS)
  })

  it('with an earlier end keeps the seat until the longer file ends, and writes nothing', async () => {
    const { key, fields } = await activated()
    await checkOut(fields)
    const before = await activationOf(key)
    const { db, roundTrips } = observe(env.DB)
    await checkOut({ ...fields, ttl: '3600' }, { bindings: { DB: db } })
    expect(roundTrips).toMatchObject([{ rowsWritten: 0 }])
    expect(await activationOf(key)).toEqual(before)
  })

  it('remembers once a day when the device was seen', async () => {
    const { key, fields } = await activated()
    const seen = async (at: number) => {
      await executeSql('update activations set last_seen_at = ? where license_key_id = ?', at, key.id)
      await checkOut(fields)
      return (await activationOf(key)).last_seen_at
    }
    const recently = Date.now() - DAY_MILLISECONDS + 60_000
    expect(await seen(recently)).toBe(recently)
    expect(await seen(Date.now() - DAY_MILLISECONDS)).toBeGreaterThan(Date.now() - 60_000)
  })
})

describe('without a key for files', () => {
  it('only check-out fails, and the log names the setting and the command', async () => {
    const { fields } = await activated()
    const bindings = { SIGNING_PRIVATE_KEY_FILES: undefined }
    const answer = await checkOut(fields, { bindings })
    expect(answer.response.code).toBe(2500)
    expect(answer.envelope.signature).not.toBe('Private key not set')
    expect(logText()).toContain('SIGNING_PRIVATE_KEY_FILES is not set')
    expect(logText()).toContain('wrangler secret put SIGNING_PRIVATE_KEY_FILES')
    expect((await callApi(shop, 'verify', fields, { bindings })).response.code).toBe(200)
  })

  it('for RSA, only algorithm=rsa-sha256 is refused', async () => {
    const { fields } = await activated()
    const bindings = { SIGNING_PRIVATE_KEY_FILES_RSA: undefined }
    const answer = await checkOut({ ...fields, algorithm: 'rsa-sha256' }, { bindings })
    expect(answer.status).toBe(422)
    expect(answer.response.errors).toEqual({
      algorithm: ['This server has no key for license files of this algorithm.'],
    })
    expect((await checkOut(fields, { bindings })).response.code).toBe(2210)
  })
})
