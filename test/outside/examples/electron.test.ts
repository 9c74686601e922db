/**
 * The Electron app of the examples. Electron itself cannot be downloaded in tests. A stand-in for its modules runs main.js in
 * Node.js, and Chromium runs the page and preload.cjs.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { ClientDriver } from '../clients/support/client-driver.ts'
import { CHROMIUM, hasBrowser, launchBrowser } from '../support/browser.ts'
import { example } from '../support/readme.ts'
import { LocalService } from './support/local-service.ts'

const ACTIVE = 'Your license is active. Days left: 365'
const NONE = 'Enter your license key, or start a trial.'

const service = new LocalService()
const file = (name: string) => readFileSync(path.join(service.clone, 'examples/electron', name), 'utf8')

beforeAll(async () => {
  const modules = path.join(service.clone, 'examples/electron/node_modules')
  cpSync(path.join(import.meta.dirname, 'support/electron'), path.join(modules, 'electron'), {
    recursive: true,
  })
  mkdirSync(path.join(modules, '.bin'))
  symlinkSync('../electron/cli.js', path.join(modules, '.bin/electron'))
  await service.start()
})
afterAll(() => service.remove())

const apps: ClientDriver[] = []
afterEach(() => {
  for (const app of apps.splice(0)) app.end()
})

/** Starts the app on a computer of its own. @returns what asks its main process, as a page does */
function openApp(days = 0, computer = service.newComputer()) {
  const command = example('run: example-electron').trim().replace('npm', 'npm --silent')
  const app = service.drive(command, computer, days)
  apps.push(app)
  return async (name: string, values: readonly string[] = [], chosen?: string) => {
    const { result, shown } = await app.ask({ name, values, chosen })
    return { result, ...(shown as { text?: string; hasPro?: boolean } | null) }
  }
}

describe('the Electron app', () => {
  it('activates a license, and exports only with it', async () => {
    const ask = openApp()
    const target = path.join(mkdtempSync(path.join(inject('scratch'), 'export-')), 'export.txt')
    expect(await ask('check')).toMatchObject({ text: NONE, hasPro: false })
    expect((await ask('export', [], target)).result).toBe('Exports need a license with the pro features.')
    expect(existsSync(target)).toBe(false)
    expect(await ask('activate', ['wrong'])).toMatchObject({
      text: 'This license key is wrong.',
      hasPro: false,
    })
    expect(await ask('activate', [service.buy().licenseKey])).toMatchObject({ text: ACTIVE, hasPro: true })
    expect((await ask('export', [], target)).result).toBe('Exported.')
    expect(existsSync(target)).toBe(true)
    expect(await ask('deactivate')).toMatchObject({ text: NONE, hasPro: false })
    expect(await ask('trial')).toMatchObject({ text: 'Your license is active. Days left: 14', hasPro: true })
  })

  it('says why a license stops, after grace and after a refund', async () => {
    const computer = service.newComputer()
    const { licenseKey, refund } = service.buy()
    const first = openApp(0, computer)
    await first('activate', [licenseKey])
    refund()
    expect(await first('refresh')).toMatchObject({
      text: 'Your license was blocked. Please contact us.',
      hasPro: false,
    })
    await first('activate', [service.buy().licenseKey])
    await service.stop()
    try {
      expect(await openApp(15, computer)('check')).toMatchObject({
        text: 'Your license could not be renewed. Connect to the internet. Days left: 6',
        hasPro: true,
      })
    } finally {
      await service.start()
    }
  })

  it('opens a license file on a computer without a connection', async () => {
    const ask = openApp()
    const { result } = await ask('offline-request', [service.buy().licenseKey])
    const license = path.join(mkdtempSync(path.join(inject('scratch'), 'license-')), 'license.lic')
    writeFileSync(license, await service.exchangeOffline((result as { url: string }).url))
    expect(await ask('accept-file')).toMatchObject({ text: NONE })
    expect(await ask('accept-file', [], license)).toMatchObject({ text: ACTIVE, hasPro: true })
  })
})

describe.skipIf(!hasBrowser)(`the page of the Electron app (skipped without ${CHROMIUM})`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())

  /** Opens the page. What it asks reaches the app. */
  async function openPage(ask: ReturnType<typeof openApp>): Promise<Page> {
    const page = await browser.newPage()
    await page.exposeFunction('askApp', (name: string, ...values: string[]) => ask(name, values))
    await page.addInitScript(`{
      let show
      const electron = {
        contextBridge: { exposeInMainWorld: (name, api) => { window[name] = api } },
        ipcRenderer: {
          on: (_, listener) => { show = (license) => listener({}, license) },
          invoke: async (...words) => {
            const { result, ...license } = await window.askApp(...words)
            if ('text' in license) show(license)
            return result
          },
        },
      }
      const require = () => electron
      ${file('preload.cjs')}
    }`)
    await page.goto(`file://${path.join(service.clone, 'examples/electron/index.html')}`)
    return page
  }

  it('shows the license, and the request for a computer without a connection', async () => {
    const page = await openPage(openApp())
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    await page.getByText(NONE).waitFor()
    await page.getByLabel('License key').fill(service.buy().licenseKey)
    await button('Show a request').click()
    await page.locator('#request').waitFor()
    expect(await page.locator('#request').inputValue()).toContain(`${service.origin}/offline#`)
    expect(await button('Export (pro)').isDisabled()).toBe(true)
    await button('Activate').click()
    await page.getByText(ACTIVE).waitFor()
    expect(await button('Export (pro)').isDisabled()).toBe(false)
    await button('Deactivate').click()
    await page.getByText(NONE).waitFor()
  })
})
