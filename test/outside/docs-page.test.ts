/** The page /docs in a real browser: readable in the dark and on a phone, and in need of nobody else. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../src/api/v1.ts'
import { cloneProject, freePort, type Running, removeClone, startService } from './support/clone.ts'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const PHONE = { width: 360, height: 740 }

describe.skipIf(!existsSync(CHROMIUM))(`/docs (skipped where ${CHROMIUM} is absent)`, () => {
  let folder: string
  let origin: string
  let service: Running
  let browser: Browser

  beforeAll(async () => {
    folder = cloneProject()
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    service = await startService(folder, port, /\ncurl -s .*\n/)
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  })

  afterAll(async () => {
    await browser?.close()
    await service?.interrupt()
    removeClone(folder)
  })

  /** Opens the page and everything in it that is folded. */
  async function open(options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(options)
    const complaints: string[] = []
    const requests: string[] = []
    try {
      const page = await context.newPage()
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(`${origin}/docs`, { waitUntil: 'networkidle' })
      await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true')
      await look(page)
    } finally {
      await context.close()
    }
    expect(complaints).toEqual([])
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([`${origin}/docs`])
  }

  it('shows every endpoint, complains of nothing and asks nobody else', async () => {
    await open({}, async (page) => {
      const titles = await page.locator('article h3').allInnerTexts()
      expect(titles.sort()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort())
    })
  })

  it.each(['light', 'dark'] as const)('can be read where the reader prefers %s', async (colorScheme) => {
    await open({ colorScheme }, async (page) => {
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(background === 'rgb(20, 24, 30)').toBe(colorScheme === 'dark')
      for (const selector of ['body', 'nav a', '.method', 'article summary', 'pre code', 'td']) {
        expect(await contrast(page, selector), selector).toBeGreaterThanOrEqual(4.5)
      }
    })
  })

  it('fits a phone: nothing is wider than the screen but what scrolls for itself', async () => {
    await open({ viewport: PHONE, isMobile: true, hasTouch: true }, async (page) => {
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect(width).toBe(PHONE.width)
    })
  })

  it('leads from its contents to each endpoint', async () => {
    await open({ viewport: PHONE }, async (page) => {
      await page.getByRole('link', { name: 'POST /api/v1/contracts/destroy-all' }).click()
      expect(await page.locator('article:target h3').innerText()).toBe('POST /api/v1/contracts/destroy-all')
      await expect.poll(() => page.locator('article:target').boundingBox()).toMatchObject({ x: 16 })
    })
  })
})

/** The contrast ratio (WCAG 2.2) of an element's text, by the colours that the browser has computed. */
async function contrast(page: Page, selector: string): Promise<number> {
  const [color = '', ...backgrounds] = await page.evaluate<string[]>(`
    (() => {
      const element = document.querySelector(${JSON.stringify(selector)})
      const colors = [getComputedStyle(element).color]
      for (let outer = element; outer; outer = outer.parentElement) {
        colors.push(getComputedStyle(outer).backgroundColor)
      }
      return colors
    })()`)
  const background = backgrounds.find((candidate) => !candidate.endsWith(', 0)')) ?? 'rgb(255, 255, 255)'
  const shades = [luminance(color), luminance(background)]
  return (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05)
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((channel) => {
    const part = Number(channel) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
