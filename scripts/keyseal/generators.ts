/** `keyseal generators`: the format and the terms of a product's generated license keys. */
import { type Command, Option } from 'commander'
import { generatorId } from '../../src/issuing/inserts.ts'
import {
  KEY_SPACE_BITS_MIN,
  type KeyFormat,
  keyFormatError,
  keySpaceBits,
  RANDOM_CHARACTERS_MAX,
} from '../../src/issuing/key-formats.ts'
import { type Place, runSql, runStatements, sqlText } from '../database.ts'
import { addCommand, addGroup, idWord, numberOption, required, tableOutput, textOutput } from './command.ts'
import { activationLimit, productId, validityDays } from './options.ts'

/** Without characters that look alike: 0 and O, and 1, I and L. */
const CHARSET_DEFAULT = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const CHUNKS_DEFAULT = 4
const CHUNK_LENGTH_DEFAULT = 4

interface NewGenerator {
  readonly productId: number
  readonly method: KeyFormat['method']
  readonly validityDays: number
  readonly activationLimit: number
  readonly prefix: string
  readonly suffix: string
  readonly charset?: string
  readonly chunks?: number
  readonly chunkLength?: number
}

/** The options of `--method chunk-system` only. */
const CHUNK_OPTIONS = {
  '--charset': 'charset',
  '--chunks': 'chunks',
  '--chunk-length': 'chunkLength',
} as const

const RULE = `at most ${RANDOM_CHARACTERS_MAX} random characters in all chunks, with at least ${KEY_SPACE_BITS_MIN} random bits`

export function addGenerators(program: Command): void {
  const group = addGroup(program, 'generators', 'format and terms of generated license keys')
  addCommand<NewGenerator>(
    group,
    {
      usage: 'add',
      summary: 'add a generator; orders use the newest active generator of the product',
      options: [
        required(productId('the product')),
        required(
          new Option(
            '--method <method>',
            `uuid: random UUIDs; chunk-system: chunks of random characters joined by "-", ${RULE}`,
          ).choices(['uuid', 'chunk-system']),
        ),
        validityDays(),
        activationLimit(),
        new Option('--prefix <text>', 'text before each key, at most 32 visible ASCII characters').default(
          '',
        ),
        new Option('--suffix <text>', 'text after each key, at most 32 visible ASCII characters').default(''),
        new Option(
          '--charset <text>',
          `chunk-system: 2 to 64 different visible ASCII characters (default: ${CHARSET_DEFAULT})`,
        ),
        chunkOption('--chunks <n>', 'number of chunks', CHUNKS_DEFAULT),
        chunkOption('--chunk-length <n>', 'number of characters in each chunk', CHUNK_LENGTH_DEFAULT),
      ],
    },
    ({ options, place }) => add(place, options),
  )
  addCommand(group, { usage: 'list', summary: 'list all generators' }, async ({ place }) =>
    tableOutput(
      await runSql(
        place,
        `select id, product_id as product, method, prefix, suffix, iif(method = 'uuid', null, charset) as charset,
           iif(method = 'uuid', null, number_of_chunks) as chunks,
           iif(method = 'uuid', null, chunk_length) as chunkLength,
           validity_days as validityDays, activation_limit as activationLimit,
           iif(status = 1, 'active', 'inactive') as status from generators order by id`,
      ),
      'No generators yet: npm run keyseal -- generators add --help',
    ),
  )
  addSwitches(group)
}

function chunkOption(flags: string, description: string, defaultValue: number): Option {
  const max = RANDOM_CHARACTERS_MAX
  return numberOption(flags, `chunk-system: ${description}, 1 to ${max} (default: ${defaultValue})`, 1, max)
}

function addSwitches(group: Command): void {
  addCommand(
    group,
    { usage: 'disable <id>', summary: 'stop a generator from making license keys', isDangerous: true },
    async ({ words, place, confirm }) => {
      const id = idWord(words[0])
      await confirm(async () => {
        const [found] = await runSql(place, selectWithProduct(id))
        if (!found) throw unknownGenerator(id)
        const effect =
          found.successor === null ? 'are refused with code 806' : `use generator ${found.successor}`
        return `Once generator ${id} is disabled, orders for product ${found.product} (${found.name}) with generate=1 ${effect}.`
      })
      const generator = await setStatus(place, id, 'inactive')
      return textOutput(
        generator,
        `Generator ${id} is disabled. License keys that it made are not affected. ${describeActive(generator)}`,
      )
    },
  )
  addCommand(
    group,
    {
      usage: 'enable <id>',
      summary: 'enable a disabled generator; orders use the newest active generator of the product',
    },
    async ({ words, place }) => {
      const id = idWord(words[0])
      const generator = await setStatus(place, id, 'active')
      const already = generator.isChanged ? '' : 'already '
      return textOutput(generator, `Generator ${id} is ${already}enabled. ${describeActive(generator)}`)
    },
  )
}

interface SwitchedGenerator {
  readonly id: number
  readonly product: number
  readonly status: 'active' | 'inactive'
  readonly isChanged: boolean
  /** The generator that the product's orders use now; null if none is active. */
  readonly latestActive: number | null
}

/** @throws Error if the generator does not exist */
async function setStatus(
  place: Place,
  id: number,
  status: SwitchedGenerator['status'],
): Promise<SwitchedGenerator> {
  const flag = Number(status === 'active')
  const [[before] = [], , [after] = []] = await runStatements(place, [
    `select status from generators where id = ${id}`,
    `update generators set status = ${flag}, updated_at = ${Date.now()} where id = ${id} and status <> ${flag}`,
    `select product_id as product, ${generatorId('switched.product_id')} as latestActive
     from generators as switched where id = ${id}`,
  ])
  if (!before || !after) throw unknownGenerator(id)
  const latestActive = after.latestActive === null ? null : Number(after.latestActive)
  return { id, product: Number(after.product), status, isChanged: before.status !== flag, latestActive }
}

/** `successor` is the generator that the product's orders use once this one is disabled. */
function selectWithProduct(id: number): string {
  return `select product_id as product, name,
      (select max(id) from generators where product_id = products.id and status = 1 and id <> ${id}) as successor
    from generators join products on products.id = product_id where generators.id = ${id}`
}

function unknownGenerator(id: number): Error {
  return new Error(`There is no generator ${id}. List all generators: npm run keyseal -- generators list`)
}

function describeActive({ product, latestActive }: SwitchedGenerator): string {
  if (latestActive === null) {
    return `Product ${product} has no active generator: orders with generate=1 are refused with code 806.`
  }
  return `Orders for product ${product} use generator ${latestActive}, its newest active generator.`
}

async function add(place: Place, given: NewGenerator) {
  const format = formatOf(given)
  const { method, prefix, suffix, charset, numberOfChunks, chunkLength } = format
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
    throw new Error(`There is no product ${given.productId}. Add one: npm run keyseal -- products add`)
  }
  const randomBits = keySpaceBits(format).toFixed(1)
  return textOutput(
    { ...added, randomBits: Number(randomBits) },
    `Generator ${added.id} added. Orders for product ${given.productId} use it from now on. Each license key has ${randomBits} random bits.`,
  )
}

/** @throws Error if the format is invalid */
function formatOf(given: NewGenerator): KeyFormat {
  const { method, prefix, suffix } = given
  const [unused] = Object.entries(CHUNK_OPTIONS).filter(([, name]) => given[name] !== undefined)
  if (method !== 'chunk-system' && unused) {
    throw new Error(`${unused[0]} needs --method chunk-system. Leave it out, or use that method.`)
  }
  const { charset = CHARSET_DEFAULT, chunks = CHUNKS_DEFAULT, chunkLength = CHUNK_LENGTH_DEFAULT } = given
  const format: KeyFormat = { method, prefix, suffix, charset, numberOfChunks: chunks, chunkLength }
  const fault = keyFormatError(format)
  if (fault !== undefined) throw new Error(fault)
  return format
}
