/** `npm run generators`: how the license keys of a product look, and on which terms they come. */
import { faultInFormat, type KeyFormat, keySpaceBits } from '../src/licensing/key-formats.ts'
import { oneOf, printTable, runCommand, wholeNumber } from './command.ts'
import { runSql, sqlText } from './database.ts'

/** Without characters that are taken for one another: I and 1, O and 0. */
const CHARSET_DEFAULT = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

const USAGE = `Usage: npm run generators -- add --product-id N --method METHOD
                                  --validity-days N --activation-limit N [--prefix TEXT] [--suffix TEXT]
                                  [--charset TEXT] [--chunks N] [--chunk-length N] [--remote]
       npm run generators -- list [--remote]
       npm run generators -- disable ID [--remote]

  --product-id        the product whose keys it makes; of several generators the latest counts
  --method            uuid: random UUIDs; chunk-system: chunks of random characters, joined by "-"
  --validity-days     0 to 36500; 0: the keys do not expire. An order may say otherwise
  --activation-limit  0 to 1000000; 0: unlimited. An order may say otherwise
  --prefix, --suffix  before and after each key: at most 32 visible ASCII characters; nothing unless given
  --charset           of chunk-system: 2 to 64 different characters; ${CHARSET_DEFAULT} unless given
  --chunks            of chunk-system: how many; 4 unless given
  --chunk-length      of chunk-system: characters of a chunk; 4 unless given
  --remote            in production; without it, in the local database`

const OPTIONS = {
  'product-id': { type: 'string' },
  method: { type: 'string' },
  prefix: { type: 'string' },
  suffix: { type: 'string' },
  charset: { type: 'string' },
  chunks: { type: 'string' },
  'chunk-length': { type: 'string' },
  'validity-days': { type: 'string' },
  'activation-limit': { type: 'string' },
} as const

type Values = { readonly [Name in keyof typeof OPTIONS]?: string }
type Place = Parameters<typeof runSql>[0]

await runCommand(
  USAGE,
  OPTIONS,
  async (values, place, [action, id]) => {
    switch (oneOf('The action', action, ['add', 'list', 'disable'])) {
      case 'list':
        return list(place)
      case 'add':
        return add(place, values)
      case 'disable':
        return disable(place, wholeNumber('The id', id, 1, 2_147_483_647))
    }
  },
  2,
)

async function list(place: Place): Promise<void> {
  const generators = await runSql(
    place,
    `select id, product_id as product, method, prefix, suffix,
       iif(method = 'uuid', null, charset) as charset,
       iif(method = 'uuid', null, number_of_chunks || ' x ' || chunk_length) as chunks,
       validity_days as "validity days", activation_limit as "activation limit",
       iif(status = 1, 'active', 'inactive') as status from generators order by id`,
  )
  printTable(generators, 'No generators yet.')
}

async function add(place: Place, values: Values): Promise<void> {
  const format: KeyFormat = {
    method: oneOf('--method', values.method, ['uuid', 'chunk-system']),
    prefix: values.prefix ?? '',
    suffix: values.suffix ?? '',
    charset: values.charset ?? CHARSET_DEFAULT,
    numberOfChunks: wholeNumber('--chunks', values.chunks ?? '4', 1, 48),
    chunkLength: wholeNumber('--chunk-length', values['chunk-length'] ?? '4', 1, 48),
  }
  const productId = wholeNumber('--product-id', values['product-id'], 1, 2_147_483_647)
  const validityDays = wholeNumber('--validity-days', values['validity-days'], 0, 36_500)
  const activationLimit = wholeNumber('--activation-limit', values['activation-limit'], 0, 1_000_000)
  const fault = faultInFormat(format)
  if (fault !== undefined) throw new Error(fault)

  const now = Date.now()
  const [added] = await runSql(
    place,
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       validity_days, activation_limit, status, created_at, updated_at)
     select id, ${sqlText(format.method)}, ${sqlText(format.prefix)}, ${sqlText(format.suffix)},
       ${sqlText(format.charset)}, ${format.numberOfChunks}, ${format.chunkLength}, ${validityDays},
       ${activationLimit}, 1, ${now}, ${now}
     from products where id = ${productId} and deleted_at is null returning id`,
  )
  if (!added) throw new Error(`There is no product ${productId}: add it with npm run add-product`)
  console.log(
    `Generator ${added.id} makes the keys of product ${productId} from now on: ` +
      `${keySpaceBits(format).toFixed(1)} bits of each are random.`,
  )
}

async function disable(place: Place, id: number): Promise<void> {
  const [disabled] = await runSql(
    place,
    `update generators set status = 0, updated_at = ${Date.now()} where id = ${id} returning product_id`,
  )
  if (!disabled) throw new Error(`There is no generator ${id}.`)
  console.log(`Generator ${id} makes no keys any more; what it made stays.`)
}
