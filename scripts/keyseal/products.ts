/** `keyseal products`: what license keys can be issued for. */
import type { Command } from 'commander'
import { type Place, type Row, runSql, runStatements, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, instant, listed, said } from './command.ts'
import { name } from './options.ts'

export function addProducts(program: Command): void {
  const group = addGroup(program, 'products', 'what license keys can be issued for')

  addCommand<{ name: string }>(
    group,
    { usage: 'add', summary: 'add a product', options: [name('what you call it, 1 to 255 characters')] },
    async ({ options, place }) => {
      const now = Date.now()
      const productName = options.name.trim()
      const [product] = await runSql(
        place,
        `insert into products (name, status, created_at, updated_at)
         values (${sqlText(productName)}, 'active', ${now}, ${now}) returning id, name, status`,
      )
      return said(product, `Product ${product?.id} added: ${productName}`)
    },
  )

  addCommand(group, { usage: 'list', summary: 'list all products' }, async ({ place }) =>
    listed(
      await runSql(
        place,
        `select id, name, status, delivery_webhook_url as deliveryUrl, ${instant('created_at')} as createdAt
         from products where deleted_at is null order by id`,
      ),
      'No products yet: npm run keyseal -- products add --name "My app"',
    ),
  )

  addCommand(
    group,
    {
      usage: 'disable <id>',
      summary: 'issue no more keys for a product, and find its keys no longer valid',
      isDangerous: true,
    },
    async ({ words, place, confirm }) => {
      const id = idWord(words[0])
      await confirm(async () => {
        const [found] = await runSql(place, selectProduct(id))
        return `All license keys of product ${id} (${present(id, found).name}) stop being valid.`
      })
      const product = await setStatus(place, id, 'inactive')
      return said(product, `Product ${id} is disabled${product.isChanged ? '' : ' already'}.`)
    },
  )

  addCommand(
    group,
    {
      usage: 'enable <id>',
      summary:
        'issue keys for a disabled product again, and find its keys valid again; a deleted one stays deleted',
    },
    async ({ words, place }) => {
      const id = idWord(words[0])
      const product = await setStatus(place, id, 'active')
      return said(product, `Product ${id} is enabled${product.isChanged ? '' : ' already'}.`)
    },
  )
}

/** @throws Error where there is no such product, or it was deleted: nothing is changed then */
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
  const product = present(id, before)
  return { id, name: product.name, status, isChanged: product.status !== status }
}

function selectProduct(id: number): string {
  return `select name, status, deleted_at as deletedAt from products where id = ${id}`
}

/** @throws Error where there is no such product, or it was deleted */
function present(id: number, product: Row | undefined): Row {
  if (!product) throw new Error(`There is no product ${id}: npm run keyseal -- products list`)
  if (product.deletedAt === null) return product
  throw new Error(`Product ${id} was deleted and stays deleted; the others: npm run keyseal -- products list`)
}
