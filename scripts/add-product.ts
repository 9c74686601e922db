/** `npm run add-product`: a product that license keys can be issued for. */
import { runCommand } from './command.ts'
import { runSql, sqlText } from './database.ts'

const USAGE = `Usage: npm run add-product -- --name "My app" [--remote]

  --name    what you call the product, 1 to 255 characters
  --remote  in production; without it, in the local database`

await runCommand(USAGE, { name: { type: 'string' } }, async ({ name }, place) => {
  if (!name) throw new Error('--name is missing.')
  const now = Date.now()
  const [product] = await runSql(
    place,
    `insert into products (name, status, created_at, updated_at)
     values (${sqlText(name)}, 'active', ${now}, ${now}) returning id`,
  )
  console.log(`Product ${product?.id} added: ${name}`)
})
