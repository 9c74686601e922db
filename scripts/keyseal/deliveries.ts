/** `keyseal deliveries` and `keyseal delivery-url`: what is sent to sellers, buyers and shops, and where to. */
import { type Command, Option } from 'commander'
import { deliveryTarget } from '../../src/platform/target.ts'
import { type Place, runSql, sqlText } from '../database.ts'
import {
  addCommand,
  addGroup,
  type CommandOutput,
  idWord,
  required,
  tableOutput,
  textOutput,
} from './command.ts'
import { retryFailed, selectByIds, selectLatest } from './delivery-rows.ts'
import { productId } from './options.ts'
import { nothingToRetry, retried, waitUntilTaken } from './retry.ts'

const STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const

export function addDeliveries(program: Command): void {
  const group = addGroup(program, 'deliveries', 'webhooks, e-mails and callbacks that were sent or failed')
  addCommand<{ status?: string }>(
    group,
    {
      usage: 'list',
      summary: 'list the latest 50 deliveries',
      options: [new Option('--status <name>', 'only this status').choices(STATUSES)],
    },
    async ({ options: { status }, place }) =>
      tableOutput(
        await runSql(place, selectLatest(status === undefined ? undefined : sqlText(status))),
        'No deliveries found.',
      ),
  )
  addCommand<{ failed?: boolean }>(
    group,
    {
      usage: 'retry [id]',
      summary: 'send failed deliveries again',
      options: [new Option('--failed', 'all failed deliveries')],
    },
    async ({ options: { failed = false }, words: [id], place }) => {
      if ((id === undefined) !== failed) throw new Error('Give either an id or --failed.')
      if (id !== undefined) return retry(place, `id = ${idWord(id)}`, unknownDelivery)
      return retry(place, 'true', nothingToRetry)
    },
  )
}

function unknownDelivery(): never {
  throw new Error(
    'There is no failed delivery with this id. List them: npm run keyseal -- deliveries list --status failed',
  )
}

/**
 * Makes deliveries due since ever, and looks on until each was tried once.
 *
 * @param which SQL, a condition
 * @param none what is told where none of them failed
 */
async function retry(place: Place, which: string, none: () => CommandOutput): Promise<CommandOutput> {
  const deliveries = await runSql(place, retryFailed(which))
  const ids = deliveries.map(({ id }) => Number(id)).join()
  if (ids === '') return none()
  const isTaken = await waitUntilTaken(
    place,
    `select count(*) as open from deliveries where id in (${ids}) and attempts = 0`,
  )
  return retried(place, await runSql(place, selectByIds(ids)), isTaken)
}

export function addDeliveryUrl(program: Command): void {
  addCommand<{ productId: number; url?: string }>(
    program,
    {
      usage: 'delivery-url',
      summary: "set the URL that receives the license keys of a product's paid orders",
      options: [
        required(productId('the product')),
        new Option(
          '--url <url>',
          'an https address of a public host; locally any http or https address (needs LOCAL_DEVELOPMENT); default: DELIVERY_WEBHOOK_URL',
        ),
      ],
    },
    async ({ options: { productId: id, url }, place }) => {
      if (url !== undefined && !deliveryTarget(url, place === 'local')) {
        throw new Error(
          `--url must be ${place === 'local' ? 'an http or https address' : 'an https address of a public host'}, without a user name and password.`,
        )
      }
      const [product] = await runSql(
        place,
        `update products set delivery_webhook_url = ${url === undefined ? 'null' : sqlText(url)}
         where id = ${id} returning id as product, delivery_webhook_url as deliveryUrl`,
      )
      if (!product)
        throw new Error(`There is no product ${id}. List all products: npm run keyseal -- products list`)
      return textOutput(product, `Deliveries of product ${id} are sent to ${url ?? 'DELIVERY_WEBHOOK_URL'}.`)
    },
  )
}
