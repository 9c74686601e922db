/** `keyseal generators`: how the license keys of a product look, and on which terms they come. */
import { type Command, Option } from 'commander'
import { faultInFormat, type KeyFormat, keySpaceBits } from '../../src/licensing/key-formats.ts'
import { type Place, runSql, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, listed, numberOption, required, said } from './command.ts'
import { activationLimit, productId, validityDays } from './options.ts'

/** Without characters that are taken for one another: I and 1, O and 0. */
const CHARSET_DEFAULT = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

interface NewGenerator {
  readonly productId: number
  readonly method: KeyFormat['method']
  readonly validityDays: number
  readonly activationLimit: number
  readonly prefix: string
  readonly suffix: string
  readonly charset: string
  readonly chunks: number
  readonly chunkLength: number
}

export function addGenerators(program: Command): void {
  const group = addGroup(program, 'generators', 'how the license keys of a product look')
  addCommand<NewGenerator>(
    group,
    {
      usage: 'add',
      summary: 'add a generator: of several of a product the latest counts',
      options: [
        required(productId('the product whose keys it makes')),
        required(
          new Option(
            '--method <method>',
            'uuid: random UUIDs; chunk-system: chunks of random characters, joined by "-"',
          ).choices(['uuid', 'chunk-system']),
        ),
        validityDays(),
        activationLimit(),
        new Option('--prefix <text>', 'before each key: at most 32 visible ASCII characters').default(''),
        new Option('--suffix <text>', 'after each key: at most 32 visible ASCII characters').default(''),
        new Option('--charset <text>', 'of chunk-system: 2 to 64 different characters').default(
          CHARSET_DEFAULT,
        ),
        numberOption('--chunks <n>', 'of chunk-system: how many', 1, 48).default(4),
        numberOption('--chunk-length <n>', 'of chunk-system: characters of a chunk', 1, 48).default(4),
      ],
    },
    ({ options, place }) => add(place, options),
  )
  addCommand(group, { usage: 'list', summary: 'list all generators' }, async ({ place }) =>
    listed(
      await runSql(
        place,
        `select id, product_id as product, method, prefix, suffix, iif(method = 'uuid', null, charset) as charset,
           iif(method = 'uuid', null, number_of_chunks || ' x ' || chunk_length) as chunks,
           validity_days as validityDays, activation_limit as activationLimit,
           iif(status = 1, 'active', 'inactive') as status from generators order by id`,
      ),
      'No generators yet: npm run keyseal -- generators add --help',
    ),
  )
  addCommand(
    group,
    { usage: 'disable <id>', summary: 'let a generator make no more keys', isDangerous: true },
    async ({ words, place, confirm }) => {
      const id = idWord(words[0])
      await confirm(`Generator ${id} makes no keys from now on.`)
      const [disabled] = await runSql(
        place,
        `update generators set status = 0, updated_at = ${Date.now()} where id = ${id}
         returning id, product_id as product, 'inactive' as status`,
      )
      if (!disabled) throw new Error(`There is no generator ${id}: npm run keyseal -- generators list`)
      return said(disabled, `Generator ${id} makes no keys any more; what it made stays.`)
    },
  )
}

async function add(place: Place, given: NewGenerator) {
  const { method, prefix, suffix, charset, chunks: numberOfChunks, chunkLength } = given
  const format: KeyFormat = { method, prefix, suffix, charset, numberOfChunks, chunkLength }
  const fault = faultInFormat(format)
  if (fault !== undefined) throw new Error(fault)

  const now = Date.now()
  const [added] = await runSql(
    place,
    `insert into generators (product_id, method, prefix, suffix, charset, number_of_chunks, chunk_length,
       validity_days, activation_limit, status, created_at, updated_at)
     select id, ${sqlText(method)}, ${sqlText(prefix)}, ${sqlText(suffix)}, ${sqlText(charset)}, ${numberOfChunks},
       ${chunkLength}, ${given.validityDays}, ${given.activationLimit}, 1, ${now}, ${now}
     from products where id = ${given.productId} and deleted_at is null returning id, product_id as product`,
  )
  if (!added) {
    throw new Error(`There is no product ${given.productId}: add it with npm run keyseal -- products add`)
  }
  const randomBits = keySpaceBits(format).toFixed(1)
  return said(
    { ...added, randomBits: Number(randomBits) },
    `Generator ${added.id} makes the keys of product ${given.productId} from now on: ${randomBits} bits of each are random.`,
  )
}
