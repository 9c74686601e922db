import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { seal } from '../../src/protocol/envelope.ts'
import { signingKeyFor } from '../../src/signing/signing-keys.ts'
import { post } from '../support/client.ts'
import { openShop, orderFields } from '../support/shop.ts'
import vector from './vector.json'

const ENVELOPE = `{"response":${vector.response},"response_base64":"${vector.response_base64}","private_key_used":"global","signature":"${vector.signature}"}`

it('an RSA key signs a response exactly like openssl', async () => {
  const key = await signingKeyFor({ SIGNING_PRIVATE_KEY: env.SIGNING_PRIVATE_KEY })
  expect(await seal(vector.response, key)).toBe(ENVELOPE)
})

it('a replay with the license key of the vector returns the pinned envelope', async () => {
  const shop = await openShop({ productId: 1 })
  const fields = orderFields(shop, { quantity: '1', owner_name: 'Ада Ü/😀' })
  const headers = { 'Idempotency-Key': 'vector' }
  expect((await post(fields, { headers })).response.license_keys[0].id).toBe(1)
  await env.DB.batch([
    env.DB.prepare('update issuances set created_at = ?').bind(Date.UTC(2024, 10, 23, 19, 2, 8, 829)),
    env.DB.prepare('update license_keys set license_key = ?').bind('5a3c8e9e-2f4b-4c1d-9a70-6e1f0b7d2c35'),
  ])
  expect((await post(fields, { headers })).text).toBe(ENVELOPE)
})
