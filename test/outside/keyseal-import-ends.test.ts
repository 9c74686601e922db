/** A large stock: an import that ends early goes on when it is run again, and an export is read page by page. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createWriteStream, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
const LINES = Array.from({ length: KEYS }, (_, index) => `KEY-${String(index).padStart(20, '0')}\n`)
/** Without npm, to save its start, and without what the npm of the tests says of itself. */
const KEYSEAL = `env -u INIT_CWD ${process.execPath} scripts/keyseal.ts`

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  writeFileSync(path.join(shop.folder, 'keys.csv'), LINES.join(''))
})
afterAll(() => removeClone(shop.folder))

function importOf(file: string): string {
  return `stock import ${file} --product-id 1 --validity-days 0 --activation-limit 0`
}

function inStock(): number {
  return query<{ n: number }>(shop.folder, 'select count(*) as n from license_keys')[0]?.n ?? 0
}

/** The file of an import as a pipe: it reads two pieces only once the test gives it the second. @returns what does */
function pipeKeys(): () => void {
  query(shop.folder, 'delete from license_keys')
  const file = path.join(shop.folder, 'pipe.csv')
  rmSync(file, { force: true })
  execFileSync('mkfifo', [file])
  const pipe = createWriteStream(file)
  // The import may end before it has read everything.
  pipe.on('error', () => {})
  pipe.write(LINES.slice(0, PIECE_KEYS + 1).join(''))
  return () => pipe.end(LINES.slice(PIECE_KEYS + 1).join(''))
}

async function firstPiece(): Promise<void> {
  await expect.poll(inStock, { timeout: 30_000 }).toBe(PIECE_KEYS)
}

/** Imports one piece. @param end called then, before there is more to read. @returns exit code, and what it says */
async function endEarly(end: (importing: ChildProcess) => void): Promise<{ status: number; told: unknown }> {
  const giveRest = pipeKeys()
  const env = { ...process.env, INIT_CWD: shop.folder }
  const words = ['scripts/keyseal.ts', ...importOf('pipe.csv').split(' '), '--json']
  const importing = spawn(process.execPath, words, { cwd: shop.folder, env })
  const closed = new Promise<number>((resolve) => importing.on('close', resolve))
  let stdout = ''
  importing.stdout.on('data', (text) => {
    stdout += text
  })
  await firstPiece()
  end(importing)
  giveRest()
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
    const stopped = expect.stringContaining('was busy')
    expect(told).toEqual({ created: PIECE_KEYS, known: 0, refused: [], stopped })
    expect(inStock()).toBe(PIECE_KEYS)
  })

  it('says in JSON what it added, where it was interrupted', async () => {
    const { status, told } = await endEarly((importing) => importing.kill('SIGTERM'))
    expect(status).toBe(130)
    const stopped = expect.stringContaining('interrupted')
    expect(told).toEqual({ created: PIECE_KEYS, known: 0, refused: [], stopped })
    expect(inStock()).toBe(PIECE_KEYS)
  })

  it.skipIf(!hasTerminal)(
    'gives the terminal back as it was, and says so (skipped where the script of util-linux is absent)',
    async () => {
      const giveRest = pipeKeys()
      const command = `${KEYSEAL} ${importOf('pipe.csv')}`
      const importing = onTerminal(shop.folder, command, `${PIECE_KEYS} added`, '\x03')
      await firstPiece()
      // Ctrl-C is typed as soon as the screen shows the piece.
      await wait(1_000)
      giveRest()
      const { status, output } = await importing
      expect(output).toContain(`${PIECE_KEYS} license keys added to the stock`)
      expect(output).toContain('The import stopped before the end of the file: it was interrupted')
      expect(output).toContain('Run the same command again')
      expect(output.lastIndexOf('\x1b[?7h')).toBeGreaterThan(output.lastIndexOf('\x1b[?7l'))
      expect(output).toContain('\x1b[?7l')
      expect(status).toBe(130)
      expect(inStock()).toBe(PIECE_KEYS)
    },
  )

  it('is completed by the same command, which doubles nothing', () => {
    const told = shop.ask(...importOf('keys.csv').split(' '))
    expect(told).toEqual({ created: KEYS - PIECE_KEYS, known: PIECE_KEYS, refused: [] })
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
