/** `keyseal products`: what license keys can be issued for. */
import type { Command } from 'commander'
import { runSql, sqlText } from '../database.ts'
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
      await confirm(`All license keys of product ${id} stop being valid.`)
      const [product] = await runSql(
        place,
        `update products set status = 'inactive', updated_at = ${Date.now()}
         where id = ${id} and deleted_at is null returning id, name, status`,
      )
      if (!product) throw new Error(`There is no product ${id}: npm run keyseal -- products list`)
      return said(product, `Product ${id} is disabled.`)
    },
  )
}
