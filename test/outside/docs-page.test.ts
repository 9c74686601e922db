/** The page /docs in a real browser: complete, readable on phones and in dark mode, without requests to other hosts. */
import { readFileSync } from 'node:fs'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEMO_API_KEY } from '../../scripts/demo-data.ts'
import { descriptionFile } from '../../scripts/openapi/description-file.ts'
import type { OpenApiDocument } from '../../scripts/openapi/document.ts'
import { CHROMIUM, hasBrowser, launchBrowser } from './support/browser.ts'
import { freePort, type Running, removeClone, run, startService } from './support/clone.ts'
import { cloneWithDatabase } from './support/keyseal.ts'

const VERIFY = 'tag/use-license-keys/POST/api/v1/verify'
const LICENSE_KEYS = 'tag/stock-and-generators/GET/api/v1/get-license-keys'

describe.skipIf(!hasBrowser)(`/docs (skipped without ${CHROMIUM})`, () => {
  let folder: string
  let origin: string
  let service: Running
  let browser: Browser
  /** Shared by the tests. */
  let desktop: Page
  const browserErrors: string[] = []
  const requestedOrigins = new Set<string>()

  beforeAll(async () => {
    folder = cloneWithDatabase()
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    service = await startService(folder, port, /\ncurl -s .*\n/)
    browser = await launchBrowser()
    desktop = await open({})
  })

  afterEach(() => {
    expect(browserErrors).toEqual([])
    expect([...requestedOrigins]).toEqual([origin])
  })

  afterAll(async () => {
    await browser?.close()
    await service?.interrupt()
    removeClone(folder)
  })

  async function open(options: BrowserContextOptions): Promise<Page> {
    const page = await browser.newPage(options)
    page.on('console', (message) => message.type() !== 'info' && browserErrors.push(message.text()))
    page.on('pageerror', (error) => browserErrors.push(error.message))
    page.on('request', (request) => requestedOrigins.add(new URL(request.url()).origin))
    await goTo(page, VERIFY)
    return page
  }

  /** @returns the section of the operation */
  async function goTo(page: Page, anchor: string): Promise<Locator> {
    await page.goto(`${origin}/docs#${anchor}`)
    const operation = page.locator(`section[id$="${anchor}"]`)
    await operation.getByRole('button', { name: 'Test Request' }).waitFor()
    return operation
  }

  it('lists every operation in its sidebar', async () => {
    const { paths, tags }: OpenApiDocument = JSON.parse(readFileSync(descriptionFile, 'utf8'))
    // The page shortens DELETE.
    const expected = Object.values(paths).flatMap((methods) =>
      Object.entries(methods).map(
        ([method, { summary }]) => `${summary} ${method.toUpperCase().replace('DELETE', 'DEL')}`,
      ),
    )
    const sidebar = desktop.getByRole('complementary')
    for (const { name } of tags.slice(1)) {
      await sidebar.getByRole('button', { name: `Open Group - ${name}`, exact: true }).click()
    }
    const links = await sidebar.getByRole('link', { name: /HTTP Method/ }).allTextContents()
    const listed = links.map((text) => text.replace(/\s*HTTP Method:\s*/, ' ').trim())
    expect(listed.sort()).toEqual(expected.sort())
  })

  it('finds an operation by a search word', async () => {
    await desktop.getByRole('button', { name: 'Open Search' }).click()
    await desktop.getByRole('combobox', { name: 'Enter search query' }).fill('destroy')
    await desktop.getByRole('option', { name: 'Destroy a license key' }).click()
    await expect
      .poll(() => desktop.url())
      .toMatch(/#tag\/contract-holders\/POST\/api\/v1\/contracts\/destroy$/)
  })

  it('shows the types of fields, and samples in several languages', async () => {
    const operation = await goTo(desktop, VERIFY)
    // biome-ignore lint/performance/useDomNodeTextContent: only the visible text counts
    const fields = await operation.getByRole('group', { name: 'Request Body' }).innerText()
    expect(fields).toMatch(/license_key\s+(Type:\s+)?string\s.*\s255\s+required/s)
    await operation.getByRole('button', { name: 'Shell Curl' }).click()
    expect(await desktop.getByRole('listbox').getByRole('group').count()).toBeGreaterThan(10)
    await desktop.getByRole('option', { name: 'Guzzle' }).click()
    await operation.getByText('GuzzleHttp').waitFor()
    await operation.getByRole('button', { name: 'PHP Guzzle' }).click()
    await desktop.getByRole('option', { name: 'Curl', exact: true }).click()
  })

  it.each([VERIFY, LICENSE_KEYS])('shows a curl command for %s that works', async (anchor) => {
    const operation = await goTo(desktop, anchor)
    // biome-ignore lint/performance/useDomNodeTextContent: only the visible text counts
    const command = await operation.locator('pre', { hasText: 'curl' }).innerText()
    const authorized = command.replace('YOUR_SECRET_TOKEN', DEMO_API_KEY).replace('curl ', 'curl -s ')
    const { output } = run(folder, 'bash', '-ec', authorized)
    expect(JSON.parse(output).response.code).toBe(anchor === VERIFY ? 210 : 730)
  })

  it('sends requests to its own server and stores no credential', async () => {
    const operation = await goTo(desktop, LICENSE_KEYS)
    await desktop.getByPlaceholder('Token').first().fill(DEMO_API_KEY)
    await operation.getByRole('button', { name: 'Test Request' }).click()
    const dialog = desktop.getByRole('dialog')
    await dialog.getByRole('button', { name: /^Send/ }).first().click()
    await dialog.getByText('"License keys"').waitFor()
    const stored = await desktop.evaluate('JSON.stringify({ ...localStorage, ...sessionStorage })')
    expect(stored).not.toContain(DEMO_API_KEY)
    await dialog.getByRole('button', { name: 'Close Client' }).click()
  })

  it('offers no cloud service of Scalar', async () => {
    // biome-ignore lint/performance/useDomNodeTextContent: only the visible text counts
    const pageText = await desktop.locator('body').innerText()
    expect(pageText).toContain('Verify a license key')
    expect(pageText).not.toMatch(/\bAI\b|\bMCP\b|\bAgent\b|Share|Deploy|Open in|API Client|SDK/)
  })

  it.each(['light', 'dark'] as const)(
    'has a readable start page on desktop and phone, %s',
    async (colorScheme) => {
      const page = await open({ colorScheme })
      for (const width of [1440, 390, 320]) {
        await page.setViewportSize({ width, height: 800 })
        await page.goto(origin)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        const [background, texts] = await page.evaluate<[number, [number, string][]]>(CONTRASTS)
        expect(background < 0.5).toBe(colorScheme === 'dark')
        expect(texts.length).toBeGreaterThan(5)
        expect(texts.filter(([contrast]) => contrast < CONTRAST_MIN)).toEqual([])
      }
      await page.close()
    },
  )

  it.each(['light', 'dark'] as const)('is readable on desktop and phone, %s', async (colorScheme) => {
    const page = await open({ colorScheme })
    for (const viewport of [
      { width: 1440, height: 900 },
      { width: 390, height: 844 },
      { width: 320, height: 640 },
    ]) {
      await page.setViewportSize(viewport)
      await goTo(page, VERIFY)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width)
      const [background, texts] = await page.evaluate<[number, [number, string][]]>(CONTRASTS)
      expect(background < 0.5).toBe(colorScheme === 'dark')
      expect(texts.length).toBeGreaterThan(20)
      expect(texts.filter(([contrast]) => contrast < CONTRAST_MIN)).toEqual([])
    }
    await page.close()
  })
})

/** WCAG 2.2 section 1.4.3. */
const CONTRAST_MIN = 4.5

/**
 * @returns the luminance of the page's background, from 0 to 1, and the contrast (WCAG 2.2) of each visible text to its
 *   background
 */
const CONTRASTS = `
  (() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const colorOf = (text) => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = text
      canvas.fillRect(0, 0, 1, 1)
      return [...canvas.getImageData(0, 0, 1, 1).data]
    }
    const blend = ([r, g, b, a], below) => [r, g, b].map((part, i) => (part * a + below[i] * (255 - a)) / 255)
    const backgroundOf = (element) =>
      element === null
        ? [255, 255, 255]
        : blend(colorOf(getComputedStyle(element).backgroundColor), backgroundOf(element.parentElement))
    const luminance = (color) => {
      const [r, g, b] = color.map((part) => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const contrastOf = (element) => {
      const below = backgroundOf(element)
      const text = blend(colorOf(getComputedStyle(element).color), below)
      const [darker, lighter] = [luminance(text), luminance(below)].sort((a, b) => a - b)
      return (lighter + 0.05) / (darker + 0.05)
    }
    const found = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const element = node.parentElement
      const isVisible = element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      if (isVisible && element.clientHeight !== 1 && node.data.trim() !== '') found.push([contrastOf(element), node.data])
    }
    return [luminance(backgroundOf(document.body)), found]
  })()`
