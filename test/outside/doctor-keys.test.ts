/** `keyseal doctor` finds unusable signing keys with the Worker's own code, and the commands it names fix them. */
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgedKeys } from '../../scripts/keyseal/judged-keys.ts'
import { newSigningKey } from '../../scripts/secrets.ts'
import { SettingError } from '../../src/platform/settings.ts'
import { INVALID_PRIVATE_KEY } from '../../src/signing/signing-keys.ts'
import { freePort, isInstalled, project, type Running, removeClone, startService } from './support/clone.ts'
import { type CommandLine, commandLineIn, newShop } from './support/keyseal.ts'
import { runShell } from './support/local-database.ts'

interface Finding {
  readonly check: string
  readonly status: string
  readonly finding: string
  readonly remedy?: string
}

const pemOf = (key: { privateKey: { export: (as: { type: 'pkcs8'; format: 'pem' }) => string | Buffer } }) =>
  String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const SHORT_KEY = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 })).trim()

describe('a signing key', () => {
  const key = newSigningKey()
  const usable = {
    'as printed by openssl': key,
    'with \\n instead of line breaks': key.replaceAll('\n', '\\n'),
    'with CRLF line breaks': key.replaceAll('\n', '\r\n'),
    'pasted into a single-line form field': key.replaceAll('\n', ''),
    'with spaces instead of line breaks': key.replaceAll('\n', ' '),
    'with Ed25519': newSigningKey('EdDSA'),
  }
  const unusable = {
    'RSA with 1024 bits': SHORT_KEY,
    'RSA with exponent 3': pemOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })),
    'with the curve P-256': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
    'for key agreement (X25519)': pemOf(generateKeyPairSync('x25519')),
    missing: '',
    truncated: key.slice(0, 900),
  }

  it.each(Object.entries(usable))('%s is usable', async (_, pem) => {
    const [judged] = await judgedKeys({ SIGNING_PRIVATE_KEY: pem })
    expect(judged?.key).toMatchObject({ jwk: { kid: expect.stringMatching(/^[\w-]{43}$/) } })
  })

  it.each(Object.entries(unusable))('%s is not usable', async (_, pem) => {
    expect(await judgedKeys({ SIGNING_PRIVATE_KEY: pem })).toEqual([
      { setting: 'SIGNING_PRIVATE_KEY', key: expect.any(SettingError) },
    ])
  })
})

describe('the Deploy to Cloudflare button', () => {
  const read = (name: string) => readFileSync(path.join(project, name), 'utf8')
  const description = JSON.parse(read('package.json')).cloudflare.bindings.SIGNING_PRIVATE_KEY.description
  const example = read('.dev.vars.example').replaceAll('\n# ', ' ')

  it('explains how to create a key, in the same words as .dev.vars.example', () => {
    expect(description).toContain('`npm run --silent keyseal -- signing-key create`')
    expect(example).toContain(description)
  })

  it.skipIf(!isInstalled('openssl', 'version'))(
    'explains an openssl command that creates a usable key (skipped without openssl)',
    async () => {
      const [, command = ''] = /`(openssl [^`]+)`/.exec(description) ?? []
      const [judged] = await judgedKeys({ SIGNING_PRIVATE_KEY: runShell(project, `${command} 2>/dev/null`) })
      expect(judged?.key).not.toBeInstanceOf(SettingError)
    },
  )
})

let shop: CommandLine
let port: number
let service: Running | undefined

beforeAll(async () => {
  port = await freePort()
  const { folder } = newShop()
  shop = commandLineIn(folder, { PORT: String(port) })
})

afterAll(async () => {
  await service?.interrupt()
  removeClone(shop.folder)
})

const file = (name: string) => path.join(shop.folder, name)
const findings = (...words: string[]) => shop.runJson<Finding[]>('doctor', ...words)
const problemsIn = (found: readonly Finding[]) => found.filter(({ status }) => status === 'wrong')
const backupCopies = () => readdirSync(shop.folder).filter((name) => name.startsWith('.dev.vars.before-'))

const CREATE = 'npm run keyseal -- signing-key create --write'

it('npm start is the suggested fix for a missing .dev.vars', () => {
  const commands = [['list'], ['list', '--json'], ['rotate'], ['create', '--write']]
  const results = commands.map((words) => shop.run('signing-key', ...words))
  const hint = 'There is no .dev.vars. Run npm start, which creates it with a signing key.\n'
  expect(results).toMatchObject([
    { status: 0, stdout: hint, stderr: '' },
    { status: 0, stdout: '[]\n', stderr: hint },
    { status: 1, stdout: '', stderr: expect.stringContaining(hint) },
    { status: 1, stdout: '', stderr: expect.stringContaining(hint) },
  ])
  expect(problemsIn(findings())).toMatchObject([
    { check: 'secrets', finding: 'there is no .dev.vars', remedy: 'npm start (creates it)' },
    { check: 'service', remedy: `PORT=${port} npm start` },
  ])
})

it('the suggested command adds a missing key and changes nothing else', () => {
  writeFileSync(file('.dev.vars'), '# mine\nEMAIL_FROM="x@example.com"\nSIGNING_PRIVATE_KEY=""\n')
  const [found] = problemsIn(findings())
  expect(found).toMatchObject({ finding: '.dev.vars: SIGNING_PRIVATE_KEY is not set', remedy: CREATE })
  runShell(shop.folder, CREATE)
  expect(shop.runJson('signing-key', 'list')).toMatchObject([{ role: 'current', algorithm: 'RSA' }])
  expect(readFileSync(file('.dev.vars'), 'utf8')).toMatch(
    /^# mine\nEMAIL_FROM="x@example.com"\nSIGNING_PRIVATE_KEY="-----BEGIN [^"]*"\n$/,
  )
  expect(backupCopies()).toEqual([])
})

it('a usable key is never overwritten', () => {
  const before = readFileSync(file('.dev.vars'), 'utf8')
  const refused = shop.run('signing-key', 'create', '--write')
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('SIGNING_PRIVATE_KEY in .dev.vars is a usable key and was not changed')
  expect(shop.run('signing-key', 'create', '--write', 'PATH').stderr).toContain(
    'It must be SIGNING_PRIVATE_KEY',
  )
  expect(readFileSync(file('.dev.vars'), 'utf8')).toBe(before)
})

describe('unusable keys of every kind', () => {
  const names = ['', '_NEXT', '_PRODUCT_3'].map((end) => `SIGNING_PRIVATE_KEY${end}`)
  // The first one was pasted without quotes.
  const onOneLine = `"${SHORT_KEY.replaceAll('\n', '\\n')}"`
  const lines = names.map((name, index) => `${name}=${index === 0 ? SHORT_KEY : onOneLine}\n`)
  const broken = `${lines.join('')}SIGNING_PUBLIC_KEYS_RETIRED='${SHORT_KEY}junk'\nLAST="x"\n`
  let remedies: string[]
  let started: string

  it('are each reported once, without their consequences', async () => {
    writeFileSync(file('.dev.vars'), broken, { mode: 0o600 })
    service = await startService(shop.folder, port, /The service has a problem/)
    // With the keys that npm start adds.
    started = readFileSync(file('.dev.vars'), 'utf8')
    expect(started.startsWith(broken)).toBe(true)
    const found = findings()
    expect(problemsIn(found)).toMatchObject([
      ...names.map((name) => ({
        check: 'secrets',
        finding: `.dev.vars: ${name} ${INVALID_PRIVATE_KEY}`,
        remedy: name === 'SIGNING_PRIVATE_KEY' ? CREATE : `${CREATE} ${name}`,
      })),
      {
        check: 'secrets',
        finding: expect.stringMatching(/_RETIRED entry 1 is a private key.*; .* entry 2 is not/),
        remedy: 'npm run keyseal -- signing-key retire unusable',
      },
    ])
    expect(found).toContainEqual({
      check: 'service',
      status: 'not checked',
      finding: 'not ready (signing key), because of the problem above',
    })
    remedies = problemsIn(found).map(({ remedy = '' }) => remedy)
  })

  it('are fixed by the suggested commands, which keep a copy', () => {
    for (const remedy of remedies) runShell(shop.folder, remedy)
    const kept = backupCopies()
    expect(kept).toHaveLength(remedies.length)
    expect(kept.map((name) => readFileSync(file(name), 'utf8'))).toContain(started)
    for (const name of kept) expect(statSync(file(name)).mode & 0o077).toBe(0)
    const replaced = /^(?:SIGNING_PRIVATE_KEY\w*="[^"\n]*"\n){3}LAST="x"\n$/
    const added = started.slice(broken.length)
    const text = readFileSync(file('.dev.vars'), 'utf8')
    expect(text.endsWith(added)).toBe(true)
    expect(text.slice(0, -added.length)).toMatch(replaced)
  })

  it('need a restart of the running service, which doctor suggests', async () => {
    expect(problemsIn(findings())).toMatchObject([
      {
        check: 'service',
        finding: 'not ready: signing key; the service was started before .dev.vars changed',
        remedy: `stop the service with Ctrl-C, then PORT=${port} npm start`,
      },
    ])
    await service?.interrupt()
    service = await startService(shop.folder, port, /\ncurl -s .*\n/)
    expect(findings().filter(({ status }) => status !== 'good')).toEqual([])
  })
})

it('git add -A ignores copies of .dev.vars, keys and backups in the top folder', () => {
  for (const name of ['next-signing-key.pem', 'new-signing-key.pem', 'backup.sql', 'before-upgrade.sql']) {
    writeFileSync(file(name), 'secret')
  }
  runShell(shop.folder, 'git init -q')
  try {
    const added = runShell(shop.folder, 'git add -A -n')
    expect(added).toContain('test/support/global-signing-key.pem')
    expect(added).toContain('.dev.vars.example')
    expect(added).not.toMatch(/'[\w-]+\.(?:pem|sql)'|'\.dev\.vars(?!\.example)/)
    expect(backupCopies().length).toBeGreaterThan(0)
  } finally {
    rmSync(file('.git'), { recursive: true })
  }
})
