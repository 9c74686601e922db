/** The page /offline in a real browser: with a QR code of the machine, without JavaScript, on phones and in dark mode. */
import { verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import decodeQr from 'qr/decode.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_API_KEY } from '../../scripts/demo-data.ts'
import { CHROMIUM, hasBrowser, launchBrowser } from './support/browser.ts'
import { freePort, type Running, removeClone, run, startService } from './support/clone.ts'
import { cloneWithDatabase } from './support/keyseal.ts'
import { query, runShell } from './support/local-database.ts'
import { example } from './support/readme.ts'

const DEVICE = '0f5b8c1e-6f0f-4d8e-9d6c-3d1a2b4c5d6e'

describe.skipIf(!hasBrowser)(`/offline (skipped without ${CHROMIUM})`, () => {
  let folder: string
  let origin: string
  let service: Running
  let browser: Browser
  let licenseKey: string
  const browserErrors: string[] = []
  /** The addresses that servers saw. */
  const requested: string[] = []

  beforeAll(async () => {
    folder = cloneWithDatabase()
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    service = await startService(folder, port, /\ncurl -s .*\n/)
    runExample('run: offline-page')
    // Each feature makes the file longer, and a file of 2,000 bytes or more has no QR code.
    await callApi('update-product', { product_id: '1', features: '[]' })
    const owner = { owner_name: 'Ada', owner_email: 'ada@example.com' }
    const terms = { product_id: '1', quantity: '1', validity: '365', activation_limit: '0' }
    const { license_keys } = await callApi('random-assign-license-keys', { ...owner, ...terms })
    licenseKey = license_keys[0].license_key
    browser = await launchBrowser()
  })

  afterEach(() => {
    expect(browserErrors).toEqual([])
    expect(requested.filter((address) => new URL(address).origin !== origin)).toEqual([])
    expect(requested.filter((address) => address.includes(requestText().slice(0, 30)))).toEqual([])
    query(folder, 'delete from offline_refusals')
  })

  afterAll(async () => {
    await browser?.close()
    await service?.interrupt()
    removeClone(folder)
  })

  function runExample(mark: string): string {
    return runShell(folder, example(mark).replaceAll('127.0.0.1:8787', new URL(origin).host))
  }

  // biome-ignore lint/suspicious/noExplicitAny: each code has its own fields.
  async function callApi(name: string, fields: Record<string, string>): Promise<any> {
    const body = new URLSearchParams({ api_key: DEMO_API_KEY, ...fields })
    const answer = await fetch(`${origin}/api/v1/${name}`, { method: 'POST', body })
    return ((await answer.json()) as { response: unknown }).response
  }

  function requestText(identifier = DEVICE): string {
    return Buffer.from(JSON.stringify({ license_key: licenseKey, identifier })).toString('base64url')
  }

  async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 }, ...options })
    // The browser reports the status of a refusal.
    page.on(
      'console',
      (message) => /status of 4\d\d/.test(message.text()) || browserErrors.push(message.text()),
    )
    page.on('pageerror', (error) => browserErrors.push(error.message))
    page.on('request', (request) => requested.push(request.url().replace(/#.*/, '')))
    return page
  }

  /** Opens the page, enters the request and presses the button. */
  async function bring(page: Page, text: string): Promise<void> {
    await page.goto(`${origin}/offline`)
    await page.getByLabel('Request from the machine').fill(text)
    await page.getByRole('button', { name: 'Get the license file' }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
  }

  /** Verifies a file with the published key, as software does. @returns its payload */
  async function payloadOf(file: string) {
    const published = await fetch(`${origin}/.well-known/license-file-keys.json`)
    const { keys } = (await published.json()) as { keys: { kid: string; pem: string }[] }
    const base64 = file.replaceAll(/-----.*-----/g, '')
    const { enc, sig, kid } = JSON.parse(Buffer.from(base64, 'base64').toString())
    const { pem = '' } = keys.find((key) => key.kid === kid) ?? {}
    expect(verify(null, Buffer.from(`machine/${enc}`), pem, Buffer.from(sig, 'base64'))).toBe(true)
    return JSON.parse(Buffer.from(enc, 'base64').toString())
  }

  /** @returns the text of the QR code as the screen shows it */
  async function scan(page: Page): Promise<string> {
    const png = await page.getByRole('img', { name: 'The license file as a QR code' }).screenshot()
    const blank = await browser.newPage()
    const [width, height, pixels] = await blank.evaluate<[number, number, string]>(
      PIXELS.replace('PNG', png.toString('base64')),
    )
    await blank.close()
    return decodeQr({ width, height, data: Buffer.from(pixels, 'base64') })
  }

  it('takes the request from the fragment, and removes it from the address', async () => {
    const page = await newPage()
    await page.goto(`${origin}/offline#${requestText()}`)
    expect(await page.getByLabel('Request from the machine').inputValue()).toBe(requestText())
    expect(page.url()).toBe(`${origin}/offline`)
    // Nothing is sent until the person presses the button, which has the focus.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Get the license file')
    await page.keyboard.press('Enter')
    const file = await page.getByLabel('As text').inputValue()
    expect((await payloadOf(file)).data.attributes.fingerprint).toBe(DEVICE)
    await page.close()
  })

  it('opens at the address that the example of the documents makes', () => {
    writeFileSync(path.join(folder, 'request.mjs'), example('run: offline-request'))
    const { output } = run(folder, 'node', 'request.mjs', licenseKey, DEVICE)
    expect(output).toBe(`http://127.0.0.1:8787/offline#${requestText()}\n`)
  })

  it('takes a request that arrives while the page is open', async () => {
    const page = await newPage()
    await page.goto(`${origin}/offline`)
    await page.evaluate(`location.hash = '${requestText()}'`)
    await expect.poll(() => page.url()).toBe(`${origin}/offline`)
    expect(await page.getByLabel('Request from the machine').inputValue()).toBe(requestText())
    await page.close()
  })

  it('works without JavaScript: paste, text and download', async () => {
    const page = await newPage({ javaScriptEnabled: false })
    await bring(page, `${origin}/offline#${requestText()}`)
    const shown = await page.getByLabel('As text').inputValue()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download license.lic' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('license.lic')
    const downloaded = readFileSync(await download.path(), 'utf8')
    for (const file of [shown, downloaded]) {
      expect((await payloadOf(file)).data.attributes.fingerprint).toBe(DEVICE)
    }
    expect(await page.getByRole('button', { name: 'Copy' }).count()).toBe(0)
    await page.close()
  })

  it('copies the text', async () => {
    const page = await newPage({ permissions: ['clipboard-read', 'clipboard-write'] })
    await bring(page, requestText())
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      await page.getByLabel('As text').inputValue(),
    )
    await page.close()
  })

  it.each([
    [390, 3],
    [390, 1],
    [1440, 1],
  ])(
    'shows a QR code of the file that can be scanned, %i px wide, pixel ratio %i',
    async (width, density) => {
      const page = await newPage({ viewport: { width, height: 900 }, deviceScaleFactor: density })
      // The longest identifier with a QR code makes the densest code.
      await bring(page, requestText(`${DEVICE}${'-'.repeat(128)}`))
      const file = await page.getByLabel('As text').inputValue()
      expect(file.length).toBeGreaterThan(1_900)
      expect(await scan(page)).toBe(file)
      await page.close()
    },
  )

  it('explains a refusal, and then says when to try again', async () => {
    const page = await newPage()
    const unknown = Buffer.from(JSON.stringify({ license_key: 'A-1', identifier: 'x' })).toString('base64url')
    for (let time = 1; time <= 10; time++) await bring(page, unknown)
    expect(await page.getByRole('alert').getByRole('heading').textContent()).toBe(
      'This license key is not known here',
    )
    await bring(page, requestText())
    expect(await page.getByRole('alert').textContent()).toContain('Try again in 60 minutes.')
    await page.getByRole('link', { name: 'Enter another request' }).click()
    await page.getByLabel('Request from the machine').waitFor()
    await page.close()
  })

  describe.each(['light', 'dark'] as const)('in %s mode', (colorScheme) => {
    it.each([1440, 390, 360])('has no fault that axe finds, and fits into %i px', async (width) => {
      const page = await newPage({ colorScheme, viewport: { width, height: 800 } })
      const states = [
        () => page.goto(`${origin}/offline`),
        () => bring(page, requestText()),
        () => bring(page, requestText('x'.repeat(255))),
        () => bring(page, 'no request'),
      ]
      for (const show of states) {
        await show()
        // Not where the button was, which may be a link now.
        await page.mouse.move(0, 0)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate<{ violations: object[] }>('axe.run()')
        expect(violations).toEqual([])
      }
      await page.close()
    })
  })
})

/** Reads a screenshot. @returns its size and its pixels as base64 */
const PIXELS = `
  (async () => {
    const bytes = Uint8Array.from(atob('PNG'), (character) => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const { width, height } = bitmap
    const canvas = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d')
    canvas.drawImage(bitmap, 0, 0)
    const { data } = canvas.getImageData(0, 0, width, height)
    let pixels = ''
    for (let at = 0; at < data.length; at += 32768) pixels += String.fromCharCode(...data.subarray(at, at + 32768))
    return [width, height, btoa(pixels)]
  })()`
