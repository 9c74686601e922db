/** Commands on a database that is busy, not migrated or unreachable. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSql } from '../../scripts/database.ts'
import { cloneProject, removeClone } from './support/clone.ts'
import { type CommandLine, type CommandResult, commandLineIn, newShop } from './support/keyseal.ts'
import { lockForWriting, query, runWrangler } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'

describe('a local database that is locked by another process', () => {
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

  /** Runs a command while this process holds the lock. */
  async function addWhileLocked(name: string, lockSeconds: number): Promise<CommandResult> {
    const unlock = lockForWriting(shop.folder)
    const words = ['scripts/keyseal.ts', 'products', 'add', '--name', name]
    const child = spawn(process.execPath, words, { cwd: shop.folder })
    const result = { stdout: '', stderr: '' }
    child.stdout.on('data', (text) => {
      result.stdout += text
    })
    child.stderr.on('data', (text) => {
      result.stderr += text
    })
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
    await Promise.race([wait(lockSeconds * 1_000), closed])
    unlock()
    return { status: await closed, ...result }
  }

  it('is retried until it is unlocked', async () => {
    expect(await addWhileLocked('Later', 6)).toMatchObject({ status: 0, stderr: '' })
    expect(products()).toEqual(['App', 'Later'])
  })

  it('times out without writing anything', async () => {
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

describe('a local database with another id in wrangler.toml', () => {
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

  it('is the one that wrangler uses for this id', () => {
    expect(shop.run('products', 'list').stderr).toContain('is not migrated to this version')
    runWrangler(shop.folder, 'd1', 'migrations', 'apply', 'DB', '--local')
    expect(shop.run('products', 'list').stdout).toContain('No products yet')
    expect(shop.run('products', 'add', '--name', 'Other').stdout).toContain('Product 1')
  })
})

it('a statement above the limit of D1 is rejected locally too', async () => {
  const statement = (bytes: number) => `select '${'x'.repeat(bytes - "select ''".length)}'`
  await expect(runSql('local', statement(100_001))).rejects.toThrow('more than 100000 bytes')
  await expect(runSql('local', `select '${'ü'.repeat(50_000)}'`)).rejects.toThrow('more than 100000 bytes')
  expect(await runSql('local', statement(100_000))).toHaveLength(1)
})

it('a text with two statements is rejected, because only the first would run', async () => {
  await expect(runSql('local', 'select 1; select 2')).rejects.toThrow('more than one statement')
  expect(await runSql('local', 'select 1 as one; ')).toEqual([{ one: 1 }])
})

describe('a production database without an account', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'keyseal-home-'))
  const noAccount = { HOME: home, XDG_CONFIG_HOME: home, CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_API_KEY: '' }
  let signedOut: CommandLine
  beforeAll(() => {
    signedOut = commandLineIn(cloneProject(), noAccount)
  })
  afterAll(() => {
    removeClone(signedOut.folder)
    rmSync(home, { recursive: true })
  })

  itRefuses(() => signedOut, [[['products', 'list', '--remote'], 'You are not signed in to Cloudflare']])

  it.skipIf(process.platform !== 'linux')(
    'is queried without license keys in the process list (skipped without /proc)',
    async () => {
      const words = ['scripts/keyseal.ts', 'licenses', 'find', '-', '--remote']
      const env = { ...process.env, ...noAccount }
      const child = spawn(process.execPath, words, { cwd: signedOut.folder, env })
      child.stdin.end('SECRET-LICENSE-KEY')
      let isClosed = false
      child.on('close', () => {
        isClosed = true
      })
      const seen = new Set<string>()
      while (!isClosed) {
        for (const commandLine of commandLines()) seen.add(commandLine)
        await wait(50)
      }
      // The processes were listed while the program ran.
      expect([...seen].some((commandLine) => commandLine.includes('run-wrangler-privately'))).toBe(true)
      expect([...seen].filter((commandLine) => commandLine.includes('SECRET-LICENSE-KEY'))).toEqual([])
    },
  )
})

/** The command lines of all visible processes. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8')
      } catch {
        return '' // The process ended meanwhile.
      }
    })
}
