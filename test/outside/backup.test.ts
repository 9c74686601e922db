/** `npm run backup`. recovery.test.ts restores a backup. */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeClone, run } from './support/clone.ts'
import { type CommandLine, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { example } from './support/readme.ts'
import { hasTerminal, onTerminal } from './support/terminal.ts'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
})
afterAll(() => removeClone(shop.folder))

it("a backup is written to the caller's folder and shows progress on a terminal", async () => {
  const folder = path.join(shop.folder, 'kept')
  mkdirSync(folder)
  const command = 'npm run --silent backup -- b.sql'
  const { status, output } = hasTerminal
    ? await onTerminal(folder, command)
    : run(folder, 'bash', '-ec', command)
  if (hasTerminal) expect(output).toContain('Exporting the local database')
  expect(output).toContain(path.join('kept', 'b.sql'))
  expect(status).toBe(0)
  expect(existsSync(path.join(folder, 'b.sql'))).toBe(true)
  expect(existsSync(path.join(shop.folder, 'b.sql'))).toBe(false)
})

it('a backup cannot be restored into a database with tables', () => {
  renameSync(path.join(shop.folder, 'kept/b.sql'), path.join(shop.folder, 'backup.sql'))
  query(shop.folder, `update products set name = 'Later'`)
  const { status, output } = run(shop.folder, 'env', 'CI=true', 'bash', '-ec', example('run: restore'))
  expect(status).not.toBe(0)
  expect(output).toContain('table api_keys already exists')
  expect(query(shop.folder, 'select name from products')).toEqual([{ name: 'Later' }])
})
