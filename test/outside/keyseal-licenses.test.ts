/** License keys that stay blocked: what was reissued, refunded or disputed is not given back by a word. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop, type Typed } from './support/keyseal.ts'
import { query } from './support/local-database.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

/** A license key that was issued to somebody. */
function issued(): string {
  const order = '--product-id 1 --quantity 1 --validity-days 0 --activation-limit 0'
  const owner = '--owner-name Ada --owner-email ada@example.com'
  const { licenseKeys } = shop.ask<{ licenseKeys: string[] }>('issue', ...`${order} ${owner}`.split(' '))
  return String(licenseKeys[0])
}

/** @param commands the words of each, separated by blanks */
function type(...commands: string[]): Typed[] {
  return commands.map((command) => shop.type(...command.split(' ')))
}

function update(licenseKey: string, changes: string): void {
  query(shop.folder, `update license_keys set ${changes} where license_key = '${licenseKey}'`)
}

/** Status, and the status that the end of a refund gives back. */
function standing(licenseKey: string): unknown[] {
  const sql = `select status, status_before_reversal as kept from license_keys where license_key = '${licenseKey}'`
  return query<{ status: string; kept: string | null }>(shop.folder, sql).flatMap(({ status, kept }) => [
    status,
    kept,
  ])
}

const REISSUE_BLOCKS_THE_OLD_KEY =
  'a key that was reissued is not unblocked: the command names its replacement'
it(`${REISSUE_BLOCKS_THE_OLD_KEY}, and reissuing it once more blocks it where it is valid again`, () => {
  const old = issued()
  const [first, unblocked] = type(`licenses reissue ${old} --yes --json`, `licenses unblock ${old}`)
  const { licenseKey } = JSON.parse(String(first?.stdout)) as { licenseKey: string }
  expect(unblocked).toMatchObject({ status: 1, stdout: '' })
  expect(unblocked?.stderr).toContain(`was reissued, as ${licenseKey}, so it stays blocked`)
  expect(standing(old)).toEqual(['blocked', null])

  update(old, `status = 'assigned'`)
  const [again] = type(`licenses reissue ${old} --yes --json`)
  expect(again?.status).toBe(0)
  expect(JSON.parse(String(again?.stdout))).toEqual({ licenseKey, isReplay: true })
  expect(standing(old)).toEqual(['blocked', null])
  expect(standing(licenseKey)).toEqual(['assigned', null])
})

it('a key whose payment went back is not unblocked, and what its end would give back stays as it is', () => {
  const key = issued()
  update(key, `status = 'blocked', status_before_reversal = 'assigned'`)
  const [unblocked] = type(`licenses unblock ${key}`)
  expect(unblocked).toMatchObject({ status: 1, stdout: '' })
  expect(unblocked?.stderr).toContain('was refunded or is disputed, so it stays blocked')
  expect(standing(key)).toEqual(['blocked', 'assigned'])
})

it('a reissued key that went back to stock is not reissued, nor blocked, and may be unblocked there', () => {
  const key = issued()
  type(`licenses reissue ${key} --yes`)
  update(
    key,
    `status = 'available', owner_name = null, owner_email = null, assigned_at = null, issuance_id = null`,
  )
  const [reissued, , unblocked] = type(
    `licenses reissue ${key} --yes`,
    `licenses block ${key}`,
    `licenses unblock ${key}`,
  )
  expect(reissued).toMatchObject({ status: 1, stdout: '' })
  expect(reissued?.stderr).toContain('is available and has no owner')
  expect(unblocked?.stdout).toBe('The license key is no longer blocked, but available.\n')
})

it('a reissue that another owner has had is not told to the next one, nor made once more', () => {
  const key = issued()
  update(key, 'issuance_id = null')
  const [first] = type(`licenses reissue ${key} --yes`)
  const assigned = `status = 'assigned', owner_name = 'Bob', owner_email = 'bob@example.com'`
  update(key, assigned)
  const [again, unblocked] = type(`licenses reissue ${key} --yes`, `licenses unblock ${key}`)
  expect(again).toMatchObject({ status: 1, stdout: '' })
  expect(again?.stderr).toContain('was reissued before for another owner')
  expect(again?.stderr).not.toContain(first?.stdout.trim())
  expect(unblocked?.stderr).toContain('The license key is not blocked, but assigned.')
  expect(standing(key)).toEqual(['assigned', null])
})
