/** The examples of docs/email.md, run as printed. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, type Running, removeClone, startService } from './support/clone.ts'
import { cloneWithDatabase, commandLineIn } from './support/keyseal.ts'
import { query, runShell } from './support/local-database.ts'
import { example } from './support/readme.ts'

let folder: string
let port: number
let service: Running

function runExample(mark: string): string {
  return runShell(folder, `export PORT=${port}\n${example(mark)}`)
}

beforeAll(async () => {
  folder = cloneWithDatabase()
  port = await freePort()
  const devVars = pathToFileURL(path.join(folder, 'scripts/dev-vars.ts')).href
  runShell(folder, `node -e 'import("${devVars}").then(({ makeDevVars }) => makeDevVars())'`)
  runExample('run: email-branding')
  service = await startService(folder, port, /\ncurl -s .*\n/)
})

afterAll(async () => {
  await service?.interrupt()
  removeClone(folder)
})

it('a local sale writes the branded e-mail to files', async () => {
  const [licenseKey = ''] =
    /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(runExample('run: email-sample')) ?? []
  await expect.poll(() => service.output(), { timeout: 20_000 }).toMatch(/\nHTML: \S+\.html/)
  const files = ['Text', 'HTML'].map((version) => {
    const [, file = ''] = new RegExp(`\n${version}: (\\S+)`).exec(service.output()) ?? []
    return readFileSync(file, 'utf8')
  })
  for (const text of files) {
    for (const part of [licenseKey, 'Example Ltd.', 'support@example.com', 'Valid until']) {
      expect(text).toContain(part)
    }
  }
  expect(files[1]).toContain('#1a73e8')
})

it('a failed delivery is listed and retried', async () => {
  const changes = `status = 'failed', attempts = 13, last_result = 'HTTP 403 invalid_api_key'`
  await expect
    .poll(() => query(folder, `select id from deliveries where status = 'delivered'`), { timeout: 20_000 })
    .toHaveLength(1)
  query(folder, `update deliveries set ${changes}`)
  expect(runExample('run: email-failed')).toMatch(
    /email .* failed .* HTTP 403 invalid_api_key[\s\S]*email .* delivered .* accepted/,
  )
})

describe('keyseal doctor', () => {
  const settingFindings = () =>
    commandLineIn(folder, { PORT: String(port) })
      .runJson<{ check: string }[]>('doctor')
      .filter(({ check }) => check === 'settings')

  it('reports no problem with valid settings', () => {
    expect(runExample('run: email-doctor')).not.toMatch(/^wrong/m)
    expect(settingFindings()).toEqual([])
  })

  it('names an invalid setting in .dev.vars and in wrangler.toml', () => {
    runShell(folder, `echo 'SELLER_COLOR="blue"' >> .dev.vars`)
    expect(settingFindings()).toEqual([
      {
        check: 'settings',
        status: 'wrong',
        finding: '.dev.vars: SELLER_COLOR is not a color such as #1a73e8',
        remedy: 'correct it in .dev.vars, then npm start',
      },
    ])
    runShell(folder, `sed -i '/^SELLER_/d' .dev.vars; sed -i 's/^# SELLER_LOGO/SELLER_LOGO/' wrangler.toml`)
    expect(settingFindings()).toEqual([
      {
        check: 'settings',
        status: 'wrong',
        finding: 'SELLER_NAME is not set, and SELLER_LOGO_URL is',
        remedy: 'set [vars] SELLER_NAME = "Example Ltd." in wrangler.toml, then npm start',
      },
    ])
  })
})
