/** License keys on their way in and out, on a local database of its own. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'

const TERMS = ['--validity-days', '0', '--activation-limit', '3']

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  shop.type('products', 'add', '--name', 'Other app')
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
  it('takes in what it can, says which lines it refuses and why, and doubles nothing when it is run again', () => {
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
      { line: 5, reason: 'holds no license key' },
      { line: 7, reason: 'is longer than 255 characters, or holds control characters' },
    ]
    const words = ['stock', 'import', 'keys.csv', '--product-id', '1', ...TERMS]
    expect(shop.ask(...words)).toEqual({ created: 3, known: 0, refused })
    expect(shop.ask(...words)).toEqual({ created: 0, known: 3, refused })
    expect(stockOf(1)).toBe(3)
    const sql = `select validity_days, activation_limit, assigned_at from license_keys where license_key = 'KEY;"2"'`
    expect(query(shop.folder, sql)).toEqual([{ validity_days: 0, activation_limit: 3, assigned_at: null }])

    const { status, stderr, stdout } = shop.type('stock', 'import', 'keys.csv', '--product-id', '2', ...TERMS)
    expect(status).toBe(1)
    expect(stderr).toContain('Line 2 is a license key of product 1 already.')
    expect(stdout).toContain('0 license keys added to the stock, 0 were there already, 6 lines refused.')
    expect(stockOf(2)).toBe(0)
  })

  it('takes in more than fits into one statement, from a file without a heading', () => {
    write(
      'many.csv',
      Array.from({ length: 1_200 }, (_, index) => `MANY-${index}-${'é'.repeat(40)}`),
    )
    const words = ['stock', 'import', 'many.csv', '--product-id', '2', ...TERMS]
    expect(shop.ask(...words)).toEqual({ created: 1_200, known: 0, refused: [] })
    expect(stockOf(2)).toBe(1_200)
  })

  it('says what is missing: the file, or the product', () => {
    expect(shop.type('stock', 'import', 'no.csv', '--product-id', '1', ...TERMS).stderr).toContain(
      'There is no file',
    )
    expect(shop.type('stock', 'import', 'keys.csv', '--product-id', '9', ...TERMS).stderr).toContain(
      'There is no product 9',
    )
  })

  it.skipIf(process.platform !== 'linux')(
    'shows no license key in the list of processes (skipped where there is no /proc)',
    async () => {
      write('secret.csv', ['SECRET-OF-THE-SELLER'])
      const words = [
        'run',
        '--silent',
        'keyseal',
        '--',
        'stock',
        'import',
        'secret.csv',
        '--product-id',
        '1',
        ...TERMS,
      ]
      const importing = spawn('npm', words, { cwd: shop.folder })
      let isOver = false
      importing.on('close', () => {
        isOver = true
      })
      const seen = new Set<string>()
      while (!isOver) {
        for (const commandLine of commandLines()) seen.add(commandLine)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      // The program was watched while it ran.
      expect([...seen].some((commandLine) => commandLine.includes('run-wrangler-privately'))).toBe(true)
      expect([...seen].filter((commandLine) => commandLine.includes('SECRET-OF-THE-SELLER'))).toEqual([])
      expect(stockOf(1)).toBe(4)
    },
  )
})

describe('keyseal export', () => {
  it('prints every license key once, page by page, as CSV and as JSON, and of one product only', () => {
    const csv = shop.type('export', '--csv').stdout
    const [heading, ...lines] = csv.trimEnd().split('\r\n')
    expect(heading).toBe(
      'licenseKey,product,status,ownerName,ownerEmail,validityDays,activationLimit,assignedAt,createdAt',
    )
    expect(new Set(lines).size).toBe(1_204)
    expect(csv).toContain('"KEY;""2""",1,available,,,0,3,,2')
    const all = shop.ask<{ licenseKey: string }[]>('export')
    expect(new Set(all.map(({ licenseKey }) => licenseKey)).size).toBe(1_204)
    expect(shop.ask('export', '--product-id', '1')).toHaveLength(4)
    expect(shop.type('export').stderr).toContain('Give either --csv or --json.')
  })

  it("keeps a spreadsheet from taking a buyer's name for a formula", () => {
    const owner = ['--owner-name', '=1+2', '--owner-email', 'ada@example.com']
    shop.type('issue', '--product-id', '1', '--quantity', '1', ...owner, ...TERMS)
    expect(shop.type('export', '--csv', '--product-id', '1').stdout).toContain(
      ",assigned,'=1+2,ada@example.com,",
    )
  })
})

/** Of every process that can be looked at. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8')
      } catch {
        return '' // It has ended.
      }
    })
}
