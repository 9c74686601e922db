/**
 * From the release before to this one: a database that release made and filled, migrated while it still writes,
 * then served by the code of today. The files in `upgrade/` were written by that release, and are never changed.
 */
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneProject, freePort, type Running, removeClone, startService } from './support/clone.ts'
import { query, runWrangler, writeDevVars } from './support/local-database.ts'

const FIRST_MIGRATION = '0001_issue_license_keys.sql'
/** Of a database that is only here. It was made when `assign` was all that there was. */
const OLD_API_KEY = 'ks__xI-PEFrB8JX0qXPsDDowsJbKc0ESuNZxDyrJrwniQs'
/** `npm start` lets it do everything. */
const NEW_API_KEY = 'demo-api-key'

let folder: string
let origin: string
let service: Running

beforeAll(async () => {
  folder = cloneProject()
  writeDevVars(folder)
  const migrations = path.join(folder, 'migrations')
  const later = readdirSync(migrations).filter((name) => name !== FIRST_MIGRATION)
  for (const name of later) rmSync(path.join(migrations, name))
  runWrangler(folder, 'd1', 'migrations', 'apply', 'DB', '--local')
  load('before-migration.sql')

  // As `npm run deploy` does it: the database first, and until the Worker follows the old one writes to it.
  cpSync(path.join(import.meta.dirname, '../../migrations'), migrations, { recursive: true })
  runWrangler(folder, 'd1', 'migrations', 'apply', 'DB', '--local')
  load('during-deployment.sql')

  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  service = await startService(folder, port, /\ncurl -s .*\n/)
})

afterAll(async () => {
  await service?.interrupt()
  removeClone(folder)
})

function load(name: string): void {
  copyFileSync(path.join(import.meta.dirname, 'upgrade', name), path.join(folder, name))
  runWrangler(folder, 'd1', 'execute', 'DB', '--local', '--file', name)
}

function pinned(name: string): string {
  return readFileSync(path.join(import.meta.dirname, 'upgrade', name), 'utf8')
}

function post(endpoint: string, fields: Record<string, string>, idempotencyKey?: string): Promise<Response> {
  return fetch(`${origin}/api/v1/${endpoint}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { Connection: 'close', ...(idempotencyKey && { 'Idempotency-Key': idempotencyKey }) },
  })
}

async function codeOf(endpoint: string, fields: Record<string, string>): Promise<number> {
  const { response } = (await (await post(endpoint, fields)).json()) as { response: { code: number } }
  return response.code
}

describe('a database of the release before, migrated and served by this one,', () => {
  it.each([
    ['order-1001', '1', '0', 'before the migration'],
    ['order-1002', '12', '365', 'by the old Worker on the migrated database'],
  ])('answers %s with the very bytes of then', async (name, quantity, validity) => {
    const owner = { owner_name: 'Ада Lovelace', owner_email: 'ada@example.com' }
    const terms = { product_id: '3', quantity, validity, activation_limit: '2' }
    const answer = await post(
      'random-assign-license-keys',
      { api_key: OLD_API_KEY, ...owner, ...terms },
      name,
    )
    expect(answer.headers.get('Idempotent-Replayed')).toBe('true')
    expect(await answer.text()).toBe(pinned(`${name}.txt`))
  })

  it('keeps every row, and every row it keeps refers to one that is there', () => {
    expect(query(folder, 'select count(*) as n from license_keys where issuance_id is not null')).toEqual([
      { n: 13 },
    ])
    expect(query(folder, 'pragma foreign_key_check')).toEqual([])
  })

  it('verifies and activates a license key of then', async () => {
    const licenseKey = JSON.parse(pinned('order-1001.txt')).response.license_keys[0].license_key as string
    const use = { api_key: NEW_API_KEY, license_key: licenseKey, identifier: 'laptop' }
    expect(await codeOf('verify', use)).toBe(202)
    expect(await codeOf('activate', use)).toBe(300)
    expect(await codeOf('verify', use)).toBe(200)
  })

  it('lets an API key of then do what it could, and nothing that came after', async () => {
    const fields = { api_key: OLD_API_KEY, license_key: 'whatever', identifier: 'laptop' }
    expect(await codeOf('verify', fields)).toBe(102)
  })
})
