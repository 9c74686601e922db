/** A large stock: an import that ends early goes on when it is run again, and an export is read page by page. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { lockForWriting, query } from './support/local-database.ts'
import { hasTerminal, onTerminal } from './support/terminal.ts'

const KEYS = 25_000
/** As many as are added in one transaction. */
const PIECE_KEYS = 10_000
const IMPORT = 'stock import keys.csv --product-id 1 --validity-days 0 --activation-limit 0'
const KEYSEAL = 'npm run --silent keyseal --'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  const keys = Array.from({ length: KEYS }, (_, index) => `KEY-${String(index).padStart(20, '0')}\n`)
  writeFileSync(path.join(shop.folder, 'keys.csv'), keys.join(''))
})
afterAll(() => removeClone(shop.folder))

function inStock(): number {
  return query<{ n: number }>(shop.folder, 'select count(*) as n from license_keys')[0]?.n ?? 0
}

interface Ended {
  readonly status: number | null
  readonly told: { created: number; known: number; refused: unknown[]; stopped?: string }
}

/** Starts an import into an empty stock. @param end called once something is in stock */
async function endEarly(end: (importing: ChildProcess) => void): Promise<Ended> {
  query(shop.folder, 'delete from license_keys')
  const env = { ...process.env, INIT_CWD: shop.folder }
  const words = ['scripts/keyseal.ts', ...IMPORT.split(' '), '--json']
  const importing = spawn(process.execPath, words, { cwd: shop.folder, env })
  const closed = new Promise<number | null>((resolve) => importing.on('close', resolve))
  let stdout = ''
  importing.stdout.on('data', (text) => {
    stdout += text
  })
  while (inStock() === 0 && importing.exitCode === null) await wait(50)
  end(importing)
  return { status: await closed, told: JSON.parse(stdout) }
}

describe('an import that ends early', () => {
  it('says in JSON what it added, where the database failed', async () => {
    let unlock = () => {}
    const { status, told } = await endEarly(() => {
      unlock = lockForWriting(shop.folder)
    })
    unlock()
    expect(status).toBe(1)
    expect(told).toMatchObject({ known: 0, refused: [], stopped: expect.stringContaining('was busy') })
    expect(told.created).toBe(inStock())
    expect(inStock()).toBeLessThan(KEYS)
  })

  it('says in JSON what it added, where it was interrupted', async () => {
    const { status, told } = await endEarly((importing) => importing.kill('SIGTERM'))
    expect(status).toBe(130)
    expect(told).toMatchObject({ known: 0, refused: [], stopped: expect.stringContaining('interrupted') })
    expect(told.created % PIECE_KEYS).toBe(0)
    // What was being added is there as a whole, or not at all.
    expect(inStock() - told.created).toBeOneOf([0, PIECE_KEYS])
    expect(inStock()).toBeLessThan(KEYS)
  })

  it.skipIf(!hasTerminal)(
    'gives the terminal back as it was, and says so (skipped where the script of util-linux is absent)',
    async () => {
      query(shop.folder, 'delete from license_keys')
      const { status, output } = await onTerminal(
        shop.folder,
        `${KEYSEAL} ${IMPORT}`,
        `${PIECE_KEYS} added`,
        '\x03',
      )
      expect(output).toContain(`${PIECE_KEYS} license keys added to the stock`)
      expect(output).toContain('It ended before the end of the file: it was interrupted')
      expect(output).toContain('The same command may be run again')
      expect(output.lastIndexOf('\x1b[?7h')).toBeGreaterThan(output.lastIndexOf('\x1b[?7l'))
      expect(output).toContain('\x1b[?7l')
      expect(status).toBe(130)
      expect(inStock()).toBeLessThan(KEYS)
    },
  )

  it('is completed by the same command, which doubles nothing', () => {
    const before = inStock()
    const told = shop.ask(...IMPORT.split(' '))
    expect(told).toEqual({ created: KEYS - before, known: before, refused: [] })
    expect(before).toBeGreaterThanOrEqual(PIECE_KEYS)
    expect(inStock()).toBe(KEYS)
  })
})

describe('an export of more than one page', () => {
  it('holds every license key once, and shows no progress where there is no terminal', () => {
    const { stdout, stderr } = shop.type('export', '--json')
    const keys = (JSON.parse(stdout) as { licenseKey: string }[]).map(({ licenseKey }) => licenseKey)
    expect(keys).toHaveLength(KEYS)
    expect(new Set(keys).size).toBe(KEYS)
    expect(stderr).toBe('')
  })

  it.skipIf(!hasTerminal)(
    'shows on a terminal how far it is (skipped where the script of util-linux is absent)',
    async () => {
      const { status, output } = await onTerminal(shop.folder, `${KEYSEAL} export > keys-out.csv`)
      expect(output).toContain('\r\x1b[K20000 license keys')
      expect(output.trimEnd().endsWith('\x1b[K')).toBe(true)
      const lines = readFileSync(path.join(shop.folder, 'keys-out.csv'), 'utf8').trimEnd().split('\r\n')
      expect(new Set(lines).size).toBe(KEYS + 1)
      expect(status).toBe(0)
    },
  )
})
