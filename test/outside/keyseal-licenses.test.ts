/**
 * `keyseal licenses unblock` and `reissue` never restore keys that were reissued, refunded or disputed, and `find` shows
 * what a key unlocks.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, type CommandResult, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

/** @returns a new license key with an owner */
function issueKey(): string {
  const order = '--product-id 1 --quantity 1 --validity-days 0 --activation-limit 0'
  const owner = '--owner-name Ada --owner-email ada@example.com'
  const { licenseKeys } = shop.runJson<{ licenseKeys: string[] }>('issue', ...`${order} ${owner}`.split(' '))
  return String(licenseKeys[0])
}

/** @param commands with their words separated by spaces */
function runAll(...commands: string[]): CommandResult[] {
  return commands.map((command) => shop.run(...command.split(' ')))
}

function update(licenseKey: string, changes: string): void {
  query(shop.folder, `update license_keys set ${changes} where license_key = '${licenseKey}'`)
}

/** The status, and the status that a failed refund would restore. */
function statuses(licenseKey: string): unknown[] {
  const sql = `select status, status_before_reversal as kept from license_keys where license_key = '${licenseKey}'`
  return query<{ status: string; kept: string | null }>(shop.folder, sql).flatMap(({ status, kept }) => [
    status,
    kept,
  ])
}

it('a reissued key stays blocked, and repeating the reissue blocks it again', () => {
  const old = issueKey()
  const [first, unblocked] = runAll(`licenses reissue ${old} --yes --json`, `licenses unblock ${old}`)
  const { licenseKey } = JSON.parse(String(first?.stdout)) as { licenseKey: string }
  expect(unblocked).toMatchObject({ status: 1, stdout: '' })
  expect(unblocked?.stderr).toContain(`was reissued, as ${licenseKey}, so it stays blocked`)
  expect(statuses(old)).toEqual(['blocked', null])

  update(old, `status = 'assigned'`)
  const [again] = runAll(`licenses reissue ${old} --yes --json`)
  expect(again?.status).toBe(0)
  expect(JSON.parse(String(again?.stdout))).toEqual({ licenseKey, isReplay: true })
  expect(statuses(old)).toEqual(['blocked', null])
  expect(statuses(licenseKey)).toEqual(['assigned', null])
})

it('a refunded key is not unblocked, and keeps the status for a failed refund', () => {
  const key = issueKey()
  update(key, `status = 'blocked', status_before_reversal = 'assigned'`)
  const [unblocked] = runAll(`licenses unblock ${key}`)
  expect(unblocked).toMatchObject({ status: 1, stdout: '' })
  expect(unblocked?.stderr).toContain('was refunded or is disputed, so it stays blocked')
  expect(statuses(key)).toEqual(['blocked', 'assigned'])
})

it('a reissued key that returned to stock can be unblocked, but not reissued', () => {
  const key = issueKey()
  runAll(`licenses reissue ${key} --yes`)
  update(
    key,
    `status = 'available', owner_name = null, owner_email = null, assigned_at = null, issuance_id = null`,
  )
  const [reissued, , unblocked] = runAll(
    `licenses reissue ${key} --yes`,
    `licenses block ${key}`,
    `licenses unblock ${key}`,
  )
  expect(reissued).toMatchObject({ status: 1, stdout: '' })
  expect(reissued?.stderr).toContain('is available and has no owner')
  expect(unblocked?.stdout).toBe('The license key is available again.\n')
})

it('the reissue for an earlier owner is neither shown to the next owner nor repeated', () => {
  const key = issueKey()
  update(key, 'issuance_id = null')
  const [first] = runAll(`licenses reissue ${key} --yes`)
  const assigned = `status = 'assigned', owner_name = 'Bob', owner_email = 'bob@example.com'`
  update(key, assigned)
  const [again, unblocked] = runAll(`licenses reissue ${key} --yes`, `licenses unblock ${key}`)
  expect(again).toMatchObject({ status: 1, stdout: '' })
  expect(again?.stderr).toContain('was reissued before for another owner')
  expect(again?.stderr).not.toContain(first?.stdout.trim())
  expect(unblocked?.stderr).toContain('The license key is not blocked. Its status is assigned.')
  expect(statuses(key)).toEqual(['assigned', null])
})

it('a search shows the features that count, also of a reissued key', () => {
  query(
    shop.folder,
    `insert into offers (provider, external_id, product_id, keys_per_unit, mode, validity_days, activation_limit, features)
       values ('stripe', 'price_pro', 1, 1, 'key-per-unit', 0, 1, '["pro"]');
     update products set features = '["basic"]' where id = 1`,
  )
  const [ofProduct, ofOffer, own, none] = [issueKey(), issueKey(), issueKey(), issueKey()]
  query(
    shop.folder,
    `insert into order_lines (issuance_id, provider, order_id, line, units, offer_id)
     select issuance_id, 'stripe', license_key, '1', 1, (select id from offers where external_id = 'price_pro')
     from license_keys where license_key in ('${ofOffer}', '${own}', '${none}')`,
  )
  update(own, `features = '["pro","cloud"]'`)
  update(none, `features = '[]'`)
  const { licenseKey } = shop.runJson<{ licenseKey: string }>('licenses', 'reissue', ofOffer, '--yes')
  const featuresOf = (key: string) =>
    shop.runJson<{ features: unknown }[]>('licenses', 'find', key)[0]?.features
  expect([ofProduct, ofOffer, licenseKey, own, none].map(featuresOf)).toEqual([
    ['basic'],
    ['pro'],
    ['pro'],
    ['pro', 'cloud'],
    [],
  ])
  expect(shop.run('licenses', 'find', own).stdout).toContain(' pro, cloud ')
  expect(shop.run('licenses', 'find', none).stdout).toContain(' none ')
})

it('a search and an export show a trial without owner, and find its reissue', () => {
  const key = issueKey()
  query(
    shop.folder,
    `update issuances set source = 'trial', idempotency_key = '1/${'0'.repeat(64)}', owner_name = 'Not set',
       owner_email = 'Not set' where id = (select issuance_id from license_keys where license_key = '${key}')`,
  )
  update(key, `owner_name = 'Not set', owner_email = 'Not set', validity_days = 14`)
  const { licenseKey } = shop.runJson<{ licenseKey: string }>('licenses', 'reissue', key, '--yes')
  for (const found of [key, licenseKey]) {
    expect(shop.runJson('licenses', 'find', found)).toMatchObject([
      { licenseKey: found, ownerName: 'Not set', ownerEmail: 'Not set', validityDays: 14, order: 'trial' },
    ])
  }
  expect(shop.run('export').stdout).toMatch(new RegExp(`^${key},1,blocked,Not set,Not set,14,`, 'm'))
})
