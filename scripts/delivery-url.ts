/** `npm run delivery-url`: where the license keys of a product's paid orders are posted to. */
import { deliveryTarget } from '../src/deliveries/target.ts'
import { runCommand, wholeNumber } from './command.ts'
import { runSql, sqlText } from './database.ts'

const USAGE = `Usage: npm run delivery-url -- --product-id N [--url URL] [--remote]

  --product-id  the product
  --url         an https address of a public host; without it, back to DELIVERY_WEBHOOK_URL
  --remote      in production; without it, in the local database, where http://127.0.0.1 will do`

await runCommand(
  USAGE,
  { 'product-id': { type: 'string' }, url: { type: 'string' } },
  async ({ 'product-id': id, url }, place) => {
    const productId = wholeNumber('--product-id', id, 1, 2_147_483_647)
    if (url !== undefined && !deliveryTarget(url, place === 'local')) {
      throw new Error('--url must be an https address of a public host.')
    }
    const [product] = await runSql(
      place,
      `update products set delivery_webhook_url = ${url === undefined ? 'null' : sqlText(url)}
       where id = ${productId} returning id`,
    )
    if (!product) throw new Error(`There is no product ${productId}.`)
    console.log(`Deliveries of product ${productId} go to ${url ?? 'DELIVERY_WEBHOOK_URL'}.`)
  },
)
