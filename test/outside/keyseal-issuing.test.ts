/** Issuing by hand, and what is done about single license keys, on a local database of its own. */
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
}

const OWNER = ['--owner-name', "Ada; O'Neil", '--owner-email', 'ada@example.com']
const TERMS = ['--validity-days', '30', '--activation-limit', '2']

let shop: CommandLine
let licenseKeys: readonly string[]

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

function order(quantity: string, ...others: string[]): string[] {
  return ['issue', '--product-id', '1', '--quantity', quantity, ...OWNER, ...TERMS, ...others]
}

function count(sql: string): number {
  return query<{ n: number }>(shop.folder, `select count(*) as n from ${sql}`)[0]?.n ?? -1
}

describe('keyseal issue', () => {
  it('issues an order of several statements whole, and once for its idempotency key', () => {
    const first = shop.ask<Issued>(...order('1500', '--idempotency-key', 'order-1'))
    expect(first).toMatchObject({ idempotencyKey: 'order-1', isReplay: false })
    expect(new Set(first.licenseKeys).size).toBe(1500)
    const again = shop.ask<Issued>(...order('1500', '--idempotency-key', 'order-1'))
    expect(again).toEqual({ ...first, isReplay: true })
    expect(count(`license_keys where status = 'assigned'`)).toBe(1500)
    expect(query(shop.folder, 'select source, quantity, owner_name from issuances')).toEqual([
      { source: 'cli', quantity: 1500, owner_name: "Ada; O'Neil" },
    ])
    licenseKeys = first.licenseKeys
  })

  it('refuses another order under the same idempotency key, and a product that is not there, and writes nothing', () => {
    const other = shop.type(...order('2', '--idempotency-key', 'order-1'))
    expect(other.status).toBe(1)
    expect(other.stderr).toContain('This idempotency key was used for another order')
    const missing = shop.type(...order('2').with(2, '9'))
    expect(missing.status).toBe(1)
    expect(missing.stderr).toContain('There is no active product 9')
    expect(count('issuances')).toBe(1)
  })

  it.each([
    [['--quantity', '10001'], 'It must be a whole number from 1 to 10000.'],
    [['--owner-email', 'ada'], 'It must be an e-mail address.'],
    [['--owner-name', 'a\nb'], 'It must be 1 to 255 characters without control characters.'],
    [['--title', 'x'], "unknown option '--title'"],
    [['--from', 'thin-air'], 'Allowed choices are fresh, generator, stock.'],
  ])('with %j says what is wrong and how it goes', (words, fault) => {
    const { status, stdout, stderr } = shop.type(...order('1'), ...words)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(fault)
    expect(stderr).toContain('Usage: npm run keyseal -- issue --help')
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})

describe('keyseal licenses', () => {
  it('finds a license key by itself, by its order and by the e-mail address of its owner', () => {
    const [licenseKey = ''] = licenseKeys
    for (const word of [licenseKey, 'order-1', 'ADA@example.com']) {
      const found = shop.ask<Found[]>('licenses', 'find', word)
      expect(found[0]).toMatchObject({ status: 'assigned', ownerName: "Ada; O'Neil", order: 'order-1' })
      expect(found).toHaveLength(word === licenseKey ? 1 : 100)
    }
    expect(shop.ask('licenses', 'find', 'nobody')).toEqual([])
  })

  it('blocks a license key, and gives it back the status it had', () => {
    const [licenseKey = ''] = licenseKeys
    expect(shop.ask('licenses', 'block', licenseKey)).toMatchObject({ status: 'blocked' })
    expect(shop.ask('licenses', 'unblock', licenseKey)).toMatchObject({ status: 'assigned' })
    expect(shop.type('licenses', 'unblock', licenseKey).status).toBe(1)
    expect(shop.type('licenses', 'block', 'unknown').stderr).toContain('There is no such license key')
  })

  it('reads a license key from standard input, which keeps it out of the list of processes', () => {
    const words = ['run', '--silent', 'keyseal', '--', 'licenses', 'find', '-', '--json']
    const { stdout } = spawnSync('npm', words, {
      cwd: shop.folder,
      encoding: 'utf8',
      input: `${licenseKeys[1]}\n`,
    })
    expect(JSON.parse(stdout)).toMatchObject([{ licenseKey: licenseKeys[1] }])
  })

  it('reissues a license key once: the old one is blocked, the new one has its owner and ends with it', () => {
    const [, , old = ''] = licenseKeys
    const refused = shop.type('licenses', 'reissue', old)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('Run it again with --yes')
    expect(count(`license_keys where status = 'blocked'`)).toBe(0)

    const issued = count('license_keys')
    const first = shop.ask<{ licenseKey: string }>('licenses', 'reissue', old, '--yes')
    const again = shop.ask('licenses', 'reissue', old, '--yes')
    expect(again).toEqual({ ...first, isReplay: true })
    const [before] = shop.ask<Found[]>('licenses', 'find', old)
    const [after] = shop.ask<Found[]>('licenses', 'find', first.licenseKey)
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
    expect(count('license_keys')).toBe(issued + 1)
  })

  it('lists a key that was reissued under the order whose place it takes, also of one that was reissued itself', () => {
    const issuance = `(select id from issuances where idempotency_key = 'order-1')`
    query(
      shop.folder,
      `insert into order_lines (issuance_id, provider, order_id, line, units) values (${issuance}, 'stripe', 'cs_1', '1', 1500);
       insert into order_references (provider, reference, order_id) values ('stripe', 'pi_1', 'cs_1')`,
    )
    let latest = String(licenseKeys[3])
    for (const _ of ['a reissue', 'a reissue of it']) {
      const reissued = shop.ask<{ licenseKey: string }>('licenses', 'reissue', latest, '--yes')
      latest = reissued.licenseKey
    }
    for (const word of [latest, 'cs_1', 'pi_1', 'order-1']) {
      const [found] = shop.ask<Found[]>('licenses', 'find', word)
      expect(found).toMatchObject({ licenseKey: latest, provider: 'stripe', order: 'cs_1' })
    }
  })
})
