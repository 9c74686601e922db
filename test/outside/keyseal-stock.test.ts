/** `keyseal stock import` and `keyseal export`. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { escapeFormula } from '../../scripts/keyseal/csv-formulas.ts'
import { removeClone, run } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'

const TERMS = ['--validity-days', '0', '--activation-limit', '3']

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  query(
    shop.folder,
    `insert into products (name, status, created_at, updated_at) values ('Other app', 'active', 0, 0)`,
  )
})
afterAll(() => removeClone(shop.folder))

function write(name: string, lines: readonly string[]): void {
  writeFileSync(path.join(shop.folder, name), `${lines.join('\n')}\n`)
}

function stockOf(product: number): number {
  const sql = `select count(*) as n from license_keys where status = 'available' and product_id = ${product}`
  return query<{ n: number }>(shop.folder, sql)[0]?.n ?? -1
}

describe('keyseal stock import', () => {
  it('imports valid lines, reports the others, and adds no duplicates when repeated', () => {
    const longest = 'x'.repeat(255)
    write('keys.csv', [
      'note,license_key',
      'a,KEY-1',
      '"b, c","KEY;""2"""',
      'd,KEY-1',
      'e,',
      `f,${longest}`,
      `g,${longest}x`,
    ])
    const refused = [
      { line: 4, reason: 'is the same as line 2' },
      { line: 5, reason: 'has no license key' },
      { line: 7, reason: 'is longer than 255 characters or contains control characters' },
    ]
    const words = ['stock', 'import', 'keys.csv', '--product-id', '1', ...TERMS, '--json']
    const reports = [words, words].map((command) => JSON.parse(shop.run(...command).stdout))
    expect(reports).toEqual([
      { created: 3, known: 0, refused },
      { created: 0, known: 3, refused },
    ])
    expect(stockOf(1)).toBe(3)
    const sql = `select validity_days, activation_limit, assigned_at from license_keys where license_key = 'KEY;"2"'`
    expect(query(shop.folder, sql)).toEqual([{ validity_days: 0, activation_limit: 3, assigned_at: null }])

    const { status, stderr, stdout } = shop.run('stock', 'import', 'keys.csv', '--product-id', '2', ...TERMS)
    expect(status).toBe(1)
    expect(stderr).toContain('Line 2 is already a license key of product 1.')
    expect(stdout).toContain('0 license keys added to the stock, 0 already existed, 6 lines rejected.')
    expect(stockOf(2)).toBe(0)
  })

  it('accepts keys of fewer than 64 bits, and warns of the risk', () => {
    write('weak.csv', ['WEAK-1', 'WEAK-2', 'STRONG-ABCDE-12345-FGHIJ'])
    const words = ['stock', 'import', 'weak.csv', '--product-id', '1', ...TERMS]
    const warning =
      'Warning: 2 of 3 license keys have less than 64 bits (13 random letters and digits have more). Someone who tries many keys could find one and use the license of a buyer.'
    for (const [command, start] of [
      [words, '3 license keys added'],
      [[...words, '--json'], '{'],
    ] as const) {
      const { status, stdout, stderr } = shop.run(...command)
      expect(status).toBe(0)
      expect(stderr).toContain(warning)
      expect(stdout.startsWith(start)).toBe(true)
    }
    query(
      shop.folder,
      `delete from license_keys where license_key in ('WEAK-1', 'WEAK-2', 'STRONG-ABCDE-12345-FGHIJ')`,
    )
  })

  it('imports a file without a heading in several statements', () => {
    write(
      'many.csv',
      // SQL escapes an apostrophe by doubling it.
      Array.from({ length: 1_200 }, (_, index) => `MANY-${index}-${"'".repeat(200)}${'é'.repeat(40)}`),
    )
    const words = ['stock', 'import', 'many.csv', '--product-id', '2', ...TERMS]
    expect(shop.runJson(...words)).toEqual({ created: 1_200, known: 0, refused: [] })
    expect(stockOf(2)).toBe(1_200)
  })

  itRefuses(
    () => shop,
    [
      [['stock', 'import', 'no.csv', '--product-id', '1', ...TERMS], 'There is no file'],
      [['stock', 'import', 'keys.csv', '--product-id', '9', ...TERMS], 'There is no product 9'],
      [['stock', 'import', 'scripts', '--product-id', '1', ...TERMS], 'scripts is a folder'],
      [
        ['stock', 'import', 'package.json', '--product-id', '1', ...TERMS, '--column', 'Key'],
        'The first line has no column key. Its columns are: "{".',
      ],
    ],
  )

  it('imports the named column', () => {
    write('orders.csv', ['Order;Code', '1;CODE-1'])
    const words = ['stock', 'import', 'orders.csv', '--product-id', '2', ...TERMS]
    const unnamed = shop.run(...words)
    const named = shop.run(...words, '--column', 'code', '--json')
    expect(unnamed?.stderr).toContain('"Order", "Code". Choose the one with the license keys: --column')
    expect(unnamed?.status).toBe(1)
    expect(JSON.parse(named?.stdout ?? '')).toEqual({ created: 1, known: 0, refused: [] })
    expect(stockOf(2)).toBe(1_201)
  })

  it('imports keys with features of their own', () => {
    write('pro.csv', ['PRO-1'])
    const words = ['stock', 'import', 'pro.csv', '--product-id', '2', ...TERMS]
    expect(shop.runJson(...words, '--features', 'pro, cloud')).toMatchObject({ created: 1 })
    expect(shop.run('export', '--product-id', '2').stdout).toMatch(/^PRO-1,.*,"pro,cloud"\r$/m)
    const exported = shop.runJson<{ features: unknown }[]>('export', '--product-id', '2')
    expect([exported[0], exported.at(-1)].map((row) => row?.features)).toEqual([null, ['pro', 'cloud']])
    query(shop.folder, `delete from license_keys where license_key = 'PRO-1'`)
  })

  it('imports the lines before an unclosed quote, and reports where it stopped', () => {
    write('open.csv', ['OPEN-1', 'OPEN"2', '"OPEN-3', 'OPEN-4'])
    const words = ['stock', 'import', 'open.csv', '--product-id', '2', ...TERMS]
    const json = shop.run(...words, '--json')
    const text = shop.run(...words)
    const stopped = 'line 3 opens a quote that is never closed, so the rest of the file cannot be read'
    const refused = [{ line: 2, reason: expect.stringContaining('has a stray quote') }]
    expect(JSON.parse(json?.stdout ?? '')).toEqual({ created: 1, known: 0, refused, stopped })
    expect(json?.status).toBe(1)
    expect(text?.stdout).toContain('0 license keys added to the stock, 1 already existed, 1 lines rejected.')
    expect(text?.stderr).toContain(`The import stopped before the end of the file: ${stopped}.`)
    expect(text?.stderr).toContain('Run the same command again')
    expect(text?.status).toBe(1)
  })
})

describe('keyseal export', () => {
  itRefuses(() => shop, [[['export', '--csv', '--json'], 'Give either --csv or --json, not both.']])

  it('prints every license key once, as CSV or JSON', () => {
    const csv = shop.run('export').stdout
    expect(shop.run('export', '--csv').stdout).toBe(csv)
    const [heading, ...lines] = csv.trimEnd().split('\r\n')
    expect(heading).toBe(
      'licenseKey,product,status,ownerName,ownerEmail,validityDays,activationLimit,assignedAt,createdAt,validUntil,features',
    )
    expect(new Set(lines).size).toBe(1_205)
    expect(csv).toContain('"KEY;""2""",1,available,,,0,3,,2')
    const all = shop.runJson<{ licenseKey: string }[]>('export')
    expect(new Set(all.map(({ licenseKey }) => licenseKey)).size).toBe(1_205)
    expect(shop.runJson('export', '--product-id', '1')).toHaveLength(3)
  })

  it("escapes a buyer's name that a spreadsheet would read as a formula", () => {
    query(
      shop.folder,
      `update license_keys set status = 'assigned', owner_name = '=1+2', owner_email = 'ada@example.com',
         assigned_at = 0 where license_key = 'KEY-1'`,
    )
    expect(shop.run('export', '--csv', '--product-id', '1').stdout).toContain(
      ",assigned,'=1+2,ada@example.com,",
    )
  })

  it('escapes every text that a spreadsheet would run, and an import undoes exactly that', () => {
    const keys = ['=1+2', "'=1+2", "''@x", '+49', '-K', '＝1', "O'Hara", "'tis"]
    query(
      shop.folder,
      `insert into products (name, status, created_at, updated_at) values ('=P', 'active', 0, 0)`,
    )
    const [{ id } = { id: 0 }] = query<{ id: number }>(shop.folder, 'select max(id) as id from products')
    const product = ['--product-id', String(id)]
    write('formulas.csv', ['license_key', ...keys.map((key) => `"${escapeFormula(key)}"`)])
    expect(shop.runJson('stock', 'import', 'formulas.csv', ...product, ...TERMS)).toMatchObject({
      created: 8,
    })
    const csv = shop.run('export', ...product).stdout
    for (const key of keys.slice(0, 6)) expect(csv).toContain(`\n'${key},`)
    for (const key of keys.slice(6)) expect(csv).toContain(`\n${key},`)

    query(shop.folder, `delete from license_keys where product_id = ${id}`)
    writeFileSync(path.join(shop.folder, 'exported.csv'), csv)
    const again = ['stock', 'import', 'exported.csv', '--column', 'licenseKey']
    expect(shop.runJson(...again, ...product, ...TERMS)).toMatchObject({ created: 8, refused: [] })
    const exported = shop.runJson<{ licenseKey: string }[]>('export', ...product)
    expect(exported.map(({ licenseKey }) => licenseKey)).toEqual(keys)
    query(shop.folder, `delete from license_keys where product_id = ${id}`)
  })

  it.skipIf(process.platform !== 'linux')(
    'stops when its reader closes, and fails if the disk is full (skipped without /dev/full)',
    () => {
      const exported = `${process.execPath} scripts/keyseal.ts export`
      const { status, output } = run(shop.folder, 'bash', '-c', `${exported} > /dev/full`)
      expect(output).toContain('The output could not be written completely (ENOSPC).')
      expect(status).toBe(1)
      const head = run(shop.folder, 'bash', '-o', 'pipefail', '-c', `${exported} --json | head -c 1`)
      expect(head).toEqual({ status: 0, output: '[' })
    },
  )
})
