/** What a backup makes of an export; recovery.test.ts restores one. */
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

it('makes no statement longer than D1 takes, and cuts no character in two', async () => {
  const made = await madeRestorable(`INSERT INTO "a" VALUES('${"''😀".repeat(200_000)}');\n`)
  for (const line of made.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(100_000)
  expect(made).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/)
})

it('refuses an export that is cut off, and a row that can not be made short', async () => {
  await expect(madeRestorable(`INSERT INTO "a" VALUES('begun`)).rejects.toThrow('Make it again.')
  const short = Array(60_000).fill(`'x'`).join()
  await expect(madeRestorable(`INSERT INTO "a" VALUES(${short});\n`)).rejects.toThrow(
    'A row of a is too long',
  )
})
