import { describe, expect, it } from 'vitest'
import { apparentBits, weakKeysWarning } from '../../src/keys/key-strength.ts'
import { newKeysFields } from '../support/administration.ts'
import { post } from '../support/client.ts'
import { warningLines } from '../support/log.ts'
import { openShop } from '../support/shop.ts'

const WEAK = 'PRO-00012345'
const STRONG = 'ABCDE-12345-FGHIJ'
const RISK =
  '64 bits (13 random letters and digits have more). Someone who tries many keys could find one and use the license of a buyer'

describe('the apparent bits of a license key', () => {
  it.each([
    ['1234-5678', 8 * Math.log2(10)],
    ['dead-BEEF-01', 10 * 4],
    ['28600943-4ea2-4059-9940-acccad11d0e6', 128],
    ['GHIJK-12345', 10 * Math.log2(36)],
    ['abcdeABCDE12345z', 16 * Math.log2(62)],
    ['ключ-1', 5 * Math.log2(36)],
    ['---', 0],
  ])('%s has %f', (licenseKey, bits) => {
    expect(apparentBits(licenseKey)).toBeCloseTo(bits)
  })

  it('are too few in 12 letters and digits, and enough in 13', () => {
    expect(weakKeysWarning(['GHIJKL-123456'])).toContain('1 of 1 license keys')
    expect(weakKeysWarning(['GHIJKL-1234567'])).toBeUndefined()
  })

  it('of 10,000 keys are estimated in a few milliseconds', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `ABCDE-FGHIJ-${index}`)
    const started = performance.now()
    weakKeysWarning(keys)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('create-license-keys', () => {
  async function create(licenseKeys: readonly string[], headers: Record<string, string> = {}) {
    const shop = await openShop()
    const fields = { api_key: shop.apiKey, ...newKeysFields(shop), license_keys: JSON.stringify(licenseKeys) }
    return () => post(fields, { path: '/api/v1/create-license-keys', headers })
  }

  it('accepts keys of fewer than 64 bits, and the log names the risk', async () => {
    const request = await create([WEAK, STRONG])
    const answer = await request()
    expect(answer.response).toEqual({
      code: 900,
      message: 'License keys creation result',
      created: 2,
      duplicate: 0,
      timestamp: expect.any(Number),
    })
    expect(warningLines()).toEqual([
      {
        level: 'warning',
        requestId: answer.headers.get('X-Request-Id'),
        message: `1 of 2 license keys have less than ${RISK}`,
      },
    ])
  })

  it('logs it once, not for a replay', async () => {
    const request = await create([crypto.randomUUID().slice(0, 8)], { 'Idempotency-Key': 'weak' })
    await request()
    expect((await request()).headers.get('Idempotent-Replayed')).toBe('true')
    expect(warningLines()).toHaveLength(1)
  })

  it('logs nothing about strong keys', async () => {
    const request = await create([crypto.randomUUID()])
    expect((await request()).response.code).toBe(900)
    expect(warningLines()).toEqual([])
  })
})
