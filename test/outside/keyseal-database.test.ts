/** What a command does where the database is busy, not migrated, or out of reach. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneProject, removeClone } from './support/clone.ts'
import { type CommandLine, commandLineIn, newShop, type Typed } from './support/keyseal.ts'
import { lockForWriting, query } from './support/local-database.ts'
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
    expect(stderr).toContain('The local database was busy for 10 seconds, and took nothing of this')
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

describe('a database in production, without an account', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'keyseal-home-'))
  let stranger: CommandLine
  beforeAll(() => {
    const nobody = { HOME: home, XDG_CONFIG_HOME: home, CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_API_KEY: '' }
    stranger = commandLineIn(cloneProject(), nobody)
  })
  afterAll(() => {
    removeClone(stranger.folder)
    rmSync(home, { recursive: true })
  })

  itRefuses(() => stranger, [[['products', 'list', '--remote'], 'You are not signed in to Cloudflare']])
})
