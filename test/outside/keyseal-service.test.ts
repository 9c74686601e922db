/** What an operator asks of a running service, and the life of its signing keys. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneProject, freePort, type Running, removeClone, startService } from './support/clone.ts'
import { type CommandLine, commandLineIn } from './support/keyseal.ts'
import { query, runWrangler } from './support/local-database.ts'

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly role: string
}

interface Finding {
  readonly check: string
  readonly status: string
  readonly finding: string
  readonly remedy?: string
}

const READY = /\ncurl -s .*\n/

let commandLine: CommandLine
let port: number
let service: Running

beforeAll(async () => {
  const folder = cloneProject()
  port = await freePort()
  commandLine = commandLineIn(folder, { PORT: String(port) })
  service = await startService(folder, port, READY)
})

afterAll(async () => {
  await service?.interrupt()
  removeClone(commandLine.folder)
})

const keys = (...words: string[]) => commandLine.ask<Key[]>('signing-key', 'list', ...words)
const findings = (...words: string[]) => commandLine.ask<Finding[]>('doctor', ...words)

function rowsWritten(): unknown {
  const tables = ['issuances', 'license_keys', 'operations', 'activations', 'webhook_events']
  return query(
    commandLine.folder,
    tables.map((name) => `select count(*) as n from ${name}`).join(' union all '),
  )
}

describe('keyseal doctor', () => {
  it('finds everything good where it is, the signature too, and writes nothing', () => {
    const before = rowsWritten()
    const found = findings()
    expect(found.filter(({ status }) => status !== 'good')).toEqual([])
    expect(found.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'bindings',
        'secrets',
        'migrations',
        'queue',
        'service',
        'order',
        'signature',
        'clock',
      ]),
    )
    expect(commandLine.type('doctor').status).toBe(0)
    expect(rowsWritten()).toEqual(before)
  })

  it('names what is wrong and the command that mends it, and fails', () => {
    const { folder, type } = commandLine
    const [newest] = query<{ name: string }>(folder, 'select max(name) as name from d1_migrations')
    const config = path.join(folder, 'wrangler.toml')
    const settings = readFileSync(config, 'utf8')
    runWrangler(
      folder,
      'd1',
      'execute',
      'DB',
      '--local',
      '--command',
      `delete from d1_migrations where name = '${newest?.name}'`,
    )
    try {
      writeFileSync(config, settings.replace('binding = "DB"', 'binding = "OTHER"'))
      const unbound = findings('--url', 'http://127.0.0.1:1')
      expect(unbound).toContainEqual(
        expect.objectContaining({
          check: 'bindings',
          remedy: expect.stringContaining('npx wrangler d1 create'),
        }),
      )
      expect(unbound).toContainEqual(
        expect.objectContaining({ check: 'service', status: 'wrong', remedy: 'npm start' }),
      )
    } finally {
      writeFileSync(config, settings)
    }
    expect(findings('--url', 'http://127.0.0.1:1')).toContainEqual({
      check: 'migrations',
      status: 'wrong',
      finding: `not applied: ${newest?.name}`,
      remedy: 'npx wrangler d1 migrations apply DB --local',
    })
    const { status, stdout } = type('doctor', '--url', 'http://127.0.0.1:1')
    expect(status).toBe(1)
    expect(stdout).toContain('to mend it: npx wrangler d1 migrations apply DB --local')
    runWrangler(
      folder,
      'd1',
      'execute',
      'DB',
      '--local',
      '--command',
      `insert into d1_migrations (name) values ('${newest?.name}')`,
    )
  })
})

describe('keyseal signing-key', () => {
  it('create prints a key of either kind', () => {
    for (const [algorithm, type] of [
      ['RSA', 'rsa'],
      ['EdDSA', 'ed25519'],
    ] as const) {
      const { stdout } = commandLine.type('signing-key', 'create', '--algorithm', algorithm)
      expect(createPrivateKey(stdout).asymmetricKeyType).toBe(type)
    }
  })

  it('goes from the next key to the one that signs and to the one that is gone, as the service publishes it', async () => {
    const [first] = keys()
    expect(first).toMatchObject({ algorithm: 'RSA', role: 'current' })
    expect(commandLine.ask('signing-key', 'rotate')).toMatchObject({ step: 'published' })
    const [, next] = keys()
    expect(next).toMatchObject({ role: 'next' })
    expect(commandLine.ask('signing-key', 'rotate')).toMatchObject({ step: 'switched' })
    expect(keys()).toMatchObject([
      { kid: next?.kid, role: 'current' },
      { kid: first?.kid, role: 'retired' },
    ])
    expect(statSync(path.join(commandLine.folder, '.dev.vars')).mode & 0o077).toBe(0)

    await service.interrupt()
    service = await startService(commandLine.folder, port, READY)
    const published = keys('--url', `http://127.0.0.1:${port}`)
    expect(published.find(({ role }) => role === 'current')?.kid).toBe(next?.kid)
    expect(published.map(({ kid }) => kid)).toContain(first?.kid)
    expect(findings().find(({ check }) => check === 'signature')?.finding).toContain(next?.kid)

    const kid = first?.kid ?? ''
    expect(commandLine.type('signing-key', 'retire', next?.kid ?? '', '--yes').stderr).toContain(
      'This key is in use',
    )
    expect(commandLine.type('signing-key', 'retire', kid).stderr).toContain('repeat it with --yes')
    expect(commandLine.type('signing-key', 'retire', kid, '--yes').status).toBe(0)
    expect(keys()).toMatchObject([{ kid: next?.kid, role: 'current' }])
  })

  it('prints the commands for production, and does nothing there', () => {
    const { stdout } = commandLine.type('signing-key', 'rotate', '--remote', '--product-id', '3')
    expect(stdout).toContain(
      'npx wrangler secret put SIGNING_PRIVATE_KEY_PRODUCT_3_NEXT < next-signing-key.pem',
    )
    expect(stdout).toContain('npx wrangler secret delete SIGNING_PRIVATE_KEY_PRODUCT_3_NEXT')
    expect(keys()).toHaveLength(1)
  })
})
