/** `keyseal deliveries` and `keyseal delivery-url`: what is sent to sellers, buyers and shops, and where to. */
import { type Command, Option } from 'commander'
import { deliveryTarget } from '../../src/platform/target.ts'
import { type Place, runSql, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, listed, required, said, type Told } from './command.ts'
import { retryFailed, selectByIds, selectLatest } from './delivery-rows.ts'
import { productId } from './options.ts'
import { nothingToRetry, retried, waitUntilTaken } from './retry.ts'

const STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const

export function addDeliveries(program: Command): void {
  const group = addGroup(
    program,
    'deliveries',
    'what was sent to sellers, buyers and shops, and what could not be',
  )
  addCommand<{ status?: string }>(
    group,
    {
      usage: 'list',
      summary: 'list the latest 50 deliveries',
      options: [new Option('--status <name>', 'of this status only').choices(STATUSES)],
    },
    async ({ options: { status }, place }) =>
      listed(
        await runSql(place, selectLatest(status === undefined ? undefined : sqlText(status))),
        'No such deliveries.',
      ),
  )
  addCommand<{ failed?: boolean }>(
    group,
    {
      usage: 'retry [id]',
      summary: 'send again what failed',
      options: [new Option('--failed', 'all that failed')],
    },
    async ({ options: { failed = false }, words: [id], place }) => {
      if ((id === undefined) !== failed) throw new Error('Give either an ID or --failed.')
      if (id !== undefined) return retry(place, `id = ${idWord(id)}`, unknownDelivery)
      return retry(place, 'true', nothingToRetry)
    },
  )
}

function unknownDelivery(): never {
  throw new Error('There is no such delivery that failed.')
}

/**
 * Makes deliveries due since ever, and looks on until each was tried once.
 *
 * @param which SQL, a condition
 * @param none what is told where none of them failed
 */
async function retry(place: Place, which: string, none: () => Told): Promise<Told> {
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
      summary: "say where the license keys of a product's paid orders are posted to",
      options: [
        required(productId('the product')),
        new Option(
          '--url <url>',
          'an https address of a public host; locally any http or https address, sent to while LOCAL_DEVELOPMENT is true; back to DELIVERY_WEBHOOK_URL unless given',
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
      if (!product) throw new Error(`There is no product ${id}: npm run keyseal -- products list`)
      return said(product, `Deliveries of product ${id} go to ${url ?? 'DELIVERY_WEBHOOK_URL'}.`)
    },
  )
}
