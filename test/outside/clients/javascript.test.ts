/** The JavaScript client against a server over HTTP. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, DEVICE, HOUR_MS, LICENSE_KEY, pemOf, rsaPair, START } from './support/file-maker.ts'
import { activatedApp, checkAndSettle, fileAnswer, startApp } from './support/javascript-app.ts'
import { type Reaction, reactWith, startLicenseServer } from './support/license-server.ts'

const OTHER_KEY = 'DEMO-OTHER'
const EXPIRY = START + 14 * DAY_MS

const server = await startLicenseServer()
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

function react(...reactions: Reaction[]): void {
  reactWith(server, ...reactions)
}

describe('activate', () => {
  it('sends what a check-out needs, with a new nonce each time', async () => {
    react(fileAnswer())
    const { keyseal } = startApp(server, { fileDays: 2 })
    await keyseal.activate(` ${LICENSE_KEY}\n`)
    await keyseal.activate(LICENSE_KEY)
    const fields = {
      license_key: LICENSE_KEY,
      identifier: DEVICE,
      activate: '1',
      algorithm: 'ed25519',
      encrypt: '1',
      ttl: '172800',
      nonce: expect.stringMatching(/^[\da-f]{32}$/),
    }
    const request = { path: '/api/v1/check-out', authorization: 'Bearer test-key', fields }
    expect(server.requests).toEqual([request, request])
    expect(server.requests[0]?.fields.nonce).not.toBe(server.requests[1]?.fields.nonce)
  })

  it('stores the file and gives its license, also to the next run', async () => {
    const licenseEnd = new Date(START + 365 * DAY_MS)
    react(fileAnswer(START, { licenseEnd: licenseEnd.toISOString(), features: ['pro', 'export'] }))
    const { keyseal, memory } = startApp(server)
    expect(keyseal.has('pro')).toBe(false)
    const licensed = {
      state: 'valid',
      features: ['pro', 'export'],
      expiresAt: licenseEnd,
      daysLeft: 365,
      reason: null,
    }
    expect(await keyseal.activate(LICENSE_KEY)).toEqual({ ...licensed, code: '2210' })
    expect([keyseal.has('pro'), keyseal.has('cloud')]).toEqual([true, false])
    const next = startApp(server, {}, memory)
    expect(await next.keyseal.check()).toEqual({ ...licensed, code: null })
    expect(next.keyseal.has('export')).toBe(true)
  })

  it('takes RSA files, plain files, and files that end with the license', async () => {
    react(fileAnswer(START, { algorithm: 'rsa-sha256', encrypt: false, expiry: START + HOUR_MS }))
    const options = { algorithm: 'rsa-sha256', fileKeys: [pemOf(rsaPair)], encrypt: false } as const
    const { keyseal } = startApp(server, options)
    expect(await keyseal.activate(LICENSE_KEY)).toMatchObject({ state: 'valid' })
    expect(server.requests[0]?.fields).toMatchObject({ algorithm: 'rsa-sha256', encrypt: '0' })
    expect(server.requests[0]?.fields).not.toHaveProperty('ttl')
  })

  it.each([
    [201, 'unlicensed'],
    [203, 'blocked'],
    [204, 'blocked'],
    [205, 'expired'],
    [210, 'unlicensed'],
    [302, 'limit-reached'],
  ])('reports %d as %s, also in the next run', async (code, state) => {
    react({ code })
    const { keyseal, memory } = startApp(server)
    const refused = { state, features: [], daysLeft: 0, code: String(code), reason: null }
    expect(await keyseal.activate(LICENSE_KEY)).toMatchObject(refused)
    react('drop')
    expect(await startApp(server, {}, memory).keyseal.check()).toMatchObject(refused)
  })

  it.each([201, 203, 204, 205, 210, 302])(
    'keeps a working license if %d refuses another key',
    async (code) => {
      const { keyseal } = await activatedApp(server)
      react({ code })
      expect(await keyseal.activate(OTHER_KEY)).toMatchObject({ code: String(code), features: [] })
      expect(keyseal.has('pro')).toBe(true)
      expect(await keyseal.check()).toMatchObject({ state: 'valid' })
    },
  )

  it('replaces a license by one of another key', async () => {
    const { keyseal, stored } = await activatedApp(server)
    react(fileAnswer(START, { licenseKey: OTHER_KEY, features: ['team'] }))
    expect(await keyseal.activate(OTHER_KEY)).toMatchObject({ state: 'valid', features: ['team'] })
    expect(stored()).toMatchObject({ licenseKey: OTHER_KEY })
  })

  it('asks once more if this device was not activated', async () => {
    react({ code: 202 }, fileAnswer())
    const { keyseal } = startApp(server)
    expect(await keyseal.activate(LICENSE_KEY)).toMatchObject({ state: 'valid' })
    expect(server.requests).toHaveLength(2)
    react({ code: 202 })
    expect(await keyseal.activate(LICENSE_KEY)).toMatchObject({
      state: 'valid',
      reason: 'refused',
      code: '202',
    })
    expect(server.requests).toHaveLength(4)
  })

  it('does not send an empty key', async () => {
    const { keyseal } = startApp(server)
    expect(await keyseal.activate(' ')).toMatchObject({ state: 'unlicensed', reason: 'refused' })
    expect(server.requests).toEqual([])
  })

  it('stores no file that does not verify', async () => {
    const { keyseal, memory } = startApp(server)
    for (const [facts, reason] of [
      [{ identifier: 'device-2' }, 'wrong-machine'],
      [{ productId: 2 }, 'other-product'],
      [{ algorithm: 'rsa-sha256' }, 'file-invalid'],
    ] as const) {
      react(fileAnswer(START, facts))
      expect(await keyseal.activate(LICENSE_KEY)).toMatchObject({ state: 'unlicensed', reason, code: null })
    }
    react(fileAnswer(START + DAY_MS + 1))
    expect(await keyseal.activate(LICENSE_KEY)).toMatchObject({ state: 'clock-set-back' })
    expect(memory.text).toBeNull()
  })

  it('fails if the license cannot be stored', async () => {
    react(fileAnswer())
    const write = () => Promise.reject(new Error('The disk is full.'))
    const { keyseal } = startApp(server, { storage: { read: () => null, write } })
    await expect(keyseal.activate(LICENSE_KEY)).rejects.toThrow('The disk is full.')
  })
})

describe('refresh', () => {
  it('stores a new file', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    setClock(EXPIRY)
    expect(await keyseal.check()).toMatchObject({ state: 'grace', features: ['pro'], daysLeft: 7 })
    react(fileAnswer(EXPIRY))
    expect(await keyseal.refresh()).toMatchObject({ state: 'valid', code: '2210' })
  })

  it('takes the license away by a signed refusal, until the next file', async () => {
    const { keyseal } = await activatedApp(server)
    react({ code: 204 })
    expect(await keyseal.refresh()).toMatchObject({ state: 'blocked', features: [], code: '204' })
    expect(keyseal.has('pro')).toBe(false)
    react('drop')
    expect(await keyseal.refresh()).toMatchObject({ state: 'blocked', reason: 'unreachable' })
    react(fileAnswer())
    expect(await keyseal.refresh()).toMatchObject({ state: 'valid' })
  })

  it('lets a file go on when all devices are taken, and asks again in an hour', async () => {
    const { keyseal, setClock } = await activatedApp(server)
    react({ code: 302 })
    expect(await keyseal.refresh()).toMatchObject({ state: 'valid', code: '302', reason: null })
    setClock(START + HOUR_MS - 1)
    await checkAndSettle({ keyseal })
    expect(server.requests).toHaveLength(1)
    setClock(EXPIRY + 7 * DAY_MS)
    expect(await checkAndSettle({ keyseal })).toMatchObject({ state: 'limit-reached', code: '302' })
    expect(server.requests).toHaveLength(2)
  })

  const silence: [string, Reaction, string, string | null][] = [
    ['no connection', 'drop', 'unreachable', null],
    ['a captive portal', { body: '<html>Sign in</html>' }, 'not-trusted', null],
    [
      'a redirect',
      { body: '', status: 302, headers: { Location: 'https://example.com' } },
      'not-trusted',
      null,
    ],
    ['an error page', { body: 'Bad gateway', status: 502 }, 'not-trusted', null],
    ['more than 1 MB', { body: ' '.repeat(1_000_001) }, 'not-trusted', null],
    ['an unsigned refusal', { body: '{"response":{"code":204}}' }, 'not-trusted', null],
    ['a refusal without proof', { code: 204, proof: null }, 'not-trusted', null],
    ['a replayed refusal', { code: 204, proof: { nonce: 'n'.repeat(32) } }, 'not-trusted', null],
    ['a refusal of another key', { code: 204, proof: { license_key_sha256: 'ab' } }, 'not-trusted', null],
    ['a refusal of another device', { code: 204, proof: { identifier: 'device-2' } }, 'not-trusted', null],
    ['a refusal of another product', { code: 204, proof: { product_id: 2 } }, 'not-trusted', null],
    ['an unknown API key', { code: 100 }, 'refused', '100'],
    ['wrong parameters', { code: 804 }, 'refused', '804'],
    ['a rate limit', { code: 2429 }, 'refused', '2429'],
    ['an outage', { code: 2503 }, 'refused', '2503'],
    ['an answer of another endpoint', { code: 200 }, 'refused', '200'],
    ['an answer without a file', { code: 2210 }, 'file-invalid', null],
  ]
  it.each(silence)('changes nothing on %s', async (_, reaction, reason, code) => {
    const { keyseal, stored } = await activatedApp(server)
    const { failures: _failures, nextAttemptAt: _next, ...before } = stored()
    react(reaction)
    expect(await keyseal.refresh()).toMatchObject({ state: 'valid', features: ['pro'], reason, code })
    expect(stored()).toMatchObject({ ...before, failures: 1 })
  })

  it('does nothing without a license key', async () => {
    expect(await startApp(server).keyseal.refresh()).toMatchObject({ state: 'unlicensed', reason: null })
    expect(server.requests).toEqual([])
  })

  it('does not bring back a license that another process gave back meanwhile', async () => {
    const { keyseal, memory } = await activatedApp(server)
    server.react = () => {
      memory.text = null
      return fileAnswer()
    }
    expect(await keyseal.refresh()).toMatchObject({ state: 'unlicensed' })
    expect(memory.text).toBeNull()
  })
})
