/** The built JavaScript client on the platforms that it is for. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { project } from '../support/clone.ts'
import { startDriver } from './support/client-driver.ts'
import { DAY_MS, LICENSE_KEY, makeFile, START } from './support/file-maker.ts'
import { ANSWER_OPTIONS, FILE_OPTIONS, fileAnswer } from './support/javascript-app.ts'
import { type LicenseServer, type Reaction, sealed, startLicenseServer } from './support/license-server.ts'

const CHROMIUM = '/usr/bin/chromium'
const DRIVER = path.join(import.meta.dirname, 'drivers/javascript.mjs')
const dist = path.join(project, 'clients/javascript/dist')

/** An older Node.js outside of the project, if there is one. */
const olderNode = (process.env.PATH ?? '')
  .split(path.delimiter)
  .map((folder) => path.join(folder, 'node'))
  .find((file) => /^v20\./.test(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? ''))

let server: LicenseServer
beforeAll(async () => {
  server = await startLicenseServer()
  server.react = ({ fields }) => fileAnswer(Date.now(), { identifier: String(fields.identifier) })
})
afterAll(() => server.close())

const options = () => ({ server: server.origin, apiKey: 'test-key', ...FILE_OPTIONS, ...ANSWER_OPTIONS })

describe.each([
  ['the Node.js of the project', process.execPath],
  ['Node.js 20 (skipped without it)', olderNode],
])('on %s', (_, node = '') => {
  it.skipIf(node === '')('the driver obeys every command', async () => {
    const folder = mkdtempSync(path.join(inject('scratch'), 'client-'))
    const { ask, end } = startDriver(node, DRIVER)
    const now = new Date(START).toISOString()
    server.react = ({ path }) => (path.endsWith('deactivate') ? { code: '400' } : fileAnswer())
    expect(await ask({ do: 'new', options: options(), folder, identifier: 'device-1/ä', now })).toEqual({})
    const activated = {
      state: 'valid',
      features: ['pro'],
      expiresAt: null,
      daysLeft: null,
      code: '2210',
      reason: null,
    }
    expect(await ask({ do: 'activate', key: LICENSE_KEY })).toEqual(activated)
    expect(await ask({ do: 'has', feature: 'pro' })).toEqual({ has: true })
    await ask({ do: 'clock', now: new Date(START + 14 * DAY_MS).toISOString() })
    expect(await ask({ do: 'check' })).toMatchObject({ state: 'grace', daysLeft: 7 })
    expect(await ask({ do: 'settle' })).toEqual({})
    await ask({ do: 'clock', now })
    expect(await ask({ do: 'refresh' })).toMatchObject({ state: 'valid' })
    expect(await ask({ do: 'deactivate' })).toMatchObject({ state: 'unlicensed', code: '400' })
    expect(await ask({ do: 'startTrial' })).toMatchObject({ reason: 'refused', code: '2210' })
    const { text } = await ask({ do: 'offlineRequest', key: LICENSE_KEY })
    expect(text).toMatch(/^[\w-]+$/)
    const file = makeFile({ issued: START, expiry: START + DAY_MS, licenseEnd: now })
    expect(await ask({ do: 'acceptFile', text: file })).toMatchObject({ state: 'valid', expiresAt: now })
    const holder = { licenseKey: LICENSE_KEY, identifier: 'device-1/ä' }
    const verified = {
      verdict: 'valid',
      features: ['pro'],
      expiresAt: now,
      expiry: new Date(START + DAY_MS).toISOString(),
    }
    expect(await ask({ do: 'verifyFile', file, ...holder, options: options(), now })).toEqual(verified)
    const nonce = 'n'.repeat(32)
    const body = sealed({ code: 204 }, { nonce, license_key: LICENSE_KEY, identifier: holder.identifier })
    const question = { do: 'readAnswer', body, ...holder, options: options() }
    expect(await ask({ ...question, nonce })).toEqual({ accepted: true, code: '204' })
    expect(await ask({ ...question, nonce: 'm'.repeat(32) })).toEqual({ accepted: false })
    expect(await ask({ do: 'new', options: {}, folder })).toEqual({
      error: expect.stringContaining('apiKey'),
    })
    end()
  })

  it.skipIf(node === '')('the device and its license are found again by the next process', async () => {
    const folder = mkdtempSync(path.join(inject('scratch'), 'client-'))
    server.react = ({ fields }) => fileAnswer(Date.now(), { identifier: String(fields.identifier) })
    for (const command of [{ do: 'activate', key: LICENSE_KEY }, { do: 'check' }]) {
      const { ask, end } = startDriver(node, DRIVER)
      await ask({ do: 'new', options: options(), folder })
      expect(await ask(command)).toMatchObject({ state: 'valid', features: ['pro'] })
      end()
    }
  })
})

it('a process ends while the server hangs, within the ten seconds of a request', async () => {
  server.react = () => 'hang'
  const stored = { version: 1, licenseKey: LICENSE_KEY }
  const program = `import { Keyseal } from ${JSON.stringify(path.join(dist, 'index.js'))}
    const storage = { read: () => ${JSON.stringify(JSON.stringify(stored))}, write: () => {} }
    const keyseal = new Keyseal({ ...${JSON.stringify(options())}, storage, device: 'device-1' })
    console.log((await keyseal.check()).state)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  const [output] = await once(child.stdout, 'data')
  expect(String(output)).toBe('unlicensed\n')
  const decided = performance.now()
  const [status] = await once(child, 'exit')
  expect(status).toBe(0)
  expect(performance.now() - decided).toBeLessThan(15_000)
})

it('the core runs in Workers', async () => {
  server.react = ({ fields }) => fileAnswer(Date.now(), { identifier: String(fields.identifier) })
  const main = `import { Keyseal } from './index.js'
    let text = null
    const storage = { read: () => text, write: (changed) => { text = changed } }
    export default { async fetch() {
      const keyseal = new Keyseal({ ...${JSON.stringify(options())}, storage, device: 'worker' })
      await keyseal.activate('${LICENSE_KEY}')
      return Response.json({ ...(await keyseal.check()), pro: keyseal.has('pro') })
    } }`
  const modules = [
    { type: 'ESModule' as const, path: 'main.js', contents: main },
    {
      type: 'ESModule' as const,
      path: 'index.js',
      contents: readFileSync(path.join(dist, 'index.js'), 'utf8'),
    },
  ]
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ compatibilityDate: '2026-01-01', modules, cf: false }),
  )
  try {
    const response = await miniflare.dispatchFetch('http://localhost/')
    expect(await response.json()).toMatchObject({ state: 'valid', pro: true })
  } finally {
    await miniflare.dispose()
  }
})

it.skipIf(!existsSync(CHROMIUM))(`both entries run in a browser (skipped without ${CHROMIUM})`, async () => {
  const files: Record<string, Reaction> = {
    '/': { body: '<!doctype html>', headers: { 'Content-Type': 'text/html' } },
    '/index.js': script('index.js'),
    '/device.js': script('device-browser.js'),
  }
  server.react = ({ path, fields }) =>
    files[path] ?? fileAnswer(Date.now(), { identifier: String(fields.identifier) })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--headless', '--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(server.origin)
    const run = (first: string) =>
      page.evaluate(`(async () => {
        const { Keyseal } = await import('/index.js')
        const { device, storage } = await import('/device.js')
        const options = ${JSON.stringify(options())}
        const keyseal = new Keyseal({ ...options, storage: storage('app'), device: device('app') })
        return { ...(await ${first}), pro: keyseal.has('pro') }
      })()`)
    expect(await run(`keyseal.activate('${LICENSE_KEY}')`)).toMatchObject({ state: 'valid', pro: true })
    await page.reload()
    expect(await run('keyseal.check()')).toMatchObject({ state: 'valid', pro: true })
  } finally {
    await browser.close()
  }
})

function script(name: string): Reaction {
  const body = readFileSync(path.join(dist, name), 'utf8')
  return { body, headers: { 'Content-Type': 'text/javascript' } }
}
