/** `keyseal doctor` on a running service, and the rotation of its signing keys. */
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkService } from '../../scripts/keyseal/doctor-service.ts'
import { freePort, type Running, removeClone, startService } from './support/clone.ts'
import { type CommandLine, cloneWithDatabase, commandLineIn } from './support/keyseal.ts'
import { query, runShell } from './support/local-database.ts'
import { example } from './support/readme.ts'

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly role: string
  readonly setting: string
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
  const folder = cloneWithDatabase()
  port = await freePort()
  commandLine = commandLineIn(folder, { PORT: String(port) })
  service = await startService(folder, port, READY)
})

afterAll(async () => {
  await service?.interrupt()
  removeClone(commandLine.folder)
})

/** Those that sign responses. */
const keys = () =>
  commandLine.runJson<Key[]>('signing-key', 'list').filter(({ setting }) => !setting.includes('_FILES'))
const findings = (...words: string[]) => commandLine.runJson<Finding[]>('doctor', ...words)

function rowCounts(): unknown {
  const tables = ['issuances', 'license_keys', 'operations', 'activations', 'webhook_events', 'queued_orders']
  return query(
    commandLine.folder,
    tables.map((name) => `select count(*) as n from ${name}`).join(' union all '),
  )
}

async function restart(): Promise<void> {
  await service.interrupt()
  service = await startService(commandLine.folder, port, READY)
}

/** Runs an example of the documents against the service of this test. */
function runExample(mark: string, change = (command: string) => command): string {
  const command = change(example(mark)).replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`)
  return runShell(commandLine.folder, command.replaceAll('npm run', 'npm run --silent'))
}

/** A port without a server. */
const NO_SERVICE = ['--url', 'http://127.0.0.1:1']

describe('keyseal doctor', () => {
  it('finds no problem in a working service, checks a test order, and writes nothing', () => {
    const before = rowCounts()
    const { status, stdout } = commandLine.run('doctor', '--json')
    const found = JSON.parse(stdout) as Finding[]
    expect(found.filter((finding) => finding.status !== 'good')).toEqual([])
    const checks = ['bindings', 'secrets', 'migrations', 'queue', 'service', 'order', 'signature', 'clock']
    expect(found.map(({ check }) => check)).toEqual(checks)
    const byCheck = Object.fromEntries(found.map(({ check, finding }) => [check, finding]))
    expect(byCheck).toMatchObject({
      queue: 'nothing has been due for more than 10 minutes',
      order: expect.stringMatching(/unknown API key was rejected by the database \(code 100\)/),
      signature: `that response is signed by ${keys()[0]?.kid}, which is in the JWK Set`,
    })
    expect(status).toBe(0)
    expect(rowCounts()).toEqual(before)
  })

  it('explains how to check another port if no service responds', async () => {
    const remedyAt = async (origin: string) => (await checkService(origin, new Set()))[0]?.remedy
    // npm start does not listen on ::1, so its remedy cannot name the port.
    const otherPort = 'PORT=<port> npm run keyseal -- doctor, or doctor --url http://127.0.0.1:<port>'
    expect(await remedyAt('http://[::1]:8787')).toBe(`npm start; if it uses another port: ${otherPort}`)
    expect(await remedyAt('http://127.0.0.1:1')).toBe('PORT=1 npm start')
    expect(await remedyAt('https://127.0.0.2:1')).toBe('npm run deploy')
  })

  it('reports that another server responds at the address', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('nothing')).listen(
      0,
      '127.0.0.1',
    )
    await once(server, 'listening')
    const address = server.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    try {
      expect(await checkService(origin, new Set())).toMatchObject([
        { finding: `the server at ${origin} is not Keyseal: /health/ready returns HTTP 404` },
      ])
    } finally {
      server.close()
    }
  })

  it('names an error in wrangler.toml once, with the command that reverts it', () => {
    const config = path.join(commandLine.folder, 'wrangler.toml')
    const settings = readFileSync(config, 'utf8')
    const git = ['git', '-c', 'user.name=x', '-c', 'user.email=x@example.com']
    const commands = `git init -q && git add wrangler.toml && ${git.join(' ')} commit -qm x`
    runShell(commandLine.folder, commands)
    try {
      writeFileSync(config, settings.replace('binding = "DB"', 'binding = "OTHER"'))
      const found = findings(...NO_SERVICE)
      expect(found).toMatchObject([
        { status: 'wrong', check: 'bindings', finding: 'no database is bound as DB' },
        { status: 'good', check: 'bindings' },
        { status: 'good', check: 'secrets' },
        { status: 'not checked', check: 'migrations', finding: 'no database is bound as DB' },
        { status: 'not checked', check: 'queue' },
        { status: 'wrong', check: 'service' },
      ])
      const [command] = found[0]?.remedy?.split(' (') ?? []
      expect(command).toBe('git checkout -p HEAD -- wrangler.toml')
      runShell(commandLine.folder, `yes | ${command}`)
      expect(readFileSync(config, 'utf8')).toBe(settings)
    } finally {
      writeFileSync(config, settings)
      rmSync(path.join(commandLine.folder, '.git'), { recursive: true })
    }
  })

  it('names a missing migration, with the command that applies it', () => {
    const { folder } = commandLine
    runShell(folder, 'mv .wrangler/state .wrangler/kept')
    try {
      const missing = findings(...NO_SERVICE).find(({ check }) => check === 'migrations')
      expect(missing).toMatchObject({ status: 'wrong' })
      runShell(folder, missing?.remedy ?? '')
      const migrations = readdirSync(path.join(folder, 'migrations')).filter((name) => name.endsWith('.sql'))
      expect(query(folder, 'select name from d1_migrations')).toHaveLength(migrations.length)
    } finally {
      runShell(folder, 'rm -r .wrangler/state; mv .wrangler/kept .wrangler/state')
    }
  })

  it('reports for production that wrangler is not signed in, and each cause once', () => {
    const noAccount = { HOME: commandLine.folder, XDG_CONFIG_HOME: '', CLOUDFLARE_API_TOKEN: '' }
    const found = commandLineIn(commandLine.folder, noAccount).runJson<Finding[]>('doctor', '--remote')
    expect(found.filter(({ status }) => status !== 'good')).toMatchObject([
      { status: 'wrong', check: 'account', remedy: 'npx wrangler login' },
      {
        status: 'wrong',
        check: 'bindings',
        remedy: expect.stringMatching(/^npx wrangler d1 create keyseal /),
      },
      { status: 'not checked', check: 'secrets' },
      { status: 'not checked', check: 'migrations' },
      { status: 'not checked', check: 'queue' },
      {
        status: 'not checked',
        check: 'service',
        remedy: expect.stringMatching(/^npm run keyseal -- doctor --remote --url /),
      },
    ])
  })
})

describe('keyseal signing-key', () => {
  it('create prints a key for each algorithm', () => {
    const commands = ['RSA', 'EdDSA'].map((name) => ['signing-key', 'create', '--algorithm', name])
    const created = commands.map((words) => createPrivateKey(commandLine.run(...words).stdout))
    expect(created.map(({ asymmetricKeyType }) => asymmetricKeyType)).toEqual(['rsa', 'ed25519'])
  })

  it('rotates from next to current to retired, as in the document', {
    timeout: 240_000,
  }, async () => {
    const [first] = keys()
    expect(first).toMatchObject({ algorithm: 'RSA', role: 'current' })
    const published = runExample('run: rotate-locally')
    expect(published).toMatch(
      /^The next key is \S{43} \(RSA\)\. It signs nothing yet\.\n1\. Restart the service/,
    )
    expect(published).toMatch(
      /five minutes for clients.*\n3\. Let it sign: npm run keyseal -- signing-key rotate\n/,
    )
    const [, next] = keys()
    expect(next).toMatchObject({ role: 'next' })
    const other = commandLine.run('signing-key', 'rotate', '--algorithm', 'EdDSA')
    expect(other.stderr).toContain('is RSA, not EdDSA')
    expect(keys()).toHaveLength(2)

    await restart()
    expect(runExample('run: list-published')).toMatch(new RegExp(`^${next?.kid} +RSA +published`, 'm'))
    const rotated = runExample('run: rotate-locally')
    expect(rotated).toContain(`The key ${next?.kid} (RSA) replaces ${first?.kid}`)
    expect(rotated).toContain('1. Restart the service now')
    expect(keys()).toMatchObject([
      { kid: next?.kid, role: 'current' },
      { kid: first?.kid, role: 'retired' },
    ])
    expect(statSync(path.join(commandLine.folder, '.dev.vars')).mode & 0o077).toBe(0)

    await restart()
    const listed = runExample('run: list-published')
    expect(listed).toMatch(new RegExp(`^${next?.kid} +RSA +current$`, 'm'))
    expect(listed).toMatch(new RegExp(`^${first?.kid} +RSA +published`, 'm'))
    expect(listed.match(/^\S{43} +(?:RSA|EdDSA) +of license files/gm)).toHaveLength(2)
    expect(findings().find(({ check }) => check === 'signature')?.finding).toContain(next?.kid)

    const inUse = commandLine.run('signing-key', 'retire', next?.kid ?? '', '--yes')
    expect(inUse.stderr).toContain('This key is in use')
    const unconfirmed = commandLine.run('signing-key', 'retire', first?.kid ?? '')
    expect(unconfirmed.stderr).toContain('Run it again with --yes')
    const retired = runExample('run: retire-locally', (command) =>
      command.replace('<kid>', `${first?.kid} --yes`),
    )
    expect(retired).toContain('Restart the service now')
    expect(keys()).toMatchObject([{ kid: next?.kid, role: 'current' }])
  })

  it('prints the commands for production and changes nothing', () => {
    const { stdout } = commandLine.run('signing-key', 'rotate', '--remote', '--product-id', '3')
    expect(stdout).toContain(
      'npx wrangler secret put SIGNING_PRIVATE_KEY_PRODUCT_3_NEXT < next-signing-key.pem',
    )
    expect(stdout).toContain('npx wrangler secret delete SIGNING_PRIVATE_KEY_PRODUCT_3_NEXT')
    expect(keys()).toHaveLength(1)
  })

  it('accepts a key id that begins with a dash', () => {
    const id = `-h${'A'.repeat(41)}`
    const local = commandLine.run('signing-key', 'retire', id, '--yes')
    expect(local.stderr).toContain('.dev.vars has no such key')
    expect(commandLine.run('signing-key', 'retire', id, '--remote').stdout).toContain(id)
  })

  it('explains --remote in its help', () => {
    for (const command of [['signing-key', 'rotate'], ['signing-key', 'retire'], ['doctor']]) {
      expect(commandLine.run(...command, '--help').stdout).toMatch(
        /--remote +(print the commands for production|check production)/,
      )
    }
  })
})
