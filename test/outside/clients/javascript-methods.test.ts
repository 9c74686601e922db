/** The further methods of the JavaScript client: deactivation, trials and devices without the network. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, DEVICE, LICENSE_KEY, makeFile, START } from './support/file-maker.ts'
import { activatedApp, fileAnswer, startApp } from './support/javascript-app.ts'
import { type Reaction, reactWith, startLicenseServer } from './support/license-server.ts'

const TRIAL_KEY = 'TRIAL-7K2MX'
const EXPIRY = START + 14 * DAY_MS

const server = await startLicenseServer()
afterAll(() => server.close())
beforeEach(() => {
  server.requests.length = 0
})

function react(...reactions: Reaction[]): void {
  reactWith(server, ...reactions)
}

describe('deactivate', () => {
  it.each(['400', 401, 202, 210])('forgets the license after %s', async (code) => {
    const { keyseal, stored } = await activatedApp(server)
    const { highestTime } = stored()
    react({ code })
    expect(await keyseal.deactivate()).toMatchObject({
      state: 'unlicensed',
      code: String(code),
      reason: null,
    })
    expect(server.requests).toMatchObject([
      { path: '/api/v1/deactivate', fields: { license_key: LICENSE_KEY, identifier: DEVICE } },
    ])
    expect(stored()).toMatchObject({ licenseKey: null, file: null, highestTime })
    expect(keyseal.has('pro')).toBe(false)
  })

  it.each<[Reaction, string]>([
    ['drop', 'unreachable'],
    [{ body: '{"response":{"code":"400"}}' }, 'not-trusted'],
    [{ code: '400', proof: { nonce: 'n'.repeat(32) } }, 'not-trusted'],
    [{ code: 2503 }, 'refused'],
  ])('keeps the license after %j', async (reaction, reason) => {
    const { keyseal } = await activatedApp(server)
    react(reaction)
    expect(await keyseal.deactivate()).toMatchObject({ state: 'valid', reason })
    expect(await keyseal.check()).toMatchObject({ state: 'valid', reason: null })
  })

  it('asks nothing without a license', async () => {
    expect(await startApp(server).keyseal.deactivate()).toMatchObject({ state: 'unlicensed' })
    expect(server.requests).toEqual([])
  })
})

describe('startTrial', () => {
  const trialAnswer = (code: number) => ({
    ...fileAnswer(START, { licenseKey: TRIAL_KEY, features: ['trial'] }),
    code,
    license_key: TRIAL_KEY,
  })

  it.each([2211, 2212])('stores the license key and file of answer %d', async (code) => {
    react(trialAnswer(code))
    const { keyseal, stored } = startApp(server)
    const running = { state: 'valid', features: ['trial'], code: String(code) }
    expect(await keyseal.startTrial()).toMatchObject(running)
    expect(stored()).toMatchObject({ licenseKey: TRIAL_KEY })
    const { fields, path } = server.requests[0] ?? {}
    expect(path).toBe('/api/v1/start-trial')
    expect(fields).toMatchObject({ product_id: '1', identifier: DEVICE, algorithm: 'ed25519', encrypt: '1' })
    expect(fields).not.toHaveProperty('license_key')
    react(fileAnswer(START, { licenseKey: TRIAL_KEY }))
    expect(await keyseal.refresh()).toMatchObject({ state: 'valid' })
  })

  it.each([
    [205, 'expired', null],
    [204, 'blocked', null],
    [203, 'blocked', null],
    [2213, 'unlicensed', 'refused'],
    [215, 'unlicensed', 'refused'],
  ])('reports %d as %s and stores nothing', async (code, state, reason) => {
    react({ code })
    const { keyseal, memory } = startApp(server)
    expect(await keyseal.startTrial()).toMatchObject({ state, reason, code: String(code) })
    expect(memory.text).toBeNull()
  })

  it('keeps a license that works, and asks nothing', async () => {
    const { keyseal } = await activatedApp(server)
    expect(await keyseal.startTrial()).toMatchObject({ state: 'valid', features: ['pro'] })
    expect(server.requests).toEqual([])
  })
})

describe('a device without the network', () => {
  const plainFile = (issued = START, more = {}) =>
    makeFile({ issued, expiry: issued + 14 * DAY_MS, encrypt: false, ...more })

  it('makes a request as text and as an address', async () => {
    const { keyseal } = startApp(server)
    const { text, url } = await keyseal.offlineRequest(` ${LICENSE_KEY} `)
    expect(text).toMatch(/^[\w-]+$/)
    const request = { license_key: LICENSE_KEY, identifier: DEVICE, algorithm: 'ed25519' }
    expect(JSON.parse(Buffer.from(text, 'base64url').toString())).toEqual(request)
    expect(url).toBe(`${server.origin}/offline#${text}`)
    expect(await keyseal.check()).toMatchObject({ state: 'unlicensed' })
    await keyseal.settled()
    expect(server.requests).toEqual([])
  })

  it.each([true, false])('accepts the file for its request, encrypted: %s', async (encrypt) => {
    const { keyseal, stored } = startApp(server)
    await keyseal.offlineRequest(LICENSE_KEY)
    expect(await keyseal.acceptFile(plainFile(START, { encrypt }))).toMatchObject({
      state: 'valid',
      code: null,
    })
    expect(keyseal.has('pro')).toBe(true)
    expect(stored()).toMatchObject({ licenseKey: LICENSE_KEY, pendingKey: null })
  })

  it.each([
    ['file-invalid', 'no file'],
    ['wrong-machine', plainFile(START, { identifier: 'device-2' })],
    ['other-product', plainFile(START, { productId: 2 })],
  ])('keeps what it has when a file is refused: %s', async (reason, text) => {
    const { keyseal } = startApp(server)
    await keyseal.offlineRequest(LICENSE_KEY)
    expect(await keyseal.acceptFile(text)).toMatchObject({ state: 'unlicensed', reason })
    const licensed = await activatedApp(server)
    expect(await licensed.keyseal.acceptFile(text)).toMatchObject({ state: 'valid', reason })
  })

  it('refuses a file from the future', async () => {
    const { keyseal, stored } = startApp(server)
    await keyseal.offlineRequest(LICENSE_KEY)
    expect(await keyseal.acceptFile(plainFile(START + DAY_MS + 1))).toMatchObject({ state: 'clock-set-back' })
    expect(stored()).toMatchObject({ licenseKey: null })
  })

  it('goes on with the next file after the first', async () => {
    const { keyseal, setClock } = startApp(server)
    react('drop')
    await keyseal.offlineRequest(LICENSE_KEY)
    await keyseal.acceptFile(plainFile())
    setClock(EXPIRY)
    expect(await keyseal.acceptFile(plainFile())).toMatchObject({ state: 'grace' })
    expect(await keyseal.acceptFile(plainFile(EXPIRY))).toMatchObject({ state: 'valid' })
  })

  it('does not undo a refusal by an old file', async () => {
    const { keyseal } = await activatedApp(server)
    react({ code: 204, timestamp: START / 1000 })
    await keyseal.refresh()
    expect(await keyseal.acceptFile(plainFile(START - DAY_MS))).toMatchObject({ state: 'blocked' })
    expect(await keyseal.acceptFile(plainFile(START + 1000))).toMatchObject({ state: 'valid' })
  })

  it('says that a request must come first', async () => {
    const { keyseal } = startApp(server)
    expect(await keyseal.acceptFile(plainFile())).toMatchObject({
      state: 'unlicensed',
      reason: 'file-invalid',
    })
  })
})
