/** `keyseal products`, and the demo data: each product has exactly one default generator, and settings. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeClone, run } from './support/clone.ts'
import { type CommandLine, cloneWithDatabase, commandLineIn } from './support/keyseal.ts'
import { query } from './support/local-database.ts'
import { itRefuses } from './support/refusals.ts'

interface Generator {
  readonly product: number
  readonly activationLimit: number
  readonly validityDays: number
}

let shop: CommandLine

beforeAll(() => {
  shop = commandLineIn(cloneWithDatabase())
})
afterAll(() => removeClone(shop.folder))

function generators(): Generator[] {
  return query<Generator>(
    shop.folder,
    `select product_id as product, activation_limit as activationLimit, validity_days as validityDays
     from generators where method = 'uuid' and status = 1 order by id`,
  )
}

function settings(productId: number): unknown {
  const columns = 'domain_devices, trial_days, any_machine_files, offline_page'
  return query(shop.folder, `select ${columns} from products where id = ${productId}`)[0]
}

function countProducts(): unknown {
  return query(shop.folder, 'select count(*) as count from products')[0]
}

/** Issues a license key from a generator, like `generate=1`. */
function issue(productId: number) {
  const words = ['issue', '--from', 'generator', '--product-id', String(productId), '--quantity', '1']
  return shop.run(...words, '--owner-name', 'Ada', '--owner-email', 'ada@example.com')
}

describe('demo data', () => {
  it('adds one generator for each product, even if it is loaded twice', () => {
    const load = `import { loadDemoData } from './scripts/demo-data.ts'; await loadDemoData(); await loadDemoData()`
    const loaded = run(shop.folder, process.execPath, '--input-type=module', '-e', load)
    expect(loaded.status, loaded.output).toBe(0)
    expect(settings(1)).toEqual({ domain_devices: 0, trial_days: 14, any_machine_files: 0, offline_page: 1 })
    expect(generators()).toEqual([
      { product: 1, activationLimit: 1, validityDays: 0 },
      { product: 2, activationLimit: 1, validityDays: 0 },
    ])
  })
})

describe('keyseal products add', () => {
  it('adds a generator of UUIDs with activation limit 1 and no expiration', () => {
    const { stdout } = shop.run('products', 'add', '--name', 'App')
    expect(stdout).toBe(`Product 3 added: App
Its default generator 3 makes UUID license keys: activation limit 1, no expiration.
To replace it: npm run keyseal -- generators add --help
`)
    expect(generators().at(-1)).toEqual({ product: 3, activationLimit: 1, validityDays: 0 })
    expect(issue(3).status).toBe(0)
  })

  it('adds a generator with the terms of its options', () => {
    const terms = ['--activation-limit', '0', '--validity-days', '365']
    expect(shop.runJson('products', 'add', '--name', 'Other app', ...terms)).toEqual({
      id: 4,
      name: 'Other app',
      status: 'active',
      features: null,
      settings: null,
      generator: 4,
      activationLimit: 0,
      validityDays: 365,
    })
    expect(generators().at(-1)).toEqual({ product: 4, activationLimit: 0, validityDays: 365 })
  })

  it('adds nothing if the generator cannot be added', () => {
    const before = countProducts()
    query(
      shop.folder,
      `create trigger no_generators before insert on generators begin select raise(abort, 'full'); end`,
    )
    expect(shop.run('products', 'add', '--name', 'Third app').status).toBe(1)
    query(shop.folder, 'drop trigger no_generators')
    expect(countProducts()).toEqual(before)
  })

  it('uses the default generator again when a newer one is disabled', () => {
    const terms = ['--validity-days', '0', '--activation-limit', '0', '--prefix', 'APP-']
    shop.run('generators', 'add', '--product-id', '3', '--method', 'uuid', ...terms)
    expect(issue(3).stdout).toMatch(/^APP-/)
    expect(shop.run('generators', 'disable', '5', '--yes').stdout).toContain(
      'Orders for product 3 use generator 3, its newest active generator.',
    )
    expect(issue(3).stdout).toMatch(/^[0-9a-f]{8}-/)
    expect(shop.run('generators', 'disable', '3').stderr).toContain('are refused with code 806. ')
    shop.run('generators', 'disable', '3', '--yes')
    expect(issue(3).stderr).toContain('Product 3 has no active generator')
  })

  it('adds a product with features, which the list shows', () => {
    const added = [['pro, cloud'], ['[]']].map(([features = '']) =>
      shop.runJson<{ id: number }>('products', 'add', '--name', features, '--features', features),
    )
    expect(added).toMatchObject([{ features: ['pro', 'cloud'] }, { features: [] }])
    const [pro, none] = added.map(({ id }) => id)
    expect(shop.runJson('products', 'list')).toContainEqual(
      expect.objectContaining({ id: pro, features: ['pro', 'cloud'] }),
    )
    const { stdout } = shop.run('products', 'list')
    expect(stdout).toMatch(new RegExp(`^${pro} .* active +pro, cloud `, 'm'))
    expect(stdout).toMatch(new RegExp(`^${none} .* active +none `, 'm'))
  })

  itRefuses(
    () => shop,
    [
      [
        ['products', 'add', '--name', 'App', '--trial-days', '366'],
        'It must be a whole number from 0 to 365.',
      ],
      [
        ['products', 'add', '--name', 'App', '--features', 'pro edition'],
        'It must be a list of names, each of 1 to 64 letters, digits or characters of ._:-.',
      ],
      [['products', 'add', '--name', 'App', '--features', 'a,b,a'], 'It must contain each name only once.'],
    ],
  )
})

describe('keyseal products set', () => {
  const ALL = ['--domain-devices', '--trial-days', '30', '--any-machine-files', '--offline-page']
  const NONE = { domain_devices: 0, trial_days: null, any_machine_files: 0, offline_page: 0 }
  const addProduct = (...options: string[]) =>
    shop.runJson<{ id: number; settings: string | null }>('products', 'add', '--name', 'App', ...options)

  it('turns each setting on and off, and keeps the others', () => {
    const { id, settings: before } = addProduct()
    expect([before, settings(id)]).toEqual([null, NONE])
    const set = (...options: string[]) => shop.run('products', 'set', String(id), ...options).stdout
    expect(set(...ALL)).toBe(
      `Settings of product ${id}: domain-devices, trial-days=30, any-machine-files, offline-page\n`,
    )
    expect(settings(id)).toEqual({ domain_devices: 1, trial_days: 30, any_machine_files: 1, offline_page: 1 })
    expect(set('--no-domain-devices', '--no-offline-page')).toBe(
      `Settings of product ${id}: trial-days=30, any-machine-files\n`,
    )
    expect(set('--trial-days', '0', '--no-any-machine-files')).toBe(`Settings of product ${id}: none\n`)
    expect(settings(id)).toEqual(NONE)
  })

  it('has the options of add, and the list shows only what is on', () => {
    const { id, settings: words } = addProduct(...ALL)
    expect(words).toBe('domain-devices, trial-days=30, any-machine-files, offline-page')
    const { id: plain } = addProduct('--no-offline-page')
    const { stdout } = shop.run('products', 'list')
    expect(stdout).toMatch(new RegExp(`^${id} +App +active +${words} +`, 'm'))
    expect(stdout).toMatch(new RegExp(`^${plain} +App +active +\\d{4}-`, 'm'))
  })

  itRefuses(
    () => shop,
    [
      [['products', 'set', '1'], 'Give at least one setting'],
      [['products', 'set', '999', '--offline-page'], 'There is no product 999.'],
      [['products', 'set', '1', '--trial-days', 'x'], 'It must be a whole number from 0 to 365.'],
    ],
  )
})
