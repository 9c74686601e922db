/** Large stocks: an interrupted import continues when it is repeated, and an export reads several pages. */
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
/** The keys of one transaction. */
const PIECE_KEYS = 10_000
const LINES = Array.from({ length: KEYS }, (_, index) => `KEY-${String(index).padStart(20, '0')}\n`)
/** Without npm, which starts slowly, and without its variables. */
const KEYSEAL = `env -u INIT_CWD ${process.execPath} scripts/keyseal.ts`

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  writeFileSync(path.join(shop.folder, 'keys.csv'), LINES.join(''))
})
afterAll(() => removeClone(shop.folder))

function importCommand(file: string): string {
  return `stock import ${file} --product-id 1 --validity-days 0 --activation-limit 0`
}

function countStock(): number {
  return query<{ n: number }>(shop.folder, 'select count(*) as n from license_keys')[0]?.n ?? 0
}

/** The file of an import as a pipe. The import waits until the test writes the second piece. @returns the writer */
function pipeKeys(): () => void {
  query(shop.folder, 'delete from license_keys')
  const file = path.join(shop.folder, 'pipe.csv')
  rmSync(file, { force: true })
  execFileSync('mkfifo', [file])
  const pipe = createWriteStream(file)
  // The import may stop before it has read everything.
  pipe.on('error', () => {})
  pipe.write(LINES.slice(0, PIECE_KEYS + 1).join(''))
  return () => pipe.end(LINES.slice(PIECE_KEYS + 1).join(''))
}

async function waitForFirstPiece(): Promise<void> {
  await expect.poll(countStock, { timeout: 30_000 }).toBe(PIECE_KEYS)
}

/** Imports one piece. @param stop called after it, before the rest is written. @returns exit code and output */
async function stopAfterFirstPiece(
  stop: (importing: ChildProcess) => void,
): Promise<{ status: number; report: unknown }> {
  const writeRest = pipeKeys()
  const env = { ...process.env, INIT_CWD: shop.folder }
  const words = ['scripts/keyseal.ts', ...importCommand('pipe.csv').split(' '), '--json']
  const importing = spawn(process.execPath, words, { cwd: shop.folder, env })
  const closed = new Promise<number>((resolve) => importing.on('close', resolve))
  let stdout = ''
  importing.stdout.on('data', (text) => {
    stdout += text
  })
  await waitForFirstPiece()
  stop(importing)
  writeRest()
  return { status: await closed, report: JSON.parse(stdout) }
}

describe('an import that stops early', () => {
  it('reports in JSON what it added before the database failed', async () => {
    let unlock = () => {}
    const { status, report } = await stopAfterFirstPiece(() => {
      unlock = lockForWriting(shop.folder)
    })
    unlock()
    expect(status).toBe(1)
    const stopped = expect.stringContaining('was busy')
    expect(report).toEqual({ created: PIECE_KEYS, known: 0, refused: [], stopped })
    expect(countStock()).toBe(PIECE_KEYS)
  })

  it('reports in JSON what it added before it was interrupted', async () => {
    const { status, report } = await stopAfterFirstPiece((importing) => importing.kill('SIGTERM'))
    expect(status).toBe(130)
    const stopped = expect.stringContaining('interrupted')
    expect(report).toEqual({ created: PIECE_KEYS, known: 0, refused: [], stopped })
    expect(countStock()).toBe(PIECE_KEYS)
  })

  it.skipIf(!hasTerminal)(
    'restores the terminal after Ctrl-C (skipped without script of util-linux)',
    async () => {
      const writeRest = pipeKeys()
      const command = `${KEYSEAL} ${importCommand('pipe.csv')}`
      const importing = onTerminal(shop.folder, command, `${PIECE_KEYS} added`, '\x03')
      await waitForFirstPiece()
      // Types Ctrl-C as soon as the screen shows the piece.
      await wait(1_000)
      writeRest()
      const { status, output } = await importing
      expect(output).toContain(`${PIECE_KEYS} license keys added to the stock`)
      expect(output).toContain('The import stopped before the end of the file: it was interrupted')
      expect(output).toContain('Run the same command again')
      expect(output.lastIndexOf('\x1b[?7h')).toBeGreaterThan(output.lastIndexOf('\x1b[?7l'))
      expect(output).toContain('\x1b[?7l')
      expect(status).toBe(130)
      expect(countStock()).toBe(PIECE_KEYS)
    },
  )

  it('is completed by the same command without duplicates', () => {
    const report = shop.runJson(...importCommand('keys.csv').split(' '))
    expect(report).toEqual({ created: KEYS - PIECE_KEYS, known: PIECE_KEYS, refused: [] })
    expect(countStock()).toBe(KEYS)
  })
})

describe('an export with several pages', () => {
  it('contains every license key once, and shows no progress without a terminal', () => {
    const { stdout, stderr } = shop.run('export', '--json')
    const keys = (JSON.parse(stdout) as { licenseKey: string }[]).map(({ licenseKey }) => licenseKey)
    expect(keys).toHaveLength(KEYS)
    expect(new Set(keys).size).toBe(KEYS)
    expect(stderr).toBe('')
  })

  it.skipIf(!hasTerminal)(
    'shows its progress on a terminal (skipped without script of util-linux)',
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
