/** A backup as it is made from anywhere in the project; recovery.test.ts restores one. */
import { existsSync, mkdirSync } from 'node:fs'
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

it('is written where the command was called, and a path leads from there', () => {
  const folder = path.join(shop.folder, 'kept')
  mkdirSync(folder)
  const { status, output } = run(folder, 'npm', 'run', '--silent', 'backup', '--', 'b.sql')
  expect(output).toContain(path.join('kept', 'b.sql'))
  expect(status).toBe(0)
  expect(existsSync(path.join(folder, 'b.sql'))).toBe(true)
  expect(existsSync(path.join(shop.folder, 'b.sql'))).toBe(false)
})

it.skipIf(!hasTerminal)(
  'says on a terminal that it has begun (skipped where the script of util-linux is absent)',
  async () => {
    const { status, output } = await onTerminal(shop.folder, example('run: backup').trim())
    expect(output).toContain('Exporting the local database')
    expect(status).toBe(0)
  },
)

it('goes into no database that has tables, which is left as it was', () => {
  if (!existsSync(path.join(shop.folder, 'backup.sql')))
    run(shop.folder, 'bash', '-ec', example('run: backup'))
  query(shop.folder, `update products set name = 'Later'`)
  const { status, output } = run(shop.folder, 'env', 'CI=true', 'bash', '-ec', example('run: restore'))
  expect(status).not.toBe(0)
  expect(output).toContain('table api_keys already exists')
  expect(query(shop.folder, 'select name from products')).toEqual([{ name: 'Later' }])
})
