/** `keyseal issue` and `keyseal licenses`. */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'

interface Issued {
  readonly idempotencyKey: string
  readonly isReplay: boolean
  readonly licenseKeys: readonly string[]
}

interface Found {
  readonly licenseKey: string
  readonly status: string
  readonly assignedAt: string
  readonly validUntil: string | null
}

const OWNER = ['--owner-name', "Ada; O'Neil", '--owner-email', 'ada@example.com']
const TERMS = ['--validity-days', '30', '--activation-limit', '2']

let shop: CommandLine
let licenseKeys: readonly string[]

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

function issueCommand(quantity: string, ...others: string[]): string[] {
  return ['issue', '--product-id', '1', '--quantity', quantity, ...OWNER, ...TERMS, ...others]
}

function count(sql: string): number {
  return query<{ n: number }>(shop.folder, `select count(*) as n from ${sql}`)[0]?.n ?? -1
}

describe('keyseal issue', () => {
  it('issues an order that needs several statements completely and once', () => {
    const first = shop.runJson<Issued>(...issueCommand('1500', '--idempotency-key', 'order-1'))
    expect(first).toMatchObject({ idempotencyKey: 'order-1', isReplay: false })
    expect(new Set(first.licenseKeys).size).toBe(1500)
    const again = shop.runJson<Issued>(...issueCommand('1500', '--idempotency-key', 'order-1'))
    expect(again).toEqual({ ...first, isReplay: true })
    expect(count(`license_keys where status = 'assigned'`)).toBe(1500)
    expect(query(shop.folder, 'select source, quantity, owner_name from issuances')).toEqual([
      { source: 'cli', quantity: 1500, owner_name: "Ada; O'Neil" },
    ])
    licenseKeys = first.licenseKeys
  })

  it('rejects another order with the same idempotency key, and an unknown product', () => {
    const other = shop.run(...issueCommand('2', '--idempotency-key', 'order-1'))
    expect(other.status).toBe(1)
    expect(other.stderr).toContain('This idempotency key was used for another order')
    const missing = shop.run(...issueCommand('2').with(2, '9'))
    expect(missing.status).toBe(1)
    expect(missing.stderr).toContain('There is no active product 9')
    expect(count('issuances')).toBe(1)
  })

  it.each([
    [['--quantity', '10001'], 'It must be a whole number from 1 to 10000.'],
    [['--owner-email', 'ada'], 'It must be an e-mail address.'],
    [['--owner-name', 'a\nb'], 'It must be 1 to 255 characters without control characters.'],
    [['--title', 'x'], "unknown option '--title'"],
    [['--from', 'nowhere'], 'Allowed choices are fresh, generator, stock.'],
  ])('rejects %j with the reason and the usage', (words, fault) => {
    const { status, stdout, stderr } = shop.run(...issueCommand('1'), ...words)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(fault)
    expect(stderr).toContain('Usage: npm run keyseal -- issue --help')
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe('keyseal licenses', () => {
  it('finds a license key by key, order and e-mail address', () => {
    const [licenseKey = ''] = licenseKeys
    for (const word of [licenseKey, 'order-1', 'ADA@example.com']) {
      const found = shop.runJson<Found[]>('licenses', 'find', word)
      expect(found[0]).toMatchObject({ status: 'assigned', ownerName: "Ada; O'Neil", order: 'order-1' })
      expect(found).toHaveLength(word === licenseKey ? 1 : 100)
    }
    expect(shop.runJson('licenses', 'find', 'unknown')).toEqual([])
  })

  it('blocks a license key, and unblocks it to its earlier status', () => {
    const [licenseKey = ''] = licenseKeys
    expect(shop.runJson('licenses', 'block', licenseKey)).toMatchObject({ status: 'blocked' })
    expect(shop.runJson('licenses', 'unblock', licenseKey)).toMatchObject({ status: 'assigned' })
    expect(shop.run('licenses', 'unblock', licenseKey).status).toBe(1)
    expect(shop.run('licenses', 'block', 'unknown').stderr).toContain('There is no such license key')
  })

  it('reads a license key from standard input', () => {
    const words = ['run', '--silent', 'keyseal', '--', 'licenses', 'find', '-', '--json']
    const { stdout } = spawnSync('npm', words, {
      cwd: shop.folder,
      encoding: 'utf8',
      input: `${licenseKeys[1]}\n`,
    })
    expect(JSON.parse(stdout)).toMatchObject([{ licenseKey: licenseKeys[1] }])
  })

  it('reissues a license key once, keeps owner and expiry, and blocks the old key', () => {
    const [, , old = ''] = licenseKeys
    const refused = shop.run('licenses', 'reissue', old)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('Run it again with --yes')
    expect(count(`license_keys where status = 'blocked'`)).toBe(0)

    const issued = count('license_keys')
    const first = shop.runJson<{ licenseKey: string }>('licenses', 'reissue', old, '--yes')
    const again = shop.runJson('licenses', 'reissue', old, '--yes')
    expect(again).toEqual({ ...first, isReplay: true })
    const [before] = shop.runJson<Found[]>('licenses', 'find', old)
    const [after] = shop.runJson<Found[]>('licenses', 'find', first.licenseKey)
    expect(before).toMatchObject({ status: 'blocked' })
    expect(after).toMatchObject({
      status: 'assigned',
      order: 'order-1',
      ownerName: "Ada; O'Neil",
      ownerEmail: 'ada@example.com',
      validityDays: 30,
      activationLimit: 2,
      assignedAt: before?.assignedAt,
    })
    const validity = Date.parse(String(after?.validUntil)) - Date.parse(String(after?.assignedAt))
    expect(validity).toBe(30 * 86_400_000)
    expect(count('license_keys')).toBe(issued + 1)
  })

  it('lists reissued keys, and keys reissued again, with their order', () => {
    const issuance = `(select id from issuances where idempotency_key = 'order-1')`
    query(
      shop.folder,
      `insert into order_lines (issuance_id, provider, order_id, line, units) values (${issuance}, 'stripe', 'cs_1', '1', 1500);
       insert into order_references (provider, reference, order_id) values ('stripe', 'pi_1', 'cs_1')`,
    )
    let latest = String(licenseKeys[3])
    for (const _ of ['a reissue', 'a reissue of the reissued key']) {
      const reissued = shop.runJson<{ licenseKey: string }>('licenses', 'reissue', latest, '--yes')
      latest = reissued.licenseKey
    }
    for (const word of [latest, 'cs_1', 'pi_1', 'order-1']) {
      const [found] = shop.runJson<Found[]>('licenses', 'find', word)
      expect(found).toMatchObject({ licenseKey: latest, provider: 'stripe', order: 'cs_1' })
    }
  })
})
