/** `npm run backup` and `npm run restore`. recovery.test.ts runs the steps of the document. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ProcessResult, removeClone, run } from './support/clone.ts'
import { cloneWithDatabase, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { hasTerminal, onTerminal } from './support/terminal.ts'
import { startWriter } from './support/writer.ts'

let folder: string

beforeAll(() => {
  folder = newShop().folder
})
afterAll(() => removeClone(folder))

function backUp(file: string): ProcessResult {
  return run(folder, process.execPath, 'scripts/backup.ts', file)
}

function restore(file: string, into = folder): ProcessResult {
  return run(into, process.execPath, 'scripts/restore.ts', '--from', path.resolve(into, file))
}

it("a backup is written to the caller's folder and shows progress on a terminal", async () => {
  const caller = path.join(folder, 'kept')
  mkdirSync(caller)
  const command = 'npm run --silent backup -- b.sql'
  const { status, output } = hasTerminal
    ? await onTerminal(caller, command)
    : run(caller, 'bash', '-ec', command)
  if (hasTerminal) expect(output).toContain('Reading the local database')
  expect(output).toContain(path.join('kept', 'b.sql'))
  expect(status).toBe(0)
  expect(existsSync(path.join(caller, 'b.sql'))).toBe(true)
  expect(existsSync(path.join(folder, 'b.sql'))).toBe(false)
})

it('a backup that is made while a service writes is one moment of the database, and can be restored', async () => {
  const file = path.join(folder, 'busy.sql')
  const writer = await startWriter(folder)
  const { status, output } = backUp(file)
  const written = await writer.stop()
  expect({ status, output }).toMatchObject({ status: 0 })
  expect(written).toBeGreaterThan(10)

  const other = cloneWithDatabase()
  expect(restore(file, other)).toMatchObject({ status: 0 })
  expect(query(other, 'pragma foreign_key_check')).toEqual([])
  const [restored] = query<{ orders: number; keys: number; last: number }>(
    other,
    'select count(*) as orders, (select count(*) from license_keys) as keys, max(id) as last from issuances',
  )
  const orders = restored?.orders ?? 0
  expect(orders).toBeGreaterThan(0)
  expect(orders).toBeLessThanOrEqual(written)
  expect(restored).toEqual({ orders, keys: 2 * orders, last: orders })
  removeClone(other)
})

it('a backup of an inconsistent database fails, and says that it cannot be relied on', () => {
  const [{ id } = { id: 0 }] = query<{ id: number }>(folder, 'select max(id) as id from license_keys')
  query(folder, `create table kept as select * from license_keys where id = ${id}`)
  query(folder, `delete from license_keys where id = ${id}`)
  const file = path.join(folder, 'inconsistent.sql')
  const { status, output } = backUp(file)
  expect(status).toBe(1)
  expect(output).toContain('1 issuances have fewer or more license keys than they issued')
  expect(output).toContain('Make another backup')
  expect(existsSync(file)).toBe(false)
  query(folder, 'insert into license_keys select * from kept')
  query(folder, 'drop table kept')
  expect(backUp(file).status).toBe(0)
})

it('a database with data refuses a restore and stays unchanged', () => {
  query(folder, `update products set name = 'Later'`)
  const { status, output } = restore('busy.sql')
  expect(status).toBe(1)
  expect(output).toContain(
    'The database has data in products, issuances, license_keys, so nothing was restored',
  )
  expect(query(folder, 'select name from products')).toEqual([{ name: 'Later' }])
})

it.each([
  [
    'is truncated between two statements',
    (text: string) => text.slice(0, text.lastIndexOf('CREATE INDEX')),
    'It lacks ',
  ],
  [
    'is truncated within a statement',
    (text: string) => text.slice(0, -30),
    'in the middle of a statement. Do not rely',
  ],
  [
    'lacks rows that others refer to',
    (text: string) => text.replace(/^INSERT INTO "issuances"[^;]*;/m, ''),
    'refer to rows of issuances',
  ],
  [
    'was made by a newer version',
    (text: string) => text.replace('0001_initial.sql', '9999_later.sql'),
    '9999_later.sql: use that',
  ],
  ['is no backup', () => 'license_key\nK1\n', 'no complete backup'],
])('a restore refuses a file that %s, and writes nothing', (_, change, fault) => {
  const other = cloneWithDatabase()
  writeFileSync(path.join(other, 'changed.sql'), change(readFileSync(path.join(folder, 'busy.sql'), 'utf8')))
  const { status, output } = restore('changed.sql', other)
  expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining(fault) })
  expect(
    query(other, 'select (select count(*) from issuances) + (select count(*) from products) as n'),
  ).toEqual([{ n: 0 }])
  removeClone(other)
})

it('a restore needs a file that exists', () => {
  expect(run(folder, process.execPath, 'scripts/restore.ts').output).toContain('--from FILE is missing.')
  expect(restore('nothing.sql').output).toContain('There is no file')
})
