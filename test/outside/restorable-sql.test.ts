/** Rewrites an exported database as a backup. recovery.test.ts restores one. */
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { restorable } from '../../scripts/restorable-sql.ts'

/** @param pieces of the export, split anywhere */
async function toRestorable(...pieces: string[]): Promise<string> {
  let text = ''
  for await (const statement of restorable(() => streamOf(pieces))) text += statement
  return text
}

async function* streamOf(pieces: readonly string[]): AsyncGenerator<string> {
  yield* pieces
}

it('a backup has tables before rows, wherever the export is split', async () => {
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
    const result = await toRestorable(text.slice(0, at), text.slice(at))
    expect(result.startsWith(tables.join(''))).toBe(true)
    expect(result).toContain(rows.join(''))
  }
})

it('a backup joins the rows of a table in order, in short statements', async () => {
  const rows = Array.from({ length: 3_000 }, (_, id) => `(${id},'a;(''${'x'.repeat(id % 90)}'')')`)
  const otherRows = ['(1)', '(2)']
  const statements = [
    ...rows.map((row) => `INSERT INTO "a" ("id","b") VALUES${row};`),
    'CREATE INDEX e ON a (b);',
    ...otherRows.map((row) => `INSERT INTO "c" ("id") VALUES${row};`),
  ]
  const result = await toRestorable(`${statements.join('\n')}\n`)
  const joined = result.split(';\n').filter((statement) => statement.startsWith('INSERT'))
  expect(joined.length).toBeLessThan(10)
  for (const statement of joined) expect(Buffer.byteLength(statement)).toBeLessThanOrEqual(60_000)
  const database = new DatabaseSync(':memory:')
  database.exec(`create table a (id integer, b text); create table c (id integer); ${result}`)
  const expected = new DatabaseSync(':memory:')
  expected.exec(`create table a (id integer, b text); create table c (id integer); ${statements.join('\n')}`)
  for (const table of ['a', 'c']) {
    const all = `select rowid, * from ${table}`
    expect(database.prepare(all).all()).toEqual(expected.prepare(all).all())
  }
})

it('a backup has no statement above the limit of D1, and no split character', async () => {
  const result = await toRestorable(`INSERT INTO "a" VALUES('${"''😀".repeat(200_000)}');\n`)
  for (const line of result.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(100_000)
  expect(result).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/)
})

it('a truncated export or a row that cannot be split is rejected', async () => {
  await expect(toRestorable(`INSERT INTO "a" VALUES('truncated`)).rejects.toThrow(
    'in the middle of a statement',
  )
  const short = Array(60_000).fill(`'x'`).join()
  await expect(toRestorable(`INSERT INTO "a" VALUES(${short});\n`)).rejects.toThrow('A row of a is too long')
})
