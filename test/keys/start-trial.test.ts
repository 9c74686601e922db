import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { issueTrial } from '../../src/keys/start-trial.ts'
import { sha256HexOfText } from '../../src/platform/hash.ts'
import { fileSigningSecrets, publishedFileKeys } from '../../src/signing/file-keys.ts'
import { callerOf } from '../support/callers.ts'
import {
  addKey,
  callApi,
  callApiWithIdempotencyKey,
  DAY_MILLISECONDS,
  executeSql,
} from '../support/key-life.ts'
import { openLicenseFile, readCertificate } from '../support/license-files.ts'
import { logText } from '../support/log.ts'
import { failAfterCommit, failWith, observe, RESET_ERROR } from '../support/observed-database.ts'
import { countRows, openShop, type Shop } from '../support/shop.ts'

const TRIAL_DAYS = 30

const newDevice = () => `device-${crypto.randomUUID()}`

async function openTrialShop(settings: Record<string, string> = {}): Promise<Shop> {
  const shop = await openShop()
  const fields = { product_id: String(shop.productId), trial_days: String(TRIAL_DAYS), ...settings }
  expect((await callApi(shop, 'update-product', fields)).response.code).toBe(650)
  return shop
}

function start(shop: Shop, identifier?: string, fields: Record<string, string> = {}, options = {}) {
  const all = { product_id: String(shop.productId), ...(identifier && { identifier }), ...fields }
  return callApi(shop, 'start-trial', all, options)
}

async function codeOf(shop: Shop, identifier?: string): Promise<unknown> {
  return (await start(shop, identifier)).response.code
}

interface StoredTrial {
  readonly id: number
  readonly license_key: string
  readonly activations: number
}

/** The trials of the shop's product, by ascending id. */
async function trialsOf({ productId }: Shop): Promise<StoredTrial[]> {
  const { results } = await env.DB.prepare(
    `select license_keys.*, (select count(*) from activations where license_key_id = license_keys.id) as activations
     from license_keys join issuances on issuances.id = license_keys.issuance_id
     where issuances.source = 'trial' and license_keys.product_id = ? order by license_keys.id`,
  )
    .bind(productId)
    .all<StoredTrial>()
  return results
}

/** Starts a trial, and finds its row. */
async function started(shop: Shop) {
  const device = newDevice()
  const { response } = await start(shop, device)
  expect(response.code).toBe(2211)
  const licenseKey: string = response.license_key
  const trial = (await trialsOf(shop)).find((row) => row.license_key === licenseKey)
  if (!trial) throw new Error('The trial is not stored.')
  return { device, licenseKey, id: trial.id }
}

/** Reads the license file of an answer. */
async function fileOf(response: { license_file: string }, secret?: string) {
  const keys = (await publishedFileKeys(fileSigningSecrets(env))).keys.map(({ jwk }) => jwk)
  // biome-ignore lint/suspicious/noExplicitAny: the tests name the members of the payload.
  return (await openLicenseFile(response.license_file, keys, secret)) as any
}

describe('the first request of a device', () => {
  it('gets a license key without owner, for trial_days and one device, and its file', async () => {
    const shop = await openTrialShop({ features: 'pro' })
    const device = newDevice()
    const answer = await start(shop, ` ${device} `)
    const { response } = answer
    expect(Object.keys(response)).toEqual(['code', 'message', 'license_key', 'license_file', 'timestamp'])
    expect(response).toMatchObject({ code: 2211, message: 'Trial started' })
    expect(answer.envelope.private_key_used).toBe('product')
    expect(await trialsOf(shop)).toEqual([
      expect.objectContaining({
        license_key: response.license_key,
        status: 'assigned',
        owner_name: 'Not set',
        owner_email: 'Not set',
        validity_days: TRIAL_DAYS,
        activation_limit: 1,
        activations: 1,
      }),
    ])
    expect(readCertificate(response.license_file).alg).toBe('aes-256-gcm+ed25519')
    const { meta, data, included } = await fileOf(response, response.license_key + device)
    expect(meta.ttl).toBe(14 * 86_400)
    expect(data).toMatchObject({ type: 'machines', attributes: { fingerprint: device } })
    const [license, feature] = included
    expect(license.attributes.key).toBe(response.license_key)
    const days = (Date.parse(license.attributes.expiry) - Date.now()) / DAY_MILLISECONDS
    expect(days).toBeCloseTo(TRIAL_DAYS, 2)
    expect(feature.attributes.code).toBe('pro')
  })

  it('activates the device, and remembers when it was seen and when its file ends', async () => {
    const { id, device } = await started(await openTrialShop())
    const row = await env.DB.prepare('select * from activations where license_key_id = ?').bind(id).first()
    const now = expect.closeTo(Date.now(), -5)
    expect(row).toMatchObject({
      identifier: device,
      created_at: now,
      last_seen_at: now,
      file_ends_at: expect.closeTo(Date.now() + 14 * DAY_MILLISECONDS, -5),
    })
  })

  it('takes one round trip, and writes the issuance, the license key and the activation with their indexes', async () => {
    const shop = await openTrialShop()
    const { db, roundTrips } = observe(env.DB)
    await start(shop, newDevice(), {}, { bindings: { DB: db } })
    expect(roundTrips).toMatchObject([{ rowsWritten: 9 }])
  })

  it('stores the device in its issuance only as a hash', async () => {
    const shop = await openTrialShop()
    const { device } = await started(shop)
    const row = await env.DB.prepare('select * from issuances order by id desc limit 1').first()
    expect(row).toMatchObject({
      source: 'trial',
      idempotency_key: `${shop.productId}/${await sha256HexOfText(device)}`,
    })
  })

  it.each([
    [{ algorithm: 'rsa-sha256' }, 'aes-256-gcm+rsa-sha256'],
    [{ encrypt: '0' }, 'base64+ed25519'],
  ])('gets the file that it asks for: %o', async (fields, alg) => {
    const { response } = await start(await openTrialShop(), newDevice(), { ...fields, ttl: '3600' })
    expect(readCertificate(response.license_file).alg).toBe(alg)
    if (alg.startsWith('base64')) expect((await fileOf(response)).meta.ttl).toBe(3600)
  })

  it('gets a file that ends with the trial', async () => {
    const shop = await openTrialShop({ trial_days: '7' })
    const device = newDevice()
    const { response } = await start(shop, device)
    const { meta } = await fileOf(response, response.license_key + device)
    expect(meta.ttl).toBe(7 * 86_400)
  })
})

describe('a repeated request', () => {
  it('gets 2212 with the same license key and a new file, and writes at most one row', async () => {
    const shop = await openTrialShop()
    const { device, licenseKey } = await started(shop)
    const before = await countRows()
    const { db, roundTrips } = observe(env.DB)
    const { response } = await start(shop, device, { ttl: '1296000' }, { bindings: { DB: db } })
    expect(response).toMatchObject({ code: 2212, message: 'Trial running', license_key: licenseKey })
    expect((await fileOf(response, licenseKey + device)).meta.ttl).toBe(1_296_000)
    expect(roundTrips).toMatchObject([{ rowsWritten: 1 }])
    expect(await countRows()).toEqual(before)
    expect(await trialsOf(shop)).toMatchObject([{ license_key: licenseKey, activations: 1 }])
  })

  it('gets 2212 with the same Idempotency-Key too, also from another device and another API key', async () => {
    const shop = await openTrialShop()
    const fields = { product_id: String(shop.productId), identifier: newDevice() }
    const other = { ...shop, apiKey: (await openShop()).apiKey }
    const answers = [
      await callApiWithIdempotencyKey(shop, 'start-trial', fields, 'same'),
      await callApiWithIdempotencyKey(shop, 'start-trial', fields, 'same'),
      await callApiWithIdempotencyKey(other, 'start-trial', fields, 'same'),
      await callApiWithIdempotencyKey(shop, 'start-trial', { ...fields, identifier: newDevice() }, 'same'),
    ]
    expect(answers.map(({ response }) => response.code)).toEqual([2211, 2212, 2212, 2211])
    expect(new Set(answers.map(({ response }) => response.license_key)).size).toBe(2)
    expect(answers.some(({ headers }) => headers.has('Idempotent-Replayed'))).toBe(false)
  })

  it('issues nothing if the product offers no trial anymore, and the trial goes on', async () => {
    const shop = await openTrialShop()
    const { device } = await started(shop)
    await callApi(shop, 'update-product', { product_id: String(shop.productId), trial_days: '0' })
    expect(await codeOf(shop, device)).toBe(2212)
    expect(await codeOf(shop, newDevice())).toBe(2213)
  })

  it('activates a device again that was freed, with the same license key', async () => {
    const shop = await openTrialShop()
    const { device, licenseKey } = await started(shop)
    const fields = { license_key: licenseKey, identifier: device }
    expect((await callApi(shop, 'deactivate', fields)).response.code).toBe('400')
    expect((await callApi(shop, 'verify', fields)).response.code).toBe(202)
    expect((await start(shop, device)).response).toMatchObject({ code: 2212, license_key: licenseKey })
    expect((await callApi(shop, 'verify', fields)).response.code).toBe(200)
    expect(await trialsOf(shop)).toMatchObject([{ activations: 1 }])
  })

  it('gets 302 while the license key of the trial is active on another device', async () => {
    const shop = await openTrialShop()
    const { device, licenseKey } = await started(shop)
    await callApi(shop, 'deactivate', { license_key: licenseKey, identifier: device })
    const moved = { license_key: licenseKey, identifier: newDevice() }
    expect((await callApi(shop, 'activate', moved)).response.code).toBe(300)
    expect(await codeOf(shop, device)).toBe(302)
    expect(await trialsOf(shop)).toMatchObject([{ activations: 1 }])
  })

  it('is not needed to renew the file: check-out does it as for any license', async () => {
    const shop = await openTrialShop()
    const { device, licenseKey } = await started(shop)
    const { response } = await callApi(shop, 'check-out', { license_key: licenseKey, identifier: device })
    expect(response.code).toBe(2210)
    expect((await fileOf(response, licenseKey + device)).data.attributes.fingerprint).toBe(device)
  })
})

describe('a trial is refused', () => {
  it('with 205 when it is over, also if its license key was deleted or given away', async () => {
    const shop = await openTrialShop()
    const [over, deleted, inStock] = [await started(shop), await started(shop), await started(shop)]
    const assignedAt = Date.now() - TRIAL_DAYS * DAY_MILLISECONDS
    await executeSql('update license_keys set assigned_at = ? where id = ?', assignedAt, over.id)
    await callApi(shop, 'delete-license-key', { license_key: deleted.licenseKey })
    await callApi(shop, 'update-license-key', { license_key: inStock.licenseKey, status: 'available' })
    const before = await countRows()
    for (const { device } of [over, deleted, inStock]) expect(await codeOf(shop, device)).toBe(205)
    expect(await countRows()).toEqual(before)
    // A backup checks that each issuance has its license keys or copies of them.
    const copies = await env.DB.prepare('select license_key from license_keys_as_issued order by id').all()
    expect(copies.results.slice(-2)).toEqual(
      [deleted, inStock].map(({ licenseKey }) => ({ license_key: licenseKey })),
    )
  })

  it('with 204 when its license key is blocked, and 203 when the product is inactive', async () => {
    const shop = await openTrialShop()
    const { device, id } = await started(shop)
    await executeSql(`update license_keys set status = 'blocked' where id = ?`, id)
    expect(await codeOf(shop, device)).toBe(204)
    await executeSql(`update products set status = 'inactive' where id = ?`, shop.productId)
    expect(await codeOf(shop, device)).toBe(203)
    expect(await codeOf(shop, newDevice())).toBe(203)
    await callApi(shop, 'delete-product', { product_id: String(shop.productId) })
    expect(await codeOf(shop, newDevice())).toBe(203)
  })

  it('with 203 for an unknown product, 2213 without trial_days, and 215 without identifier', async () => {
    const shop = await openShop()
    const before = await countRows()
    expect(await codeOf({ ...shop, productId: 2_147_483_647 }, newDevice())).toBe(203)
    expect(await codeOf(shop, newDevice())).toBe(2213)
    expect(await codeOf(shop)).toBe(215)
    expect(await codeOf(await openTrialShop())).toBe(215)
    expect(await countRows()).toEqual(before)
  })

  it('with 804 without a product, or without a key for the algorithm', async () => {
    const shop = await openTrialShop()
    const unnamed = await callApi(shop, 'start-trial', { identifier: newDevice() })
    expect(unnamed.response).toMatchObject({ code: 804, errors: { product_id: expect.any(Array) } })
    const bindings = { SIGNING_PRIVATE_KEY_FILES_RSA: undefined }
    const answer = await start(shop, newDevice(), { algorithm: 'rsa-sha256' }, { bindings })
    expect(answer.status).toBe(422)
    expect(answer.response.errors).toEqual({
      algorithm: ['This server has no key for license files of this algorithm.'],
    })
    expect(await trialsOf(shop)).toEqual([])
  })

  it('before anything is stored if the server has no key for files', async () => {
    const shop = await openTrialShop()
    const answer = await start(shop, newDevice(), {}, { bindings: { SIGNING_PRIVATE_KEY_FILES: undefined } })
    expect(answer.response.code).toBe(2500)
    expect(logText()).toContain('SIGNING_PRIVATE_KEY_FILES is not set')
    expect(await trialsOf(shop)).toEqual([])
  })

  it('to a caller without the capability or on a blocked device, who changes nothing', async () => {
    const shop = await openTrialShop()
    const { device, licenseKey } = await started(shop)
    await callApi(shop, 'deactivate', { license_key: licenseKey, identifier: device })
    const stranger = { ...shop, apiKey: (await openShop({ capabilities: ['stock'] })).apiKey }
    expect(await codeOf(stranger, device)).toBe(102)
    expect(await codeOf(stranger, newDevice())).toBe(102)
    await executeSql(`insert into blocklist (kind, value, created_at) values ('identifier', ?, 0)`, device)
    const blocked = await start(shop, device)
    await executeSql('delete from blocklist')
    expect(blocked.response.code).toBe(150)
    expect(blocked.text).not.toContain(licenseKey)
    expect(await trialsOf(shop)).toMatchObject([{ activations: 0 }])
  })
})

describe('a proof', () => {
  it('states the license of the trial, with null for the key that no request names', async () => {
    const shop = await openTrialShop({ features: 'pro' })
    const device = newDevice()
    for (const code of [2211, 2212]) {
      const nonce = crypto.randomUUID()
      const { response } = await start(shop, device, { nonce })
      expect(Object.keys(response).at(-1)).toBe('proof')
      const { proof } = response
      expect(response.code).toBe(code)
      expect(proof).toEqual({
        nonce,
        license_key_sha256: null,
        identifier: device,
        product_id: shop.productId,
        status: 'assigned',
        expires_at: expect.any(String),
        features: ['pro'],
      })
      const days = (Date.parse(proof.expires_at) - Date.now()) / DAY_MILLISECONDS
      expect(days).toBeCloseTo(TRIAL_DAYS, 2)
    }
  })

  it('is in the refusals too', async () => {
    const shop = await openTrialShop()
    const { device, id } = await started(shop)
    await executeSql(`update license_keys set status = 'blocked' where id = ?`, id)
    const nonce = crypto.randomUUID()
    const blocked = await start(shop, device, { nonce })
    const proof = { nonce, identifier: device, product_id: shop.productId, status: 'blocked' }
    expect(blocked.response).toMatchObject({ code: 204, proof })
    const unnamed = await start(await openShop(), undefined, { nonce })
    expect(unnamed.response).toMatchObject({ code: 215, proof: { nonce, identifier: null, status: null } })
  })
})

describe('a product whose devices are domains', () => {
  it('has one trial for all spellings of a domain, whose file names the one that was sent', async () => {
    const shop = await openTrialShop({ domain_devices: '1' })
    const name = `${crypto.randomUUID()}.com`
    const first = await start(shop, name)
    const spelling = `https://www.${name.toUpperCase()}:8443/`
    const again = await start(shop, spelling)
    expect([first, again].map(({ response }) => response.code)).toEqual([2211, 2212])
    const { license_key: licenseKey } = first.response
    expect(again.response.license_key).toBe(licenseKey)
    const file = await fileOf(again.response, licenseKey + spelling)
    expect(file.data.attributes.fingerprint).toBe(spelling)
    expect(await codeOf(shop, `other.${name}`)).toBe(2211)
    expect(await trialsOf(shop)).toMatchObject([{ activations: 1 }, { activations: 1 }])
  })
})

describe('exactly one trial', () => {
  // The Worker's own retries do not wait.
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
  })
  afterEach(() => vi.restoreAllMocks())

  it('is issued to 50 requests that race, and one of them started it', async () => {
    const shop = await openTrialShop()
    const device = newDevice()
    const before = await countRows()
    const answers = await Promise.all(Array.from({ length: 50 }, () => start(shop, device)))
    const codes = answers.map(({ response }) => response.code)
    expect(codes.filter((code) => code === 2211)).toHaveLength(1)
    expect(codes.filter((code) => code === 2212)).toHaveLength(49)
    expect(new Set(answers.map(({ response }) => response.license_key)).size).toBe(1)
    expect(await trialsOf(shop)).toMatchObject([{ activations: 1 }])
    expect(await countRows()).toEqual({
      issuances: before.issuances + 1,
      licenseKeys: before.licenseKeys + 1,
    })
  })

  it('is issued for each device and each product', async () => {
    const shops = [await openTrialShop(), await openTrialShop()]
    const devices = [newDevice(), newDevice()]
    for (const shop of shops) {
      for (const device of devices) expect(await codeOf(shop, device)).toBe(2211)
    }
    for (const shop of shops) expect(await trialsOf(shop)).toHaveLength(2)
  })

  it('is started if the database loses the answer, and running if the client loses it', async () => {
    const shop = await openTrialShop()
    const [once, always] = [newDevice(), newDevice()]
    const losesOne = observe(env.DB, failAfterCommit(RESET_ERROR)).db
    expect((await start(shop, once, {}, { bindings: { DB: losesOne } })).response.code).toBe(2211)
    const losesAll = observe(env.DB, failAfterCommit(RESET_ERROR, RESET_ERROR, RESET_ERROR)).db
    expect((await start(shop, always, {}, { bindings: { DB: losesAll } })).response.code).toBe(2503)
    expect(await codeOf(shop, always)).toBe(2212)
    expect(await trialsOf(shop)).toMatchObject([{ activations: 1 }, { activations: 1 }])
  })

  it('is not started while the database cannot be reached', async () => {
    const shop = await openTrialShop()
    const { db } = observe(env.DB, failWith(RESET_ERROR))
    const device = newDevice()
    expect((await start(shop, device, {}, { bindings: { DB: db } })).response.code).toBe(2503)
    expect(await trialsOf(shop)).toEqual([])
    expect(await codeOf(shop, device)).toBe(2211)
  })

  it('is not half issued if one of its rows cannot be written', async () => {
    const shop = await openTrialShop()
    const before = await countRows()
    await executeSql(
      `create trigger no_activations before insert on activations begin select raise(abort, 'full'); end`,
    )
    const device = newDevice()
    const refused = await codeOf(shop, device)
    await executeSql('drop trigger no_activations')
    expect(refused).toBe(2500)
    expect(await countRows()).toEqual(before)
    expect(await codeOf(shop, device)).toBe(2211)
  })

  it('gets another license key if the random one exists', async () => {
    const shop = await openTrialShop()
    const { licenseKey: taken } = await addKey(shop)
    const keys = [taken, 'another-key']
    const parameters = { product_id: shop.productId, identifier: newDevice() }
    const call = { env, db: env.DB, caller: await callerOf(shop, 'use'), parameters, now: Date.now() }
    const result = await issueTrial(call, () => keys.shift() ?? 'no more keys')
    expect(result).toMatchObject({
      kind: 'done',
      isReplay: false,
      outcome: { kind: 'running', facts: { licenseKey: 'another-key' } },
    })
    expect(await trialsOf(shop)).toMatchObject([{ license_key: 'another-key', activations: 1 }])
  })
})

it('a bought license key replaces the trial on its device', async () => {
  const shop = await openTrialShop()
  const { device } = await started(shop)
  const { licenseKey } = await addKey(shop, { activationLimit: 1 })
  const { response } = await callApi(shop, 'check-out', {
    license_key: licenseKey,
    identifier: device,
    activate: '1',
  })
  expect(response.code).toBe(2210)
})
