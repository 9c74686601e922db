/** The keys that sign license files, from `npm start` to `keyseal signing-key retire`, without a running service. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, commandLineIn, newShop } from './support/keyseal.ts'
import { runShell, writeDevVars } from './support/local-database.ts'

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

const FILES = 'SIGNING_PRIVATE_KEY_FILES'
const FILES_RSA = 'SIGNING_PRIVATE_KEY_FILES_RSA'
const RETIRED = 'SIGNING_PUBLIC_KEYS_FILES_RETIRED'

let shop: CommandLine
beforeAll(() => {
  const { folder } = newShop()
  shop = commandLineIn(folder)
})
afterAll(() => removeClone(shop.folder))

const devVars = () => path.join(shop.folder, '.dev.vars')
const keysOfFiles = () =>
  shop.runJson<Key[]>('signing-key', 'list').filter(({ setting }) => setting.includes('_FILES'))
const findings = () =>
  shop.runJson<Finding[]>('doctor').filter(({ check, status }) => check === 'secrets' && status !== 'good')

/** The part of `npm start` that prepares `.dev.vars`. @returns what it prints */
function prepareDevVars(): string {
  const module = pathToFileURL(path.join(shop.folder, 'scripts/dev-vars.ts')).href
  return runShell(shop.folder, `node -e 'import("${module}").then(({ makeDevVars }) => makeDevVars())'`)
}

it('npm start creates both keys in a new .dev.vars', () => {
  expect(prepareDevVars()).toBe(
    'Created .dev.vars with new signing keys and a secret for every payment provider.\n',
  )
  expect(keysOfFiles()).toMatchObject([
    { setting: FILES, algorithm: 'EdDSA', role: 'current' },
    { setting: FILES_RSA, algorithm: 'RSA', role: 'current' },
  ])
  expect(findings()).toEqual([])
})

it('npm start adds only the missing secrets to an existing .dev.vars, and says so', () => {
  writeDevVars(shop.folder, { [FILES]: '', EMAIL_FROM: 'x@example.com' })
  const [before] = keysOfFiles()
  expect(before).toMatchObject({ setting: FILES_RSA })
  expect(prepareDevVars()).toBe(
    `Added new keys that sign license files to .dev.vars: ${FILES}\nAdded a new ADMIN_TOKEN to .dev.vars.\n`,
  )
  expect(readFileSync(devVars(), 'utf8')).toMatch(/^ADMIN_TOKEN="[\w-]{43}"$/m)
  expect(keysOfFiles()).toMatchObject([{ setting: FILES, algorithm: 'EdDSA' }, before])
  expect(readFileSync(devVars(), 'utf8')).toContain('EMAIL_FROM="x@example.com"\n')
  const complete = readFileSync(devVars(), 'utf8')
  expect(prepareDevVars()).toBe('')
  expect(readFileSync(devVars(), 'utf8')).toBe(complete)
})

it('doctor warns about a missing key, and its command creates one of the right algorithm', () => {
  writeDevVars(shop.folder, { [FILES]: '', [FILES_RSA]: '' })
  const [warning, ...others] = findings()
  expect(others).toEqual([])
  expect(warning).toMatchObject({
    status: 'warning',
    finding: `.dev.vars: ${FILES} is not set, so software cannot check out license files`,
    remedy: `npm run keyseal -- signing-key create --write ${FILES}`,
  })
  runShell(shop.folder, warning?.remedy ?? '')
  expect(findings()).toEqual([])
  expect(keysOfFiles()).toMatchObject([{ setting: FILES, algorithm: 'EdDSA' }])
})

it('doctor reports keys of the wrong kind, and its commands replace them', () => {
  const pem = (name: string) => readFileSync(path.join(shop.folder, 'test/support', name), 'utf8').trim()
  const [rsa, ed25519] = ['file-signing-key-rsa.pem', 'file-signing-key.pem'].map(pem)
  writeDevVars(shop.folder, { [FILES]: rsa ?? '', [FILES_RSA]: ed25519 ?? '', [RETIRED]: rsa ?? '' })
  const found = findings()
  expect(found).toMatchObject([
    { status: 'wrong', finding: `.dev.vars: ${FILES} is not an Ed25519 private key in PKCS#8 PEM` },
    {
      status: 'wrong',
      finding: expect.stringMatching(`^\\.dev\\.vars: ${FILES_RSA} is not an RSA private key`),
    },
    {
      status: 'wrong',
      finding: expect.stringMatching(`^\\.dev\\.vars: ${RETIRED} entry 1 is a private key`),
    },
  ])
  for (const { remedy = '' } of found) runShell(shop.folder, remedy)
  expect(findings()).toEqual([])
  expect(keysOfFiles().map(({ algorithm }) => algorithm)).toEqual(['EdDSA', 'RSA'])
})

it('a setting takes no key of another algorithm', () => {
  const before = readFileSync(devVars(), 'utf8')
  for (const command of [
    ['create', '--write', FILES],
    ['rotate', '--files'],
    ['rotate', '--files', '--remote'],
  ]) {
    const { stderr } = shop.run('signing-key', ...command, '--algorithm', 'RSA')
    expect(stderr).toContain(`${FILES} must be EdDSA, not RSA. Omit --algorithm.`)
  }
  expect(readFileSync(devVars(), 'utf8')).toBe(before)
})

it.each([
  ['--files', FILES, 'EdDSA'],
  ['--files-rsa', FILES_RSA, 'RSA'],
])('rotate %s goes from next to current to retired', (option, setting, algorithm) => {
  writeDevVars(shop.folder)
  const rolesOf = () => keysOfFiles().filter((key) => key.algorithm === algorithm)
  const [first] = rolesOf()
  const published = shop.run('signing-key', 'rotate', option).stdout
  expect(published).toContain(`3. Let it sign: npm run keyseal -- signing-key rotate ${option}\n`)
  expect(published).toContain('an update for software that ships keys of license files.')
  const next = rolesOf().find(({ role }) => role === 'next')
  expect(next).toMatchObject({ setting: `${setting}_NEXT`, algorithm })

  const rotated = shop.run('signing-key', 'rotate', option).stdout
  expect(rotated).toContain(`The key ${next?.kid} (${algorithm}) replaces ${first?.kid}`)
  expect(rotated).toContain('2. Wait until the last license file that the old key signed has ended.')
  expect(rolesOf()).toMatchObject([
    { kid: next?.kid, role: 'current', setting },
    { kid: first?.kid, role: 'retired', setting: RETIRED },
  ])
  expect(shop.run('signing-key', 'retire', first?.kid ?? '', '--yes').status).toBe(0)
  expect(rolesOf()).toMatchObject([{ kid: next?.kid, role: 'current' }])
  expect(readFileSync(devVars(), 'utf8')).not.toContain(RETIRED)
})

it('rotate prints the commands for production, with a key of the right algorithm', () => {
  const { stdout } = shop.run('signing-key', 'rotate', '--files', '--remote')
  const [create = ''] = /npm run --silent keyseal -- signing-key create[^>]*/.exec(stdout) ?? []
  expect(createPrivateKey(runShell(shop.folder, create)).asymmetricKeyType).toBe('ed25519')
  for (const part of [
    `npx wrangler secret put ${FILES}_NEXT < next-signing-key.pem`,
    "curl -s 'https://<your worker>/.well-known/license-file-keys.json'",
    `[vars] ${RETIRED} in wrangler.toml`,
    `npx wrangler secret put ${FILES} < next-signing-key.pem`,
    `npx wrangler secret delete ${FILES}_NEXT`,
  ]) {
    expect(stdout).toContain(part)
  }
  const rsa = shop.run('signing-key', 'rotate', '--files-rsa', '--remote').stdout
  expect(rsa).toContain(`npx wrangler secret put ${FILES_RSA} < next-signing-key.pem`)
  expect(rsa).not.toContain('--algorithm')
})

it('rotate takes one key at a time', () => {
  writeFileSync(devVars(), '')
  for (const other of [['--files-rsa'], ['--product-id', '1']]) {
    expect(shop.run('signing-key', 'rotate', '--files', ...other).stderr).toContain('cannot be used with')
  }
  expect(readFileSync(devVars(), 'utf8')).toBe('')
})
