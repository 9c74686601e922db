/** What a command does where the database is busy, not migrated, or out of reach. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSql } from '../../scripts/database.ts'
import { cloneProject, removeClone } from './support/clone.ts'
import { type CommandLine, commandLineIn, newShop, type Typed } from './support/keyseal.ts'
import { lockForWriting, query, runWrangler } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'

describe('a local database that another process is writing', () => {
  let shop: CommandLine
  beforeAll(() => {
    shop = newShop()
  })
  afterAll(() => removeClone(shop.folder))

  function products(): unknown[] {
    return query<{ name: string }>(shop.folder, 'select name from products order by id').map(
      ({ name }) => name,
    )
  }

  /** As a person would, while the lock is held by this process. */
  async function addWhileLocked(name: string, lockSeconds: number): Promise<Typed> {
    const unlock = lockForWriting(shop.folder)
    const words = ['scripts/keyseal.ts', 'products', 'add', '--name', name]
    const adding = spawn(process.execPath, words, { cwd: shop.folder })
    const typed = { stdout: '', stderr: '' }
    adding.stdout.on('data', (text) => {
      typed.stdout += text
    })
    adding.stderr.on('data', (text) => {
      typed.stderr += text
    })
    const closed = new Promise<number | null>((resolve) => adding.on('close', resolve))
    await Promise.race([wait(lockSeconds * 1_000), closed])
    unlock()
    return { status: await closed, ...typed }
  }

  it('is tried again until it is free', async () => {
    expect(await addWhileLocked('Later', 6)).toMatchObject({ status: 0, stderr: '' })
    expect(products()).toEqual(['App', 'Later'])
  })

  it('is given up at last, with nothing written', async () => {
    const { status, stderr } = await addWhileLocked('Never', 60)
    expect(stderr).toContain('The local database was busy for 10 seconds, so nothing was written')
    expect(status).toBe(1)
    expect(products()).not.toContain('Never')
  })
})

describe('a database that was never migrated', () => {
  let unmigrated: CommandLine
  beforeAll(() => {
    unmigrated = commandLineIn(cloneProject())
  })
  afterAll(() => removeClone(unmigrated.folder))

  const advice = 'is not migrated to this version: npx wrangler d1 migrations apply DB --local'
  itRefuses(
    () => unmigrated,
    [
      [['products', 'list'], advice],
      [['export'], advice],
    ],
  )
})

describe('a local database by another id in wrangler.toml', () => {
  let shop: CommandLine
  beforeAll(() => {
    shop = newShop()
    const file = path.join(shop.folder, 'wrangler.toml')
    const changed = readFileSync(file, 'utf8').replace(
      /^database_id = ".*"$/m,
      `database_id = "${randomUUID()}"`,
    )
    writeFileSync(file, changed)
  })
  afterAll(() => removeClone(shop.folder))

  it('is the one that wrangler keeps by that id', () => {
    expect(shop.type('products', 'list').stderr).toContain('is not migrated to this version')
    runWrangler(shop.folder, 'd1', 'migrations', 'apply', 'DB', '--local')
    expect(shop.type('products', 'list').stdout).toContain('No products yet')
    expect(shop.type('products', 'add', '--name', 'Other').stdout).toContain('Product 1')
  })
})

it('a statement that D1 refuses for its length is refused locally, too', async () => {
  const statement = (bytes: number) => `select '${'x'.repeat(bytes - "select ''".length)}'`
  await expect(runSql('local', statement(100_001))).rejects.toThrow('more than 100000 bytes')
  await expect(runSql('local', `select '${'ü'.repeat(50_000)}'`)).rejects.toThrow('more than 100000 bytes')
  expect(await runSql('local', statement(100_000))).toHaveLength(1)
})

it('a text of two statements is refused, since only the first would run', async () => {
  await expect(runSql('local', 'select 1; select 2')).rejects.toThrow('more than one statement')
  expect(await runSql('local', 'select 1 as one; ')).toEqual([{ one: 1 }])
})

describe('a database in production, without an account', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'keyseal-home-'))
  const nobody = { HOME: home, XDG_CONFIG_HOME: home, CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_API_KEY: '' }
  let stranger: CommandLine
  beforeAll(() => {
    stranger = commandLineIn(cloneProject(), nobody)
  })
  afterAll(() => {
    removeClone(stranger.folder)
    rmSync(home, { recursive: true })
  })

  itRefuses(() => stranger, [[['products', 'list', '--remote'], 'You are not signed in to Cloudflare']])

  it.skipIf(process.platform !== 'linux')(
    'is asked by a process that shows no license key in the list of processes (skipped where there is no /proc)',
    async () => {
      const words = ['scripts/keyseal.ts', 'licenses', 'find', '-', '--remote']
      const env = { ...process.env, ...nobody }
      const finding = spawn(process.execPath, words, { cwd: stranger.folder, env })
      finding.stdin.end('SECRET-OF-THE-SELLER')
      let isOver = false
      finding.on('close', () => {
        isOver = true
      })
      const seen = new Set<string>()
      while (!isOver) {
        for (const commandLine of commandLines()) seen.add(commandLine)
        await wait(50)
      }
      // The program was watched while it ran.
      expect([...seen].some((commandLine) => commandLine.includes('run-wrangler-privately'))).toBe(true)
      expect([...seen].filter((commandLine) => commandLine.includes('SECRET-OF-THE-SELLER'))).toEqual([])
    },
  )
})

/** Of every process that can be looked at. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8')
      } catch {
        return '' // It has ended.
      }
    })
}
