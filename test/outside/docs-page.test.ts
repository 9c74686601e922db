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

  const SCREENS = (['light', 'dark'] as const).flatMap((colorScheme) => [
    { colorScheme, viewport: { width: 320, height: 640 } },
    { colorScheme, viewport: PHONE },
    { colorScheme, viewport: { width: 1280, height: 900 } },
  ])

  it.each(SCREENS)(
    'fits a screen of $viewport.width, $colorScheme: nothing is cut or scrolled',
    async (screen) => {
      const isMobile = screen.viewport.width < 500
      await open({ ...screen, isMobile, hasTouch: isMobile }, async (page) => {
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(screen.viewport.width)
        expect(await page.evaluate(WIDER_THAN_THEIR_BOX)).toEqual([])
      })
    },
  )

  it.each(SCREENS)('breaks no word on a screen of $viewport.width, $colorScheme', async (screen) => {
    await open(screen, async (page) => {
      expect(await page.locator('td').count()).toBeGreaterThan(100)
      expect(await page.evaluate(BROKEN_WORDS)).toEqual([])
    })
  })

  it('shows no command whose lines are longer than the widest page', async () => {
    await open({ viewport: { width: 1280, height: 900 } }, async (page) => {
      const commands = await page.locator('pre', { hasText: 'curl -s' }).allInnerTexts()
      expect(commands.length).toBe(ENDPOINTS.filter(({ access }) => access !== 'provider').length)
      const lines = commands.join('\n').split('\n')
      expect(lines.filter((line) => line.length > 110)).toEqual([])
    })
  })

  it('says of each endpoint who may call it, and where each parameter stands', async () => {
    await open({}, async (page) => {
      for (const { method, path, access } of ENDPOINTS) {
        const article = page.locator('article', { has: page.getByText(`${method} ${path}`, { exact: true }) })
        const text = await article.innerText()
        expect(text, path).toMatch(/Who may call: (An API key that may|The holder of|Anyone|Whoever signs)/)
        if (text.includes('Idempotency-Key')) expect(text, path).toMatch(/Headers\s+Idempotency-Key/)
        if (access === 'public') expect(text, path).toMatch(/Answers: HTTP 200, HTTP 304/)
      }
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

/** What is shown in a box that is too small for it. Of the page itself, the scrolled width tells. */
const WIDER_THAN_THEIR_BOX = `
  [...document.querySelectorAll('body *')]
    .filter((element) => element.scrollWidth > element.clientWidth && element.clientWidth > 0)
    .filter((element) => getComputedStyle(element).display !== 'inline')
    .map((element) => element.outerHTML.slice(0, 200))`

/**
 * The words that begin on one line and end on another, and the headings of tables that are longer than one. A word may
 * end after a hyphen, an underscore or a slash; what a program would copy stands in pre, and is no word.
 */
const BROKEN_WORDS = `
  (() => {
    const range = document.createRange()
    const isBroken = (node, start, end) => {
      range.setStart(node, start)
      range.setEnd(node, end)
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1
    }
    const found = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (node.parentElement.closest('pre, style')) continue
      const words = node.parentElement.closest('th') ? /.+/gs : /[^\\s_/=,?&-]+[_/=,?&-]*/g
      for (const { 0: word, index } of node.data.matchAll(words)) {
        if (isBroken(node, index, index + word.length)) found.push(word)
      }
    }
    return found
  })()`

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
