/** Commands that disable and enable products and generators. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone } from './support/clone.ts'
import { type CommandLine, type CommandResult, newShop } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'

const OWNER = '--owner-name Ada --owner-email ada@example.com'
const ISSUE = `issue --product-id 1 --quantity 1 --validity-days 0 --activation-limit 0 --json ${OWNER}`
const UUIDS = 'generators add --product-id 1 --method uuid --validity-days 0 --activation-limit 0 --prefix'

let shop: CommandLine

beforeAll(() => {
  shop = newShop()
  runAll(`${UUIDS} A-`, `${UUIDS} B-`)
  const addDeleted = `insert into products (name, status, created_at, updated_at, deleted_at) values ('B', 'inactive', 0, 0, 1)`
  query(shop.folder, addDeleted)
})

afterAll(() => removeClone(shop.folder))

/** @param commands with their words separated by spaces */
function runAll(...commands: string[]): CommandResult[] {
  return commands.map((command) => shop.run(...command.split(' ')))
}

/** The JSON output of each command. */
function outputs(...results: (CommandResult | undefined)[]): unknown[] {
  return results.map((result) => JSON.parse(result?.stdout ?? ''))
}

it('a disabled product issues nothing until it is enabled, and repetitions are harmless', () => {
  const [disabled, repeated, refused, enabled, issued, already] = runAll(
    'products disable 1 --yes',
    'products disable 1 --yes --json',
    ISSUE,
    'products enable 1 --json',
    ISSUE,
    'products enable 1',
  )
  expect(disabled).toMatchObject({ status: 0, stdout: 'Product 1 is disabled.\n' })
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('no active product 1') })
  expect(issued?.status).toBe(0)
  expect(already).toMatchObject({ status: 0, stdout: 'Product 1 is already enabled.\n' })
  expect(outputs(repeated, enabled)).toEqual([
    { id: 1, name: 'App', status: 'inactive', isChanged: false },
    { id: 1, name: 'App', status: 'active', isChanged: true },
  ])
})

it('an enabled generator is used again unless a newer one is active', () => {
  const [disabledSecond, disabledFirst, first, firstKey, second, secondKey, already] = runAll(
    'generators disable 2 --yes',
    'generators disable 1 --yes',
    'generators enable 1 --json',
    `${ISSUE} --from generator`,
    'generators enable 2 --json',
    `${ISSUE} --from generator`,
    'generators enable 1',
  )
  expect(disabledSecond?.stdout).toContain(
    'Orders for product 1 use generator 1, its newest active generator.',
  )
  expect(disabledFirst?.stdout).toContain('Product 1 has no active generator')
  expect(firstKey?.stdout).toContain('"A-')
  expect(secondKey?.stdout).toContain('"B-')
  expect(outputs(first, second)).toEqual([
    { id: 1, product: 1, status: 'active', isChanged: true, latestActive: 1 },
    { id: 2, product: 1, status: 'active', isChanged: true, latestActive: 2 },
  ])
  expect(already).toMatchObject({
    status: 0,
    stdout:
      'Generator 1 is already enabled. Orders for product 1 use generator 2, its newest active generator.\n',
  })
})

describe('keyseal', () => {
  itRefuses(
    () => shop,
    [
      [
        ['products', 'enable', '99'],
        'There is no product 99. List all products: npm run keyseal -- products list',
      ],
      [['products', 'enable', '2'], 'Product 2 was deleted and cannot be restored'],
      [['products', 'disable', '2', '--yes'], 'Product 2 was deleted and cannot be restored'],
      [['products', 'disable', '1'], 'All license keys of product 1 (App) become invalid. '],
      [['products', 'enable', 'App'], 'An id must be a whole number'],
      [
        ['generators', 'enable', '99'],
        'There is no generator 99. List all generators: npm run keyseal -- generators list',
      ],
      [['api-keys', 'enable', '1'], "unknown command 'enable'"],
      [
        ['api-keys', 'revoke', '99', '--yes'],
        'There is no API key 99. List all API keys: npm run keyseal -- api-keys list',
      ],
      [
        ['generators', 'disable', '1'],
        'Once generator 1 is disabled, orders for product 1 (App) with generate=1 use generator 2. ',
      ],
    ],
  )

  describe('before the confirmation prompt', () => {
    itRefuses(
      () => shop,
      [
        [['products', 'disable', '99'], 'There is no product 99'],
        [['products', 'disable', '2'], 'Product 2 was deleted'],
        [['generators', 'disable', '77'], 'There is no generator 77'],
        [['api-keys', 'revoke', '999'], 'There is no API key 999'],
        [['licenses', 'reissue', 'NONE'], 'There is no such license key'],
      ],
    )
  })

  it('warns in its help that revoking an API key is permanent', () => {
    expect(shop.run('api-keys', 'revoke', '--help').stdout).toContain('permanently')
  })
})
