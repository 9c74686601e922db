/** Answers that cannot be played to another copy of the software. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sha256HexOfText } from '../../src/platform/hash.ts'
import { isSignedBy, readEnvelope, send } from '../support/client.ts'
import { interceptRoundTrips } from '../support/intercepted-database.ts'
import {
  activatedKeyFields,
  addKey,
  assignedKeyFields,
  callApi,
  callApiWithIdempotencyKey,
  DAY_MILLISECONDS,
  executeSql,
} from '../support/key-life.ts'
import { observe } from '../support/observed-database.ts'
import { openShop, type Shop } from '../support/shop.ts'

type Fields = Record<string, string>

const OWNER = { owner_name: 'Ada Lovelace', owner_email: 'ada@example.com' }

/** Each endpoint with a proof: how to make it succeed, and its code then. */
const ENDPOINTS: Record<string, { code: number | string; fields: (shop: Shop) => Promise<Fields> }> = {
  verify: { code: 200, fields: activatedKeyFields },
  activate: { code: 300, fields: assignedKeyFields },
  deactivate: { code: '400', fields: activatedKeyFields },
  'get-license-key-details': { code: 500, fields: activatedKeyFields },
  'assign-and-activate-license-key': {
    code: 300,
    fields: async (shop) => {
      const { licenseKey } = await addKey(shop, { status: 'available' })
      return { license_key: licenseKey, identifier: 'example.com', ...OWNER }
    },
  },
}

const newNonce = () => crypto.randomUUID()

function withoutProof(response: Record<string, unknown>) {
  const { proof, timestamp, ...others } = response
  return others
}

describe.each(Object.entries(ENDPOINTS))('%s', (name, { code, fields }) => {
  it('binds its answer to the nonce, the license key and the device', async () => {
    const shop = await openShop()
    await executeSql(`update products set features = '["pro"]' where id = ?`, shop.productId)
    const sent = await fields(shop)
    const nonce = newNonce()
    const answer = await callApi(shop, name, { ...sent, nonce })
    expect(answer.response.code).toBe(code)
    expect(Object.keys(answer.response).slice(-2)).toEqual(['timestamp', 'proof'])
    expect(Object.entries(answer.response.proof)).toEqual([
      ['nonce', nonce],
      ['license_key_sha256', await sha256HexOfText(sent.license_key ?? '')],
      ['identifier', 'example.com'],
      ['product_id', shop.productId],
      ['status', 'assigned'],
      ['expires_at', null],
      ['features', ['pro']],
    ])
    const signer =
      answer.envelope.private_key_used === 'product' ? env.PRODUCT_SIGNING_KEY : env.SIGNING_PRIVATE_KEY
    expect(await isSignedBy(signer, answer)).toBe(true)
  })

  it('binds the refusal of an unknown key, about which nothing is known', async () => {
    const shop = await openShop()
    const { license_key, ...others } = await fields(shop)
    const answer = await callApi(shop, name, { ...others, license_key: '  wrong\t', nonce: 'n'.repeat(16) })
    expect(answer.response.code).toBe(name.startsWith('assign') ? 801 : 210)
    expect(answer.response.proof).toEqual({
      nonce: 'n'.repeat(16),
      license_key_sha256: await sha256HexOfText('wrong'),
      identifier: 'example.com',
      product_id: null,
      status: null,
      expires_at: null,
      features: null,
    })
  })

  it('answers without a nonce as before, except the proof', async () => {
    const shop = await openShop()
    const sent = await fields(shop)
    const plain = await callApi(shop, name, { ...sent, license_key: 'wrong' })
    expect(plain.response).not.toHaveProperty('proof')
    const proven = await callApi(shop, name, { ...sent, license_key: 'wrong', nonce: newNonce() })
    expect(withoutProof(proven.response)).toEqual(withoutProof(plain.response))
  })

  it.each(['short', 'with a space in it', 'ü'.repeat(20), 'n'.repeat(129)])(
    'refuses the nonce %j',
    async (nonce) => {
      const shop = await openShop()
      const answer = await callApi(shop, name, { ...(await fields(shop)), nonce })
      expect(answer.status).toBe(422)
      expect(answer.response.errors).toEqual({
        nonce: ['The nonce field must be 16 to 128 visible ASCII characters.'],
      })
    },
  )

  it('needs one round trip', async () => {
    const shop = await openShop()
    const sent = await fields(shop)
    const { db, roundTrips } = observe(env.DB)
    await callApi(shop, name, { ...sent, nonce: newNonce() }, { bindings: { DB: db } })
    expect(roundTrips).toHaveLength(1)
  })
})

describe('a proof', () => {
  it('states when the license ends and that it is blocked', async () => {
    const shop = await openShop()
    const assignedAt = Date.now()
    const { licenseKey } = await addKey(shop, { status: 'blocked', validityDays: 30, assignedAt })
    const sent = { license_key: licenseKey, identifier: 'laptop', nonce: newNonce() }
    const { response } = await callApi(shop, 'verify', sent)
    expect(response.code).toBe(204)
    expect(response.proof).toMatchObject({
      status: 'blocked',
      expires_at: new Date(assignedAt + 30 * DAY_MILLISECONDS).toISOString(),
      features: null,
    })
  })

  it('repeats the key as it was typed, not as it is stored', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, { identifiers: ['laptop'] })
    const typed = licenseKey.toUpperCase()
    const sent = { license_key: typed, identifier: 'laptop', nonce: newNonce() }
    const { response } = await callApi(shop, 'verify', sent)
    expect(response.code).toBe(200)
    expect(response.proof.license_key_sha256).toBe(await sha256HexOfText(typed))
  })

  it('has null for what the request does not name', async () => {
    const shop = await openShop()
    const { response } = await callApi(shop, 'verify', { nonce: newNonce() })
    expect(response.code).toBe(210)
    expect(response.proof).toMatchObject({ license_key_sha256: null, identifier: null })
  })

  it('is in the refusals of the caller too', async () => {
    const shop = await openShop({ capabilities: ['stock'] })
    const nonce = newNonce()
    const sent = { license_key: 'any', identifier: 'laptop', nonce }
    expect((await callApi(shop, 'verify', sent)).response).toMatchObject({ code: 102, proof: { nonce } })
    const answer = await callApi({ ...shop, apiKey: 'unknown' }, 'activate', sent)
    expect(answer.response).toMatchObject({ code: 100, proof: { nonce, product_id: null } })
  })

  it('is in the answer when the database fails', async () => {
    const shop = await openShop()
    const db = interceptRoundTrips(env.DB, () =>
      Promise.reject(new Error('D1_ERROR: Network connection lost')),
    )
    const nonce = newNonce()
    const body = new URLSearchParams({
      api_key: shop.apiKey,
      license_key: 'any',
      identifier: 'laptop',
      nonce,
    })
    const answer = await readEnvelope(
      await send({ path: '/api/v1/verify', method: 'POST', body, bindings: { DB: db } }),
    )
    expect(answer.response).toMatchObject({ code: 2503, proof: { nonce, product_id: null } })
  })

  it('belongs to the idempotency key: a replay repeats it, another nonce is refused', async () => {
    const shop = await openShop()
    const sent = { ...(await assignedKeyFields(shop)), nonce: newNonce() }
    const first = await callApiWithIdempotencyKey(shop, 'activate', sent, 'one')
    await executeSql(`update license_keys set status = 'blocked' where license_key = ?`, sent.license_key)
    const replay = await callApiWithIdempotencyKey(shop, 'activate', sent, 'one')
    expect(replay.text).toBe(first.text)
    const nonce = newNonce()
    const other = await callApiWithIdempotencyKey(shop, 'activate', { ...sent, nonce }, 'one')
    expect(other.response).toMatchObject({ code: 2422, proof: { nonce, product_id: null } })
  })

  it('of a key that is assigned and activated states it as it is then', async () => {
    const shop = await openShop()
    const { licenseKey } = await addKey(shop, { status: 'available', validityDays: 30 })
    const sent = { license_key: licenseKey, identifier: 'laptop', nonce: newNonce(), ...OWNER }
    const { response } = await callApi(shop, 'assign-and-activate-license-key', sent)
    expect(response.proof.status).toBe('assigned')
    const days = (Date.parse(response.proof.expires_at) / 1000 - response.timestamp) / 86_400
    expect(days).toBeCloseTo(30, 3)
  })
})
