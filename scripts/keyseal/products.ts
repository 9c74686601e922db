/** `keyseal products`: the products that license keys are issued for. */
import type { Command } from 'commander'
import {
  DEFAULT_TERMS,
  type GeneratorTerms,
  insertDefaultGenerator,
} from '../../src/products/default-generator.ts'
import { type Place, type Row, runSql, runStatements, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, instant, tableOutput, textOutput } from './command.ts'
import { activationLimit, features, name, namesOf, validityDays } from './options.ts'
import { type ProductSettings, SETTINGS, settingColumns, settingOptions } from './product-settings.ts'

interface NewProduct extends Partial<GeneratorTerms>, ProductSettings {
  readonly name: string
  /** A JSON array. */
  readonly features?: string
}

export function addProducts(program: Command): void {
  const group = addGroup(program, 'products', 'products that license keys are issued for')

  addCommand<NewProduct>(
    group,
    {
      usage: 'add',
      summary:
        'add a product with a default generator, which makes UUID license keys for orders with generate=1',
      options: [
        name('the name of the product, 1 to 255 characters'),
        activationLimit(String(DEFAULT_TERMS.activationLimit)),
        validityDays(String(DEFAULT_TERMS.validityDays)),
        features('what its keys unlock, unless their offer or the key has features'),
        ...settingOptions(),
      ],
    },
    ({ options, place }) => add(place, options),
  )

  addCommand(group, { usage: 'list', summary: 'list all products' }, async ({ place }) => {
    const rows = await runSql(
      place,
      `select id, name, status, features, ${SETTINGS} as settings, delivery_webhook_url as deliveryUrl, ${instant('created_at')} as createdAt
       from products where deleted_at is null order by id`,
    )
    return tableOutput(
      rows.map((row) => ({ ...row, features: namesOf(row.features) })),
      'No products yet: npm run keyseal -- products add --name "My app"',
    )
  })

  addCommand<ProductSettings>(
    group,
    { usage: 'set <id>', summary: 'change settings of a product', options: settingOptions() },
    ({ words, options, place }) => set(place, idWord(words[0]), options),
  )

  addCommand(
    group,
    {
      usage: 'disable <id>',
      summary: 'stop issuing license keys for a product, and make its license keys invalid',
      isDangerous: true,
    },
    async ({ words, place, confirm }) => {
      const id = idWord(words[0])
      await confirm(async () => {
        const [found] = await runSql(place, selectProduct(id))
        return `All license keys of product ${id} (${existing(id, found).name}) become invalid.`
      })
      const product = await setStatus(place, id, 'inactive')
      return textOutput(product, `Product ${id} is ${product.isChanged ? '' : 'already '}disabled.`)
    },
  )

  addCommand(
    group,
    {
      usage: 'enable <id>',
      summary: 'enable a disabled product: its license keys are valid again, and new ones are issued',
    },
    async ({ words, place }) => {
      const id = idWord(words[0])
      const product = await setStatus(place, id, 'active')
      return textOutput(product, `Product ${id} is ${product.isChanged ? '' : 'already '}enabled.`)
    },
  )
}

/** Adds a product and its default generator in one transaction. */
async function add(place: Place, options: NewProduct) {
  const now = Date.now()
  const productName = options.name.trim()
  const terms = {
    activationLimit: options.activationLimit ?? DEFAULT_TERMS.activationLimit,
    validityDays: options.validityDays ?? DEFAULT_TERMS.validityDays,
  }
  const columns = new Map([
    ['name', sqlText(productName)],
    ['status', `'active'`],
    ['features', options.features ? sqlText(options.features) : 'null'],
    ...settingColumns(options),
    ['created_at', String(now)],
    ['updated_at', String(now)],
  ])
  const [[product] = [], [generator] = []] = await runStatements(place, [
    `insert into products (${[...columns.keys()].join()}) values (${[...columns.values()].join()})
     returning id, name, status, features, ${SETTINGS} as settings`,
    // Ids only increase, so the product that this transaction has inserted has the greatest id.
    insertDefaultGenerator(
      { productId: '(select max(id) from products)', now: String(now) },
      'returning id',
      terms,
    ),
  ])
  return textOutput(
    { ...product, features: namesOf(product?.features), generator: generator?.id, ...terms },
    `Product ${product?.id} added: ${productName}
Its default generator ${generator?.id} makes UUID license keys: ${describe(terms)}.
To replace it: npm run keyseal -- generators add --help`,
  )
}

/** @throws Error if no setting is given, or if the product does not exist or was deleted; nothing is changed then */
async function set(place: Place, id: number, options: ProductSettings) {
  const changes = settingColumns(options).map(([column, value]) => `${column} = ${value}`)
  if (changes.length === 0) {
    throw new Error('Give at least one setting: npm run keyseal -- products set --help')
  }
  const [[before] = [], [after] = []] = await runStatements(place, [
    selectProduct(id),
    `update products set ${changes.join()}, updated_at = ${Date.now()}
     where id = ${id} and deleted_at is null returning id, name, ${SETTINGS} as settings`,
  ])
  existing(id, before)
  return textOutput(after, `Settings of product ${id}: ${after?.settings ?? 'none'}`)
}

function describe({ activationLimit, validityDays }: GeneratorTerms): string {
  const activations = activationLimit === 0 ? 'unlimited activations' : `activation limit ${activationLimit}`
  return `${activations}, ${validityDays === 0 ? 'no expiration' : `valid for ${validityDays} days`}`
}

/** @throws Error if the product does not exist or was deleted; nothing is changed then */
async function setStatus(
  place: Place,
  id: number,
  status: 'active' | 'inactive',
): Promise<Row & { readonly isChanged: boolean }> {
  const [[before] = []] = await runStatements(place, [
    selectProduct(id),
    `update products set status = '${status}', updated_at = ${Date.now()}
     where id = ${id} and deleted_at is null and status <> '${status}'`,
  ])
  const product = existing(id, before)
  return { id, name: product.name, status, isChanged: product.status !== status }
}

function selectProduct(id: number): string {
  return `select name, status, deleted_at as deletedAt from products where id = ${id}`
}

/** @throws Error if the product does not exist or was deleted */
function existing(id: number, product: Row | undefined): Row {
  if (!product)
    throw new Error(`There is no product ${id}. List all products: npm run keyseal -- products list`)
  if (product.deletedAt === null) return product
  throw new Error(
    `Product ${id} was deleted and cannot be restored. List all products: npm run keyseal -- products list`,
  )
}
