/** What a backup makes of an export; recovery.test.ts restores one. */
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { restorable } from '../../scripts/restorable-sql.ts'

/** @param pieces of the export, cut anywhere */
async function madeRestorable(...pieces: string[]): Promise<string> {
  let text = ''
  for await (const statement of restorable(() => exported(pieces))) text += statement
  return text
}

async function* exported(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces
}

it('puts every table before every row, and leaves what stands in a text as it is, wherever the export is cut', async () => {
  const tables = [
    "CREATE TABLE a (\n  -- It's one; or not\n  b TEXT) STRICT;\n",
    'CREATE TABLE c (d TEXT);\n',
  ]
  const rows = [
    `INSERT INTO "a" VALUES('one;\n''two\u2028CREATE TABLE x;\r\n');\n`,
    'CREATE INDEX e ON a (b);\n',
  ]
  const text = `${tables[0]}${rows[0]}${tables[1]}${rows[1]}`
  for (const at of text.split('').keys()) {
    const made = await madeRestorable(text.slice(0, at), text.slice(at))
    expect(made.startsWith(tables.join(''))).toBe(true)
    expect(made).toContain(rows.join(''))
  }
})

it('joins the rows of a table, in their order, in statements that are still short', async () => {
  const rows = Array.from({ length: 3_000 }, (_, id) => `(${id},'a;(''${'x'.repeat(id % 90)}'')')`)
  const others = ['(1)', '(2)']
  const statements = [
    ...rows.map((row) => `INSERT INTO "a" ("id","b") VALUES${row};`),
    'CREATE INDEX e ON a (b);',
    ...others.map((row) => `INSERT INTO "c" ("id") VALUES${row};`),
  ]
  const made = await madeRestorable(`${statements.join('\n')}\n`)
  const joined = made.split(';\n').filter((statement) => statement.startsWith('INSERT'))
  expect(joined.length).toBeLessThan(10)
  for (const statement of joined) expect(Buffer.byteLength(statement)).toBeLessThanOrEqual(60_000)
  const database = new DatabaseSync(':memory:')
  database.exec(`create table a (id integer, b text); create table c (id integer); ${made}`)
  const expected = new DatabaseSync(':memory:')
  expected.exec(`create table a (id integer, b text); create table c (id integer); ${statements.join('\n')}`)
  for (const table of ['a', 'c']) {
    const all = `select rowid, * from ${table}`
    expect(database.prepare(all).all()).toEqual(expected.prepare(all).all())
  }
})

it('makes no statement longer than D1 takes, and cuts no character in two', async () => {
  const made = await madeRestorable(`INSERT INTO "a" VALUES('${"''😀".repeat(200_000)}');\n`)
  for (const line of made.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(100_000)
  expect(made).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/)
})

it('refuses an export that is cut off, and a row that can not be made short', async () => {
  await expect(madeRestorable(`INSERT INTO "a" VALUES('begun`)).rejects.toThrow('Export the database again.')
  const short = Array(60_000).fill(`'x'`).join()
  await expect(madeRestorable(`INSERT INTO "a" VALUES(${short});\n`)).rejects.toThrow(
    'A row of a is too long',
  )
})
