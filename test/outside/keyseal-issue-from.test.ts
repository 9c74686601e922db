/** `keyseal issue --from fresh`, `generator` and `stock`. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, type CommandResult, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'

interface Issued {
  readonly idempotencyKey: string
  readonly isReplay: boolean
  readonly licenseKeys: readonly string[]
}

interface Stored {
  readonly licenseKey: string
  readonly status: string
  readonly validityDays: number
  readonly activationLimit: number
}

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

function issueCommand(from: string, quantity: number, ...others: string[]): string[] {
  const owner = ['--owner-name', "Ada; O'Neil", '--owner-email', 'ada@example.com']
  return ['issue', '--from', from, '--product-id', '1', '--quantity', String(quantity), ...owner, ...others]
}

function issue(from: string, quantity: number, ...others: string[]): CommandResult {
  return shop.run(...issueCommand(from, quantity, ...others))
}

function stored(): Stored[] {
  return query<Stored>(
    shop.folder,
    `select license_key as licenseKey, status, validity_days as validityDays, activation_limit as activationLimit
     from license_keys order by id`,
  )
}

describe('keyseal issue --from', () => {
  it('fresh is the default and requires validity and activation limit', () => {
    const { status, stderr } = issue('fresh', 1, '--validity-days', '30')
    expect(status).toBe(1)
    expect(stderr).toContain('Fresh keys need --validity-days and --activation-limit.')
  })

  it('generator issues many keys of the longest format once, with its terms', () => {
    expect(issue('generator', 1).stderr).toContain('Product 1 has no active generator')
    const format = ['--method', 'chunk-system', '--chunks', '48', '--chunk-length', '1']
    const affixes = ['--prefix', "it's-:name-".padEnd(32, '<'), '--suffix', '>'.repeat(32)]
    const terms = ['--validity-days', '365', '--activation-limit', '5']
    expect(shop.run('generators', 'add', '--product-id', '1', ...format, ...affixes, ...terms).status).toBe(0)

    const words = issueCommand('generator', 1200, '--idempotency-key', 'generated')
    const first = shop.runJson<Issued>(...words)
    expect(new Set(first.licenseKeys).size).toBe(1200)
    expect(shop.runJson(...words)).toEqual({ ...first, isReplay: true })
    const inFormat = /^it's-:name-<{21}(?:[2-9A-HJ-NP-Z]-){47}[2-9A-HJ-NP-Z]>{32}$/
    const matching = stored().filter(
      ({ licenseKey, status, validityDays, activationLimit }) =>
        inFormat.test(licenseKey) && status === 'assigned' && validityDays === 365 && activationLimit === 5,
    )
    expect(matching.map(({ licenseKey }) => licenseKey)).toEqual(first.licenseKeys)
  })

  it('generator accepts other terms, and its idempotency key issues no other order', () => {
    const words = ['--validity-days', '7', '--idempotency-key', 'other-terms']
    expect(issue('generator', 1, ...words).status).toBe(0)
    expect(stored().at(-1)).toMatchObject({ validityDays: 7, activationLimit: 5 })
    for (const from of ['generator', 'fresh']) {
      const other = issue(from, 1, ...words, '--activation-limit', '5')
      expect(other.stderr).toContain('This idempotency key was used for another order')
    }
  })

  it('stock issues keys with their own terms once, or none if too few', () => {
    writeFileSync(path.join(shop.folder, 'stock.csv'), 'license_key\nS-1\nS-2\nS-3\n')
    const terms = ['--validity-days', '90', '--activation-limit', '4']
    shop.run('stock', 'import', path.join(shop.folder, 'stock.csv'), '--product-id', '1', ...terms)
    const tooMany = issue('stock', 4)
    expect(tooMany.status).toBe(1)
    expect(tooMany.stderr).toContain('Product 1 has 3 keys in stock, but 4 were ordered, so none was issued')

    const words = issueCommand('stock', 2, '--idempotency-key', 'from-stock')
    const first = shop.runJson<Issued>(...words)
    expect(shop.runJson(...words)).toEqual({ ...first, isReplay: true })
    const last = shop.runJson<Issued>(...issueCommand('stock', 1, '--validity-days', '0'))
    const expected = ['S-1', 'S-2', 'S-3'].map((licenseKey) => ({
      licenseKey,
      status: 'assigned',
      validityDays: last.licenseKeys.includes(licenseKey) ? 0 : 90,
      activationLimit: 4,
    }))
    expect([...first.licenseKeys, ...last.licenseKeys].sort()).toEqual(['S-1', 'S-2', 'S-3'])
    expect(stored().slice(-3)).toEqual(expected)
  })
})
