/** The first hour of a new user: `npm start` in a clone, the examples of the README, a product and an API key. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  cloneProject,
  freePort,
  isInstalled,
  isListening,
  type Running,
  removeClone,
  run,
  startService,
} from './support/clone.ts'
import { commandLineIn } from './support/keyseal.ts'
import { example } from './support/readme.ts'
import { itRefuses } from './support/refusals.ts'

const READY = /\ncurl -s .*\n/
const NPM_START = ['npm', 'start']
const PORT_HELD_MS = 2_000
const PYTHONS = ['python3', '/usr/bin/python3'].filter((python) =>
  isInstalled(python, '-c', 'import cryptography'),
)

/** A command between two requests may take longer than the server keeps an idle connection. */
const FRESH_CONNECTION = { Connection: 'close' }

let folder: string
let port: number
let service: Running

beforeAll(async () => {
  folder = cloneProject()
  port = await freePort()
  service = await startService(folder, port, READY, NPM_START)
})

afterAll(async () => {
  await service?.interrupt()
  removeClone(folder)
})

function file(name: string): string {
  return readFileSync(path.join(folder, name), 'utf8')
}

/** Runs a shell example of the documents against the service of this test. */
function runExample(mark: string) {
  return run(folder, 'bash', '-ec', example(mark).replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`))
}

/** Orders one license key. */
function issue(apiKey: string, productId: string): Promise<Response> {
  const fields = { api_key: apiKey, product_id: productId, owner_name: 'Ada', owner_email: 'ada@example.com' }
  const body = new URLSearchParams({ ...fields, quantity: '1', validity: '0', activation_limit: '0' })
  const headers = { 'CF-Connecting-IP': '127.0.0.1', ...FRESH_CONNECTION }
  return fetch(`http://127.0.0.1:${port}/api/v1/random-assign-license-keys`, {
    method: 'POST',
    body,
    headers,
  })
}

function runCommand(...parameters: string[]) {
  return run(folder, 'npm', 'run', '--silent', 'keyseal', '--', ...parameters)
}

/** The names in a JSON value, in their order, and the types of their values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)])
}

describe('npm start', () => {
  it('is the command in the README', () => {
    expect(example('run: start')).toBe('npm ci && npm start\n')
  })

  it('prints the output in the README', () => {
    const output = service.output().replaceAll(`127.0.0.1:${port}`, '127.0.0.1:8787')
    expect(output.replaceAll(`PORT=${port} `, '')).toContain(example('answer: start'))
  })

  it('creates secrets that only the user can read and git ignores', () => {
    expect(file('.dev.vars')).toMatch(
      /^SIGNING_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\\n.*-----END PRIVATE KEY-----\\n"\n/,
    )
    expect(statSync(path.join(folder, '.dev.vars')).mode & 0o077).toBe(0)
    expect(file('.gitignore')).toMatch(/^\.dev\.vars$/m)
  })

  it.each(['/', '/docs'])('prints the address of the page %s', async (page) => {
    const address = `http://127.0.0.1:${port}${page}`
    expect(service.output()).toMatch(new RegExp(`: +${address}( |$)`, 'm'))
    const response = await fetch(address, { headers: { Accept: 'text/html', ...FRESH_CONNECTION } })
    expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8'])
  })

  it('prints a curl command that issues two license keys', () => {
    const line = /^curl -s .*$/m.exec(service.output())?.[0] ?? ''
    const { status, output } = run(folder, 'bash', '-c', line)
    expect(status).toBe(0)
    expect(JSON.parse(output).response).toMatchObject({ code: 803, license_keys: [{ product_id: 1 }, {}] })
  })

  it('prints a readable line for each request except its own', async () => {
    await fetch(`http://127.0.0.1:${port}/health`, { headers: FRESH_CONNECTION })
    await expect.poll(() => service.output()).toMatch(/^\d\d:\d\d:\d\d GET \/health 200 code 2201 \d+ ms$/m)
    expect(service.output()).not.toMatch(/"level":|wrangler:info|jwks\.json|cdn-cgi/)
  })

  it('prints the bindings once', () => {
    expect(service.output().match(/^env\.DB \(keyseal\) /gm)).toHaveLength(1)
  })

  it('suggests another port if its port is in use', async () => {
    await expect(startService(folder, port, READY)).rejects.toThrow(
      `Port ${port} is in use. Use another one: PORT=${port + 1} npm start`,
    )
  })

  it.each([
    [['--help'], 0, /^Usage: npm start -- \[options\]\n.*--logs <format> /s],
    [['--log', 'json'], 1, /^error: unknown option '--log'\n\(Did you mean --logs\?\)\n$/],
    [['--logs', 'xml'], 1, /^error: .* argument 'xml' is invalid\. Allowed choices are text, json\.\n$/],
    [['json'], 1, /^error: too many arguments/],
  ])('with %j exits with %i', (parameters, status, output) => {
    expect(run(folder, 'npm', 'start', '--silent', '--', ...parameters)).toEqual({
      status,
      output: expect.stringMatching(output),
    })
  })

  it('adds an inactive product to the demo data', async () => {
    const answer = await issue('demo-api-key', '2')
    expect(await answer.json()).toMatchObject({ response: { code: 805 } })
  })
})

describe('the examples in the documents', () => {
  it('issue a license key once, with an answer of the printed shape', () => {
    expect(runExample('run: issue')).toMatchObject({ status: 0 })
    expect(shapeOf(JSON.parse(file('answer.json')))).toEqual(shapeOf(JSON.parse(example('answer: issue'))))
    const first = file('answer.json')
    runExample('run: issue')
    expect(file('answer.json')).toBe(first)
  })

  it('fetch the public key', () => {
    expect(runExample('run: public-key')).toMatchObject({ status: 0 })
    expect(file('public-key.pem')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  })

  it.skipIf(!isInstalled('openssl', 'version'))('verify with openssl (skipped without openssl)', () => {
    expectVerification(() => runExample('run: openssl'), 'Verified OK')
  })

  it('verify in Node.js', () => {
    writeFileSync(path.join(folder, 'verify.mjs'), example('run: node'))
    expectVerification(() => run(folder, 'node', 'verify.mjs'), 'Verified 803')
  })

  it.skipIf(!isInstalled('php', '-r', 'openssl_verify(...);'))('verify in PHP (skipped without php)', () => {
    writeFileSync(path.join(folder, 'verify.php'), example('run: php'))
    expectVerification(() => run(folder, 'php', 'verify.php'), 'Verified 803')
  })

  it.skipIf(PYTHONS.length === 0)('verify in Python (skipped without its package cryptography)', () => {
    writeFileSync(path.join(folder, 'verify.py'), example('run: python'))
    expectVerification(() => run(folder, PYTHONS[0] ?? '', 'verify.py'), 'Verified 803')
  })

  it('check a license in an app with its own API key', () => {
    const created = runExample('run: app-api-key')
    expect(created.status).toBe(0)
    const apiKey = /^ks_[\w-]{43}$/m.exec(created.output)?.[0] ?? ''
    const [issued] = JSON.parse(file('answer.json')).response.license_keys
    const settings = run(folder, 'env', `PORT=${port}`, 'bash', '-ec', example('run: app-settings'))
    expect(settings).toEqual({ status: 0, output: '' })
    expect(JSON.parse(file('keyseal.json'))).toEqual({
      server: `http://127.0.0.1:${port}`,
      productId: 1,
      algorithm: 'ed25519',
      fileKeys: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      answerKeys: [file('public-key.pem').trim()],
    })
    writeFileSync(path.join(folder, 'app.mjs'), example('run: app').replace('demo-api-key', apiKey))
    const check = (licenseKey: string) => run(folder, 'node', 'app.mjs', licenseKey, 'laptop').output
    expect(check(issued.license_key)).toMatch(/^Licensed until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n$/)
    expect(check('wrong')).toBe('Not activated: Invalid license key\n')
    const otherProduct = file('keyseal.json').replace('"productId": 1', '"productId": 2')
    writeFileSync(path.join(folder, 'keyseal.json'), otherProduct)
    expect(check(issued.license_key)).toMatch(/^Not licensed: /)
  })

  /** Expects that the example accepts the answer, and rejects it after a change of one character. */
  function expectVerification(
    verify: () => { status: number | null; output: string },
    printed: string,
  ): void {
    expect(verify()).toEqual({ status: 0, output: `${printed}\n` })
    const answerFile = path.join(folder, 'answer.json')
    copyFileSync(answerFile, path.join(folder, 'good.json'))
    const signed = JSON.parse(file('answer.json')).response_base64 as string
    const forged = (signed.startsWith('eyJ') ? 'eyK' : 'eyJ') + signed.slice(3)
    writeFileSync(answerFile, file('answer.json').replace(signed, forged))
    try {
      const { status, output } = verify()
      expect(status).not.toBe(0)
      expect(output).not.toContain(printed)
    } finally {
      copyFileSync(path.join(folder, 'good.json'), answerFile)
    }
  }
})

describe('a new product and API key', () => {
  it('issue license keys from an allowed network only', async () => {
    const product = runCommand('products', 'add', '--name', "Ada's app")
    expect(product).toMatchObject({
      status: 0,
      output: expect.stringMatching(/^Product 3 added: Ada's app\nIts default generator 3 makes UUID/),
    })
    const key = runCommand('api-keys', 'create', '--name', 'Shop', '--allow-ip', '127.0.0.0/8')
    expect(key.output).toMatch(/^API key for Shop, shown only once:\nks_[\w-]{43}\n$/)
    const otherNetworkKey = runCommand('api-keys', 'create', '--name', 'Shop', '--allow-ip', '192.0.2.1')
    const [apiKey = '', otherKey = ''] = [key, otherNetworkKey].map(
      ({ output }) => output.split('\n')[1] ?? '',
    )
    expect(await (await issue(apiKey, '3')).json()).toMatchObject({ response: { code: 803 } })
    expect(await (await issue(otherKey, '3')).json()).toMatchObject({ response: { code: 103 } })
  })

  const named = ['--name', 'x']
  itRefuses(
    () => commandLineIn(folder),
    [
      [['products', 'add'], "required option '--name <text>' not specified"],
      [['products', 'add', '--name', 'a\nb'], 'It must be 1 to 255 characters without control characters.'],
      [['products', 'add', ...named, '--title', 'x'], "unknown option '--title'"],
      [['api-keys', 'create', ...named, '--capability', 'all'], 'Unknown capability all'],
      [['api-keys', 'create', ...named, '--allow-ip', '10.0/8'], 'It must be an IP address or a network'],
    ],
  )
})

describe('Ctrl-C', () => {
  it('stops the service, and the next start waits for the port and keeps secrets and data', async () => {
    const secrets = file('.dev.vars')
    const answer = file('answer.json')
    await service.interrupt()
    await expect.poll(() => isListening(port), { timeout: 10_000 }).toBe(false)
    await expect.poll(() => service.isAlive(), { timeout: 10_000 }).toBe(false)
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve))
    setTimeout(() => holder.close(), PORT_HELD_MS)
    service = await startService(folder, port, READY, [...NPM_START, '--', '--logs', 'json'])
    expect(file('.dev.vars')).toBe(secrets)
    runExample('run: issue')
    expect(file('answer.json')).toBe(answer)
    await expect.poll(() => service.output()).toMatch(/^\{"level":"info",.*"code":803,.*\}$/m)
  })
})
